"""The provider and the callers of `orchestra bench gateway`: what they count is what happened."""

import shutil
import socket
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from orchestra.cli.bench.gateway.contender import Contender
from orchestra.cli.bench.gateway.wire import Wire
from orchestra.shared.errors import Unavailable

pytestmark = [
    pytest.mark.requirement("gw.overhead"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler"),
]


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Generator[Wire]:
    made = Wire(tmp_path_factory.mktemp("wire"), None)
    yield made
    made.close()


@pytest.mark.parametrize("width", [1, 16])
def test_whole_answers_and_streams_are_read_to_their_end(wire: Wire, width: int) -> None:
    direct = Contender("direct", wire.port, None)

    for kind in ("json", "stream"):
        found = wire.load(wire.port, direct.request(kind), width, 0.1)
        assert found.calls >= width
        assert (found.errors, found.hung) == (0, 0)
        assert 0 < found.first_p50 <= found.p50 <= found.p99


def test_a_gateway_that_fails_is_not_measured(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
                connection.close()

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        with pytest.raises(Unavailable, match="503"):
            wire.load(port, Contender("bad", port, None).request("json"), 1, 0.05)
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_calls_differ_from_each_other_unless_they_shall_not(wire: Wire, tmp_path: Path) -> None:
    body = Contender("one", wire.port, None).request("json")
    same = Contender("one", wire.port, None, repeated=True).request("json")

    assert (body.count(b"@@@@@@@@@@"), same.count(b"@@@@@@@@@@")) == (1, 0)
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hear() -> None:
            connection = server.accept()[0]
            with connection:
                for _ in range(2):
                    seen.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                seen.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                while connection.recv(65536):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        wire.load(server.getsockname()[1], body, 1, 0.05)
        thread.join(5)
    assert len(set(seen)) == 3
    assert all(b"@@" not in one for one in seen)
