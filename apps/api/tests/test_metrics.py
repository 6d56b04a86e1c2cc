"""What is measured is what happened."""

import re
from pathlib import Path

import pytest
from orchestra.api.testing import RunningApi


def sample(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.requirement("obs.metrics")
async def test_the_metrics_count_requests_events_changes_and_readers(
    api: RunningApi, repository: Path
) -> None:
    await api.http.get("/api/v1/context?consistent=true")
    before = (await api.http.get("/metrics")).text
    for n in range(3):
        await api.http.post("/api/v1/events/notes/a", json={"kind": "note.made", "data": {"n": n}})
    (repository / "b.txt").write_text("x")
    await api.http.get("/api/v1/context?consistent=true")
    async with api.stream() as events:
        await anext(events)
        after = (await api.http.get("/metrics")).text

    def grew(name: str) -> float:
        return sample(after, name) - sample(before, name)

    appends = 'method="POST",route="/api/v1/events/{stream:path}",status="201"'
    assert grew(f"orchestra_http_requests_total{{{appends}}}") == 3
    assert grew('orchestra_context_deltas_total{topic="codebase_state"}') >= 1
    assert grew("orchestra_events_appended_total") >= 4
    assert grew("orchestra_event_append_seconds_count") >= 4
    assert sample(after, "orchestra_stream_subscribers") == 1
