"""The published clients call tools and send results back, whatever the provider behind speaks."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from anthropic import AsyncAnthropic, BadRequestError
from openai import AsyncOpenAI
from orchestra.agents.testing import Call, Say, ScriptedModel
from orchestra.api.testing_models import KEY, ServedModels, serving_models
from orchestra.gateway.config import GatewayConfig

pytestmark = pytest.mark.requirement("gw.doors")

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
Given = Any
"""Plain JSON, as scripts write it; the clients have a type of their own for each form of it."""

weather = Call("weather", lambda tool: tool.name == "weather", lambda _tool: {"city": "Paris"})


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedModel]:
    """A model that calls a tool, then says something."""
    async with ScriptedModel(weather, Say("It rains.")) as model:
        yield model


@pytest.fixture(params=["openai", "openai-chat", "anthropic", "cohere"])
async def models(
    request: pytest.FixtureRequest, scripted: ScriptedModel, tmp_path: Path
) -> AsyncIterator[ServedModels]:
    """A gateway whose provider speaks one dialect."""
    provider = {"kind": request.param, "url": f"{scripted.url}/v1", "private": True}
    config = GatewayConfig.model_validate(
        {
            "providers": {"scripted": provider},
            "routes": {"tools": {"targets": [{"provider": "scripted"}]}},
        }
    )
    async with serving_models(config, tmp_path) as served:
        yield served


@pytest.fixture
async def gpt(models: ServedModels) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{models.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
async def claude(models: ServedModels) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=models.url, api_key=KEY, max_retries=0) as client:
        yield client


async def test_openai_chat_calls_a_tool_and_takes_its_result(
    gpt: AsyncOpenAI, scripted: ScriptedModel
) -> None:
    tools: Given = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
    messages: Given = [{"role": "user", "content": "Weather?"}]

    async with gpt.chat.completions.stream(
        model="tools",
        messages=messages,
        tools=tools,
    ) as stream:
        called = (await stream.get_final_completion()).choices[0]
    assert called.finish_reason == "tool_calls"
    (call,) = called.message.tool_calls or []
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    result = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
    messages += [called.message.model_dump(exclude_none=True), result]
    said = await gpt.chat.completions.create(model="tools", messages=messages, tools=tools)

    assert said.choices[0].message.content == "It rains."
    assert scripted.asked[-1].results == ("rain",)
    assert scripted.unmet == []


async def test_openai_responses_call_a_tool_and_take_its_result(
    gpt: AsyncOpenAI, scripted: ScriptedModel
) -> None:
    tools: Given = [{"type": "function", "name": "weather", "parameters": CITY, "strict": False}]
    given: Given = [{"role": "user", "content": "Weather?"}]

    async with gpt.responses.stream(model="tools", input=given, tools=tools) as stream:
        called = await stream.get_final_response()
    (call,) = called.output
    assert call.type == "function_call"
    assert json.loads(call.arguments) == {"city": "Paris"}
    given += [call.model_dump(exclude_none=True, include={"type", "call_id", "name", "arguments"})]
    given += [{"type": "function_call_output", "call_id": call.call_id, "output": "rain"}]
    said = await gpt.responses.create(model="tools", input=given, tools=tools)

    assert said.output_text == "It rains."
    assert scripted.asked[-1].results == ("rain",)
    assert scripted.unmet == []


async def test_anthropic_calls_a_tool_and_takes_its_result(
    claude: AsyncAnthropic, scripted: ScriptedModel
) -> None:
    tools: Given = [{"name": "weather", "input_schema": CITY}]
    messages: Given = [{"role": "user", "content": "Weather?"}]

    async with claude.messages.stream(
        model="tools",
        max_tokens=50,
        messages=messages,
        tools=tools,
    ) as stream:
        called = await stream.get_final_message()
    assert called.stop_reason == "tool_use"
    (use,) = called.content
    assert use.type == "tool_use"
    assert use.input == {"city": "Paris"}
    messages += [{"role": "assistant", "content": called.content}]
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "rain"}
    messages += [{"role": "user", "content": [result]}]
    said = await claude.messages.create(
        model="tools",
        max_tokens=50,
        messages=messages,
        tools=tools,
    )

    assert said.content[0].model_dump()["text"] == "It rains."
    assert scripted.asked[-1].results == ("rain",)
    assert scripted.unmet == []


@pytest.mark.parametrize("models", ["openai"], indirect=True)
async def test_what_the_provider_has_no_words_for_is_told_in_a_header(models: ServedModels) -> None:
    asked = {
        "model": "tools",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "Hi"}],
        "top_k": 5,
        "strange\r\nset-cookie: a=b\u00e9": 1,
    }

    answer = await models.http.post("/v1/messages", json=asked)

    assert answer.status_code == 200
    assert answer.headers["x-orchestra-dropped"] == "top_k, strange??set-cookie: a=b?"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("models", ["openai"], indirect=True)
async def test_what_only_another_provider_could_do_is_refused_by_name(
    models: ServedModels, claude: AsyncAnthropic
) -> None:
    with pytest.raises(BadRequestError, match=r"tools\[0\]\.type.*web_search_20250305"):
        await claude.messages.create(
            model="tools",
            max_tokens=50,
            messages=[{"role": "user", "content": "Hi"}],
            tools=[{"type": "web_search_20250305", "name": "web_search"}],
        )
