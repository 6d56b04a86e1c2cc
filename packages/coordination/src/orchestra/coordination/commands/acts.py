"""What a shell text would do to the world: each need for a permission, and what cannot be told."""

from dataclasses import dataclass

from orchestra.coordination.commands.programs import (
    Programs,
    shipped_programs,
    texts_in_settings,
)
from orchestra.coordination.commands.removal import deletes_elsewhere
from orchestra.coordination.commands.rules import Rule, RuleTable, shipped
from orchestra.coordination.commands.shell import Call, read
from orchestra.coordination.commands.word import Word, without_placeholders

_DEEPEST = 8
_MOST_WORK = 200_000  # characters and words that are looked at, nested ones again
_SHOWN = 200  # characters of a call


@dataclass(frozen=True, slots=True)
class Need:
    """A part of a command that needs a permission."""

    permission: str
    call: str
    """The part, for people."""
    destructive: bool = False
    egress: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What a command needs, what in it cannot be told, and whether it reads text of strangers."""

    needs: tuple[Need, ...] = ()
    unclear: tuple[str, ...] = ()
    outside: bool = False


def judge(
    command: str, *, folder: str = "/", root: str = "/", table: RuleTable | None = None
) -> Judged:
    """What a shell command, started in `folder` of the repository at `root`, needs.

    Never raises. Where wrapping hides what runs, the worst that the text speaks of is assumed.
    """
    source = without_placeholders(command)
    reading = _Reading(table or shipped(), shipped_programs(), folder, root, source)
    reading.text(source, 0)
    if reading.unclear and (rule := reading.table.mentioned(source)):
        reading.need(rule, (Word(source),))
    return Judged(
        tuple(reading.needs.values()), tuple(dict.fromkeys(reading.unclear)), reading.outside
    )


class _Reading:
    """One command being read."""

    def __init__(
        self, table: RuleTable, programs: Programs, folder: str, root: str, source: str
    ) -> None:
        self.table = table
        self.needs: dict[str, Need] = {}
        self.unclear: list[str] = []
        self.outside = False
        self._programs = programs
        self._folder, self._root, self._source = folder, root, source
        self._left = _MOST_WORK
        self._read: set[str] = set()
        self._seen: set[tuple[Word, ...]] = set()

    def text(self, text: str, depth: int) -> None:
        """Read a shell text."""
        if text in self._read or not self._may_go_on(len(text), depth):
            return
        self._read.add(text)
        script = read(text)
        self.unclear += script.unclear if depth == 0 else []
        for call in script.calls:
            self._call(call, depth)
        for value in texts_in_settings(script.settings):
            self.text(value, depth + 1)

    def _call(self, call: Call, depth: int) -> None:
        if not self._may_go_on(len(call.argv), depth):
            return
        if rule := self.table.worst(call.argv, self._source):
            self.need(rule, call.argv)
        if deletes_elsewhere(call, self._folder, self._root):
            self._delete(call)
        self.outside = self.outside or self.table.reads_outside(call.argv)
        inside = self._programs.inside(call, named=self.table.programs)
        self.unclear += inside.unclear
        for one in inside.calls:
            if one.argv not in self._seen:
                self._seen.add(one.argv)
                self._call(one, depth + 1)
        for text in inside.texts:
            self.text(text, depth + 1)

    def _may_go_on(self, work: int, depth: int) -> bool:
        self._left -= work
        if self._left >= 0 and depth <= _DEEPEST:
            return True
        self.unclear.append("the command has too many parts, or too deep ones, to look at each")
        return False

    def need(self, rule: Rule, argv: tuple[Word, ...]) -> None:
        """Note that a permission is needed; of one permission the worst is kept."""
        need = Need(rule.permission, _shown(argv), rule.destructive, rule.egress)
        self._note(need)

    def _delete(self, call: Call) -> None:
        self._note(Need("files:delete", _shown(call.argv), destructive=True))

    def _note(self, need: Need) -> None:
        known = self.needs.get(need.permission)
        if known is None or (need.destructive, need.egress) > (known.destructive, known.egress):
            self.needs[need.permission] = need


def _shown(argv: tuple[Word, ...]) -> str:
    line = " ".join(word.shown for word in argv)
    line = " ".join(line.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
