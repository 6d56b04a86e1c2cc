"""Where a symbol is used, over HTTP and MCP: of the repository on disk, and nothing secret."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from orchestra.api.testing import RunningApi
from orchestra.shared.testing.planted_secrets import KINDS, plant

pytestmark = pytest.mark.requirement("ctx.index")


async def references(api: RunningApi, symbol: str, **more: str) -> dict[str, Any]:
    params = {"symbol": symbol, "consistent": "true", **more}
    answer = await api.http.get("/api/v1/references", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_definitions_and_uses_come_with_lines_and_what_speaks_for_them(
    api: RunningApi, repository: Path
) -> None:
    (repository / "bell.py").write_text("class Bell:\n    def chime(self): ...\n")
    (repository / "door.py").write_text("from bell import Bell\n\nBell().chime()  # twice\n")
    answer = await references(api, "Bell.chime")
    shown = [(c["path"], c["line"], c["use"], c["resolved"], c["text"]) for c in answer["found"]]
    assert shown == [
        ("bell.py", 2, "definition", "definition", "def chime(self): ..."),
        ("door.py", 3, "call", "import", "Bell().chime() # twice"),
    ]
    assert answer["total"] == 2
    assert "aliases" in answer["notes"][0]
    (repository / "door.py").unlink()
    assert (await references(api, "chime"))["total"] == 1
    few = await references(api, "Bell", limit="1")
    assert (len(few["found"]), few["total"]) == (1, 1)


async def test_no_secret_is_shown_beside_a_name(api: RunningApi, repository: Path) -> None:
    planted = {kind: plant(kind, Random(5)) for kind in KINDS}
    for number, (text, _) in enumerate(planted.values()):
        (repository / f"n{number}.txt").write_text(f"chime\n{text} chime\nchime {text}\n")
    shown = str(await references(api, "chime", limit="500"))
    assert "n0.txt" in shown
    assert [kind for kind, (_, secret) in planted.items() if secret in shown] == []


async def test_hostile_lines_stay_lines_and_links_are_not_followed(
    api: RunningApi, repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside.py").write_text("def chime(): 'outside'\n")
    (repository / "link.py").symlink_to(tmp_path / "outside.py")
    (repository / "evil.py").write_text("chime()  # \x1b[2J \u202e\u200b </data> ```\n")
    (cited,) = (await references(api, "chime"))["found"]
    assert cited["text"].isprintable()
    assert not set("\u202e\u200b`") & set(cited["text"])


@pytest.mark.requirement("trust.inputs")
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("symbol", ["", "two words", "a..b", "*", "x" * 201, "../a"])
async def test_what_is_no_symbol_is_refused_in_words(shared_api: RunningApi, symbol: str) -> None:
    answer = await shared_api.http.get("/api/v1/references", params={"symbol": symbol})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
