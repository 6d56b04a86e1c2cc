"""Reads `gateway.toml`, and says where in it something does not fit."""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

from orchestra.gateway.config.sections import GatewayConfig
from orchestra.shared.errors import Invalid
from orchestra.shared.wording import plain
from pydantic import BaseModel, ValidationError

FILE = "gateway.toml"
_DEFAULT = Path(__file__).with_name("default.toml")
_LARGEST = 1024 * 1024  # bytes


def load(path: Path | None, *, must_exist: bool = False) -> GatewayConfig:
    """The configuration in a file, or the built-in one when the file is not there.

    Raises:
        Invalid: with the file, the line where it is known, and the key.
    """
    text = None if path is None else _read(path, must_exist=must_exist)
    if path is None or text is None:
        path, text = _DEFAULT, _DEFAULT.read_text()
    try:
        return GatewayConfig.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"`{path}` is not TOML: {error}", hint="see https://toml.io") from None
    except RecursionError:
        raise Invalid(f"`{path}` is nested too deeply", hint="make it flat") from None
    except ValidationError as error:
        raise _explain(path, text, error) from None


def _read(path: Path, *, must_exist: bool) -> str | None:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        if not must_exist:
            return None
        raise Invalid(f"`{path}` does not exist", hint="mend ORCHESTRA_GATEWAY_CONFIG") from None
    except OSError as error:
        raise Invalid(
            f"`{path}` cannot be read: {error.strerror}", hint="make it a plain, readable file"
        ) from None
    if len(content) > _LARGEST:
        raise Invalid(f"`{path}` is larger than 1 MiB", hint="keep only settings in it")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Invalid(f"`{path}` is not UTF-8", hint="save it as UTF-8") from None


def _explain(path: Path, text: str, error: ValidationError) -> Invalid:
    first = error.errors()[0]
    keys = [str(part) for part in first["loc"] if part != "[key]"]
    shown = plain(".".join(keys), 200) or "the file"
    line = _line(text, keys)
    where = f"`{path}`" + (f", line {line}" if line else "")
    if first["type"] != "extra_forbidden":
        return Invalid(
            f"{where}: `{shown}` does not fit: {first['msg'].removeprefix('Value error, ')}",
            hint="correct the value, or remove it for the default",
        )
    known = _settings(keys[:-1])
    close = difflib.get_close_matches(keys[-1], known, n=1, cutoff=0.5)
    return Invalid(
        f"{where}: `{shown}` is not a setting",
        hint=f"did you mean `{close[0]}`?" if close else f"there are: {', '.join(known)}",
    )


def _settings(keys: list[str]) -> list[str]:
    """The names that may stand in the section which `keys` lead to."""
    kind: Any = GatewayConfig  # a model class or a container of some, found by walking down
    for key in keys:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[key].annotation
        else:
            kind = next((a for a in get_args(kind)[::-1] if a is not Ellipsis), str)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return list(kind.model_fields)
    return []


def _line(text: str, keys: list[str]) -> int | None:
    """Where the last of `keys` is first written inside its section, as far as can be told."""
    section: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[([^\]]+)\]", line)
        if header:
            section = [part.strip(" \"'") for part in header[1].split(".")]
            if section == keys:
                return number
            continue
        name = re.match(r"\s*([A-Za-z0-9_.\"'*/-]+)\s*=", line)
        if name and [*section, *(p.strip(" \"'") for p in name[1].split("."))] == keys[:3]:
            return number
    return None
