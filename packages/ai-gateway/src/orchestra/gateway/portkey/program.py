"""Where the open-source gateway is on this disk, and what it is started with."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from orchestra.gateway.portkey.section import PortkeySection
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import child_environment

_GUARD = Path(__file__).with_name("guard.mjs")
_INSTALLED = Path(__file__).parents[4] / "node_modules" / "@portkey-ai" / "gateway"
_ENTRY = "build/start-server.js"
_OLDEST = 20


@dataclass(frozen=True, slots=True)
class Program:
    """A command that starts it; our guard is loaded before its own code."""

    node: str
    entry: Path

    @classmethod
    def find(cls, section: PortkeySection) -> "Program":
        """The one that is configured, or that `make up` installed. Blocks for a moment.

        Raises:
            Unavailable: Node or the gateway is not there, or Node is too old.
        """
        entry = (section.folder or _INSTALLED) / _ENTRY
        if not entry.is_file():
            raise Unavailable(
                f"Portkey's gateway is not at `{entry}`",
                hint="run `make build`, or set `folder` in [portkey] to a folder of"
                " `@portkey-ai/gateway` 1.15.2 beside `@hono/node-server` 1.13.5",
            )
        node = shutil.which(section.node)
        if node is None:
            raise Unavailable(
                f"there is no program `{section.node}`",
                hint=f"install Node {_OLDEST} or newer, or set `node` in [portkey]",
            )
        _check(node)
        return cls(node, entry.resolve())

    @property
    def command(self) -> list[str]:
        """The port is asked for by the gateway, and not used: see the guard."""
        return [self.node, "--import", str(_GUARD), str(self.entry), "--headless", "--port=1"]


def _check(node: str) -> None:
    try:
        said = subprocess.run(
            [node, "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            env=child_environment(),
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    found = re.match(r"v(\d+)\.", said)
    if found is None or int(found[1]) < _OLDEST:
        raise Unavailable(
            f"`{node}` says it is `{said.strip()[:40]}`", hint=f"Node {_OLDEST} or newer is needed"
        )
