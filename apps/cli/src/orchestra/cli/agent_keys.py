"""The keys of the agents on this machine: one file each, for their owner only."""

import contextlib
import os
import secrets
import shlex
from pathlib import Path
from typing import Any

from orchestra.cli.client import Client, System, find
from orchestra.cli.typed import typed
from orchestra.shared.errors import NotFound, Unauthenticated, Unavailable
from orchestra.shared.settings import Settings

SCOPES = (
    "context:read",
    "memory:read",
    "memory:write",
    "tasks:read",
    "tasks:write",
    "approvals:read",
    "hooks:write",
)
"""What a coding agent needs."""


def variable(brand: str) -> str:
    """The variable of the environment that the agent's configuration names."""
    return f"ORCHESTRA_{brand.upper()}_KEY"


def make_keys(api: Client, state_folder: Path, brands: list[str]) -> dict[str, dict[str, Any]]:
    """See to it that each agent has a key that is good; where each is, and whether it is new.

    Raises:
        OrchestraError: the system does not run, or its key may make no keys.
    """
    found: dict[str, dict[str, Any]] = {}
    for brand in brands:
        path = state_folder / "keys" / f"{brand}.key"
        good = _is_good(api.system, path)
        if not good:
            order = {"name": brand, "kind": "agent", "scopes": list(SCOPES), "days": None}
            _store(path, str(api.call("POST", "/keys", body=order)["key"]))
        found[brand] = {"path": str(path), "variable": variable(brand), "made": not good}
    return found


def export_lines(settings: Settings) -> list[str]:
    """What a shell evaluates to hand the keys to the agents that it starts.

    Raises:
        NotFound: no key was made.
    """
    folder = settings.state_folder / "keys"
    texts = {path.stem: path.read_text().strip() for path in sorted(folder.glob("*.key"))}
    if not texts:
        raise NotFound(
            f"there are no keys of agents in `{folder}`",
            hint=f"make them while the system runs: {typed(settings, 'connect', '--keys')}",
        )
    lines = [f"export {variable(brand)}={shlex.quote(text)}" for brand, text in texts.items()]
    with contextlib.suppress(Unavailable, Unauthenticated):
        lines.append(f"export ORCHESTRA_URL={shlex.quote(find(settings).url)}")
    return lines


def _is_good(system: System, path: Path) -> bool:
    """Whether the stored key still lets its agent in, with all that it needs."""
    try:
        key = path.read_text().strip()
    except OSError:
        return False
    mine = Client(System(system.url, key, system.pid, system.doctor))
    try:
        return set(SCOPES) <= set(mine.get("/me")["scopes"])
    except Unauthenticated:
        return False
    finally:
        mine.close()


def _store(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
    fresh.replace(path)
