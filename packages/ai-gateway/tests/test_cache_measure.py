"""The benchmark of the cache counts what it says that it counts."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from orchestra.gateway.cache.measure.data import Labelled, load_labelled, load_pairs
from orchestra.gateway.cache.measure.stream import by_cosine, by_verdict, served, shadowed
from orchestra.shared.errors import Invalid
from orchestra.vectors.embedders.hashing import HashingEmbedder

ROWS = [
    Labelled("my card is lost", "lost"),
    Labelled("my card is lost!", "lost"),
    Labelled("my card is not lost", "found"),
    Labelled("what is a lease", "lease"),
]


@pytest.mark.requirement("gw.cache")
async def test_a_stream_counts_hits_and_the_false_ones_among_them() -> None:
    vectors = await HashingEmbedder().embed([row.prompt for row in ROWS], "query")
    order = range(len(ROWS))

    plain = served(ROWS, vectors, order, by_cosine(0.95))
    ours = served(ROWS, vectors, order, by_verdict(1.5))
    closed = served(ROWS, vectors, order, by_verdict(None))

    assert (plain.prompts, plain.hits, plain.false) == (4, 2, 1)
    assert (ours.hits, ours.false) == (1, 0)
    assert closed.hits == 0
    assert [check.right for check in shadowed(ROWS, vectors, order)] == [True]


def test_the_document_has_a_row_for_each_way(tmp_path: Path) -> None:
    rows = "\n".join(f'"is {word} here",{word}' for word in ("milk", "bread", "salt", "milk"))
    (tmp_path / "l.csv").write_text("text,intent\n" + rows)
    (tmp_path / "p.jsonl").write_text('{"a": "Wait 5 s", "b": "Wait 6 s", "same": false}\n')
    command = [sys.executable, "-m", "orchestra.gateway.cache.measure", "--orders", "1"]
    command += ["--labelled", str(tmp_path / "l.csv"), "--pairs", str(tmp_path / "p.jsonl")]
    done = subprocess.run(command, capture_output=True, check=True)

    found = {row["what"]: row for row in msgspec.json.decode(done.stdout)["rows"]}
    assert found["hashing, order 1"]["state"] == "too few checks"
    assert found["hashing, pairs, guards alone"]["edits_accepted"] == 0.0
    assert found["exact, cost of a look-up"]["hit_us"] > 0


@pytest.mark.parametrize(
    ("text", "names"),
    [("", "no pairs"), ("{}", "line 1"), ('{"a": "x"}', "line 1"), ("[", "line 1")],
)
def test_data_that_cannot_be_read_is_named(tmp_path: Path, text: str, names: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(text)

    with pytest.raises(Invalid, match=names):
        load_pairs(path)
    with pytest.raises(Invalid, match="columns"):
        load_labelled(path)
    with pytest.raises(Invalid, match="no file"):
        load_labelled(tmp_path / "absent.csv")
