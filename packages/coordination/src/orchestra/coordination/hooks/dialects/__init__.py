"""How each agent speaks to its hooks and wants to be answered."""

from orchestra.coordination.hooks.dialects.claude import CLAUDE
from orchestra.coordination.hooks.dialects.codex import CODEX
from orchestra.coordination.hooks.dialects.cursor import CURSOR
from orchestra.coordination.hooks.dialects.dialect import Dialect
from orchestra.coordination.hooks.dialects.factory import FACTORY
from orchestra.coordination.hooks.event import Brand

DIALECTS: dict[Brand, Dialect] = {
    "claude": CLAUDE,
    "codex": CODEX,
    "cursor": CURSOR,
    "factory": FACTORY,
}

__all__ = ["DIALECTS", "Dialect"]
