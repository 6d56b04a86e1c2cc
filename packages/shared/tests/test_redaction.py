"""No secret comes through redaction, in whatever text and form it stands."""

import base64
import json
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orchestra.shared.redaction import Redactor
from orchestra.shared.redaction_rules import RULES
from orchestra.shared.testing.planted_secrets import ALNUM, KINDS, plant, run

REDACTOR = Redactor()
untimed = settings(deadline=None)  # the first text of a kind builds its part of the automaton

kinds = st.sampled_from(sorted(KINDS))
seeds = st.integers(0, 2**32)
TEXTS = st.text(max_size=60)
EDGES = st.sampled_from([" ", "\n", "\t", " → ", "\u00a0", "\\n", "%0A", "ß ", ";", "|"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.requirement("ctx.redaction")
@untimed
@given(kind=kinds, seed=seeds, before=TEXTS, after=TEXTS, edges=st.tuples(EDGES, EDGES))
def test_a_planted_secret_never_survives(
    kind: str, seed: int, before: str, after: str, edges: tuple[str, str]
) -> None:
    text, secret = plant(kind, Random(seed))
    assert secret not in REDACTOR.text(before + edges[0] + text + edges[1] + after)


@pytest.mark.requirement("ctx.redaction")
@untimed
@given(seed=seeds, glue=st.text(st.sampled_from(ALNUM + "_-./"), max_size=8))
def test_a_secret_with_a_prefix_of_its_own_is_found_inside_a_longer_word(
    seed: int, glue: str
) -> None:
    for kind in ("github-classic", "aws-access-key", "anthropic", "slack-bot", "npm", "orchestra"):
        text, secret = plant(kind, Random(seed))
        assert secret not in REDACTOR.text(f"feature/{glue}{text}{glue}.txt")


@pytest.mark.requirement("ctx.redaction")
@untimed
@given(kind=kinds, seed=seeds, text=TEXTS)
def test_redacting_twice_is_redacting_once(kind: str, seed: int, text: str) -> None:
    once = REDACTOR.text(f"{text} {plant(kind, Random(seed))[0]} {text}")
    assert REDACTOR.text(once) == once


@pytest.mark.requirement("ctx.redaction")
@untimed
@given(text=st.text(st.characters(exclude_characters=":=@-_.>/(,", exclude_categories=["N"])))
def test_text_without_anything_like_a_secret_is_unchanged(text: str) -> None:
    assert REDACTOR.text(text) == text


@pytest.mark.requirement("ctx.redaction")
@untimed
@given(
    secret=st.text(min_size=12, max_size=60).filter(
        lambda s: len(s.strip()) >= 12 and s not in "[redacted:known]"
    ),
    before=TEXTS,
    after=TEXTS,
)
def test_a_known_value_is_found_in_every_form(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    raw = secret.encode("utf-8", "surrogatepass")
    forms = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        quote(raw, safe=""),
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    ]
    for form in forms:
        out = redactor.text(f"{before}\n{form}\n{after}")
        assert form not in out or form in f"{before}{after}[redacted:known]"


@pytest.mark.requirement("ctx.redaction")
@untimed
@given(seed=seeds, before=st.binary(max_size=40), after=st.binary(max_size=40))
def test_a_known_value_is_found_in_the_middle_of_a_base64_document(
    seed: int, before: bytes, after: bytes
) -> None:
    secret = run(Random(seed), ALNUM, 24)
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    out = Redactor([secret]).text(encoded)
    first, last = -(-len(before) * 8 // 6), (len(before) + len(secret)) * 8 // 6
    assert encoded[first:last] not in out


@pytest.mark.requirement("ctx.redaction")
@untimed
@given(document=ANYTHING, kind=kinds, seed=seeds)
def test_secrets_are_found_in_keys_and_values_at_any_depth(
    document: None, kind: str, seed: int
) -> None:
    text, secret = plant(kind, Random(seed))
    out = REDACTOR.value({"a": [document, {text: {"b": [text]}}]})
    assert secret not in json.dumps(out, ensure_ascii=False)
    assert REDACTOR.value(out) == out


def test_at_least_sixty_kinds_of_secrets_are_planted_and_as_many_rules_find_them() -> None:
    assert len(KINDS) >= 60
    assert len({rule.id for rule in RULES}) == len(RULES) >= 60


def test_a_value_under_a_telling_key_is_redacted_and_a_stand_in_is_not() -> None:
    document = {"db": {"password": "hunter2", "user": "app"}, "api_key": "<your-key>", "tokens": 7}
    assert REDACTOR.value(document) == {  # type: ignore[arg-type]  # a dict of dicts is a JsonValue
        "db": {"password": "[redacted:assignment]", "user": "app"},
        "api_key": "<your-key>",
        "tokens": 7,
    }


def test_a_key_that_is_a_path_or_a_slug_under_a_telling_key_is_left_alone() -> None:
    document = {"src/password": "modified", "secret": "my-app-tls", "token": "refreshed"}
    assert REDACTOR.value(document) == document  # type: ignore[arg-type]  # as above


@pytest.mark.requirement("ctx.redaction")
@pytest.mark.parametrize("ending", ["", ".env", ".env.local", ".json", ".TXT"])
def test_a_secret_in_the_name_of_a_file_is_found_whatever_the_ending(ending: str) -> None:
    out = REDACTOR.text(f"config/password=hunter2correcthorse{ending}")
    assert out == "config/password=[redacted:assignment]"


def test_a_url_keeps_its_scheme_and_host() -> None:
    password = run(Random(1), ALNUM, 16)
    url = f"postgresql://app:{password}@db.internal:5432/app?sslmode=require"
    clean = "postgresql://[redacted:url-credentials]@db.internal:5432/app?sslmode=require"
    assert REDACTOR.text(url) == clean


def test_what_is_learned_later_is_redacted_in_texts_seen_before() -> None:
    redactor = Redactor()
    assert redactor.text("the colour is ultramarine") == "the colour is ultramarine"
    redactor.learn("ultramarine")
    assert redactor.text("the colour is ultramarine") == "the colour is [redacted:known]"


def test_a_short_known_value_does_not_blot_out_ordinary_text() -> None:
    assert Redactor(["a", "on"]).text("a banana on a plate") == "a banana on a plate"


def test_known_values_that_overlap_leave_one_mark() -> None:
    assert Redactor(["abcdefgh", "efghijkl"]).text("x abcdefghijkl y") == "x [redacted:known] y"


def test_a_known_value_that_looks_like_a_mark_does_not_undo_idempotence() -> None:
    redactor = Redactor(["redacted", "known]"])
    once = redactor.text("redacted by hand")
    assert redactor.text(once) == once == "[redacted:known] by hand"


@pytest.mark.parametrize(
    "unit",
    [
        "password:",
        "a-a-a-",
        "token=",
        "eyJ.",
        "https://a:b",
        "-----BEGIN ",
        "cookie: a=b;",
        "redis://a:${b}/",
    ],
)
def test_hostile_repetition_is_read_to_its_end(unit: str) -> None:
    assert isinstance(Redactor().text(unit * 5_000), str)


def test_lone_surrogates_come_through() -> None:
    assert REDACTOR.text("a \udc80 file") == "a \udc80 file"
