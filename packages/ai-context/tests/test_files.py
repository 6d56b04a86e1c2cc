"""The files in `.ai-context/live/` say what the context says."""

from pathlib import Path

import pytest
from orchestra.context.sinks.files import FileSink
from orchestra.shared.json import JsonObject

pytestmark = pytest.mark.requirement("ctx.agents")


def fact(source: str) -> JsonObject:
    return {
        "status": "unavailable",
        "source": source,
        "observed_at": "2026-01-02T03:04:05.000Z",
        "detail": None,
        "value": None,
    }


async def test_a_source_is_named_only_where_it_is_known(tmp_path: Path) -> None:
    topics: JsonObject = {"ci_runs": fact("github"), "deployment_status": fact("")}

    await FileSink(tmp_path).emit({"epoch": "0" * 32, "seq": 1, "topics": topics})

    page = (tmp_path / ".ai-context" / "live" / "CONTEXT.md").read_text()
    assert "**unavailable** (since 2026-01-02T03:04:05.000Z, from github)" in page
    assert "**unavailable** (since 2026-01-02T03:04:05.000Z)\n" in page
