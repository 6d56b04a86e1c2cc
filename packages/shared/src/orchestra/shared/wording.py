"""Makes text from outside harmless to show: one line, no control characters, not too long."""

import unicodedata

LONGEST = 500
"""Characters."""

_HIDDEN = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")  # controls, bidi marks, tags, line separators


def plain(text: object, longest: int = LONGEST) -> str:
    """`text` on one line, without what moves the cursor, hides or reorders; cut at `longest`."""
    line = str(text)[: 4 * longest]
    if not line.isprintable():
        line = "".join(
            c if unicodedata.category(c) not in _HIDDEN else " " if c in "\t\r\n\v\f" else ""
            for c in line
        )
    line = line.strip()
    return line if len(line) <= longest else line[: longest - 1] + "…"
