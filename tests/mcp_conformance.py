"""`make test-mcp`: the protocol's own checkers against our application, keys and guard included.

Not a part of `make test`: it needs Node ≥ 22 and two packages that nobody else needs here. Without
them it says what to install. The suite can send no key, so one is put onto its requests.
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestra.api.main import create_app
from orchestra.api.testing import RunningApi, serving
from orchestra.mcp.testing.conformance import ConformancePart
from orchestra.shared.settings import Settings, child_environment
from orchestra.shared.testing.postgres import TemporaryPostgres
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".tools" / "mcp"
NEEDED = (
    "node@24",
    "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    "@modelcontextprotocol/inspector@2.12.0",
)
REVISIONS = ("2025-11-25", "2026-07-28")
_LONGEST = 900  # seconds for one run of a checker


class WithKey:
    """Puts a key onto requests that bring none."""

    key = b""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http" and b"authorization" not in dict(scope["headers"]):
            header = (b"authorization", b"Bearer " + self.key)
            scope = {**scope, "headers": [*scope["headers"], header]}
        await self._app(scope, receive, send)


def missing() -> str | None:
    """What has to be done before it can run; None when all is there."""
    install = f"npm install --prefix {TOOLS.relative_to(ROOT)} {' '.join(NEEDED)}"
    if not (TOOLS / "node_modules").is_dir():
        return f"the checkers are not installed; run:\n  {install}"
    for name in ("conformance", "mcp-inspector"):
        if not (TOOLS / "node_modules" / ".bin" / name).exists():
            return f"`{name}` is not installed; run:\n  {install}"
    if not (TOOLS / "node_modules" / "node" / "bin" / "node").exists():
        return f"Node 24 is not installed beside them; run:\n  {install}"
    return None


@contextmanager
def settings() -> Iterator[Settings]:
    """A repository and a database for the length of the block."""
    with TemporaryPostgres() as postgres, tempfile.TemporaryDirectory() as name:
        repository = Path(name) / "repository"
        repository.mkdir()
        git = shutil.which("git") or "git"
        subprocess.run([git, "init", "-q", "-b", "main"], cwd=repository, check=True)
        yield Settings(
            repo=repository,
            state_dir=Path(name) / "state",
            database_url=SecretStr(postgres.create_database()),
            port=0,
        )


async def tool(*command: str) -> tuple[int, str]:
    """Run one of the checkers: its exit code, and all it said."""
    folder = TOOLS / "node_modules"
    path = f"{folder / 'node' / 'bin'}:{folder / '.bin'}:{child_environment()['PATH']}"
    process = await asyncio.create_subprocess_exec(
        folder / ".bin" / command[0],
        *command[1:],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=child_environment({"PATH": path}),
    )
    async with asyncio.timeout(_LONGEST):
        out, _ = await process.communicate()
    return process.returncode or 0, re.sub(r"\x1b\[[0-9;]*m", "", out.decode(errors="replace"))


async def conformance(api: RunningApi, revision: str, folder: Path) -> bool:
    """Run what a revision of the protocol requires; says what failed."""
    code, said = await tool(
        "conformance", "server", "--url", f"{api.url}/mcp", "--requirements", revision,
        "--output-dir", str(folder / revision),
    )  # fmt: skip
    summary = said.rpartition("=== SUMMARY ===")[2] or said[-3000:]
    failures = "".join(f"    {line}\n" for line in failed(folder / revision))
    sys.stdout.write(f"\n== conformance {revision}: exit code {code}\n{summary}\n{failures}")
    return code == 0


def failed(folder: Path) -> Iterator[str]:
    """Each check that failed, optional extensions aside."""
    for path in sorted(folder.rglob("checks.json")):
        for check in json.loads(path.read_text()):
            if check.get("status") == "FAILURE" and "tasks" not in path.parent.name:
                yield f"{path.parent.name}: {check['id']}: {check.get('errorMessage')}"


async def inspector(api: RunningApi, key: str) -> bool:
    """Ask the inspector whether every model provider can read the schemas of our tools."""
    code, said = await tool(
        "mcp-inspector", "--cli", f"{api.url}/mcp", "--transport", "http", "--strict",
        "--method", "tools/list", "--header", f"Authorization: Bearer {key}",
    )  # fmt: skip
    sys.stdout.write(f"\n== inspector --strict: exit code {code}\n{said if code else ''}\n")
    return code == 0


async def key_for(api: RunningApi, *scopes: str) -> str:
    """A new key."""
    order = {"name": "conformance", "scopes": list(scopes)}
    return str((await api.http.post("/api/v1/keys", json=order)).json()["key"])


async def check(chosen: Settings) -> bool:
    """Run every checker."""
    app = create_app(chosen, [ConformancePart()])
    app.add_middleware(WithKey)
    good = []
    async with serving(app, chosen) as api:
        WithKey.key = (await key_for(api, "context:read")).encode()
        with tempfile.TemporaryDirectory() as folder:
            good += [await conformance(api, revision, Path(folder)) for revision in REVISIONS]
    async with serving(create_app(chosen), chosen) as api:  # the tools that we really have
        good.append(await inspector(api, await key_for(api, "admin")))
    return all(good)


def main() -> int:
    """Check; 0 when all is well, 1 when not, 2 when something is missing."""
    if (lacking := missing()) is not None:
        sys.stderr.write(f"{lacking}\n")
        return 2
    with settings() as chosen:
        good = asyncio.run(check(chosen))
    sys.stdout.write(json.dumps({"passed": good}) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
