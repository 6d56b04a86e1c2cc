"""Puts a packet together within its tokens: what matters most first, and it says what was cut."""

from collections.abc import Callable, Sequence
from typing import Any

from orchestra.coordination.tasks.journal import Entry
from orchestra.coordination.tasks.packet import TOKENS, Packet, Ran
from orchestra.coordination.tasks.text import as_data, one_line
from orchestra.shared.json import JsonValue
from orchestra.shared.redaction import Redactor

Count = Callable[[str], int]
"""How many tokens a text has."""

_TEXTS = {
    "title": 120,
    "branch": 120,
    "in_progress": 240,
    "stop_condition": 240,
    "goal": 480,
    "next_step": 480,
}  # characters at first
_ITEM = 200  # characters of an item
_PARTS = (
    "failed_approaches",
    "decisions",
    "constraints",
    "open_questions",
    "tests",
    "dirty",
    "read_first",
    "done",
    "edits",
    "commands",
)  # the most valuable first
_FROM_THE_END = frozenset({"failed_approaches", "decisions", "done", "edits", "commands", "tests"})
_SHARE = 2 / 3  # of the tokens, for the texts that are no lists, and all that is fixed
_RESERVE = 48  # tokens for saying what was cut


def pack(full: Packet, count: Count, redactor: Redactor) -> tuple[Packet, int]:
    """The packet as far as it fits, and how many tokens it has."""
    packet = _shortened(full, count, redactor)
    room = TOKENS - _tokens(packet, count) - _RESERVE
    chosen: dict[str, list[Any]] = {}
    for part in _PARTS:
        taken, used = _fitting(part, getattr(full, part), room // 2, count)
        room -= used
        chosen[part] = taken
    while True:
        packet = _redacted(_with(packet, full, chosen), redactor)
        tokens = _tokens(packet, count)
        if tokens <= TOKENS:
            return packet, tokens
        last = next((part for part in reversed(_PARTS) if chosen[part]), None)
        if last is None:
            return _bare(packet, count)
        chosen[last].pop(0 if last in _FROM_THE_END else -1)


def facts(entries: Sequence[Entry]) -> dict[str, Any]:
    """The parts of a packet that the journal knows; `entries` are newest first."""
    tests: dict[str, Ran] = {}
    edits: dict[str, None] = {}
    for entry in entries:
        if entry.kind == "test":
            tests.setdefault(entry.text, _ran(entry))
        elif entry.kind == "edit":
            edits.update(dict.fromkeys(entry.paths))
    commands = [_ran(entry) for entry in entries if entry.kind == "command"]
    return {
        "tests": tuple(reversed(tests.values())),
        "commands": tuple(reversed(commands)),
        "edits": tuple(reversed(edits)),
    }


def _ran(entry: Entry) -> Ran:
    return Ran(command=entry.text, exit=entry.exit_code)


def _shortened(full: Packet, count: Count, redactor: Redactor) -> Packet:
    """The packet without its lists, its texts cut until there is room for some of them."""
    bare = full.model_copy(update={part: () for part in _PARTS})
    texts = {name: one_line(getattr(full, name) or "", most) for name, most in _TEXTS.items()}
    while True:
        shown = {**texts, "branch": texts["branch"] or None}
        packet = _redacted(bare.model_copy(update=shown), redactor)
        longest = max(texts, key=lambda name: len(texts[name]))
        length = len(texts[longest])
        if length <= 1 or _tokens(packet, count) <= _SHARE * TOKENS:
            return packet
        texts[longest] = one_line(texts[longest], length // 2)


def _fitting(part: str, items: Sequence[Any], room: int, count: Count) -> tuple[list[Any], int]:
    """Those items of a part that fit, and the tokens that they take."""
    taken: list[Any] = []
    left = room - count(f'"{part}":[],')
    for item in reversed(items) if part in _FROM_THE_END else items:
        short = _short(item)
        cost = count(as_data(_plain(short))) + 2
        if cost > left:
            break
        taken.append(short)
        left -= cost
    if not taken:
        return [], 0
    return (taken[::-1] if part in _FROM_THE_END else taken), room - left


def _short(item: Any) -> Any:  # noqa: ANN401 - a text, a decision or a command
    if isinstance(item, str):
        return one_line(item, _ITEM)
    said = item.model_dump()
    texts = {n: one_line(v, _ITEM) or "-" for n, v in said.items() if isinstance(v, str) and v}
    return item.model_copy(update=texts)


def _plain(item: Any) -> JsonValue:  # noqa: ANN401 - the same
    return item if isinstance(item, str) else item.model_dump(mode="json", exclude_defaults=True)


def _with(packet: Packet, full: Packet, chosen: dict[str, list[Any]]) -> Packet:
    cut = {p: n for p in _PARTS if (n := len(getattr(full, p)) - len(chosen[p]))}
    shorter = {
        name: n
        for name in _TEXTS
        if (n := len(getattr(full, name) or "") - len(getattr(packet, name) or "")) > 0
    }
    parts = {part: tuple(items) for part, items in chosen.items()}
    return packet.model_copy(update={**parts, "cut": shorter | cut})


def _redacted(packet: Packet, redactor: Redactor) -> Packet:
    """A cut may make a secret of what was none before, so every packet is looked at as it is."""
    dump = packet.model_dump(mode="json")
    clean = redactor.value(dump)
    return packet if clean == dump else Packet.model_validate(clean)


def _bare(packet: Packet, count: Count) -> tuple[Packet, int]:
    """Nothing but who, what and where: for names that are all tokens and no meaning."""
    least = packet.model_copy(update={name: "" for name in _TEXTS} | {"branch": None})
    return least, _tokens(least, count)


def _tokens(packet: Packet, count: Count) -> int:
    return count(packet.written())
