"""What Portkey is told beside the request: whom to ask, with which key, and not to try again itself."""

import json
from functools import lru_cache
from itertools import count

from orchestra.gateway.providers.headers import Credentials
from orchestra.gateway.wire import Format
from orchestra.shared.errors import Invalid
from pydantic import SecretStr

NAME = "x-orchestra-call"  # as the guard calls it
_numbers = count(1)


def for_child(provider: str, host: str) -> dict[str, str]:
    """For the open-source gateway, which tries once when no header asks for more.

    Plain headers cost it less than a configuration that it has to read and check. By the name, the
    guard knows which request of its is made for which of ours.
    """
    return {
        NAME: str(next(_numbers)),
        "x-portkey-forward-headers": NAME,
        "x-portkey-provider": provider,
        "x-portkey-custom-host": host.rstrip("/"),
    }


def for_service(to: Credentials, key: SecretStr | None, kept: str | None) -> dict[str, str]:
    """For a Portkey elsewhere; `kept` is a configuration of the account there, used instead of ours."""
    headers = {} if key is None else {"x-portkey-api-key": key.get_secret_value()}
    if kept is not None:
        return headers | {"x-portkey-config": kept}
    secret = None if to.key is None else to.key.get_secret_value()
    return headers | {"x-portkey-config": _config(name_of(to), to.section.url, secret)}


def child_path(to: Credentials, path: str) -> str:
    """Where the open-source gateway takes a call.

    Its proxy passes bodies on as they are. Its own routes are for providers whose dialect only it
    speaks; there it drops what it does not know.
    """
    return f"/v1{path}" if to.section.portkey is not None else f"/v1/proxy{path}"


def check_format(to: Credentials, format: Format) -> None:
    """Whether Portkey translates this format for that provider.

    Raises:
        Invalid: it does not.
    """
    if to.section.portkey is not None and format not in ("chat", "embeddings"):
        raise Invalid(
            f"Portkey does not translate `{format}` for `{to.section.portkey}`",
            hint="ask by /v1/chat/completions",
        )


def name_of(to: Credentials) -> str:
    """The provider as Portkey calls it."""
    if to.section.portkey is not None:
        return to.section.portkey
    return "anthropic" if to.section.kind == "anthropic" else "openai"


@lru_cache(maxsize=256)
def _config(provider: str, host: str, key: str | None) -> str:
    target: dict[str, object] = {
        "provider": provider,
        "custom_host": host.rstrip("/"),
        "retry": {"attempts": 0},
    }
    if key is not None:
        target["api_key"] = key
    config = {"strategy": {"mode": "single"}, "targets": [target]}
    return json.dumps(config, separators=(",", ":"))
