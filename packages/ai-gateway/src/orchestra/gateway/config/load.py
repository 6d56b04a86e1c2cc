"""Reads `gateway.toml`, and says where in it something does not fit."""

from pathlib import Path

from orchestra.gateway.config.sections import GatewayConfig
from orchestra.shared.errors import Invalid
from orchestra.shared.settings_file import decoded, parse

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
    return parse(path, text, GatewayConfig)


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
    return decoded(path, content, _LARGEST)
