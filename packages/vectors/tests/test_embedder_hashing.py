"""Hashing: the same bytes everywhere, and near for texts that share words or their parts."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestra.shared.errors import Invalid, TooLarge
from orchestra.shared.settings import child_environment
from orchestra.vectors.embedders.hashing import HashingEmbedder

pytestmark = pytest.mark.requirement("vec.embedders")

TEXTS = ["def parse_config(path): return load(path)", "größe 日本語 🙂 x_y HTTPServer2", ""]
DIGEST = "f71f6230b03fd82eb7d0e8742ad2a7b7d4245c7a88d5402922621f84ba58a23a"
PROGRAM = """
import asyncio, hashlib
from orchestra.vectors.embedders.hashing import HashingEmbedder
rows = asyncio.run(HashingEmbedder(256).embed(TEXTS))
print(hashlib.sha256(rows.astype("<f4").tobytes()).hexdigest())
"""


async def similarity(one: str, other: str) -> float:
    rows = await HashingEmbedder().embed([one, other], "document")
    return float(rows[0] @ rows[1])


def test_the_bytes_are_the_same_in_every_process_and_on_every_machine() -> None:
    for seed in ("1", "2"):
        shown = subprocess.run(
            [sys.executable, "-c", f"TEXTS = {TEXTS!r}\n{PROGRAM}"],
            check=True,
            capture_output=True,
            text=True,
            env=child_environment({"PYTHONHASHSEED": seed}),
        )
        assert shown.stdout.strip() == DIGEST


@given(st.text(max_size=300))
async def test_any_text_becomes_a_row_of_length_one_or_of_zeros(text: str) -> None:
    rows = await HashingEmbedder(128).embed([text, "beside"])

    assert rows.dtype == np.float32
    assert rows.shape == (2, 128)
    length = float(np.linalg.norm(rows[0].astype(np.float64)))
    assert length == 0 or length == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("parseConfigFile", "parse_config_file", "render_dashboard_page"),
        ("how is the configuration parsed", "def parse_configuration(path):", "class Button:"),
        ("HTTPServer", "http server", "xml parser"),
        ("authenticate user", "def user_authentication(token)", "def draw_chart(points)"),
        ("größen ändern", "größe", "farbe"),
    ],
)
async def test_shared_words_pieces_and_letters_bring_texts_together(
    text: str, near: str, far: str
) -> None:
    assert await similarity(text, near) > await similarity(text, far) + 0.1


async def test_words_of_every_program_weigh_little() -> None:
    assert await similarity("return self.price", "return self.colour") < 0.3


async def test_what_cannot_be_embedded_is_refused() -> None:
    with pytest.raises(TooLarge):
        await HashingEmbedder().embed(["a"] * 10_001)
    with pytest.raises(Invalid):
        HashingEmbedder(8)
    assert (await HashingEmbedder().embed([])).shape == (0, 1024)
