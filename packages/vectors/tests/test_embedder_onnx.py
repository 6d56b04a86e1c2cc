"""A model on this machine; `tiny-model` looks up four numbers for each of eleven words.

ORCHESTRA_EMBEDDER_MODEL, with ORCHESTRA_EMBEDDER=onnx, lets a real model be tried as well.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from orchestra.shared.errors import Invalid, OrchestraError, TooLarge, Unavailable
from orchestra.shared.settings import Settings
from orchestra.vectors import open_embedder
from orchestra.vectors.embedders.onnx import OnnxEmbedder

pytestmark = pytest.mark.requirement("vec.embedders")

TINY = Path(__file__).parent / "tiny-model"
PARSE, CONFIG, CLS, SEP = [4, 0, 0, 0], [4, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]
QUERY, COLON = [0, 0, 2, 0], [0, 0, 0.5, 0]
SETTINGS = Settings.load()


def direction(*tokens: Sequence[float]) -> list[float]:
    total = np.sum(np.array(tokens, dtype=np.float64), axis=0)
    return [float(x) for x in total / np.linalg.norm(total)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


async def test_a_text_is_the_mean_of_its_tokens_and_padding_does_not_count() -> None:
    embedder = OnnxEmbedder(TINY)

    rows = await embedder.embed(["parse", "Parse config parse config parse config", ""], "document")

    assert embedder.dimension == 4
    assert rows.dtype == np.float32
    assert rows[0] == pytest.approx(direction(CLS, PARSE, SEP), abs=1e-6)
    long = direction(CLS, *[PARSE, CONFIG] * 3, SEP)
    assert rows[1] == pytest.approx(long, abs=1e-6)
    assert rows[2].tolist() == [0, 0, 0, 0]


async def test_queries_have_before_them_what_the_model_was_trained_with() -> None:
    rows = await OnnxEmbedder(TINY).embed(["parse"], "query")

    assert rows[0] == pytest.approx(direction(CLS, QUERY, COLON, PARSE, SEP), abs=1e-6)


async def test_long_texts_are_cut_to_the_longest_sequence() -> None:
    embedder = OnnxEmbedder(TINY, longest=4)

    rows = await embedder.embed(["parse config " * 5000, "parse config"], "document")

    assert rows[0].tolist() == rows[1].tolist()


async def test_the_order_of_the_texts_is_kept_over_batches() -> None:
    embedder = OnnxEmbedder(TINY, batch=2)
    texts = ["parse config file", "draw", "chart draw", "file", "config parse"]

    together = await embedder.embed(texts, "document")

    for text, row in zip(texts, together, strict=True):
        assert row == pytest.approx((await embedder.embed([text], "document"))[0], abs=1e-6)


async def test_a_model_whose_first_token_speaks_for_all_is_read_so(folder: Path) -> None:
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')

    rows = await OnnxEmbedder(folder).embed(["parse"], "document")

    assert rows[0] == pytest.approx(direction(CLS), abs=1e-6)


def test_the_name_says_which_model_it_is(folder: Path) -> None:
    one, same, cut = OnnxEmbedder(TINY), OnnxEmbedder(folder), OnnxEmbedder(TINY, longest=4)

    assert one.name.startswith("onnx:")
    assert one.name.split(":")[:3] == same.name.split(":")[:3]
    assert cut.name != one.name


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (lambda f: (f / "tokenizer.json").unlink(), Unavailable, "lacks `tokenizer.json`"),
        (lambda f: shutil.rmtree(f / "onnx"), Unavailable, "lacks `model.onnx`"),
        (lambda f: shutil.rmtree(f), Invalid, "not the folder of a model"),
        (lambda f: (f / "onnx/model.onnx").write_bytes(b"x"), Invalid, "is not a model"),
        (lambda f: (f / "tokenizer.json").write_text("{}"), Invalid, "is not a tokenizer"),
        (lambda f: (f / "1_Pooling/config.json").write_text("{"), Invalid, "is not JSON"),
    ],
    ids=["tokenizer", "model", "folder", "broken-model", "broken-tokenizer", "broken-settings"],
)
def test_what_a_folder_lacks_is_said(
    folder: Path, spoil: object, error: type[OrchestraError], says: str
) -> None:
    assert callable(spoil)
    spoil(folder)

    with pytest.raises(error, match=says) as refused:
        OnnxEmbedder(folder)

    assert refused.value.hint


def test_the_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(Unavailable, match="not installed") as refused:
        OnnxEmbedder(TINY)

    assert "orchestra-vectors[onnx]" in refused.value.hint


async def test_the_settings_lead_to_the_model() -> None:
    settings = Settings(embedder="onnx", embedder_model=str(TINY))
    async with open_embedder(settings) as embedder:
        assert embedder.dimension == 4
        with pytest.raises(TooLarge):
            await embedder.embed(["a"] * 10_001, "document")

    with pytest.raises(Invalid, match="no model"):
        async with open_embedder(settings.model_copy(update={"embedder_model": None})):
            pass


@pytest.mark.skipif(SETTINGS.embedder != "onnx", reason="ORCHESTRA_EMBEDDER is not onnx")
async def test_a_real_model_brings_a_question_to_its_code() -> None:
    code = ["def load(path): return json.loads(path.read_text())", "class Button(Widget): ..."]

    async with open_embedder(SETTINGS) as embedder:
        documents = await embedder.embed(code, "document")
        (query,) = await embedder.embed(["where is the JSON file read?"], "query")

    assert query @ documents[0] > query @ documents[1] + 0.1
