"""The provider and the callers of the benchmark: a small program in C, compiled when it is needed."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from orchestra.cli.bench.nats import connected
from orchestra.cli.bench.system import free_port, until
from orchestra.shared.errors import NotFound, Unavailable
from orchestra.shared.settings import child_environment

_SOURCE = Path(__file__).with_name("wire.c")
_COMPILERS = ("cc", "gcc", "clang")
_PATIENCE = 60.0  # seconds beyond a slice, for the calls that are under way at its end


@dataclass(frozen=True, slots=True)
class Slice:
    """What one slice of load gave; times in microseconds."""

    calls: int
    errors: int
    hung: int
    seconds: float
    p50: float
    p99: float
    first_p50: float
    first_p99: float

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.calls / self.seconds


class Wire:
    """The compiled program, and the provider that it is; both on `core`, when there are several."""

    def __init__(self, folder: Path, core: int | None) -> None:
        """Compile it and start the provider.

        Raises:
            NotFound: there is no C compiler.
            Unavailable: it does not compile.
        """
        compiler = next((path for name in _COMPILERS if (path := shutil.which(name))), None)
        if compiler is None:
            raise NotFound(
                "there is no C compiler: nothing else at hand is fast enough to measure gateways",
                hint="install one, for instance: apt-get install gcc libc6-dev",
            )
        self._program = folder / "wire"
        made = subprocess.run(
            [compiler, "-O2", "-o", str(self._program), str(_SOURCE)],
            capture_output=True,
            text=True,
            check=False,
            env=child_environment(),
        )
        if made.returncode:
            raise Unavailable(
                f"`{compiler}` does not compile `{_SOURCE}`: {made.stderr[-500:]}",
                hint="install the headers of the C library",
            )
        self._folder = folder
        self._core = core
        self.port = free_port()
        self._provider = subprocess.Popen(
            [str(self._program), "upstream", str(self.port)], env=child_environment()
        )
        pin(self._provider.pid, core)
        until(lambda: connected(self.port), "the provider does not answer", 10).close()

    def load(self, port: int, request: bytes, width: int, seconds: float) -> Slice:
        """Call for so long, `width` callers at once, each when it has its answer.

        Raises:
            Unavailable: the calls are not answered.
        """
        path = self._folder / "request"
        path.write_bytes(request)
        process = subprocess.Popen(
            [str(self._program), "load", str(port), str(path), str(width), str(seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=child_environment(),
        )
        pin(process.pid, self._core)
        try:
            out, said = process.communicate(timeout=seconds + _PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Unavailable(f"calls to port {port} hang", hint="see its log") from None
        if process.returncode:
            raise Unavailable(f"calls to port {port} fail: {said[-500:]}", hint="see its log")
        found = Slice(**json.loads(out))
        if found.errors or not found.calls:
            raise Unavailable(
                f"{found.errors} of {found.calls + found.errors} calls to port {port} failed:"
                f" {said[-500:]}",
                hint="see its log",
            )
        return found

    def close(self) -> None:
        """Stop the provider."""
        self._provider.terminate()
        self._provider.wait()


def pin(pid: int, core: int | None) -> None:
    """Keep a process, and what it will start, on one core."""
    if core is not None:
        os.sched_setaffinity(pid, {core})


def post(path: str, body: dict[str, object], headers: dict[str, str]) -> bytes:
    """A request as it goes over the wire."""
    content = json.dumps(body, separators=(",", ":")).encode()
    head = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        **headers,
        "Content-Length": str(len(content)),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + content
