"""Prompts that look alike and ask for different things are told apart, whichever comes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestra.gateway.cache.semantic.guards import GUARDS, difference
from orchestra.gateway.cache.semantic.sameness import same
from orchestra.gateway.cache.semantic.verifier import Candidate, Refusal, Verdict, judge

APART = [
    ("number", "Keep the logs for 7 days", "Keep the logs for 70 days"),
    ("number", "Wait 5 seconds", "Wait 5 minutes"),
    ("number", "Move lines 3 to 9", "Move lines 9 to 3"),
    ("number", "Run it twice", "Run it three times"),
    ("identifier", "Explain parse_date", "Explain parse_time"),
    ("identifier", "Open src/app.py", "Open src/api.py"),
    ("identifier", "Pin react to v18.2.0", "Pin react to v18.2.1"),
    ("identifier", "Run make with --force", "Run make with --dry-run"),
    ("identifier", "Is HTTP stateless?", "Is FTP stateless?"),
    ("identifier", 'Find "foo"', 'Find "bar"'),
    ("identifier", "Is `a < b` true?", "Is `a > b` true?"),
    (
        "identifier",
        "Send mail from ada@x.org to bob@x.org",
        "Send mail from bob@x.org to ada@x.org",
    ),
    ("name", "How large is Lyon?", "How large is Nantes?"),
    ("negation", "Deploy with the tests", "Deploy but not with the tests"),
    ("negation", "My card works", "My card doesn't work"),
    ("question", "When does the job run?", "Where does the job run?"),
    ("question", "How many workers are there?", "How are the workers?"),
    ("opposite", "Lock the door of the shed", "Unlock the door of the shed"),
    ("opposite", "Raise the limit of the pool", "Lower the limit of the pool"),
    ("opposite", "Check it before the release", "Check it after the release"),
    ("order", "Copy the table from staging to live", "Copy the table from live to staging"),
    ("order", "Does the worker call the broker", "Does the broker call the worker"),
    ("order", "Is rust faster than go", "Is go faster than rust"),
    ("edit", "Rotate the keys of the bucket", "Print the keys of the bucket"),
    ("edit", "Delete the branch", "Delete the merged branch"),
    ("edit", "Delete the branch", "Delete the branches"),
    ("edit", "Keep the copies and drop the tables", "Keep the tables and drop the copies"),
    ("edit", "Run the tests of the parser", "Run only the tests of the parser"),
    ("edit", "Log in at the start", "Log in during the start"),
]
TOGETHER = [
    ("Which tests failed in the last run?", "In the last run, which tests failed?"),
    ("Wait 30 seconds", "Please wait 30 s"),
    ("List the pods of the cluster", "Can you show me the pods of the cluster?"),
    ("Turn on the flag", "Enable the flag, please"),
    ("What is in src/app.py?", "In src/app.py, what is there?"),
]


@pytest.mark.requirement("gw.cache")
@pytest.mark.parametrize(("guard", "a", "b"), APART)
def test_a_guard_tells_them_apart(guard: str, a: str, b: str) -> None:
    found = difference(a, b)
    assert found is not None
    assert difference(a, b, guards=[guard]) == guard


@pytest.mark.requirement("gw.cache")
def test_each_guard_stops_something_that_no_other_does() -> None:
    """With any of them off, one of these pairs would pass."""
    needed = set()
    for guard, a, b in APART:
        others = [name for name in GUARDS if name not in (guard, "edit")]
        if difference(a, b, guards=others) is None:
            needed.add(guard)

    assert needed == set(GUARDS)


@pytest.mark.parametrize(("a", "b"), TOGETHER)
def test_the_same_request_in_other_words_passes(a: str, b: str) -> None:
    assert difference(a, b) is None


TEXT = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "please",
                "open",
                "close",
                "the",
                "file",
                "app.py",
                "not",
                "from",
                "to",
                "A",
                "b",
                "3",
                "30",
                "Paris",
                "Rome",
                "when",
                "why",
                "?",
                "x_y",
            ]
        ),
        max_size=12,
    ).map(" ".join),
    st.lists(st.sampled_from(["a", "key", "lock", "not", "to"]), min_size=90, max_size=180).map(
        " ".join
    ),
)


@pytest.mark.requirement("gw.cache")
@given(TEXT, TEXT)
def test_guards_treat_both_sides_alike(a: str, b: str) -> None:
    for guard in GUARDS:
        assert difference(a, b, guards=[guard]) == difference(b, a, guards=[guard])
    assert same(a, b) == same(b, a)


@given(TEXT)
def test_a_prompt_does_not_differ_from_itself(a: str) -> None:
    assert difference(a, a) is None
    assert same(a, a)


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("card_arrival", " Card_arrival.", True),
        ('{"a": 1, "b": 2}', '{"b":2,"a":1}', True),
        ('{"a": 1}', '{"a": 2}', False),
        ("It takes 3 days.", "It takes 4 days.", False),
        ("Yes, it is safe.", "No, it is not safe.", False),
        ("Use the cache of the gateway.", "Write a poem about the sea.", False),
    ],
)
def test_answers_are_the_same_only_without_doubt(a: str, b: str, alike: bool) -> None:
    assert same(a, b) is alike


def near(prompt: str, answer: str = "yes", cosine: float = 0.95) -> Candidate:
    return Candidate(prompt.encode(), prompt, answer, cosine)


@pytest.mark.requirement("gw.cache")
def test_where_five_neighbours_agree_a_word_may_differ_and_a_number_may_not() -> None:
    kept = [near(f"my {word} is lost") for word in ("card", "purse", "phone", "key", "bag")]

    assert isinstance(judge("my wallet is lost", kept), Verdict)
    assert judge("my wallet is lost", kept[:4]) == Refusal("edit")
    assert judge("my 2 wallets are lost", kept) == Refusal("number")
    assert judge("my wallet is not lost", kept) == Refusal("negation")


@pytest.mark.parametrize("text", ["\x00", "\x000\x00", 'say "x" \x007\x00'])
def test_what_a_client_writes_is_never_taken_for_a_mark_of_ours(text: str) -> None:
    assert difference(text, text) is None
    assert same(text, text)


def test_neighbours_that_disagree_support_nothing() -> None:
    kept = [
        near("my card is lost"),
        *(near(f"my {w} is lost", w) for w in ("a1", "b2", "c3", "d4")),
    ]

    verdict = judge("please, my card is lost", kept)
    assert isinstance(verdict, Verdict)
    assert verdict.support == 1
