"""One module for each agent: what it reads, and how much of it holds."""

from collections.abc import Callable, Mapping

from orchestra.coordination.connect.dialects import claude, codex, cursor, factory, manus
from orchestra.coordination.connect.dialects.dialect import Notes, key_variable
from orchestra.coordination.connect.dialects.guidance import shared_parts
from orchestra.coordination.connect.dialects.manus import to_paste
from orchestra.coordination.connect.parts import Part
from orchestra.coordination.connect.record import Brand
from orchestra.coordination.connect.source import Source

PARTS: Mapping[Brand, Callable[[Source], list[Part]]] = {
    "claude": claude.parts,
    "codex": codex.parts,
    "cursor": cursor.parts,
    "factory": factory.parts,
    "manus": manus.parts,
}
NOTES: Mapping[Brand, Callable[[Source], Notes]] = {
    "claude": claude.notes,
    "codex": codex.notes,
    "cursor": cursor.notes,
    "factory": factory.notes,
    "manus": manus.notes,
}

__all__ = ["NOTES", "PARTS", "Notes", "key_variable", "shared_parts", "to_paste"]
