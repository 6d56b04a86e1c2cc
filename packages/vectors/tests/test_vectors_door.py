"""The package's door is what it says it is, and opens what the settings name."""

import subprocess
import sys

import orchestra.vectors
import pytest
from orchestra.shared.db import Database
from orchestra.shared.errors import Invalid, Unavailable
from orchestra.shared.settings import Settings, child_environment
from orchestra.vectors import Record, open_embedder, open_index, open_store

HEAVY = ("numpy", "sqlalchemy", "grpc", "weaviate", "pinecone", "onnxruntime", "tokenizers")


def test_door_exports_only_names_that_exist() -> None:
    assert [n for n in orchestra.vectors.__all__ if not hasattr(orchestra.vectors, n)] == []


def test_nothing_heavy_comes_in_through_the_door() -> None:
    program = f"import sys, orchestra.vectors; print([m for m in {HEAVY!r} if m in sys.modules])"

    shown = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env=child_environment(),
    )

    assert shown.stdout.strip() == "[]"


@pytest.mark.requirement("vec.indexes")
async def test_without_settings_vectors_are_kept_in_the_database(database: Database) -> None:
    settings = Settings(vector_store="pgvector")

    async with open_index(settings, "door", 2, database=database) as index:
        await index.upsert([Record("a", [1, 2])])
    async with open_index(settings, "door", 2, database=database) as again:
        assert await again.count() == 1


@pytest.mark.requirement("vec.embedders")
async def test_without_settings_texts_are_hashed() -> None:
    async with open_embedder(Settings(embedder="hashing")) as embedder:
        assert (embedder.name, embedder.dimension) == ("hashing-1-1024", 1024)
        assert (await embedder.embed(["def parse(line):"], "query")).shape == (1, 1024)


async def test_what_a_setting_lacks_is_said() -> None:
    with pytest.raises(Invalid, match="needs a database"):
        await open_store(Settings(vector_store="pgvector"))


@pytest.mark.requirement("vec.indexes")
@pytest.mark.parametrize("store", ["weaviate", "pinecone"])
async def test_a_client_that_is_not_installed_is_named(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, store, None)
    monkeypatch.delitem(sys.modules, f"orchestra.vectors.indexes.{store}", raising=False)
    settings = Settings.model_validate({"vector_store": store})

    with pytest.raises(Unavailable, match="is not installed") as refused:
        await open_store(settings)

    assert f"orchestra-vectors[{store}]" in refused.value.hint
