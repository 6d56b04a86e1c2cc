"""The open-source gateway as a child process: started, rehearsed with, started again, ended with us.

It listens on a socket in a folder that only its owner may enter, and on nothing else, so neither
another machine nor another account of this one reaches it. Its environment holds no secret; keys of
providers reach it with each call. It ends when the pipe to its standard input closes, which the kernel
does for a parent that was killed.
"""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import structlog
from orchestra.gateway.portkey.program import Program
from orchestra.gateway.portkey.rehearsal import rehearse
from orchestra.gateway.portkey.section import PortkeySection
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import child_environment

_START, _STOP, _LOOK = 30.0, 5.0, 0.02  # seconds
_FIRST_PAUSE, _LONGEST_PAUSE, _STEADY = 0.5, 60.0, 60.0  # seconds
_TAIL = 2000  # bytes of what it said last

_log = structlog.get_logger(__name__)


class PortkeyChild:
    """`start` returns at once; `wait` returns when it serves, or says why it does not."""

    def __init__(
        self, section: PortkeySection, private: Iterable[str], redact: Callable[[str], str]
    ) -> None:
        """`private` are addresses off the internet that calls may go to; it reaches no others."""
        self._section = section
        self._hosts = ",".join(sorted({host for url in private if (host := _host(url))}))
        self._redact = redact
        self._folder: Path | None = None
        self._serves = asyncio.Event()
        self._changed = asyncio.Condition()
        self._failure: str | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.starts = 0

    async def start(self) -> None:
        """Begin to keep it running."""
        self._folder = Path(tempfile.mkdtemp(prefix="orchestra-portkey-"))  # mode 0700
        self._keeping = asyncio.create_task(self._keep(), name="portkey-child")

    async def close(self) -> None:
        """End it, and remove its folder."""
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
            self._keeping = None
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
            self._folder = None

    @property
    def socket(self) -> Path:
        """Where it listens, from one start to the next."""
        if self._folder is None:
            raise Unavailable("Portkey's gateway was not started", hint="call start() first")
        return self._folder / "door"

    @property
    def pid(self) -> int | None:
        """Its process, while there is one."""
        return self._process.pid if self._process is not None else None

    @property
    def serves(self) -> bool:
        """Whether it runs, and its rehearsal was right."""
        return self._serves.is_set()

    @property
    def failure(self) -> str | None:
        """Why it does not serve; None while it does, or while it starts for the first time."""
        return None if self.serves else self._failure

    async def wait(self, seconds: float) -> None:
        """Return as soon as it serves.

        Raises:
            Unavailable: it failed, or did not serve within so many seconds.
        """
        if self.serves:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self.serves or self._failure is not None)
        if not self.serves:
            raise Unavailable(
                f"Portkey's gateway does not serve: {self._failure or 'it is starting'}",
                hint='see the log, or use `layer = "direct"`',
            )

    async def _keep(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._live()
            except Unavailable as error:
                await self._fail(error.message)
            except Exception as error:  # noqa: BLE001 - the loop outlives what nobody thought of
                _log.exception("portkey failed")
                await self._fail(repr(error))
            if asyncio.get_running_loop().time() - began > _STEADY:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - not a secret
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _fail(self, why: str) -> None:
        self._failure = self._redact(why)
        _log.error("portkey does not serve", why=self._failure)
        async with self._changed:
            self._changed.notify_all()

    async def _live(self) -> None:
        """From one start to the end of that process, however it comes."""
        program = await asyncio.to_thread(Program.find, self._section)
        self.socket.unlink(missing_ok=True)
        process = await asyncio.create_subprocess_exec(
            *program.command,
            env=child_environment(
                {
                    "NODE_ENV": "production",
                    "ORCHESTRA_PORTKEY_SOCKET": str(self.socket),
                    "TRUSTED_CUSTOM_HOSTS": self._hosts,
                }
            ),
            cwd=self.socket.parent,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C is ours to pass on
        )
        self._process = process
        self.starts += 1
        said = _Tail()
        listening = asyncio.create_task(said.follow(process), name="portkey-words")
        try:
            await self._rehearse(process, said)
            self._serves.set()
            async with self._changed:
                self._changed.notify_all()
            _log.info("portkey serves", pid=process.pid)
            code = await process.wait()
            raise Unavailable(f"it ended with code {code}: {said.text}")
        finally:
            self._serves.clear()
            self._process = None
            await _end(process)
            listening.cancel()

    async def _rehearse(self, process: asyncio.subprocess.Process, said: "_Tail") -> None:
        try:
            async with asyncio.timeout(_START):
                while not self.socket.exists():
                    if process.returncode is not None:
                        raise Unavailable(f"it ended with code {process.returncode}: {said.text}")
                    await asyncio.sleep(_LOOK)
                await rehearse(self.socket)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"its rehearsal failed ({error!r}): {said.text}") from None


class _Tail:
    """The last of what a process said."""

    def __init__(self) -> None:
        self._bytes = b""

    @property
    def text(self) -> str:
        """As one line."""
        return " ".join(self._bytes.decode(errors="replace").split()) or "it said nothing"

    async def follow(self, process: asyncio.subprocess.Process) -> None:
        """Read until it ends, so that the pipe never fills."""
        if process.stderr is None:
            return
        while chunk := await process.stderr.read(_TAIL):
            self._bytes = (self._bytes + chunk)[-_TAIL:]


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its pipe, which it takes as the word to end; kill it when it does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_STOP):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _host(url: str) -> str | None:
    return urlsplit(url).hostname
