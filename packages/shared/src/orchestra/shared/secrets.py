"""Resolves references to secrets; configuration holds references, never values."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import structlog
from orchestra.shared.errors import Invalid, NotFound
from orchestra.shared.known_values import MINIMUM
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import environment_value
from pydantic import SecretStr

_FORM = re.compile(r"secret://(env|file)/([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})", re.ASCII)
_LARGEST = 64 * 1024

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is kept: `secret://env/NAME` or `secret://file/NAME`."""

    provider: Literal["env", "file"]
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference.

        Raises:
            Invalid: it has another form; what was given is not repeated, as it may be the secret.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise Invalid(
                "a reference to a secret was expected, and something else was given",
                hint="write `secret://env/NAME` or `secret://file/NAME`, never the secret itself",
            )
        return cls("env" if match[1] == "env" else "file", match[2])

    def __str__(self) -> str:
        return f"secret://{self.provider}/{self.name}"


class Secret:
    """A secret that is not read yet: it can be passed on and printed, and says only its name."""

    __slots__ = ("_secrets", "name")

    def __init__(self, name: str, secrets: "Secrets") -> None:
        self.name = name
        self._secrets = secrets

    def reveal(self, *, reason: str) -> SecretStr:
        """The secret itself, from the environment, else from the state folder.

        Raises:
            NotFound: it is in neither.
            Invalid: as `Secrets.resolve`.
        """
        try:
            return self._secrets.resolve(f"secret://env/{self.name}", reason=reason)
        except NotFound:
            return self._secrets.resolve(f"secret://file/{self.name}", reason=reason)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return (self.name, self._secrets) == (other.name, other._secrets)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"


class Secrets:
    """Hands out secrets by reference, and teaches each to the redactor first."""

    def __init__(self, state_folder: Path, redactor: Redactor) -> None:
        self._folder = state_folder / "secrets"
        self._redactor = redactor

    def resolve(self, ref: str, *, reason: str) -> SecretStr:
        """The secret that `ref` points at; `reason` says in the log what it is wanted for.

        Raises:
            NotFound: nothing is there, or it is empty.
            Invalid: not a reference, a file that others can read, or too short to be kept secret.
        """
        where = SecretRef.parse(ref)
        value = self._environment(where) if where.provider == "env" else self._file(where)
        if len(value) < MINIMUM:
            raise Invalid(
                f"`{where}` is shorter than {MINIMUM} characters, too short to be kept out of logs",
                hint="use a longer secret",
            )
        self._redactor.learn(value)
        logger.debug("secret resolved", ref=str(where), reason=reason)
        return SecretStr(value)

    def get_secret(self, name: str) -> Secret:
        """The secret of that name, to be read when it is used.

        Raises:
            Invalid: no secret can have that name.
        """
        return Secret(SecretRef.parse(f"secret://env/{name}").name, self)

    def _environment(self, where: SecretRef) -> str:
        value = (environment_value(where.name) or "").strip()
        if not value:
            raise NotFound(f"`{where}` is not set", hint=f"set {where.name} in the environment")
        return value

    def _file(self, where: SecretRef) -> str:
        path = self._folder / where.name
        try:
            value = _read_private(path).decode().strip()
        except FileNotFoundError:
            raise _missing(where, path) from None
        except UnicodeDecodeError:
            raise Invalid(f"`{path}` is not UTF-8 text", hint="write the secret as text") from None
        except OSError as error:
            raise Invalid(
                f"`{path}` cannot be read: {error.strerror}", hint="make it a plain file, mode 0600"
            ) from None
        if not value:
            raise _missing(where, path)
        return value


def _missing(where: SecretRef, path: Path) -> NotFound:
    return NotFound(
        f"`{where}` does not exist", hint=f"write it to `{path}`, readable by its owner only (0600)"
    )


def _read_private(path: Path) -> bytes:
    """Read a plain file of ours that nobody else may read; never through a symbolic link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise Invalid(f"`{path}` is not a plain file", hint="make it one, mode 0600")
        if facts.st_mode & 0o077 or facts.st_uid not in (os.geteuid(), 0):
            raise Invalid(
                f"`{path}` can be read by others (mode {facts.st_mode & 0o777:04o})",
                hint=f"run: chmod 600 '{path}'",
            )
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise Invalid(f"`{path}` is larger than 64 KiB", hint="a secret is a short text")
    return content
