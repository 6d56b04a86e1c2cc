"""A task finds the files and places that it is about, for reasons that can be told."""

import pytest
from orchestra.context.index.history import Commit, History
from orchestra.context.index.languages import language_of
from orchestra.context.index.parsed import parse
from orchestra.context.index.ranking import Ranking, rank
from orchestra.context.index.signals import FILE_SIGNALS, Query
from orchestra.context.index.testing import corpus_of
from orchestra.context.index.view import View
from orchestra.context.index.weights import Weights, shipped_near_weights, shipped_weights

pytestmark = pytest.mark.requirement("ctx.index")

TEXTS = {
    "src/mail/sender.py": "class Sender:\n    def deliver(self, letter):\n        return letter\n",
    "src/mail/queue.py": "def enqueue(letter):\n    return [letter]\n",
    "src/web/server.py": "def serve(port):\n    return port\n",
    "tests/test_sender.py": "def test_deliver():\n    assert deliver('letter')\n",
    "docs/mail.md": "# Mail\n\nHow a letter is delivered by the sender.\n",
}


def names(ranking: Ranking) -> list[str]:
    return [file.path for file in ranking.files]


def commit(sha: str, message: str, *paths: str, **renamed: str) -> Commit:
    return Commit(sha, 0, message, paths, renamed)


def test_the_file_that_defines_the_words_comes_first_and_before_its_test() -> None:
    ranking = rank(corpus_of(TEXTS), Query("Sender should deliver a letter twice"))
    assert names(ranking)[0] == "src/mail/sender.py"
    assert ranking.chunks[0].path == "src/mail/sender.py"
    assert names(ranking).index("src/mail/sender.py") < names(ranking).index("tests/test_sender.py")
    assert "it defines names made of the task's words" in " ".join(ranking.files[0].reasons) or (
        ranking.files[0].reasons
    )


def test_a_file_is_found_by_the_messages_of_commits_that_changed_it() -> None:
    past = [commit("1" * 40, "Throttle greedy clients", "src/web/server.py")]
    past += [commit(f"{n:040}", f"Unrelated {n}", "src/mail/queue.py") for n in range(5)]
    corpus = corpus_of(TEXTS, past)
    assert names(rank(corpus, Query("throttle clients that are greedy")))[0] == "src/web/server.py"
    reasons = rank(corpus, Query("throttle clients that are greedy")).files[0].reasons
    assert any("commit" in reason for reason in reasons)


def test_the_past_of_a_renamed_file_is_its_own() -> None:
    past = [
        Commit("2" * 40, 0, "Move", ("src/web/server.py",), {"old.py": "src/web/server.py"}),
        commit("1" * 40, "Throttle greedy clients", "old.py"),
    ]
    history = History(past)
    assert set(history.paths) == {"src/web/server.py"}


def test_files_that_changed_together_are_near() -> None:
    past = [commit(f"{n:040}", "Mail", "src/mail/sender.py", "src/web/server.py") for n in range(6)]
    together = names(rank(corpus_of(TEXTS, past), Query("Sender deliver")))
    alone = names(rank(corpus_of(TEXTS), Query("Sender deliver")))
    assert together.index("src/web/server.py") < alone.index("src/web/server.py")


def test_the_same_question_gives_the_same_answer() -> None:
    assert rank(corpus_of(TEXTS), Query("letter")) == rank(corpus_of(TEXTS), Query("letter"))


def test_only_what_lies_under_a_folder_is_ranked_when_asked_so() -> None:
    ranking = rank(corpus_of(TEXTS), Query("letter"), under="src/mail/")
    assert set(names(ranking)) == {"src/mail/sender.py", "src/mail/queue.py"}


@pytest.mark.parametrize("question", ["", "the of and", "!!!", "zzzz", "🐍" * 50, "a" * 5000])
def test_a_question_without_telling_words_is_no_error(question: str) -> None:
    assert len(rank(corpus_of(TEXTS), Query(question)).files) == len(TEXTS)


def test_nothing_is_found_in_nothing() -> None:
    assert rank(corpus_of({}), Query("letter")) == Ranking((), ())


def test_a_view_that_has_followed_changes_ranks_as_a_fresh_one() -> None:
    parsed = {p: parse(t.encode(), language_of(p)) for p, t in TEXTS.items()}
    changed = dict(parsed)
    changed["src/mail/sender.py"] = parse(b"def renamed(parcel):\n    return parcel\n", None)
    changed["src/new.py"] = parse(b"def parcel(): ...\n", language_of("src/new.py"))
    del changed["src/mail/queue.py"]
    followed = View.of(parsed).becoming(changed)
    fresh = View.of(changed)
    assert set(followed.numbers) == set(fresh.numbers) == set(changed)
    for path, file in changed.items():
        assert followed.files[followed.numbers[path]][1] is file


def test_weights_come_back_as_they_were_written_and_name_every_signal() -> None:
    weights = shipped_weights()
    again = Weights.load(weights.dump())
    assert again.files.tolist() == weights.files.tolist()
    assert len(weights.files) == len(FILE_SIGNALS)
    assert abs(weights.files).max() > 0


def test_the_weights_with_vectors_leave_the_others_as_they_are() -> None:
    plain, near = shipped_weights(), shipped_near_weights()
    assert near.files.tolist()[: len(plain.files)] == plain.files.tolist()
    assert near.chunks.tolist()[: len(plain.chunks)] == plain.chunks.tolist()
    assert (near.files_bias, near.chunks_bias) == (plain.files_bias, plain.chunks_bias)
    assert near.chunks[len(plain.chunks) :].max() > 0
    other = plain.with_nearness({"near": 2.0}, {"near_within": 3.0})
    again = Weights.load(other.dump(), plain)
    assert (again.files.tolist(), again.chunks.tolist()) == (
        other.files.tolist(),
        other.chunks.tolist(),
    )
