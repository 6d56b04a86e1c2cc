"""For tests: a corpus from texts, and where its texts are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestra.context.index.corpus import Corpus
from orchestra.context.index.history import Commit, History
from orchestra.context.index.languages import language_of
from orchestra.context.index.parsed import parse
from orchestra.context.index.view import View


@dataclass(frozen=True, slots=True)
class TextSource:
    """Texts by path."""

    texts: Mapping[str, str]

    def read(self, paths: Sequence[str]) -> dict[str, str]:
        """The texts of these paths."""
        return {path: self.texts[path] for path in paths if path in self.texts}


def corpus_of(texts: Mapping[str, str], commits: Sequence[Commit] = ()) -> Corpus:
    """A corpus of files with these texts and this past, newest commit first."""
    files = {p: parse(t.encode("utf-8", "replace"), language_of(p)) for p, t in texts.items()}
    return Corpus(View.of(files), History(commits))
