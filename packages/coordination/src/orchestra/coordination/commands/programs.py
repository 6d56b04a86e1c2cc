"""How programs treat their arguments (`programs.toml`): what a call runs in its turn."""

import functools
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from orchestra.coordination.commands.rules import program
from orchestra.coordination.commands.shell import Call
from orchestra.coordination.commands.word import ANY, Word

_RUNS_TEXT = frozenset({"eval", "source", ".", "trap", "alias", "exec"})
_WRAPPED = frozenset({"eval", "rm", "find", "xargs"})
_MOST_PLACES = 32  # of one call, at which another may begin
_APPENDS = frozenset({"xargs", "parallel"})
_VALUED = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})


@dataclass(slots=True)
class Inside:
    """What a call runs: other calls, shell texts, and what cannot be told."""

    calls: list[Call] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Programs:
    """What is known about programs that run others, or surely do not."""

    shells: frozenset[str]
    quiet: frozenset[str]
    commanding: frozenset[str]
    inline: dict[str, tuple[str, ...]]

    def inside(self, call: Call, *, named: frozenset[str]) -> Inside:
        """What a call runs in its turn; `named` are the programs that are looked for."""
        name, inside = program(call.argv[0]), Inside()
        if call.argv[0].open:
            inside.unclear.append("which program runs is only known when it runs")
        elif name in self.shells:
            _shell(call, inside)
        elif name in _RUNS_TEXT:
            _builtin(name, call.argv[1:], inside)
        elif name in self.inline and _is_inline(call, self.inline[name]):
            inside.unclear.append(f"`{name}` runs code that is not a shell's")
        self._wrapped(name, call, named, inside)
        return inside

    def _wrapped(self, name: str, call: Call, named: frozenset[str], inside: Inside) -> None:
        """Look for calls among the arguments, unless those are known to be none."""
        rest = call.argv[1:]
        texts = [w.text for w in rest if w.text.startswith("!")]  # an alias of git
        texts += [w.text.partition("=!")[2] for w in rest if "=!" in w.text]
        inside.texts += [text.lstrip("!") for text in texts]
        if name in self.quiet and not any(w.text in self.commanding for w in rest):
            return
        runners = named | self.shells | self.inline.keys() | _WRAPPED
        more = (Word(ANY),) if name in _APPENDS else ()
        places = _MOST_PLACES
        if name == "find":
            rest = tuple(_what_find_finds(word, starts(call)) for word in rest)
        for place, word in enumerate(rest, 1):
            if places <= 0:
                inside.unclear.append(f"`{name[:40]}` has too many arguments to look at each")
                break
            if not word.open and program(word) in runners:
                places -= 1
                inside.calls.append(Call((*rest[place - 1 :], *more), call.inputs, call.folders))
            elif any(c.isspace() for c in word.text):
                inside.texts.append(word.text)


def starts(call: Call) -> tuple[Word, ...]:
    """The folders in which `find` begins."""
    folders: list[Word] = []
    for word in call.argv[1:]:
        if word.text.startswith(("-", "(", "!")):
            break
        folders.append(word)
    return tuple(folders) or (Word("."),)


def _what_find_finds(word: Word, folders: tuple[Word, ...]) -> Word:
    """`{}` as a path below where it begins; nothing is known of it where it begins in several."""
    if "{}" not in word.text:
        return word
    return Word(word.text.replace("{}", f"{folders[0].text}/found" if len(folders) == 1 else ANY))


def _shell(call: Call, inside: Inside) -> None:
    """`sh -c TEXT`, `sh FILE`, or a shell that reads what it is to run."""
    rest, plain = list(call.argv[1:]), []
    runs_text = any("c" in w.options() for w in rest) or any(w.text == "--command" for w in rest)
    while rest:
        word = rest.pop(0)
        if word.text in _VALUED and rest:
            rest.pop(0)
        elif not word.text.startswith(("-", "+")) or word.text == "-":
            plain.append(word)
    if runs_text:
        _run(plain, inside)
    elif (
        not plain
        or plain[0].text in ("-", "/dev/stdin")
        or any("s" in w.options() for w in call.argv[1:])
    ):
        inside.texts += call.inputs
        if not call.inputs:
            inside.unclear.append("a shell runs what another program gives it")
    elif not plain[0].known:
        inside.unclear.append("a shell runs a file that is only known when it runs")


def _run(texts: Sequence[Word], inside: Inside) -> None:
    inside.texts += [word.text for word in texts]
    if not texts or any(not word.known for word in texts):
        inside.unclear.append("a shell runs text that is only known when it runs")


def _builtin(name: str, rest: Sequence[Word], inside: Inside) -> None:
    if name in ("source", "."):
        if not rest or not rest[0].known or rest[0].text.startswith("/dev/"):
            inside.unclear.append("a shell reads commands that are only known when it runs")
    elif name == "eval":
        _run([Word(" ".join(word.text for word in rest))], inside)
    elif name == "trap":
        inside.texts += [word.text for word in rest[:1]]
    elif name == "alias":
        inside.texts += [word.text.partition("=")[2] for word in rest]


def _is_inline(call: Call, flags: tuple[str, ...]) -> bool:
    rest = call.argv[1:]
    if not any(flag.startswith("-") for flag in flags):
        return any(flag in word.text for word in rest for flag in flags)
    short = {flag[1] for flag in flags if len(flag) == 2}
    if any(word.text in flags or short & word.options() & _head(word) for word in rest):
        return True
    plain = [w for w in rest if not w.text.startswith("-") or w.text == "-"]
    return (
        not plain
        and not any(w.text.startswith("-") for w in rest)
        or any(w.text in ("-", "/dev/stdin") for w in plain[:1])
    )


def _head(word: Word) -> frozenset[str]:
    """The letters of a short group, if it is one of letters alone: `-lc`, and not `-m=check`."""
    return word.options() if word.text[1:].isalpha() and len(word.text) <= 4 else frozenset()


def texts_in_settings(settings: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The values of variables that programs take for commands."""
    for name, value in settings:
        if name.endswith(("COMMAND", "PAGER", "EDITOR", "VISUAL", "_SSH", "ASKPASS", "BROWSER")):
            yield value


@functools.cache
def shipped_programs() -> Programs:
    """The table that comes with Orchestra."""
    table = tomllib.loads(files(__package__).joinpath("programs.toml").read_text("utf-8"))
    return Programs(
        frozenset(table["shells"]),
        frozenset(table["quiet"]),
        frozenset(table["commanding"]),
        {name: tuple(flags) for name, flags in table["inline"].items()},
    )
