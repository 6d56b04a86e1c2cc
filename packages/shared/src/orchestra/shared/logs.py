"""Structured logs on stderr: one record per event, redacted, from our code and from libraries."""

import logging
import sys
import unicodedata
from collections.abc import Mapping
from typing import IO, Literal

import orjson
import structlog
from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.redaction import Redactor
from structlog.typing import EventDict, Processor

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["json", "console"]

_LIBRARIES = ("uvicorn", "uvicorn.access", "uvicorn.error", "alembic", "dbos", "mcp", "py.warnings")
_TALKATIVE = (
    "alembic",
    "asyncio",
    "httpcore2",
    "httpx2",
    "mcp",
    "sqlalchemy.engine",
    "uvicorn.access",
    "watchfiles",
)
_LONGEST = 8_192  # characters of one text
_DEEPEST = 6  # levels of nesting


def configure_logs(
    level: Level, format: Format, redactor: Redactor, *, stream: IO[str] | None = None
) -> None:
    """Send everything that is logged, by structlog or the standard library, to `stream` (stderr).

    `json`: one JSON object per line with `at`, `level`, `logger`, `event` and the fields;
    `console`: the same for a person, an exception on indented lines. Call it again to change it.
    """
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Handler(stream if stream is not None else sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _Writer(format, redactor),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [h for h in root.handlers if not isinstance(h, _Handler)] + [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    adopt_library_loggers()


def adopt_library_loggers() -> None:
    """Take away the handlers that libraries gave their loggers; call it after one has started."""
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Handler(logging.StreamHandler[IO[str]]):
    """Writes records; a record that cannot be written is reported without what was in it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        error = sys.exc_info()[0]
        name = error.__name__ if error else "error"
        try:
            self.stream.write(f"a log record of `{record.name}` could not be written: {name}\n")
        except (OSError, ValueError):
            return  # the stream itself is gone; there is nowhere left to say so


class _Writer:
    """The last processor: plain values, redacted, as one line of text."""

    def __init__(self, format: Format, redactor: Redactor) -> None:
        self._format = format
        self._redactor = redactor

    def __call__(self, _logger: object, _method: str, event: EventDict) -> str:
        redacted = self._redactor.value({str(k): _plain(v, _DEEPEST) for k, v in event.items()})
        fields: JsonObject = redacted if isinstance(redacted, dict) else {}
        head = {key: fields.pop(key, "") for key in ("at", "level", "logger", "event")}
        if self._format == "json":
            return _ascii(orjson.dumps({**head, **fields}).decode())
        return _console(head, fields)


def _plain(value: object, depth: int) -> JsonValue:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, str):
        return _cut(value)
    if depth > 0 and isinstance(value, Mapping):
        return {_cut(str(k)): _plain(v, depth - 1) for k, v in value.items()}
    if depth > 0 and isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth - 1) for item in value]
    return _cut(str(value))


def _cut(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()  # lone surrogates, from file names
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def _console(head: JsonObject, fields: JsonObject) -> str:
    exception = str(fields.pop("exception", ""))
    pairs = "".join(f" {_visible(k)}={_visible(_text(v))}" for k, v in fields.items())
    line = (
        f"{str(head['at'])[11:23]} {head['level']!s:<8}{_visible(str(head['event']))}"
        f"{pairs} ({_visible(str(head['logger']))})"
    )
    return "\n".join([line, *(f"    | {_visible(part)}" for part in exception.splitlines())])


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _visible(text: str) -> str:
    """The text with everything that moves the cursor, hides or reorders text written as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c == " " or _is_harmless(c) else _escape(c) for c in text)


def _is_harmless(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")


def _escape(character: str) -> str:
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def _ascii(line: str) -> str:
    """JSON with every character outside ASCII escaped: also the ones that reorder text."""
    if line.isascii():
        return line.replace("\x7f", "\\u007f")
    units = line.encode("utf-16-be")
    codes = (units[i] << 8 | units[i + 1] for i in range(0, len(units), 2))
    return "".join(chr(code) if code < 127 else f"\\u{code:04x}" for code in codes)
