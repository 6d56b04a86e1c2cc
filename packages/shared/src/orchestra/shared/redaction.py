"""The one choke point through which all text passes that leaves the process or is stored."""

from collections.abc import Iterable, Iterator
from typing import Any

import re2
from orchestra.shared.json import JsonValue
from orchestra.shared.known_values import KnownValues
from orchestra.shared.redaction_rules import ASSIGNMENT, KEY_NAME, OPTION, RULES
from orchestra.shared.redaction_values import Form, is_secret

_MEMO_ENTRIES = 50_000
_MEMO_LENGTH = 2_000  # characters; longer texts are seldom seen twice
_JUDGED = 256  # bytes of an unquoted value that are looked at to judge it
_LONGEST_QUOTED = 4_096
_PATIENCE = 65_536  # bytes of stand-ins, and four times the text, before all that follow go too

_NAMES = [rule.id for rule in RULES]


def _compile(pattern: str) -> Any:  # noqa: ANN401 - re2 ships no types
    options = re2.Options()
    options.max_mem = 128 << 20  # room for the automaton of all rules at once
    options.log_errors = False
    return re2.compile(pattern.encode(), options)


_SHAPE = _compile("|".join(f"{rule.before}({rule.body}){rule.after}" for rule in RULES))
_ASSIGNMENT = _compile(f"{ASSIGNMENT}|{OPTION}")
_MARK = _compile(r"\[redacted:(?:" + "|".join([*_NAMES, "known", "assignment"]) + r")\]")
_OPENING = _compile(r"""\\*["'`]""")
_BARE = _compile(r"""[^\s"'`,;&<>\\]+""")
_KEY = _compile(rf"(?i){KEY_NAME}$")


