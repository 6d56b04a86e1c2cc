"""The name of an embedder, such that it can be a part of a namespace."""

import re

_LONGEST = 100


def named(*parts: str) -> str:
    """The parts, joined by colons; what a namespace may not hold is a hyphen."""
    return re.sub(r"[^A-Za-z0-9._:/@+-]", "-", ":".join(parts))[:_LONGEST]
