"""A TOML file of settings, read into a model; an error says where in the file it is."""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

from orchestra.shared.errors import Invalid
from orchestra.shared.wording import plain
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


def parse(path: Path, text: str, model: type[Model]) -> Model:
    """The settings in `text`, which was read from `path`.

    Raises:
        Invalid: with the file, the line where it is known, and the key.
    """
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"`{path}` is not TOML: {error}", hint="see https://toml.io") from None
    except RecursionError:
        raise Invalid(f"`{path}` is nested too deeply", hint="make it flat") from None
    except ValidationError as error:
        raise _explain(path, text, model, error) from None


def decoded(path: Path, content: bytes, largest: int) -> str:
    """The text of a file of settings, of which up to `largest` + 1 bytes were read.

    Raises:
        Invalid: it is longer, or not UTF-8.
    """
    if len(content) > largest:
        raise Invalid(
            f"`{path}` is larger than {largest // 1024} KiB", hint="keep only settings in it"
        )
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Invalid(f"`{path}` is not UTF-8", hint="save it as UTF-8") from None


def _explain(path: Path, text: str, model: type[BaseModel], error: ValidationError) -> Invalid:
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
    known = _settings(model, keys[:-1])
    close = difflib.get_close_matches(keys[-1], known, n=1, cutoff=0.5)
    return Invalid(
        f"{where}: `{shown}` is not a setting",
        hint=f"did you mean `{close[0]}`?" if close else f"there are: {', '.join(known)}",
    )


def _settings(model: type[BaseModel], keys: list[str]) -> list[str]:
    """The names that may stand in the section which `keys` lead to."""
    kind: Any = model  # a model class or a container of some, found by walking down
    for key in keys:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = {f.alias or name: f.annotation for name, f in kind.model_fields.items()}[key]
        else:
            kind = next((a for a in get_args(kind)[::-1] if a is not Ellipsis), str)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [field.alias or name for name, field in kind.model_fields.items()]
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
