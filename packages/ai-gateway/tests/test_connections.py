"""The gateway's own connections to providers, against servers that behave well and badly."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from orchestra.gateway.providers.connection import HttpResponse
from orchestra.gateway.providers.pool import Place, Pool
from orchestra.gateway.routing.failures import Fault
from orchestra.shared.settings import child_environment

REQUEST = b"POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=tls)
    yield int(server.sockets[0].getsockname()[1])
    server.close()


def saying(*pieces: bytes) -> Talk:
    """Answers one request with these pieces, each sent alone, and closes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(REQUEST) + 2)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return talk


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool()
    yield pool
    pool.close()


async def send(pool: Pool, port: int, **place: bool) -> HttpResponse:
    at = Place("127.0.0.1", port, place.get("tls", False), private=True)
    return await pool.send(at, REQUEST, b"{}", 5.0)


async def body_of(response: HttpResponse) -> bytes:
    return b"".join([piece async for piece in response])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_an_answer_is_the_same_in_whatever_pieces_it_comes(pool: Pool, size: int) -> None:
    head = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\ntransfer-encoding: chunked\r\n\r\n"
    whole = head + b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nx-trailer: t\r\n\r\n"
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    async with serving(saying(*pieces)) as port:
        response = await send(pool, port)
        assert (response.status, response.headers["x-a"]) == (200, "b")
        assert await body_of(response) == b"hello world"
        assert "x-trailer" not in response.headers


async def test_a_connection_is_used_again_and_a_dead_one_is_replaced_unseen(pool: Pool) -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(2 if connections == 1 else 1):
            await reader.readexactly(len(REQUEST) + 2)
            writer.write(OK)
        await reader.readexactly(1)  # the next request begins, and the connection is closed

    async with serving(talk) as port:
        for expected in (1, 1, 2):
            assert await body_of(await send(pool, port)) == b"hello"
            assert connections == expected


async def test_a_body_without_a_length_ends_with_the_connection(pool: Pool) -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo")) as port:
        assert await body_of(await send(pool, port)) == b"hello"


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello"], "cut"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"], "cut"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n"], "garbled"),
    ],
    ids=["length", "chunks", "no chunk"],
)
async def test_a_body_that_is_not_whole_is_never_taken_for_whole(
    pool: Pool, answer: list[bytes], word: str
) -> None:
    async with serving(saying(*answer)) as port:
        with pytest.raises(Fault) as fault:
            await body_of(await send(pool, port))
    assert fault.value.word == word


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (b"", "reset"),
        (b"HTTP/1.1 200", "reset"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "garbled"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000, "garbled"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", "garbled"),
    ],
    ids=["nothing", "half a line", "not HTTP", "endless head", "two lengths"],
)
async def test_what_is_no_answer_is_a_fault_with_a_word(
    pool: Pool, answer: bytes, word: str
) -> None:
    async with serving(saying(answer)) as port:
        with pytest.raises(Fault) as fault:
            await send(pool, port)
    assert fault.value.word == word


async def test_an_answer_to_nothing_is_never_given_to_the_next_request(pool: Pool) -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readexactly(len(REQUEST) + 2)
        writer.write(OK + OK.replace(b"hello", b"other"))
        await reader.read()

    async with serving(talk) as port:
        for _ in range(2):
            assert await body_of(await send(pool, port)) == b"hello"
    assert connections == 2


async def test_a_reader_that_dawdles_slows_the_provider_down(pool: Pool) -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readexactly(len(REQUEST) + 2)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (256 << 20))
        for _ in range(256):
            writer.write(bytes(1 << 20))
            await writer.drain()
            sent += 1

    async with serving(talk) as port:
        response = await send(pool, port)
        before = -1
        while before != sent:  # until nothing moves any more
            before = sent
            for _ in range(200):
                await asyncio.sleep(0)
        assert sent < 64
        assert response.size < 2 << 20
        response.close()


async def test_nobody_at_the_door_is_a_fault(pool: Pool) -> None:
    async with serving(saying()) as port:
        pass
    with pytest.raises(Fault) as fault:
        await send(pool, port)
    assert fault.value.word == "unreachable"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody vouches for, and its key."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "1", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True, env=child_environment(),
    )  # fmt: skip
    return certificate, key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes the certificate")
async def test_a_certificate_that_nobody_vouches_for_gets_no_key(
    pool: Pool, certificate: tuple[Path, Path]
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    heard = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(REQUEST) + 2)
        heard.set()
        writer.write(OK)

    async with serving(talk, server) as port:
        with pytest.raises(Fault) as fault:
            await send(pool, port, tls=True)
        assert (fault.value.word, heard.is_set()) == ("unreachable", False)
        trusting = Pool(ssl.create_default_context(cafile=str(certificate[0])))
        assert await body_of(await send(trusting, port, tls=True)) == b"hello"
        trusting.close()
