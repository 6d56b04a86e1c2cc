"""What a pack says beside code: conventions, tests, past commits."""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from orchestra.context.index.corpus import Corpus
from orchestra.context.index.signals import Query
from orchestra.context.index.tokens import count_tokens
from orchestra.context.index.words import numbers, query_words
from orchestra.context.packs.item import Item
from orchestra.context.packs.wording import fenced, one_line, shown_path, visible

_GUIDES = ("AGENTS.md", "CLAUDE.md")
_RULE = re.compile(r"(^|/)\.cursor/rules/[^/]+\.mdc$")
_GLOBS = re.compile(r"^globs:\s*(.+)$", re.MULTILINE)
_TESTS, _COMMITS = 12, 5


def convention_paths(corpus: Corpus, shown: Sequence[str]) -> list[str]:
    """Guides in the folders of the shown files, and rules; the root's guide is each agent's own."""
    folders = {folder for path in shown for folder in _above(path)}
    guides = [f"{folder}/{name}" for folder in sorted(folders) for name in _GUIDES]
    rules = sorted(path for path in corpus.view.with_ending(".mdc") if _RULE.search(path))
    return [path for path in guides if path in corpus.view.current] + rules


def write_conventions(texts: Mapping[str, str], shown: Sequence[str], budget: int) -> list[Item]:
    """The guides, and those rules whose globs match a shown file, as far as the budget goes."""
    items: list[Item] = []
    for path, text in texts.items():
        why = "it lies above a shown file"
        if _RULE.search(path):
            globs = _globs(text)
            if not any(fnmatch.fnmatch(file, glob) for file in shown for glob in globs):
                continue
            why = "its globs match a shown file"
        written = _fitting(path, text, budget)
        if written:
            tokens = count_tokens(written) + 1
            budget -= tokens
            items.append(Item("convention", written, tokens, path, (), (why,)))
    return items


def write_tests(corpus: Corpus, shown: Sequence[str], budget: int) -> list[Item]:
    """Tests that belong to the shown files."""
    view, links = corpus.view, corpus.links
    items: list[Item] = []
    for path in shown:
        for test in links.tests[links.tested == view.numbers[path]].tolist():
            name = view.files[test][0]
            if name in shown or any(item.path == name for item in items):
                continue
            written = f"- {shown_path(name)}"
            tokens = count_tokens(written) + 1
            if tokens > budget or len(items) >= _TESTS:
                return items
            budget -= tokens
            items.append(Item("test", written, tokens, name, (), (f"it tests {shown_path(path)}",)))
    return items


def write_commits(corpus: Corpus, query: Query, shown: Sequence[str], budget: int) -> list[Item]:
    """The past commits most like the task that touched a shown file."""
    history = corpus.history
    scores = history.messages.score(numbers(query_words(query.text)))
    wanted = {history.paths[path]: path for path in shown if path in history.paths}
    items: list[Item] = []
    for commit in np.argsort(-scores, kind="stable")[:40].tolist():
        touched = history.touched[history.starts[commit] : history.starts[commit + 1]].tolist()
        files = [wanted[number] for number in touched if number in wanted]
        if scores[commit] <= 0 or not files or len(items) >= _COMMITS:
            continue
        found = history.commits[commit]
        names = ", ".join(shown_path(file) for file in files[:3])
        written = f"- {found.sha[:10]} {one_line(found.subject, 120)} — {names}"
        tokens = count_tokens(written) + 1
        if tokens <= budget:
            budget -= tokens
            why = "its message is like the task"
            items.append(Item("commit", written, tokens, None, (), (why,), "untrusted"))
    return items


def _above(path: str) -> Iterable[str]:
    folder = path.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


def _globs(text: str) -> list[str]:
    head = text.split("---")[1] if text.startswith("---") else ""
    found = _GLOBS.search(head)
    return [glob.strip(" \"'[]") for glob in found[1].split(",")] if found else []


def _fitting(path: str, text: str, budget: int) -> str | None:
    """The beginning of a text that fits, in whole lines."""
    lines = visible(text).strip().split("\n")
    while lines:
        written = f"## {shown_path(path)}\n" + fenced("\n".join(lines))
        if count_tokens(written) < budget:
            return written
        lines = lines[: int(len(lines) * 0.7)]
    return None
