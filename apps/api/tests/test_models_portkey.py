"""The whole API with the layer `portkey`: what an operator writes is what callers get."""

from pathlib import Path

import pytest
from orchestra.api.testing import running_api
from orchestra.gateway.testing.upstream import FaultyUpstream
from orchestra.shared.settings import Settings

FILE = """
layer = "portkey"
{portkey}
[providers.first]
kind = "openai"
url = "{url}"
key = "secret://env/BENCH_PROVIDER_KEY"
private = true
[providers.second]
kind = "openai"
url = "{url}"
private = true
layer = "direct"
[routes.default]
connect = 60.0
targets = [ {{ provider = "first" }}, {{ provider = "second", model = "ok--direct" }} ]
[models]
"*" = "default"
"""


@pytest.mark.requirement("gw.portkey")
@pytest.mark.parametrize("broken", [False, True], ids=["installed", "broken"])
async def test_calls_go_through_portkey_and_around_it_where_it_does_not_run(
    settings: Settings,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    broken: bool,
) -> None:
    if not broken and not request.config.getoption("--models", default=False):
        pytest.skip("Portkey is run by `make test-models`")
    monkeypatch.setenv("BENCH_PROVIDER_KEY", "sk-provider-0123456789")
    path = tmp_path / "gateway.toml"
    async with FaultyUpstream() as upstream:
        lacking = f'[portkey]\nfolder = "{tmp_path}"' if broken else ""
        path.write_text(FILE.format(url=upstream.url, portkey=lacking))
        with_file = settings.model_copy(update={"gateway_config": path})
        async with running_api(with_file) as api:
            answer = await api.http.post(
                "/v1/chat/completions",
                json={"model": "ok--one", "messages": [{"role": "user", "content": "hi"}]},
                timeout=60,
            )
            listed = (await api.http.get("/api/v1/gateway/models")).json()

    assert answer.status_code == 200, answer.text
    seen = upstream.requests[-1]
    said = (answer.headers["x-orchestra-provider"], answer.headers["x-orchestra-attempts"])
    if broken:
        assert (said, seen.model) == (("second", "2"), "ok--direct")
        assert "is not at" in listed["absent"]["first"]
    else:
        assert (said, seen.model) == (("first", "1"), "ok--one")
        assert listed["absent"] == {}
        assert seen.headers["authorization"] == "Bearer sk-provider-0123456789"
        assert "sec-fetch-mode" in seen.headers  # it is Node that asks
