"""The account at Portkey, through Portkey's own SDK, against a stand-in that speaks its HTTP API."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from orchestra.api.asking import PortkeyAccount
from orchestra.gateway.portkey.admin import PortkeyAdmin
from orchestra.gateway.testing.portkey import FakePortkey, fake_portkey
from orchestra.shared.errors import Forbidden, Invalid, NotFound, Unavailable
from orchestra.shared.json import JsonObject
from orchestra.shared.redaction import Redactor
from pydantic import SecretStr

pytestmark = [pytest.mark.requirement("gw.portkey"), pytest.mark.asyncio(loop_scope="session")]

KEY = "pk-account-0123456789"
CONFIG: JsonObject = {"strategy": {"mode": "single"}, "targets": [{"provider": "openai"}]}


@pytest_asyncio.fixture(loop_scope="session")
async def service() -> AsyncGenerator[FakePortkey]:
    async with fake_portkey(KEY) as fake:
        yield fake


@pytest_asyncio.fixture(loop_scope="session")
async def admin(service: FakePortkey) -> AsyncGenerator[PortkeyAdmin]:
    account = PortkeyAdmin(SecretStr(KEY), service.url, pause=0)
    yield account
    await account.close()


async def test_a_configuration_is_made_read_changed_and_removed(admin: PortkeyAdmin) -> None:
    slug = await admin.save_config("default", CONFIG)
    assert [config["slug"] for config in await admin.configs()] == [slug]
    assert (await admin.config(slug))["config"] == CONFIG

    changed: JsonObject = CONFIG | {"retry": {"attempts": 0}}
    assert await admin.save_config("renamed", changed, slug) == slug
    kept = await admin.config(slug)
    assert (kept["name"], kept["config"]) == ("renamed", changed)

    await admin.remove_config(slug)
    assert await admin.configs() == []
    with pytest.raises(NotFound):
        await admin.config(slug)


async def test_virtual_keys_are_listed_as_the_service_masks_them(
    admin: PortkeyAdmin, service: FakePortkey
) -> None:
    service.virtual_keys.append({"slug": "openai-1", "masked_api_key": "sk-a**xy", "name": "one"})

    (key,) = await admin.virtual_keys()

    assert (key["slug"], key["masked_api_key"]) == ("openai-1", "sk-a**xy")


async def test_an_export_of_logs_is_begun_and_started(
    admin: PortkeyAdmin, service: FakePortkey
) -> None:
    export = await admin.export_logs("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "a day")

    (listed,) = await admin.log_exports()
    assert (listed["id"], listed["status"]) == (export, "in_progress")
    assert service.exports[export]["filters"]["time_of_generation_min"] == "2026-11-01T00:00:00Z"


async def test_a_call_that_did_not_go_through_portkey_is_added_to_its_log(
    admin: PortkeyAdmin, service: FakePortkey
) -> None:
    await admin.log({"url": "u", "method": "POST"}, {"status": 200}, {"trace": "t"})

    assert service.logs[0]["response"] == {"status": 200}


async def test_only_what_the_service_could_not_answer_is_asked_again(
    admin: PortkeyAdmin, service: FakePortkey
) -> None:
    service.failing = 2
    assert await admin.configs() == []
    assert len(service.calls) == 3

    service.calls.clear()
    service.failing = 3
    with pytest.raises(Unavailable, match="503"):
        await admin.configs()
    assert len(service.calls) == 3

    service.calls.clear()
    with pytest.raises(Invalid, match="required"):
        await admin.save_config("", CONFIG)
    assert len(service.calls) == 1


async def test_a_wrong_key_is_said_and_never_shown(service: FakePortkey) -> None:
    account = PortkeyAdmin(SecretStr("pk-wrong-0123456789"), service.url)

    with pytest.raises(Forbidden, match="Invalid API Key") as refused:
        await account.configs()

    assert "pk-wrong" not in str(refused.value)
    await account.close()


async def test_what_the_account_keeps_is_shown_without_secrets(
    admin: PortkeyAdmin, service: FakePortkey
) -> None:
    redactor = Redactor()
    redactor.learn("sk-planted-0123456789")
    account = PortkeyAccount(admin, redactor.text)
    slug = await admin.save_config("mine", {"targets": [{"api_key": "sk-planted-0123456789"}]})
    service.virtual_keys.append({"slug": "openai-1", "masked_api_key": "sk-a**xy"})

    listed = await account.look("configs", None)
    one = await account.look("config", slug)
    keys = await account.look("virtual_keys", None)

    assert slug in listed.line
    assert "targets" in one.line
    assert "sk-planted" not in one.line + str(one.facts)
    assert "openai-1" in keys.line
