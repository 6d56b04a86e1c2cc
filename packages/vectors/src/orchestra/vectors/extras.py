"""Client libraries that are optional: imported when they are first wanted."""

from importlib import import_module
from typing import Any

from orchestra.shared.errors import Unavailable


def extra(name: str, module: str) -> Any:  # noqa: ANN401 - a module, whose names the caller knows
    """A module of the extra `name`.

    Raises:
        Unavailable: the extra is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise Unavailable(
            f"`{error.name or module}` is not installed",
            hint=f"install orchestra-vectors[{name}], for instance: "
            f"uv pip install 'orchestra-vectors[{name}]'",
        ) from None
