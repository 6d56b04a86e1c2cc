"""Gives collectors their keys, and says in a sentence why one is missing."""

from orchestra.shared.errors import Invalid, NotFound
from orchestra.shared.secrets import Secrets
from pydantic import SecretStr


class Credentials:
    """Keys by reference; asked for at every look, so a key that is set later is found."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def get(self, ref: str | None) -> SecretStr | None:
        """The key, or None when there is none."""
        if ref is None:
            return None
        try:
            return self._secrets.resolve(ref, reason="context")
        except (NotFound, Invalid):
            return None

    def missing(self, ref: str, service: str) -> str | None:
        """Why `service` has no key and what to do about it; None when it has one."""
        try:
            self._secrets.resolve(ref, reason="context")
        except NotFound as error:
            return f"{service} has no key: {error.message}; hint: {error.hint}"
        except Invalid as error:
            return f"the key of {service} cannot be used: {error.message}; hint: {error.hint}"
        return None
