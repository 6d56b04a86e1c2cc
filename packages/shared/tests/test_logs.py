"""Every event is one redacted record on stderr, whoever logged it."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog
from orchestra.shared.json import JsonObject
from orchestra.shared.logs import adopt_library_loggers, configure_logs
from orchestra.shared.redaction import Redactor

SECRET = "ultramarine-and-ochre"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, level = logging.getLogger(), logging.getLogger().level
    kept = list(root.handlers)
    yield io.StringIO()
    root.handlers[:], root.level = kept, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def records(stream: io.StringIO) -> list[JsonObject]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def configure(stream: io.StringIO, format: str = "json", level: str = "info") -> None:
    logging.getLogger().handlers.clear()  # pytest's, which would format each record too
    redactor = Redactor([SECRET])
    configure_logs(level, format, redactor, stream=stream)  # type: ignore[arg-type]  # checked literals


def test_an_event_is_one_json_line_with_its_fields(stream: io.StringIO) -> None:
    configure(stream)
    structlog.get_logger("orchestra.x").info("event appended", seq=7, tags=("a", "b"))
    [record] = records(stream)
    assert str(record.pop("at")).endswith("Z")
    assert record == {
        "level": "info",
        "logger": "orchestra.x",
        "event": "event appended",
        "seq": 7,
        "tags": ["a", "b"],
    }


@pytest.mark.requirement("ctx.redaction")
@pytest.mark.parametrize("format", ["json", "console"])
def test_secrets_are_redacted_in_message_fields_keys_and_exceptions(
    stream: io.StringIO, format: str
) -> None:
    configure(stream, format)
    logger = structlog.get_logger("orchestra.x")
    logger.info(f"using {SECRET}", nested={"deep": [SECRET]}, **{SECRET: 1})
    try:
        raise RuntimeError(f"cannot log in with {SECRET}") from ValueError(SECRET)
    except RuntimeError:
        logger.exception("failed", password="hunter2-hunter2")
        logging.getLogger("somebody").exception("failed with %s", SECRET)
    written = stream.getvalue()
    assert SECRET not in written
    assert "hunter2" not in written
    assert "[redacted:known]" in written
    assert "RuntimeError: cannot log in with" in written


@pytest.mark.parametrize("format", ["json", "console"])
def test_an_event_cannot_forge_another_record(stream: io.StringIO, format: str) -> None:
    configure(stream, format)
    nasty = 'x\r\n{"level":"info"}\x1b[2J\u202e\u2066\u2028\x85\x7f\x00\u200b'
    structlog.get_logger("orchestra.x").info(nasty, **{nasty: nasty})
    logging.getLogger("lib\n").warning(nasty)
    written = stream.getvalue()
    assert written.count("\n") == len(written.splitlines()) == 2
    assert written.replace("\n", "").isprintable()


def test_a_console_exception_stands_on_indented_lines(stream: io.StringIO) -> None:
    configure(stream, "console")
    try:
        raise RuntimeError("first\n10:00:00.000 info    forged")
    except RuntimeError:
        structlog.get_logger("orchestra.x").exception("failed")
    first, *rest = stream.getvalue().splitlines()
    assert "error   failed" in first
    assert rest
    assert all(line.startswith("    | ") for line in rest)


@pytest.mark.parametrize(
    "name", ["uvicorn.access", "uvicorn.error", "alembic", "dbos", "mcp.server"]
)
def test_libraries_log_through_the_same_door(stream: io.StringIO, name: str) -> None:
    logging.getLogger(name).addHandler(logging.StreamHandler(io.StringIO()))
    configure(stream)
    logging.getLogger(name).warning("GET /x?key=%s", SECRET)
    [record] = records(stream)
    assert (record["logger"], record["event"]) == (name, "GET /x?key=[redacted:known]")
    logging.getLogger(name).handlers.clear()


def test_a_library_that_adds_its_own_handler_later_is_brought_back(stream: io.StringIO) -> None:
    configure(stream)
    own = io.StringIO()
    library = logging.getLogger("dbos")
    library.addHandler(logging.StreamHandler(own))
    library.propagate = False
    adopt_library_loggers()
    library.warning("recovering")
    assert (own.getvalue(), records(stream)[0]["event"]) == ("", "recovering")


def test_warnings_are_records_too(stream: io.StringIO) -> None:
    configure(stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"old {SECRET}", DeprecationWarning, stacklevel=1)
    assert records(stream)[0]["logger"] == "py.warnings"
    assert SECRET not in stream.getvalue()


def test_below_the_level_nothing_is_written(stream: io.StringIO) -> None:
    configure(stream, level="warning")
    structlog.get_logger("orchestra.x").info("quiet")
    logging.getLogger("lib").info("quiet")
    assert stream.getvalue() == ""


def test_a_record_that_cannot_be_formatted_does_not_leak_its_arguments(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(stream)
    logging.getLogger("lib").warning("%d items", SECRET)
    assert stream.getvalue() == "a log record of `lib` could not be written: TypeError\n"
    assert SECRET not in capsys.readouterr().err


def test_odd_values_are_written_and_large_ones_cut(stream: io.StringIO) -> None:
    configure(stream)
    deep: list[object] = []
    for _ in range(50):
        deep = [deep]
    structlog.get_logger("orchestra.x").info(
        "odd", large="x" * 100_000, surrogate="\udc80", nan=float("nan"), big=10**40, deep=deep
    )
    [record] = records(stream)
    assert str(record["large"]).endswith("… (100000 characters)")
    assert (record["surrogate"], record["nan"], record["big"]) == ("\\udc80", None, "1" + "0" * 40)
