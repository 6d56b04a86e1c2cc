"""Portkey's gateway as our child: nobody else reaches it, it holds no secret, and it dies with us."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from orchestra.gateway.portkey.child import PortkeyChild
from orchestra.gateway.portkey.section import PortkeySection
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import child_environment

from tests.models.conftest import PATIENCE, child, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


def listening(pid: int) -> list[str]:
    """The internet addresses that a process listens on, as the kernel writes them."""
    links = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.append(fields[1])
    return found


@pytest.mark.requirement("gw.portkey")
async def test_it_listens_on_no_interface(portkey: PortkeyChild) -> None:
    assert portkey.pid is not None
    assert listening(portkey.pid) == []
    with socket.create_server(("127.0.0.1", 0)) as server:  # the look itself can see one
        assert server.getsockname()[1] > 0
        assert len(listening(os.getpid())) >= 1


@pytest.mark.requirement("gw.portkey")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_another_account_of_the_machine_is_refused(portkey: PortkeyChild) -> None:
    knock = (
        "import os, socket, sys; os.setuid(int(sys.argv[2]));"
        " socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    )

    def knocked(user: int) -> str:
        command = [sys.executable, "-c", knock, str(portkey.socket), str(user)]
        return subprocess.run(
            command, capture_output=True, text=True, env=child_environment(), check=False
        ).stderr

    assert knocked(0) == ""
    assert "PermissionError" in knocked(65534)


@pytest.mark.requirement("gw.portkey")
async def test_neither_its_environment_nor_its_arguments_hold_our_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-our-own-secret-0001")
    async with child() as portkey:
        await portkey.wait(PATIENCE)
        for name in ("environ", "cmdline"):
            assert b"sk-our-own-secret" not in Path(f"/proc/{portkey.pid}/{name}").read_bytes()


@pytest.mark.requirement("gw.portkey")
async def test_its_pages_and_its_stream_of_logs_are_not_served(portkey: PortkeyChild) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(portkey.socket))) as http:
        for path in ("/log/stream", "/public/", "/public/logs"):
            async with http.get(f"http://portkey{path}") as answer:
                assert answer.status == 404, path


@pytest.mark.requirement("gw.portkey")
async def test_one_that_dies_is_started_again() -> None:
    async with child() as portkey:
        await portkey.wait(PATIENCE)
        first = portkey.pid
        assert first is not None

        os.kill(first, signal.SIGKILL)
        await until(lambda: not portkey.serves)
        assert "-9" in str(portkey.failure)
        await until(lambda: portkey.serves)

        assert portkey.pid != first
        assert portkey.failure is None


@pytest.mark.requirement("gw.portkey")
async def test_it_dies_with_a_parent_that_is_killed() -> None:
    program = (
        "import asyncio\n"
        "from orchestra.gateway.portkey.child import PortkeyChild\n"
        "from orchestra.gateway.portkey.section import PortkeySection\n"
        "async def main():\n"
        "    portkey = PortkeyChild(PortkeySection(), [], str)\n"
        "    await portkey.start()\n"
        f"    await portkey.wait({PATIENCE})\n"
        "    print(portkey.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", program),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=child_environment(),
    )
    assert parent.stdout is not None
    async with asyncio.timeout(PATIENCE):
        lines = [await parent.stdout.readline()]
        while not re.fullmatch(rb"\d+\n", lines[-1]):
            assert lines[-1]
            lines.append(await parent.stdout.readline())
    pid = int(lines[-1])
    assert Path(f"/proc/{pid}").exists()

    parent.kill()
    await parent.wait()

    await until(lambda: not Path(f"/proc/{pid}").exists())


@pytest.mark.requirement("gw.portkey")
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('r.writeHead(500); r.end(\'{"message":"Something went wrong"}\')', "a stream"),
        ("process.exit(3)", "ended with code 3"),
    ],
)
async def test_a_broken_install_is_said_at_once(tmp_path: Path, answer: str, said: str) -> None:
    entry = tmp_path / "build" / "start-server.js"
    entry.parent.mkdir()
    entry.write_text(
        "const http = require('node:http');"
        f" http.createServer((q, r) => {{ {answer} }}).listen(8787);"
    )
    if "exit" in answer:
        entry.write_text(answer)

    async with child(PortkeySection(folder=tmp_path)) as portkey:
        with pytest.raises(Unavailable, match=said):
            await portkey.wait(PATIENCE)


@pytest.mark.requirement("gw.portkey")
async def test_where_it_is_not_installed_the_message_says_how(tmp_path: Path) -> None:
    async with child(PortkeySection(folder=tmp_path)) as portkey:
        with pytest.raises(Unavailable, match="is not at"):
            await portkey.wait(PATIENCE)
