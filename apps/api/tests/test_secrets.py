"""Secrets planted wherever a repository has text reach no client, no file, no log and no table."""

import asyncio
import random
import string
from pathlib import Path

import pytest
from orchestra.api.testing import running_api
from orchestra.context.git.testing import GitRepository
from orchestra.shared.db import Database
from orchestra.shared.settings import Settings
from sqlalchemy import text


def letters(count: int) -> str:
    return "".join(random.choices(string.ascii_letters + string.digits, k=count))


SECRETS = {
    "file": f"ghp_{letters(36)}",
    "untracked": f"sk-ant-api03-{letters(93)}AA",
    "subject": f"AKIA{''.join(random.choices(string.ascii_uppercase + '234567', k=16))}",
    "branch": f"glpat-{letters(20)}",
    "remote": f"github_pat_{letters(22)}_{letters(59)}",
    "password": f"pw{letters(18)}",
    "author": f"xoxb-{random.randint(10**11, 10**12)}-{random.randint(10**11, 10**12)}-{letters(24)}",
    "folder": f"npm_{letters(36)}",
    "root": f"hf_{''.join(random.choices(string.ascii_letters, k=34))}",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    made = GitRepository.create(tmp_path / SECRETS["root"])
    made.write(f"notes {SECRETS['file']}.txt")
    made.git("checkout", "-qb", f"try/{SECRETS['branch']}")
    made.git("remote", "add", "origin", f"https://x:{SECRETS['remote']}@github.com/a/b.git")
    made.git("remote", "add", "other", f"https://ada:{SECRETS['password']}@example.org/b.git")
    made.commit(f"Use key {SECRETS['subject']} here")
    made.git("commit", "--quiet", "--amend", "--no-edit", f"--author={SECRETS['author']} <a@b.org>")
    return made.root


@pytest.mark.requirement("ctx.redaction")
async def test_planted_secrets_stay_where_they_are(
    settings: Settings, repository: Path, dsn: str, capfd: pytest.CaptureFixture[str]
) -> None:
    seen = []
    async with running_api(settings) as api:
        (repository / SECRETS["folder"]).mkdir()
        (repository / SECRETS["folder"] / "a.txt").write_text("x")
        (repository / f"{SECRETS['untracked']}.md").write_text("x")
        for path in (
            "/api/v1/context?consistent=true",
            "/api/v1/status",
            f"/api/v1/events/context/{settings.workspace}",
            f"/api/v1/nothing/{SECRETS['file']}",
            "/metrics",
        ):
            seen.append((await api.http.get(path)).text)
        assert "redacted" in seen[0]
        async with api.stream() as events, asyncio.timeout(10):
            seen.append(str((await anext(events)).data))
        for name in ("context.json", "CONTEXT.md"):
            async with asyncio.timeout(10):
                while not (repository / ".ai-context/live" / name).exists():
                    await asyncio.sleep(0.02)
            seen.append((repository / ".ai-context/live" / name).read_text())
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {
                "name": "context_get",
                "arguments": {},
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                    "io.modelcontextprotocol/clientCapabilities": {},
                    "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
                },
            },
        }
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": "tools/call",
            "Mcp-Name": "context_get",
        }
        answer = await api.http.post("/mcp", json=call, headers=headers)
        assert answer.status_code == 200, answer.text
        seen.append(answer.text)
        database = Database(dsn)
        async with database.transaction() as session:
            tables = await session.scalars(
                text("select tablename from pg_tables where schemaname = 'orchestra'")
            )
            for table in tables.all():
                rows = await session.execute(text(f'select * from orchestra."{table}"'))
                seen.append(str(rows.all()))
        await database.close()
    seen.extend(capfd.readouterr())

    leaked = {
        name: [place[:80] for place in seen if secret in place] for name, secret in SECRETS.items()
    }
    assert leaked == {name: [] for name in SECRETS}
