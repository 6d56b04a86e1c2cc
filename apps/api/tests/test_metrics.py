"""What is measured is what happened."""

import re
from pathlib import Path

import pytest
from orchestra.api.testing import RunningApi, running_api
from orchestra.gateway.testing.upstream import FaultyUpstream
from orchestra.shared.settings import Settings


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


@pytest.mark.requirement("obs.metrics")
async def test_a_call_to_a_model_is_counted_with_its_attempts_and_tokens(
    settings: Settings, tmp_path: Path
) -> None:
    async with FaultyUpstream(cost=0.25) as upstream:
        file = tmp_path / "gateway.toml"
        file.write_text(
            f"""[providers.main]
kind = "openai"
url = "{upstream.url}"
private = true
[routes.r]
targets = [{{ provider = "main" }}]
backoff = 0.01
[models]
"*" = "r"
"""
        )
        async with running_api(settings.model_copy(update={"gateway_config": file})) as api:
            chat = {"messages": [{"role": "user", "content": "Hi"}]}
            for model in ("500-once--a", "503--a"):
                await api.http.post("/v1/chat/completions", json={"model": model, **chat})
            text = (await api.http.get("/metrics")).text

    def counted(name: str) -> float:
        return sample(text, f"orchestra_gateway_{name}")

    assert counted('calls_total{cache="miss",door="chat",result="answered"}') == 1
    assert counted('calls_total{cache="miss",door="chat",result="failed"}') == 1
    assert counted('attempts_total{provider="main",result="server_error"}') == 1
    assert counted('attempts_total{provider="main",result="unavailable"}') >= 1
    assert counted('attempts_total{provider="main",result="ok"}') == 1
    assert counted('tokens_total{kind="output",provider="main"}') == 8
    assert counted('dollars_total{provider="main",source="provider"}') == 0.25
    assert "orchestra_gateway_breakers_open{" in text
