"""Recall is measured on real commits, as its definitions say."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from orchestra.context.git.testing import GitRepository
from orchestra.context.index.weights import Weights
from orchestra.context.recall.cases import Case, Place, load_cases
from orchestra.context.recall.near_weight import TRIED, best_weight
from orchestra.context.recall.replay import Replay
from orchestra.context.recall.scorer import Score, recall_at, score
from orchestra.context.recall.tune import Examples, learn
from orchestra.context.recall.ways import WAYS
from orchestra.shared.errors import Invalid, NotFound
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("ctx.recall")

TINY = Path(__file__).parents[2] / "vectors/tests/tiny-model"
CASE = Case(
    id="o/r@1",
    repository="o/r",
    parent="HEAD",
    date="2026-01-01",
    query="deliver letters",
    difficulty="hard",
    gold=("a.py", "b.py"),
    edits=(Place("a.py", 10, 13), Place("b.py", 5, 5)),
    functions=(Place("a.py", 1, 20), Place("b.py", 1, 9)),
)


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        ({}, Score(0, 0, 0, 0)),
        ({"a.py": [(10, 11)]}, Score(0.5, 0.5, 0.5, 0)),
        ({"a.py": [(10, 10)]}, Score(0.5, 0, 0.5, 0)),
        ({"a.py": [(10, 10), (10, 10)]}, Score(0.5, 0, 0.5, 0)),
        ({"a.py": [(30, 40)], "b.py": [(1, 5)]}, Score(1, 0.5, 0.5, 1)),
        ({"a.py": [(1, 20)], "b.py": [(1, 9)]}, Score(1, 1, 1, 1)),
    ],
)
def test_scores_are_what_their_definitions_say(
    shown: dict[str, list[tuple[int, int]]], wanted: Score
) -> None:
    assert score(CASE, shown) == wanted


def test_recall_among_the_first_files_counts_gold_files() -> None:
    assert recall_at(CASE, ["x.py", "a.py", "b.py"], 2) == 0.5


def test_a_line_that_is_no_case_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text('{"id": "x"}\n')
    with pytest.raises(Invalid, match="line 1: not a case"):
        load_cases(file)
    with pytest.raises(NotFound, match="cannot be read"):
        load_cases(tmp_path / "none.jsonl")


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A repository whose second commit is the change, and the case of it."""
    made = GitRepository.create(tmp_path / "repos/o+r/repo")
    for number in range(30):
        made.write(f"src/part_{number}.py", f"def part_{number}():\n    return {number}\n")
    made.write("src/mail.py", "def deliver(letter):\n    return letter\n")
    parent = made.commit("Begin")
    made.write("src/mail.py", "def deliver(letter):\n    return [letter]\n")
    made.write("src/later.py", "def deliver_later(): ...\n")
    made.commit("Deliver letters as a list")
    case = {
        "id": "o/r@1",
        "repo": "o/r",
        "parent": parent,
        "query": "Deliver letters as a list",
        "gold": ["src/mail.py"],
        "gold_spans": {"src/mail.py": {"lines": [[2, 2]], "functions": [["deliver", 1, 2]]}},
    }
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps(case) + "\n")
    return file


def test_a_case_sees_its_parents_tree_and_nothing_later(cases: Path) -> None:
    replay = Replay(cases.parent / "repos/o+r/repo", None)
    (moment,) = replay.moments(load_cases(cases))
    assert "src/later.py" not in moment.corpus.view.current
    assert [commit.subject for commit in moment.corpus.history.commits] == ["Begin"]
    assert moment.source.read(["src/mail.py", "no.py"]) == {
        "src/mail.py": "def deliver(letter):\n    return letter\n"
    }


