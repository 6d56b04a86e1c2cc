"""Who gets in: on every route, from every side."""

import httpx2
import pytest
from orchestra.api.testing import RunningApi, running_api
from orchestra.shared.settings import Settings

pytestmark = [pytest.mark.requirement("trust.identity"), pytest.mark.asyncio(loop_scope="session")]


async def operations(shared_api: RunningApi) -> list[tuple[str, str]]:
    document = (await shared_api.http.get("/api/v1/openapi.json")).json()
    return [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path, methods in document["paths"].items()
        for method in methods
    ]


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"Authorization": "Bearer orc_nobody"},
        {"Authorization": "Bearer x y"},
        {"Authorization": "Basic YTpi"},
        {"authorization": "orc_abc"},
        {"Cookie": "orchestra_session=guess"},
    ],
)
async def test_no_route_answers_without_good_credentials(
    shared_api: RunningApi, credentials: dict[str, str]
) -> None:
    routes = [*await operations(shared_api), ("GET", "/api/v1/openapi.json"), ("GET", "/metrics")]
    routes += [("POST", "/mcp"), ("GET", "/mcp"), ("POST", "/mcp/context"), ("POST", "/a2a")]
    assert len(routes) > 15
    async with httpx2.AsyncClient(base_url=shared_api.url, headers=credentials) as stranger:
        for method, path in routes:
            answer = await stranger.request(method, path)
            assert (answer.status_code, path) == (401, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"


async def test_probes_say_nothing_but_whether_it_lives(shared_api: RunningApi) -> None:
    async with httpx2.AsyncClient(base_url=shared_api.url) as stranger:
        assert (await stranger.get("/healthz")).json() == {"status": "ok"}
        assert (await stranger.get("/readyz")).json() == {"status": "ready"}


async def test_a_reader_may_not_change_anything(shared_api: RunningApi) -> None:
    made = (await shared_api.http.post("/api/v1/keys", json={"name": "reader"})).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    for method, path, body in (
        ("POST", "/api/v1/keys", {"name": "other"}),
        ("GET", "/api/v1/keys", None),
        ("DELETE", f"/api/v1/keys/{made['id']}", None),
        ("POST", "/api/v1/events/notes/a", {"kind": "note.made"}),
    ):
        answer = await shared_api.http.request(method, path, json=body, headers=headers)
        assert (answer.status_code, path) == (403, path)
        assert "lacks the scope" in answer.json()["detail"]


async def test_nobody_gives_a_scope_that_they_lack(shared_api: RunningApi) -> None:
    order = {"name": "keeper", "kind": "human", "scopes": ["keys:manage"]}
    made = (await shared_api.http.post("/api/v1/keys", json=order)).json()
    headers = {"Authorization": f"Bearer {made['key']}"}

    answer = await shared_api.http.post(
        "/api/v1/keys", json={"name": "evil", "scopes": ["admin"]}, headers=headers
    )

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "http://127.0.0.1:1",
        "http://[",
        "http://[::1",
    ],
)
@pytest.mark.parametrize(
    "path", ["/api/v1/context", "/api/v1/context/stream", "/mcp", "/.well-known/agent-card.json"]
)
async def test_another_origin_is_refused(shared_api: RunningApi, origin: str, path: str) -> None:
    answer = await shared_api.http.get(path, headers={"Origin": origin})

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


async def test_our_own_origin_is_served(shared_api: RunningApi) -> None:
    answer = await shared_api.http.get("/api/v1/me", headers={"Origin": shared_api.url})

    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8700", "[", "169.254.169.254"])
@pytest.mark.parametrize("path", ["/api/v1/context", "/mcp", "/healthz", "/"])
async def test_another_host_is_refused(shared_api: RunningApi, host: str, path: str) -> None:
    answer = await shared_api.http.get(path, headers={"Host": host})

    assert answer.status_code == 421


async def test_a_login_link_opens_the_dashboard_once(shared_api: RunningApi) -> None:
    link = (await shared_api.http.post("/api/v1/login-links")).json()["url"]
    code = link.split("#login=")[1]
    assert link.startswith(f"{shared_api.url}/#login=")
    async with httpx2.AsyncClient(base_url=shared_api.url) as browser:
        answer = await browser.post("/api/v1/session", headers={"Authorization": f"Bearer {code}"})
        assert answer.json()["principal"]["name"] == "admin"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert (await browser.get("/api/v1/context")).status_code == 200

        again = await browser.post("/api/v1/session", headers={"Authorization": f"Bearer {code}"})
        assert again.status_code == 401

        assert (await browser.delete("/api/v1/session")).status_code == 204
        assert (await browser.get("/api/v1/me")).status_code == 401


@pytest.mark.asyncio(loop_scope="function")
async def test_a_key_that_asks_too_often_is_slowed_and_others_are_not(settings: Settings) -> None:
    strict = settings.model_copy(update={"requests_per_second": 5.0})
    async with running_api(strict) as api:
        made = (await api.http.post("/api/v1/keys", json={"name": "hasty"})).json()
        hasty = {"Authorization": f"Bearer {made['key']}"}
        answers = [(await api.http.get("/api/v1/me", headers=hasty)) for _ in range(200)]
        other = await api.http.get("/api/v1/me")

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert other.status_code == 200
