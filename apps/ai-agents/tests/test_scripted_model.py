"""The scripted model speaks each protocol as the real ones do, and keeps what it was asked."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from orchestra.agents.testing import Call, Say, ScriptedModel, Turn, edit, mcp, shell

pytestmark = pytest.mark.requirement("mcp.clients")


@dataclass(frozen=True)
class Wire:
    """How a client of one protocol asks, and what it makes of an answer."""

    path: str
    tool: Callable[[str, dict[str, Any]], dict[str, Any]]
    result: Callable[[str], dict[str, Any]]
    messages: str

    def body(
        self, *said: dict[str, Any], tools: list[dict[str, Any]], stream: bool
    ) -> dict[str, Any]:
        return {"model": "m", "stream": stream, self.messages: list(said), "tools": tools}


WIRES = {
    "messages": Wire(
        "/v1/messages",
        lambda name, schema: {"name": name, "description": "", "input_schema": schema},
        lambda text: {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [{"type": "text", "text": text}],
                }
            ],
        },
        "messages",
    ),
    "responses": Wire(
        "/v1/responses",
        lambda name, schema: {"type": "function", "name": name, "parameters": schema},
        lambda text: {"type": "function_call_output", "call_id": "call_1", "output": text},
        "input",
    ),
    "chat": Wire(
        "/v1/chat/completions",
        lambda name, schema: {
            "type": "function",
            "function": {"name": name, "parameters": schema},
        },
        lambda text: {"role": "tool", "tool_call_id": "call_1", "content": text},
        "messages",
    ),
}
USER = {"role": "user", "content": "do it"}
SHELL = {
    "type": "object",
    "properties": {
        "command": {"type": "string"},
        "risk": {"type": "string", "enum": ["low", "high"]},
        "reason": {"type": "string"},
        "timeout": {"type": "number"},
    },
    "required": ["command", "risk", "reason"],
}


def streamed(text: str) -> list[Any]:
    """The data of each server-sent event, but the end mark."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def call_in(path: str, reply: httpx2.Response, *, stream: bool) -> tuple[str, Any]:
    """The name and the arguments of the tool that an answer calls, read as its clients read it."""
    if path == "/v1/messages":
        if not stream:
            (block,) = reply.json()["content"]
            return block["name"], block["input"]
        events = streamed(reply.text)
        assert events[0]["type"] == "message_start"
        assert events[-1]["type"] == "message_stop"
        block = next(e["content_block"] for e in events if e["type"] == "content_block_start")
        parts = [e["delta"]["partial_json"] for e in events if e["type"] == "content_block_delta"]
        return block["name"], json.loads("".join(parts))
    if path == "/v1/responses":
        response = streamed(reply.text)[-1]["response"] if stream else reply.json()
        (item,) = response["output"]
        return item["name"], json.loads(item["arguments"])
    kind = "delta" if stream else "message"
    first = streamed(reply.text)[0] if stream else reply.json()
    (call,) = first["choices"][0][kind]["tool_calls"]
    return call["function"]["name"], json.loads(call["function"]["arguments"])


@pytest_asyncio.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel() as model:
        yield model


async def ask(model: ScriptedModel, path: str, body: dict[str, Any]) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await client.post(model.url + path, json=body)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", WIRES)
async def test_a_script_calls_the_tool_of_the_agent_and_sees_what_it_returned(
    name: str, stream: bool, model: ScriptedModel
) -> None:
    wire = WIRES[name]
    tools = [wire.tool("Read", {}), wire.tool("Execute", SHELL)]
    model.play(shell("git status"), Say("all done"))

    first = await ask(model, wire.path, wire.body(USER, tools=tools, stream=stream))
    results = wire.result("nothing to commit")
    last = await ask(model, wire.path, wire.body(USER, results, tools=tools, stream=stream))

    assert call_in(wire.path, first, stream=stream) == (
        "Execute",
        {"command": "git status", "risk": "low", "reason": "as told"},
    )
    assert "all done" in last.text
    assert [asked.results for asked in model.asked] == [(), ("nothing to commit",)]
    assert model.asked[0].shows("do it")
    assert (model.left, model.unmet) == (0, [])