class Redactor:
    """Replaces secrets by `[redacted:<rule>]`, and leaves everything else byte for byte.

    Secrets are known by their shape, by the name that they are assigned to, or because `learn`
    was told them. Applying it twice gives the same as applying it once.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = KnownValues()
        self._memo: dict[tuple[str, str], str] = {}
        self._keys: dict[str, tuple[str, str]] = {}
        for secret in known:
            self._known.add(secret)

    def learn(self, secret: str) -> None:
        """Redact `secret` from now on, plain and encoded, wherever it turns up.

        A secret of fewer than six characters is not learned: it would blot out ordinary text.
        """
        if self._known.add(secret):
            self._memo, self._keys = {}, {}

    def text(self, value: str) -> str:
        """`value` without its secrets."""
        return self._remembered(value, "")

    def value(self, value: JsonValue) -> JsonValue:
        """A copy of `value` without the secrets in its keys and its texts, at any depth.

        A text under a key such as `password` is judged as if it were assigned to that name.
        """
        return self._deep(value, "")

    def _deep(self, value: JsonValue, name: str) -> JsonValue:
        if isinstance(value, str):
            return self._remembered(value, name)
        if isinstance(value, list):
            return [self._deep(item, name) for item in value]
        if isinstance(value, dict):
            clean: dict[str, JsonValue] = {}
            for key, item in value.items():
                shown, telling = self._keys.get(key) or self._key(key)
                clean[shown] = self._deep(item, telling)
            return clean
        return value

    def _key(self, key: str) -> tuple[str, str]:
        """The key without secrets, and the part of it which says that its value is one.

        Where keys are paths, `src/password` says nothing of the kind.
        """
        match = None if "/" in key else _KEY.search(_bytes(key))
        judged = self.text(key), _text(match.group()) if match else ""
        if len(key) <= _MEMO_LENGTH:
            if len(self._keys) >= _MEMO_ENTRIES:
                self._keys.clear()
            self._keys[key] = judged
        return judged

    def _remembered(self, value: str, name: str) -> str:
        memo = self._memo
        clean = memo.get((value, name))
        if clean is None:
            if name and is_secret(name, value, "quoted"):
                clean = value if _MARK.fullmatch(_bytes(value)) else "[redacted:assignment]"
            else:
                clean = self._until_clean(value)
            if len(value) <= _MEMO_LENGTH:
                if len(memo) >= _MEMO_ENTRIES:
                    memo.clear()
                memo[value, name] = clean
        return clean

    def _until_clean(self, value: str) -> str:
        """Redact until nothing is left to redact, which is what makes it idempotent."""
        clean = self._once(value)
        while clean != value:
            value, clean = clean, self._once(clean)
        return clean

    def _once(self, value: str) -> str:
        data = _bytes(value)
        if b"[redacted:" not in data:
            return self._piece(value, data)
        done, position = "", 0
        for mark in _MARK.finditer(data):
            piece = data[position : mark.start()]
            done += self._piece(_text(piece), piece) + _text(mark.group())
            position = mark.end()
        return done + self._piece(_text(data[position:]), data[position:])

    def _piece(self, value: str, data: bytes) -> str:
        """`value` and `data` are the same text, which contains no mark."""
        spans = [*_shapes(data), *_assigned(data), *self._learned(value)]
        if not spans:
            return value
        spans.sort()
        done, position = [], 0
        start, end, name = spans[0]
        for next_start, next_end, next_name in spans[1:]:
            if next_start < end:
                end = max(end, next_end)
                continue
            done += [data[position:start], f"[redacted:{name}]".encode()]
            position, start, end, name = end, next_start, next_end, next_name
        done += [data[position:start], f"[redacted:{name}]".encode(), data[end:]]
        return _text(b"".join(done))

    def _learned(self, value: str) -> list[tuple[int, int, str]]:
        spans = list(self._known.spans(value))
        if value.isascii():
            return [(start, end, "known") for start, end in spans]
        return [(len(_bytes(value[:s])), len(_bytes(value[:e])), "known") for s, e in spans]


def _shapes(data: bytes) -> Iterator[tuple[int, int, str]]:
    """Where secrets stand that are known by their shape: start, end (bytes), rule."""
    position, patience = 0, _PATIENCE + 4 * len(data)
    while (match := _SHAPE.search(data, position)) is not None:
        name = _NAMES[match.lastindex - 1]
        start, end = match.span(match.lastindex)
        if patience < 0 or _is_real(name, data[start:end]):
            yield start, end, name
            position = end
        else:
            position = start + 1
            patience -= end - start


def _assigned(data: bytes) -> Iterator[tuple[int, int, str]]:
    """Where secrets stand that are known by the name that they are assigned to."""
    position = 0
    while (match := _ASSIGNMENT.search(data, position)) is not None:
        start, position = match.span()
        found = _assigned_value(data, start, position)
        if found:
            yield *found, "assignment"
            position = found[1]


def _assigned_value(data: bytes, start: int, at: int) -> tuple[int, int] | None:
    """The value that begins at byte `at`, behind a name that begins at `start`, if a secret."""
    written = _text(data[start:at])
    name = written.lstrip("-")
    form: Form = "plain"
    if not written.rstrip().endswith(("=", ":", "=>")) or "," in written:
        form = "loose"
    elif name[-1] == "=" and name[:-1].isupper():
        form = "environment"
    opening = _OPENING.match(data, at)
    if opening:
        begin, mark = opening.end(), opening.group()
        end = data.find(mark, begin, begin + _LONGEST_QUOTED)
        if end < 0:
            end = min(len(data), begin + _LONGEST_QUOTED)
        literal: Form = "loose" if form == "loose" else "quoted"
        return (begin, end) if is_secret(name, _text(data[begin:end]), literal) else None
    bare = _BARE.match(data, at, min(len(data), at + _JUDGED))
    if not bare or not is_secret(name, _text(bare.group()), form):
        return None
    return at, _BARE.match(data, at).end()


def _is_real(name: str, secret: bytes) -> bool:
    """Whether what has the shape of a secret is not a well-known stand-in for one."""
    text = _text(secret)
    if name == "url-credentials":
        return is_secret("password", text.partition(":")[2], "quoted")
    if name in (
        "authorization",
        "bearer",
        "basic",
        "netrc",
        "curl-user",
        "command-password",
        "cookie",
    ):
        return _is_credential(name, text)
    return not (len(text) == 20 and text.endswith("EXAMPLE")) and len(set(text[-16:])) > 2


def _is_credential(name: str, text: str) -> bool:
    if name == "cookie":
        values = [part.partition("=")[2] for part in text.split(";")]
        return any(is_secret("password", value, "quoted") for value in values)
    if name == "curl-user":
        text = text.partition(":")[2]
    if name == "command-password":
        return is_secret("password", text, "loose")
    if name in ("bearer", "basic") and not any(c.isdigit() for c in text) and text.islower():
        return False  # prose: `bearer authentication`
    return is_secret("password", text, "quoted")


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
