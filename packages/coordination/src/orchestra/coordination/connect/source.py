"""What the repository says about its agents and its rules: what every configuration is made from."""

import re
from dataclasses import dataclass

from orchestra.coordination.connect.record import FailMode
from orchestra.coordination.connect.tree import Tree
from orchestra.coordination.specs import FOLDER, AgentSpec, load_specs

DEFAULT_URL = "http://127.0.0.1:8700"
_RULES = ".cursor/rules"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKS = str.maketrans({"|": "/", "`": "'", "[": "(", "]": ")", "<": "(", ">": ")"})
_MOST_RULES = 50  # that AGENTS.md lists; who has more needs another order of them
_MOST_GLOBS = 10
_MOST_WORDS = 200  # characters of a description that is repeated


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for the parts of the tree that match one of `globs`."""

    path: str
    description: str
    globs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that the configurations are made from."""

    agents: tuple[AgentSpec, ...]
    rules: tuple[Rule, ...]
    hook: str
    """The text of the entry that hooks call."""
    url: str = DEFAULT_URL
    fail_mode: FailMode | None = None

    @property
    def fails(self) -> FailMode:
        """What a permission hook does when Orchestra does not answer."""
        return self.fail_mode or ("closed" if self.agents else "open")

    @property
    def permissions(self) -> frozenset[str]:
        """What any agent of the repository may do."""
        return frozenset(p for agent in self.agents for p in agent.permissions)


def read_agents(tree: Tree) -> tuple[AgentSpec, ...]:
    """The specs of the repository, in order of their files.

    Raises:
        Invalid: one of them is not right; with its file and line.
    """
    paths = [*tree.names(FOLDER, ".yaml"), *tree.names(FOLDER, ".yml")]
    texts = {path: tree.read(path) or "" for path in paths}
    return tuple(load_specs(texts))


def read_rules(tree: Tree) -> tuple[Rule, ...]:
    """The rules that hold for a part of the tree, in order of their files."""
    rules = []
    for path in tree.names(_RULES, ".mdc"):
        head = _front_matter(tree.read(path) or "")
        globs = tuple(g for g in (_clean(g.strip(" \"'")) for g in head.get("globs", [])) if g)
        if globs and "".join(head.get("alwaysApply", [])) != "true":
            words = _clean(" ".join(head.get("description", [])))
            rules.append(Rule(path, words, globs[:_MOST_GLOBS]))
    return tuple(rules[:_MOST_RULES])


def _front_matter(text: str) -> dict[str, list[str]]:
    """The head of a rule. Not YAML: `globs: **/*.ts` is what people and Cursor write."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != "---":
        return {}
    head: dict[str, list[str]] = {}
    key = ""
    for line in lines[1:]:
        if line.strip() == "---":
            return head
        named = re.match(r"([A-Za-z]+):(.*)", line)
        if named:
            key, value = named[1], named[2].strip().strip("[]")
            head[key] = value.split(",") if key == "globs" else [value.strip("\"'")]
        elif key and line.strip().startswith("- "):
            head[key].append(line.strip()[2:])
    return {}


def _clean(text: str) -> str:
    """One line that can stand in a table: text of a repository is data."""
    return _CONTROL.sub(" ", text).translate(_MARKS).strip()[:_MOST_WORDS]
