"""The gateway as a process of its own, on a real database."""

import asyncio
import sys
from pathlib import Path

import httpx2
import pytest
from orchestra.gateway.testing.upstream import FaultyUpstream
from orchestra.shared.settings import child_environment


@pytest.mark.requirement("gw.doors")
async def test_models_are_served_alone_with_keys_and_budgets_and_stop_when_told(
    dsn: str, repository: Path, tmp_path: Path
) -> None:
    config, state = tmp_path / "gateway.toml", tmp_path / "state"
    async with FaultyUpstream() as upstream:
        config.write_text(
            f"[providers.main]\nkind = 'openai'\nurl = '{upstream.url}'\nprivate = true\n"
            "[routes.default]\ntargets = [{ provider = 'main', model = 'ok' }]\n"
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "orchestra.api.models_server",
            env=child_environment(
                {
                    "ORCHESTRA_REPO": str(repository),
                    "ORCHESTRA_STATE_DIR": str(state),
                    "ORCHESTRA_DATABASE_URL": dsn,
                    "ORCHESTRA_GATEWAY_CONFIG": str(config),
                    "ORCHESTRA_PORT": "0",
                }
            ),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            url = (await process.stdout.readline()).decode().split()[-1].removesuffix("/v1")
            async with httpx2.AsyncClient(base_url=url, timeout=30, verify=False) as http:
                well = await http.get("/healthz")
                stranger = await http.post("/v1/chat/completions", json={"model": "auto"})
                http.headers["x-api-key"] = (state / "admin.key").read_text().strip()
                answer = await http.post("/v1/chat/completions", json={"model": "auto"})
                other = await http.get("/api/v1/status")
        finally:
            process.terminate()
            async with asyncio.timeout(30):
                await process.wait()

    assert (well.status_code, stranger.status_code, other.status_code) == (200, 401, 404)
    assert answer.status_code == 200, answer.text
    assert upstream.requests[0].model == "ok"