@pytest.mark.parametrize(
    ("offered", "namespace", "move"),
    [
        ("mcp__orchestra__context_get", "", mcp("orchestra", "context_get")),
        ("orchestra___context_get", "", mcp("orchestra", "context_get")),
        ("context_get", "mcp__orchestra", mcp("orchestra", "context_get")),
        ("Write", "", edit("a.py", "print(2)")),
        ("exec_command", "", shell("ls")),
    ],
)
async def test_a_tool_is_found_under_the_name_that_each_agent_gives_it(
    offered: str, namespace: str, move: Call, model: ScriptedModel
) -> None:
    tool: dict[str, Any] = {"type": "function", "name": offered, "parameters": {}}
    if namespace:
        tool = {"type": "namespace", "name": namespace, "tools": [tool]}
    model.play(move)

    reply = await ask(model, "/v1/responses", {"model": "m", "input": [USER], "tools": [tool]})

    (item,) = reply.json()["output"]
    assert (item["name"], item.get("namespace", "")) == (offered, namespace)


async def test_a_patch_is_a_text_and_not_arguments(model: ScriptedModel) -> None:
    model.play(edit("docs/a.md", "one\ntwo"))

    reply = await ask(
        model,
        "/v1/responses",
        {"model": "m", "input": [USER], "tools": [{"type": "custom", "name": "apply_patch"}]},
    )

    (item,) = reply.json()["output"]
    assert item["type"] == "custom_tool_call"
    assert item["input"].splitlines() == [
        "*** Begin Patch",
        "*** Add File: docs/a.md",
        "+one",
        "+two",
        "*** End Patch",
    ]


async def test_a_tool_that_is_kept_back_is_searched_for_without_taking_a_turn(
    model: ScriptedModel,
) -> None:
    wire = WIRES["messages"]
    search = wire.tool("ToolSearch", {"properties": {"query": {"type": "string"}}})
    wanted = wire.tool("mcp__orchestra__context_get", {})
    model.play(mcp("orchestra", "context_get"))

    first = await ask(model, wire.path, wire.body(USER, tools=[search], stream=False))
    left = model.left
    then = await ask(model, wire.path, wire.body(USER, tools=[search, wanted], stream=False))

    name, arguments = call_in(wire.path, first, stream=False)
    assert (name, left) == ("ToolSearch", 1)
    assert "context_get" in arguments["query"]
    assert call_in(wire.path, then, stream=False)[0] == "mcp__orchestra__context_get"


async def test_codex_search_of_tools_has_a_form_of_its_own(model: ScriptedModel) -> None:
    model.play(mcp("orchestra", "context_get"))
    search = {"type": "tool_search", "execution": "client", "parameters": {}}
    found = {
        "type": "tool_search_output",
        "tools": [
            {
                "type": "namespace",
                "name": "mcp__orchestra",
                "tools": [{"type": "function", "name": "context_get", "parameters": {}}],
            }
        ],
    }

    first = await ask(model, "/v1/responses", {"input": [USER], "tools": [search]})
    then = await ask(model, "/v1/responses", {"input": [USER, found], "tools": [search]})

    assert first.json()["output"][0]["type"] == "tool_search_call"
    assert then.json()["output"][0]["namespace"] == "mcp__orchestra"


async def test_a_tool_that_nobody_offers_is_told_and_not_waited_for(model: ScriptedModel) -> None:
    wire = WIRES["chat"]
    search = wire.tool("ToolSearch", {})
    model.play(mcp("orchestra", "context_get"))

    for _ in range(4):
        body = wire.body(USER, tools=[search], stream=False)
        reply = await ask(model, wire.path, body)

    assert "I have no tool" in reply.text
    assert model.unmet == ["orchestra context_get: offered were ToolSearch"]


async def test_the_world_changes_while_the_model_thinks(model: ScriptedModel) -> None:
    seen: list[str] = []

    async def change() -> None:
        seen.append("changed")

    wire = WIRES["chat"]
    model.play(Turn(Say("one"), meanwhile=change), Say("two"))
    body = wire.body(USER, tools=[wire.tool("Read", {})], stream=True)

    assert "one" in (await ask(model, wire.path, body)).text
    assert seen == ["changed"]


async def test_asides_take_no_turn_and_tokens_are_counted(model: ScriptedModel) -> None:
    model.play(Say("the turn"))

    title = await ask(model, "/v1/messages", {"messages": [USER]})
    count = await ask(model, "/v1/messages/count_tokens", {"messages": [USER]})
    unknown = await ask(model, "/v1/unknown", {})

    assert (title.status_code, len(model.asides), model.left) == (200, 1, 1)
    assert count.json()["input_tokens"] > 0
    assert unknown.status_code == 404
