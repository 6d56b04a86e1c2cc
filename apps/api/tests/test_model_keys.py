"""A key that is revoked opens no model any more, however often it was used a moment before."""

import pytest
from orchestra.api.testing import RunningApi

pytestmark = [pytest.mark.requirement("gw.doors"), pytest.mark.asyncio(loop_scope="session")]


async def test_a_revoked_key_is_refused_at_once(shared_api: RunningApi) -> None:
    made = await shared_api.http.post(
        "/api/v1/keys", json={"name": "caller of models", "scopes": ["models:use"]}
    )
    key = made.json()
    headers = {"Authorization": f"Bearer {key['key']}"}
    before = await shared_api.http.get("/v1/models", headers=headers)
    await shared_api.http.delete(f"/api/v1/keys/{key['id']}")
    after = await shared_api.http.get("/v1/models", headers=headers)

    assert (before.status_code, after.status_code) == (200, 401)
