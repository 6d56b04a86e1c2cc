"""Searches are of the present state, whatever files are called."""

import os
from pathlib import Path

import pytest
from orchestra.api.testing import RunningApi


async def find(api: RunningApi, query: str) -> list[str]:
    question = {"q": query, "consistent": "true", "limit": "50"}
    answer = await api.http.get("/api/v1/search", params=question)
    assert answer.status_code == 200, answer.text
    return [place["path"] for place in answer.json()["found"]]


@pytest.mark.requirement("ctx.index")
async def test_a_save_is_in_the_next_consistent_search(api: RunningApi, repository: Path) -> None:
    assert await find(api, "quibble_frobnicate") == []
    (repository / "new.py").write_text("def quibble_frobnicate(): pass\n")
    assert await find(api, "quibble_frobnicate") == ["new.py"]
    (repository / "tests").mkdir()
    (repository / "new.py").rename(repository / "tests" / "test_new.py")
    assert await find(api, "quibble_frobnicate") == ["tests/test_new.py"]
    (repository / "tests" / "test_new.py").unlink()
    assert await find(api, "quibble_frobnicate") == []


@pytest.mark.requirement("ctx.index")
async def test_a_name_that_is_not_utf8_is_answered(api: RunningApi, repository: Path) -> None:
    name = os.fsencode(repository) + b"/caf\xe9.py"
    with open(name, "w") as file:  # noqa: ASYNC230, PTH123 - a name of bytes, a short write
        file.write("def strange_named_function(): pass\n")
    (found,) = await find(api, "strange_named_function")
    assert found.startswith("caf")
    made = await api.http.post("/api/v1/pack", json={"task": "strange_named_function fails"})
    assert made.status_code == 200
    assert "strange_named_function" in made.json()["text"]
