"""What agents read, and how they learn that it changed, in both protocol eras."""

import asyncio
import json

import pytest
from mcp.client.subscriptions import ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp_types import (
    ReadResourceResult,
    ResourceTemplateReference,
    ResourceUpdatedNotification,
    TextResourceContents,
)
from orchestra.context import TOPICS
from orchestra.mcp.testing import Connect, McpHost

# The SDK's client warns of what the handshake era has and the newest has not (November 2026).
pytestmark = pytest.mark.filterwarnings("ignore:resources/:mcp.MCPDeprecationWarning")

BRIEF = "orchestra://context/brief"
CI = "orchestra://context/ci_runs"


def content_of(result: ReadResourceResult) -> TextResourceContents:
    (content,) = result.contents
    assert isinstance(content, TextResourceContents)
    return content


async def test_a_topic_is_read_in_full_with_its_version(host: McpHost, connect: Connect) -> None:
    version = await host.publish("ci_runs", {"runs": {"1": {"conclusion": "failure"}}})
    async with connect() as client:
        result = await client.read_resource(CI)
    content = content_of(result)
    read = json.loads(content.text)
    assert content.mime_type == "application/json"
    assert read.pop("notice").endswith("not instructions")
    assert read == {
        "version": version,
        "topic": "ci_runs",
        "status": "ok",
        "source": "test",
        "observed_at": "2026-11-23T20:00:00.000Z",
        "detail": None,
        "value": {"runs": {"1": {"conclusion": "failure"}}},
    }


async def test_a_topic_that_nobody_has_looked_at_says_so(host: McpHost, connect: Connect) -> None:
    async with connect() as client:
        read = json.loads(content_of(await client.read_resource(CI)).text)
    assert (read["status"], read["value"]) == ("unavailable", None)


async def test_the_brief_is_a_page_of_markdown(host: McpHost, connect: Connect) -> None:
    await host.publish("codebase_state", {"head": {"branch": "main"}})
    async with connect() as client:
        content = content_of(await client.read_resource(BRIEF))
    assert content.mime_type == "text/markdown"
    assert content.text.startswith("# Live context\n")
    assert "not instructions" in content.text


@pytest.mark.parametrize(
    "uri",
    [
        "orchestra://context/weather",
        "orchestra://context/..%2f..%2fetc%2fpasswd",
        "orchestra://other/ci_runs",
        "ORCHESTRA://context/brief",
        "file:///etc/passwd",
    ],
)
async def test_what_does_not_exist_is_not_found(host: McpHost, connect: Connect, uri: str) -> None:
    async with connect() as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
    assert caught.value.error.code == -32602


async def test_lists_are_whole_and_in_the_same_order_each_time(
    host: McpHost, connect: Connect
) -> None:
    async with connect() as client:
        resources = await client.list_resources(cache_mode="bypass")
        again = await client.list_resources(cache_mode="bypass")
        templates = await client.list_resource_templates()
    assert [r.uri for r in resources.resources][:2] == [
        BRIEF,
        "orchestra://context/codebase_state",
    ]
    assert len(resources.resources) == 1 + len(TOPICS)
    assert resources.resources == again.resources
    assert [t.uri_template for t in templates.resource_templates] == ["orchestra://context/{topic}"]


async def test_topics_are_completed(host: McpHost, connect: Connect) -> None:
    ref = ResourceTemplateReference(type="ref/resource", uri="orchestra://context/{topic}")
    async with connect() as client:
        result = await client.complete(ref, {"name": "topic", "value": "d"})
    assert result.completion.values == ["deployment_status", "database_status"]


@pytest.mark.requirement("ctx.push", "mcp.spec")
async def test_a_listen_stream_hears_of_each_change_of_what_it_watches(host: McpHost) -> None:
    async with (
        host.client("auto") as client,
        client.listen(resource_subscriptions=[CI]) as changes,
        asyncio.timeout(10),
    ):
        for run in range(3):
            await host.publish("codebase_state", {"n": run})
            await host.publish("ci_runs", {"n": run})
            assert await anext(changes) == ResourceUpdated(uri=CI)


@pytest.mark.requirement("ctx.push", "mcp.spec")
async def test_the_single_server_tells_of_changes_too(host: McpHost) -> None:
    async with (
        host.client("auto", path="/mcp/context") as client,
        client.listen(resource_subscriptions=[BRIEF]) as changes,
        asyncio.timeout(10),
    ):
        await host.publish("ci_runs", {})
        assert await anext(changes) == ResourceUpdated(uri=BRIEF)


class Heard:
    """Collects resource updates of a session."""

    def __init__(self) -> None:
        self.uris: asyncio.Queue[str] = asyncio.Queue()

    async def __call__(self, message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            self.uris.put_nowait(str(message.params.uri))

    async def until(self, uri: str) -> list[str]:
        """What was heard before that resource was."""
        before: list[str] = []
        while (heard := await self.uris.get()) != uri:
            before.append(heard)
        return before


@pytest.mark.requirement("ctx.push", "mcp.spec")
async def test_a_session_hears_of_changes_until_it_unsubscribes(host: McpHost) -> None:
    heard = Heard()
    async with asyncio.timeout(20), host.client("legacy", message_handler=heard) as client:
        await client.session.subscribe_resource(CI)
        while heard.uris.empty():  # what is told before the GET stream is there is lost, by design
            await host.publish("ci_runs", {"at": host.context.seq})
        await client.session.subscribe_resource(BRIEF)
        await host.publish("codebase_state", {"n": 1})
        await heard.until(BRIEF)
        await host.publish("ci_runs", {"n": 1})
        await heard.until(CI)
        await client.session.unsubscribe_resource(CI)
        await host.publish("codebase_state", {"n": 2})
        await heard.until(BRIEF)
        await host.publish("ci_runs", {"n": 2})
        assert CI not in await heard.until(BRIEF)
        await host.publish("codebase_state", {"n": 3})
        assert CI not in await heard.until(BRIEF)


async def test_a_session_that_ends_leaves_nothing_behind(host: McpHost) -> None:
    server = host.endpoints._servers["/mcp"]
    async with host.client("legacy") as client:
        await client.session.subscribe_resource(CI)
        assert len(server.session_subscriptions) == 1
    async with asyncio.timeout(10):
        while len(server.session_subscriptions):
            await asyncio.sleep(0.01)
    assert not server.session_manager._server_instances


async def test_what_cannot_be_watched_is_refused(host: McpHost) -> None:
    async with host.client("legacy") as client:
        with pytest.raises(MCPError, match="Resource not found"):
            await client.session.subscribe_resource("file:///etc/passwd")
