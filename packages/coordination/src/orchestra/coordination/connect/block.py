"""Puts our lines into somebody's Markdown file, between two markers, and takes them out again."""

from orchestra.coordination.connect.parts import Block
from orchestra.coordination.connect.record import Merged, Written
from orchestra.shared.errors import Invalid

BEGIN, END = "<!-- orchestra:begin", "<!-- orchestra:end -->"
_FIRST_LINE = (
    f"{BEGIN} (by `orchestra connect`; what stands between these two lines is replaced) -->"
)


def merge_block(text: str | None, part: Block, before: Written, *, wanted: bool) -> Merged:
    """As `merge_json`, for lines between two markers.

    Raises:
        Invalid: a marker lacks its other, or there are several.
    """
    source = text or ""
    newline = "\r\n" if "\r\n" in source else "\n"
    head, there, tail = _split(part.path, source)
    has = part.unless and part.unless in (line.strip() for line in (head + tail).splitlines())
    needed = wanted and not has
    if not needed:
        rest = _joined(head, tail, newline) if there else source
        gone = text is None or (before.created and not rest.strip())
        return (None if gone else rest), None
    block = newline.join([_FIRST_LINE, "", *part.text.splitlines(), "", END, ""])
    written = Written(created=before.created or text is None)
    if there:
        return head + block + tail, written
    if part.first:
        return block + (newline + source if source.strip() else ""), written
    lead = source if not source or source.endswith("\n") else source + newline
    return lead + (newline if lead.strip() else "") + block, written


def _split(path: str, text: str) -> tuple[str, bool, str]:
    """What stands before our block, whether there is one, and what stands behind it."""
    lines = text.splitlines(keepends=True)
    begins = [i for i, line in enumerate(lines) if line.startswith(BEGIN)]
    ends = [i for i, line in enumerate(lines) if line.startswith(END)]
    if not begins and not ends:
        return text, False, ""
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        number = (begins or ends)[0] + 1
        raise Invalid(
            f"`{path}:{number}` has a marker of Orchestra's block that does not go with another",
            hint=f"leave one line `{BEGIN} -->` and one line `{END}` after it, or neither",
        )
    return "".join(lines[: begins[0]]), True, "".join(lines[ends[0] + 1 :])


def _joined(head: str, tail: str, newline: str) -> str:
    """What is left when the block goes, without the blank line that set it apart."""
    if head.endswith(newline * 2) and not tail.strip():
        return head[: -len(newline)]
    if not head.strip() and tail.startswith(newline):
        return tail[len(newline) :]
    return head + tail
