"""Reads agent specs strictly: whatever is wrong is said with its file, line and remedy."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from orchestra.coordination.specs.spec import AgentSpec, SpecFile
from orchestra.coordination.specs.yaml_text import BadYaml, Place, Read, read_yaml
from orchestra.shared.errors import Invalid
from orchestra.shared.wording import plain
from pydantic import ValidationError

_MOST_PROBLEMS = 20  # of one file
_EXPECTED = {
    "name": "use up to 64 ASCII letters, digits, spaces, `.`, `_` and `-`",
    "permissions": "write it as `resource:action` in small letters, such as `vercel:deploy`",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, where, and how to mend it. `line` starts at 1."""

    path: str
    line: int
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Checked:
    """The specs that are good, in the order of their files, and what is wrong with the others."""

    specs: tuple[AgentSpec, ...]
    problems: tuple[Problem, ...]


def load_specs(texts: Mapping[str, str]) -> list[AgentSpec]:
    """The specs of files, given as path → text.

    Raises:
        Invalid: one is not good; the message says `file:line` and the hint how to mend it.
    """
    checked = check_specs(texts)
    if checked.problems:
        first, more = checked.problems[0], len(checked.problems) - 1
        also = f" ({more} more)" if more else ""
        raise Invalid(f"{first}{also}", hint=first.hint)
    return list(checked.specs)


def check_specs(texts: Mapping[str, str]) -> Checked:
    """Every good spec, and every problem; a name that two files claim is neither's."""
    specs: list[AgentSpec] = []
    problems: list[Problem] = []
    for path in sorted(texts):
        try:
            specs.append(_load(path, texts[path]))
        except _Bad as bad:
            problems += bad.problems
    claims: dict[str, list[AgentSpec]] = {}
    for spec in specs:
        claims.setdefault(spec.slug, []).append(spec)
    for slug, claimants in claims.items():
        if len(claimants) > 1:
            others = " and ".join(f"`{plain(spec.path, 100)}`" for spec in claimants)
            problems += [
                Problem(plain(s.path, 200), 1, f"{others} both name `{slug}`", "rename one of them")
                for s in claimants
            ]
    good = tuple(spec for spec in specs if len(claims[spec.slug]) == 1)
    return Checked(good, tuple(problems))


class _Bad(Exception):
    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems


def _load(path: str, text: str) -> AgentSpec:
    shown = plain(path, 200)
    try:
        read = read_yaml(text)
    except BadYaml as bad:
        raise _Bad([Problem(shown, bad.line, plain(bad.message), bad.hint)]) from None
    if not isinstance(read.value, dict):
        raise _Bad([Problem(shown, 1, "it is not a map", "begin with `name: …`")])
    try:
        digest = hashlib.sha256(text.encode()).hexdigest()
        SpecFile.model_validate(read.value)
        return AgentSpec.model_validate({**read.value, "path": path, "digest": digest})
    except ValidationError as error:
        raise _Bad([_problem(shown, read, one) for one in _first(error)]) from None


def _first(error: ValidationError) -> list[tuple[Place, str, str, object]]:
    found = error.errors(include_url=False, include_context=False)[:_MOST_PROBLEMS]
    return [(one["loc"], one["type"], one["msg"], one["input"]) for one in found]


def _problem(path: str, read: Read, one: tuple[Place, str, str, object]) -> Problem:
    place, kind, message, value = one
    line = next(read.lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in read.lines)
    name = str(place[0])
    if kind == "missing":
        return Problem(path, line, f"`{name}` is lacking", f"add a line `{name}: …`")
    if kind == "extra_forbidden":
        known = ", ".join(SpecFile.model_fields)
        return Problem(path, line, f"`{plain(name, 60)}` is no field", f"there are {known}")
    if kind == "value_error":
        said = message.removeprefix("Value error, ")
        shown = f"`{name}`: `{plain(value, 60)}`: " if isinstance(value, str) else f"`{name}`: "
        said, _, hint = said.partition("; ")
        return Problem(path, line, plain(f"{shown}{said}"), hint or "see docs/runbook.md")
    if kind == "string_pattern_mismatch":
        return Problem(path, line, f"`{plain(value, 60)}` does not fit `{name}`", _EXPECTED[name])
    if isinstance(value, str) and len(place) == 1:
        return Problem(path, line, f"`{name}` is a text", f"make it a list: `- {plain(value, 60)}`")
    return Problem(
        path, line, f"`{name}` does not fit: {message}", "see .ai-context/schema/agent.json"
    )
