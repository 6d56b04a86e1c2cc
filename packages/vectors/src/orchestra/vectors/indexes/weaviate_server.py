"""A Weaviate server of our own: one program on this machine, for as long as the block lasts.

Nothing is downloaded: the program is one that is on the disk already. Its data and its log are in
`folder`. It asks for a key that is made anew at each start, since not all of its ports can be kept
to loopback.
"""

import asyncio
import fcntl
import os
import secrets
import signal
import socket
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import httpx2
import structlog
from orchestra.shared.errors import Conflict, Invalid, Unavailable
from orchestra.shared.settings import child_environment
from pydantic import SecretStr

_START, _STOP, _LOOK = 60.0, 20.0, 0.05  # seconds
_NAME = "orchestra"

logger = structlog.get_logger(__name__)


class WeaviateServer:
    """An async context manager; `url`, `grpc` and `key` are how to reach it."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.url = ""
        self.grpc = ""
        self.key = SecretStr(secrets.token_urlsafe(32))
        self._process: asyncio.subprocess.Process | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start it, and wait until it is ready.

        Raises:
            Invalid: the program is not there, or not one that can be run.
            Conflict: another process runs a server over the same folder.
            Unavailable: it did not become ready; the message has the end of its log.
        """
        if not os.access(self.program, os.X_OK) or self.program.is_dir():
            raise Invalid(
                f"`{self.program}` is not a program that can be run",
                hint="set ORCHESTRA_WEAVIATE_BIN to a Weaviate server",
            )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._stack.enter_context(_lock(self.folder / "lock"))
            await self._end_orphan()
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it; its data stay."""
        await self._stack.aclose()

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    @property
    def _log_file(self) -> Path:
        return self.folder / "server.log"

    async def _start(self) -> None:
        http, grpc, *inner = _free_ports()
        self.url, self.grpc = f"http://127.0.0.1:{http}", f"127.0.0.1:{grpc}"
        with self._log_file.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(self.program),
                *("--host", "127.0.0.1", "--port", str(http), "--scheme", "http"),
                env=child_environment(self._environment(grpc, inner)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._stack.push_async_callback(self._stop, self._process)
        self._pid_file.write_text(str(self._process.pid))
        try:
            async with asyncio.timeout(_START), httpx2.AsyncClient() as client:
                while not await self._is_ready(client):
                    if self._process.returncode is not None:
                        raise self._failed(f"ended with code {self._process.returncode}")
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            raise self._failed(f"was not ready in {_START:.0f} s") from None
        logger.info("weaviate is running", url=self.url, pid=self._process.pid)

    def _environment(self, grpc: int, inner: list[int]) -> dict[str, str]:
        gossip, raft, profiling = inner[0], inner[2], inner[4]
        return {
            "PERSISTENCE_DATA_PATH": str(self.folder / "data"),
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
            "AUTHENTICATION_APIKEY_ENABLED": "true",
            "AUTHENTICATION_APIKEY_ALLOWED_KEYS": self.key.get_secret_value(),
            "AUTHENTICATION_APIKEY_USERS": _NAME,
            "AUTHORIZATION_ADMINLIST_ENABLED": "true",
            "AUTHORIZATION_ADMINLIST_USERS": _NAME,
            "DEFAULT_VECTORIZER_MODULE": "none",
            "ENABLE_API_BASED_MODULES": "false",
            "DISABLE_TELEMETRY": "true",
            "AUTOSCHEMA_ENABLED": "false",
            "QUERY_MAXIMUM_RESULTS": "10000",
            "GRPC_PORT": str(grpc),
            "PROFILING_PORT": str(profiling),
            "CLUSTER_HOSTNAME": _NAME,  # the data belong to this name
            "CLUSTER_IN_LOCALHOST": "true",
            "CLUSTER_ADVERTISE_ADDR": "127.0.0.1",
            "CLUSTER_GOSSIP_BIND_PORT": str(gossip),
            "CLUSTER_DATA_BIND_PORT": str(gossip + 1),
            "RAFT_PORT": str(raft),
            "RAFT_INTERNAL_RPC_PORT": str(raft + 1),
            "RAFT_JOIN": f"{_NAME}:{raft}",
            "RAFT_BOOTSTRAP_EXPECT": "1",
            "LOG_LEVEL": "warning",
        }

    async def _is_ready(self, client: httpx2.AsyncClient) -> bool:
        with suppress(httpx2.HTTPError):
            answer = await client.get(f"{self.url}/v1/.well-known/ready", timeout=2)
            return answer.status_code == 200
        return False

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        self._pid_file.unlink(missing_ok=True)

    async def _end_orphan(self) -> None:
        """Stop the server of a process that was killed: nobody holds the lock, so it is nobody's."""
        with suppress(OSError, ValueError, TimeoutError):
            pid = int(self._pid_file.read_text())
            program = Path(f"/proc/{pid}/exe")
            if program.readlink() == self.program.resolve():
                os.kill(pid, signal.SIGTERM)
                async with asyncio.timeout(_STOP):
                    while program.readlink():
                        await asyncio.sleep(_LOOK)

    def _failed(self, what: str) -> Unavailable:
        lines = self._log_file.read_text(errors="replace").splitlines()
        last = lines[-1][:300] if lines else "it said nothing"
        return Unavailable(
            f"the Weaviate server {what}: `{last}`", hint=f"its log is `{self._log_file}`"
        )


def _lock(path: Path) -> TextIO:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise Conflict(
            f"another process runs Weaviate in `{path.parent}`",
            hint="use the running one by WEAVIATE_URL, or stop it",
        ) from None
    return file


def _free_ports() -> list[int]:
    """HTTP, gRPC, two that follow each other (twice), and one more."""
    with ExitStack() as held:
        single = [_hold(held, 0) for _ in range(3)]
        return [*single[:2], *_pair(held), *_pair(held), single[2]]


def _pair(held: ExitStack) -> tuple[int, int]:
    for _ in range(100):
        first = _hold(held, 0)
        with suppress(OSError, OverflowError):
            return first, _hold(held, first + 1)
    raise Unavailable("no two free ports follow each other", hint="close some programs")


def _hold(held: ExitStack, port: int) -> int:
    door = held.enter_context(socket.socket())
    door.bind(("127.0.0.1", port))
    return int(door.getsockname()[1])
