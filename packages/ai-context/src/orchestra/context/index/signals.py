"""Measures how much each file and chunk has to do with a task: the figures that ranking weighs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from orchestra.context.index.best import best_and_top, best_first, best_of
from orchestra.context.index.corpus import Corpus, Figures
from orchestra.context.index.history import History
from orchestra.context.index.roles import Role
from orchestra.context.index.words import identifiers, number, numbers, query_words, stem

FILE_SIGNALS = (
    "body",
    "body_top",
    "body_subject",
    "names",
    "names_subject",
    "path",
    "path_subject",
    "coverage",
    "history",
    "history_best",
    "history_recent",
    "folder",
    "defined",
    "mentioned",
    "stem",
    "churn",
    "recency",
    "together",
    "imports",
    "tested",
    "size",
    "source",
    "test",
    "documentation",
    "aside",
    "generated",
)
"""The figures of each file, in the order of the columns of `Signals.files`."""

_MOST_WORDS = 96
_SEEDS = 10
_FOLLOWED = 40  # past commits whose files count
_MOST_NAMES = 40
_FIRST = ("body", "names", "path", "history", "history_best", "defined")


@dataclass(frozen=True, slots=True)
class Query:
    """A task in words. The first line counts more than the rest."""

    text: str

    @property
    def subject(self) -> str:
        """The first line."""
        return self.text.strip().partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Signals:
    """Figures per file (rows as in the view, columns as in FILE_SIGNALS) and per chunk."""

    files: Figures
    chunk_body: Figures
    chunk_names: Figures


def measure(corpus: Corpus, query: Query) -> Signals:
    """All figures of a query, each between 0 and 1 or a logarithm."""
    view = corpus.view
    words = numbers(query_words(query.text)[:_MOST_WORDS])
    subject = numbers(query_words(query.subject)[:_MOST_WORDS])
    weights = [1.0 if word in set(subject) else 0.5 for word in words]
    body, names = view.body.score(words, weights), view.names.score(words, weights)
    best, top = best_and_top(body, view.chunk_files, len(view.files))
    columns: dict[str, Figures] = {
        "body": _unit(best),
        "body_top": _unit(top),
        "names": _unit(best_of(names, view.chunk_files, len(view.files))),
        "path": _unit(view.paths.score(words, weights)),
        "coverage": _coverage(corpus, words, weights),
        "size": corpus.log_sizes,
        "churn": corpus.churn,
        "recency": corpus.recency,
        "tested": _unit(corpus.links.of_tests(best)),
        "source": corpus.is_role(Role.SOURCE),
        "test": corpus.is_role(Role.TEST),
        "documentation": corpus.is_role(Role.DOCUMENTATION),
        "aside": corpus.is_role(Role.ASIDE),
        "generated": corpus.is_role(Role.GENERATED),
    }
    columns |= _subject(corpus, subject, columns if subject == words else None)
    columns |= _past(corpus, words, weights)
    columns |= _mentions(corpus, query)
    first = sum((columns[name] for name in _FIRST), -0.7 * (1 - columns["source"])) * view.alive
    seeds = _seeds(first)
    columns["together"] = _unit(_together(corpus, seeds))
    columns["imports"] = _unit(corpus.links.neighbours(seeds))
    columns["folder"] = _folders(corpus, first)
    files = np.empty((len(FILE_SIGNALS), len(view.files)), np.float32)  # a signal lies in one piece
    for row, name in enumerate(FILE_SIGNALS):
        np.multiply(columns[name], view.alive, out=files[row])
    return Signals(files.T, body, names)


def _unit(figures: Figures) -> Figures:
    """The figures with the best as 1."""
    most = float(figures.max(initial=0.0))
    return figures / np.float32(most) if most > 0 else figures


def _subject(
    corpus: Corpus, subject: Sequence[int], same: Mapping[str, Figures] | None
) -> dict[str, Figures]:
    """What the words of the first line say alone; `same` is what they said if there are no more."""
    if same is not None:
        return {f"{name}_subject": same[name] for name in ("body", "names", "path")}
    view = corpus.view
    body, names = view.body.score(subject), view.names.score(subject)
    return {
        "body_subject": _unit(best_of(body, view.chunk_files, len(view.files))),
        "names_subject": _unit(best_of(names, view.chunk_files, len(view.files))),
        "path_subject": _unit(view.paths.score(subject)),
    }


def _coverage(corpus: Corpus, words: Sequence[int], weights: Sequence[float]) -> Figures:
    """For each file, which share of what the words say is in it at all."""
    view = corpus.view
    rarities = view.body.rarities(words)
    total = sum(r * w for r, w in zip(rarities, weights, strict=True)) or 1.0
    out = np.zeros(len(view.files), np.float32)
    for word, rarity, weight in zip(words, rarities, weights, strict=True):
        if rarity:
            held = np.zeros(len(out), bool)
            held[view.chunk_files[view.body.holding(word)]] = True
            out += held * np.float32(rarity * weight / total)
    return out


def _past(corpus: Corpus, words: Sequence[int], weights: Sequence[float]) -> dict[str, Figures]:
    """What the commits whose messages are like the task say of the files that they touched."""
    history = corpus.history
    commits = _follow(history.messages.score(words, weights))
    best = np.zeros(len(history.paths), np.float32)
    np.maximum.at(best, history.touched, (commits * history.weights)[history.commit_of])
    lately = commits * corpus.fading(300)
    return {
        "history": _unit(corpus.spread(history.per_path(commits))),
        "history_best": _unit(corpus.spread(best)),
        "history_recent": _unit(corpus.spread(history.per_path(lately))),
    }


def _follow(scores: Figures) -> Figures:
    """Only the commits that fit best, relative to the best."""
    if len(scores) > _FOLLOWED:
        least = np.partition(scores, -_FOLLOWED)[-_FOLLOWED]
        scores = np.where(scores >= least, scores, 0).astype(np.float32)
    return _unit(scores) ** 2


def _seeds(first: Figures) -> Figures:
    """The figures of the best files; 0 for the others."""
    if len(first) > _SEEDS:
        least = np.partition(first, -_SEEDS)[-_SEEDS]
        first = np.where(first >= max(least, 1e-6), first, 0)
    return np.maximum(first, 0).astype(np.float32)


def _together(corpus: Corpus, seeds: Figures) -> Figures:
    """How often a file was changed together with the seeds, against how often it was at all."""
    history: History = corpus.history
    per_path = corpus.gather(seeds)
    commits = np.bincount(
        history.commit_of, per_path[history.touched], len(history.commits)
    ).astype(np.float32)
    both = history.per_path(commits)
    own = per_path * np.maximum(history.churn, 1e-6)
    return corpus.spread(((both - own).clip(0) / history.often).astype(np.float32))


def _mentions(corpus: Corpus, query: Query) -> dict[str, Figures]:
    """Files that define a name of the query, that hold one, or whose own name is in it."""
    view = corpus.view
    defined, mentioned, stems = (np.zeros(len(view.files), np.float32) for _ in range(3))
    for name in identifiers(query.text)[:_MOST_NAMES]:
        named = number(name.strip("_$").lower())
        for field, out in ((view.names, defined), (view.body, mentioned)):
            files = np.unique(view.chunk_files[field.holding(named)])
            if len(files):
                out[files] += 1 / np.sqrt(np.float32(len(files)))
    asked = {w.lower().replace("-", "").replace("_", "") for w in query.text.split()}
    for word in asked | set(query_words(query.text)):
        for form in {word, stem(word)}:
            if len(form) > 2:
                stems[view.with_stem(form)] = 1.0
    return {
        "defined": np.minimum(defined, 2),
        "mentioned": np.minimum(mentioned, 2),
        "stem": stems,
    }


def _folders(corpus: Corpus, first: Figures) -> Figures:
    """For each file how well its folder does: the best three of it, together."""
    hits = np.flatnonzero(first > 0)
    folders, figures, places = best_first(corpus.folders[hits], first[hits])
    best = places < 3
    sums = np.bincount(folders[best], figures[best], int(corpus.folders.max(initial=0)) + 1)
    return _unit(sums.astype(np.float32))[corpus.folders]
