"""Makes a large repository that looks like real code: languages, imports, tests, a history."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from orchestra.cli.bench.repository import git
from orchestra.cli.bench.source_code import ENDINGS, Name, write_file, write_function
from orchestra.cli.bench.vocabulary import Words, snake
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import child_environment

_SEED = 20
_COMMITS = 400
_BEGUN = 1_700_000_000  # seconds since 1970
_AREAS, _PARTS = 40, 25
_SHARE = (4, 4, 2, 1, 1)  # of the languages, as in ENDINGS


@dataclass(frozen=True, slots=True)
class Codebase:
    """What was made: the repository, its files, and questions that they answer."""

    folder: Path
    paths: list[str]
    commits: int
    size: int
    """Bytes of all files."""
    searches: list[str]
    tasks: list[str]


def generate_codebase(folder: Path, files: int, switched: int, questions: int) -> Codebase:
    """Make the repository; its branch `other` has other contents in `switched` of the files.

    The same figures make the same repository.

    Raises:
        Unavailable: git does not take it.
    """
    author = _Author(Words(Random(_SEED)))  # noqa: S311 - contents, not secrets
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "gc.auto", "0")
    process = subprocess.Popen(
        ["git", "-C", str(folder), "fast-import", "--quiet", "--force"],
        stdin=subprocess.PIPE,
        env=child_environment(),
    )
    assert process.stdin is not None  # noqa: S101 - for the type checker
    with process.stdin as pipe:
        for part in author.write_history(files, switched):
            pipe.write(part.encode())
    if process.wait() != 0:
        raise Unavailable("git did not take the generated repository", hint="see its words above")
    git(folder, "reset", "-q", "--hard", "main")
    searches, tasks = author.ask(questions)
    size = sum(map(len, author.contents.values()))
    return Codebase(folder, list(author.contents), _COMMITS, size, searches, tasks)


@dataclass(slots=True)
class _Author:
    words: Words
    contents: dict[str, str] = field(default_factory=dict)
    names: dict[str, list[Name]] = field(default_factory=dict)
    kin: dict[str, list[str]] = field(default_factory=dict)
    """The latest files of each ending: what a new one imports."""

    def write_history(self, files: int, switched: int) -> Iterator[str]:
        """The whole history, as `git fast-import` reads it."""
        for number in range(files):
            self._write(number)
        yield _commit("main", "Begin", 0, self.contents)
        paths, random = list(self.contents), self.words.random
        for number in range(1, _COMMITS):
            verb, *what = name = self.words.name()
            first = random.randrange(len(paths))
            near = {paths[(first + random.randrange(30)) % len(paths)] for _ in range(3)}
            for path in sorted(near):
                self._append(path, name)
            message = f"{verb.capitalize()} the {' '.join(what)} of {first % _AREAS}"
            yield _commit("main", message, number, {p: self.contents[p] for p in sorted(near)})
        chosen = random.sample(paths, switched)
        other = {p: self.contents[p] + self._function(p, self.words.name()) for p in chosen}
        yield "reset refs/heads/other\nfrom refs/heads/main\n\n"
        yield _commit("other", "Go another way", _COMMITS, other)

    def ask(self, count: int) -> tuple[list[str], list[str]]:
        """Searches of one to five words, and tasks of some sentences; no two are the same."""
        random, paths = self.words.random, list(self.contents)
        searches, tasks = [], []
        for number in range(count):
            path = random.choice(paths)
            name = random.choice(self.names[path])
            one, two = self.words.noun(), self.words.noun()
            forms = (snake(name), " ".join(name), f"{one} {two} {name[1]}", f"{snake(name)} {one}")
            searches.append(f"{forms[number % len(forms)]} {number}")
            tasks.append(
                f"{name[0].capitalize()} the {name[1]} {name[2]} in the right order ({number})\n\n"
                f"When the {one} is late, `{snake(name)}` gives the wrong {two}. {self.words.sentence()}."
                f" It should keep the {name[1]} in {path.split('/')[1]} and log the {two}."
            )
        return searches, tasks

    def _write(self, number: int) -> None:
        words, random = self.words, self.words.random
        part = number * _AREAS * _PARTS // 20_000
        folder = f"services/area{part // _PARTS % _AREAS:02}/part{part:04}"
        (ending,) = random.choices(ENDINGS, _SHARE)
        name = words.name()[1:]
        test = random.random() < 0.15 and ending in ("py", "ts")
        stem = f"test_{snake(name)}" if test else f"{snake(name)}_{number}"
        path = f"{folder}/{'tests/' if test else ''}{stem}.{ending}"
        if number % 25 == 0:
            path, text = f"{folder}/README.md", f"# {words.noun()}\n\n{words.sentence()}.\n"
            self.names[path] = [words.name()]
            self.contents[path] = text * 5
            return
        kin = self.kin.setdefault(ending, [])
        del kin[:-60]
        imported = random.sample(kin, min(len(kin), random.randrange(2, 8)))
        names = [words.name() for _ in range(random.randrange(3, 12))]
        kin.append(path)
        self.names[path] = names
        self.contents[path] = write_file(words, path, names, imported)

    def _append(self, path: str, name: Name) -> None:
        self.contents[path] += self._function(path, name)

    def _function(self, path: str, name: Name) -> str:
        ending = path.rpartition(".")[2]
        if ending not in ENDINGS:
            return f"\n{self.words.sentence()}.\n"
        return "\n" + write_function(self.words, ending, name)


def _commit(branch: str, message: str, number: int, files: dict[str, str]) -> str:
    who = f"Bench <bench@example.org> {_BEGUN + number * 3600} +0000"
    parts = [f"commit refs/heads/{branch}\ncommitter {who}\n{_data(message)}"]
    parts += [f"M 100644 inline {path}\n{_data(text)}" for path, text in files.items()]
    return "".join(parts) + "\n"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