@pytest.mark.parametrize("way", WAYS)
def test_every_way_finds_the_obvious_within_its_budget(cases: Path, way: str) -> None:
    (moment,) = Replay(cases.parent / "repos/o+r/repo", None).moments(load_cases(cases))
    context = WAYS[way](moment, 1_000)
    assert context.files[0] == "src/mail.py"
    assert score(moment.case, context.shown) == Score(1, 1, 1, 1)
    assert context.tokens <= 1_000


def measured(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "orchestra.context.recall", *arguments],
        capture_output=True,
        text=True,
        env=child_environment(),
        check=False,
        timeout=100,
    )


def test_the_measurement_prints_a_row_for_each_way_and_group(cases: Path) -> None:
    done = measured("--cases", str(cases), "--repos", str(cases.parent / "repos"), "--jobs", "1")
    rows = json.loads(done.stdout)["rows"]
    assert {(row["way"], row["group"]) for row in rows} == {
        (way, group) for way in WAYS for group in ("all", "o/r", "hard")
    }
    assert all(row["file@16k"] == 1.0 for row in rows)


def test_a_repository_that_is_not_there_is_said_in_words(cases: Path) -> None:
    done = measured("--cases", str(cases), "--repos", str(cases.parent / "none"), "--jobs", "1")
    assert done.returncode == 1
    assert "there is no repository" in done.stderr
    assert "Traceback" not in done.stderr


_ONES = np.ones(4_000, np.float32)


def test_what_decides_is_learned_and_what_does_not_is_not() -> None:
    figures = np.random.default_rng(1).normal(size=(4_000, 3)).astype(np.float32)
    answers = figures[:, 0] - 0.5 * figures[:, 1] > 0.3
    coefficients, _ = learn([Examples(figures, answers, _ONES)])
    assert coefficients[0] > 3
    assert coefficients[1] < -1
    assert abs(coefficients[2]) < 0.3


def test_the_weight_of_nearness_is_the_one_with_which_most_is_shown() -> None:
    shares = [np.zeros(len(TRIED)) for _ in range(3)]
    shares[0][2], shares[1][5], shares[2][5] = 0.9, 0.5, 0.5
    shares.append(np.full(len(TRIED), np.nan))  # a case without edits
    assert best_weight(shares) == TRIED[5]
    assert best_weight(shares[:1]) == TRIED[2]


def test_with_a_model_the_same_cases_are_measured_with_vectors_too(
    cases: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    given = ("--cases", str(cases), "--repos", str(cases.parent / "repos"), "--jobs", "1")
    done = measured(*given, "--embedder", str(TINY), "--cache", str(cache))
    rows = {row["way"]: row for row in json.loads(done.stdout)["rows"] if row["group"] == "all"}
    assert rows["Orchestra, vectors"]["file@16k"] == 1.0
    with sqlite3.connect(cache / "o+r.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM vectors").fetchone()[0] > 30


def test_a_folder_without_a_model_is_said_in_words(cases: Path, tmp_path: Path) -> None:
    given = ("--cases", str(cases), "--repos", str(cases.parent / "repos"), "--jobs", "1")
    done = measured(*given, "--embedder", str(tmp_path))
    assert done.returncode == 1
    assert "model.onnx" in done.stderr
    assert "Traceback" not in done.stderr


def test_weights_with_vectors_are_learned_beside_those_without(cases: Path, tmp_path: Path) -> None:
    def tune(*more: str) -> Weights:
        given = ["--cases", str(cases), "--repos", str(cases.parent / "repos")]
        given += ["--cache", str(tmp_path), "--out", str(tmp_path / "w.json")]
        command = [sys.executable, "-m", "orchestra.context.recall.tune", *given, *more]
        subprocess.run(command, env=child_environment(), check=True, timeout=100)
        return Weights.load((tmp_path / "w.json").read_bytes())

    plain = tune()
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart" / "o+r.json").write_bytes(plain.dump())
    near = tune("--embedder", str(TINY), "--plain", str(tmp_path / "apart"))
    assert (plain.near, near.near) == (False, True)
    assert len(near.files) > len(plain.files)
