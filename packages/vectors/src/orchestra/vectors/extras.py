"""Client libraries that are optional: imported when they are first wanted."""

from collections.abc import Generator
from contextlib import contextmanager

from orchestra.shared.errors import Unavailable


@contextmanager
def extra(name: str) -> Generator[None]:
    """A block that imports what the extra `name` brings.

    Raises:
        Unavailable: the extra is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise Unavailable(
            f"`{error.name or name}` is not installed",
            hint=f"run: uv pip install 'orchestra-vectors[{name}]'",
        ) from error
