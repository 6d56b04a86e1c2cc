"""Tools of the conformance suite that ask the client back, by a result instead of a request."""

import json
from collections.abc import Callable
from typing import Any

from mcp_types import (
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)

from mcp.server.mcpserver import Context

Asked = Context[Any, Any]
Answer = CallToolResult | InputRequiredResult


def ask(message: str, field: str, kind: str = "string") -> ElicitRequest:
    """A form with one field."""
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def answer_of(ctx: Asked, key: str, field: str) -> str | None:
    """What the user wrote into the field; None when nothing has come."""
    answer = (ctx.input_responses or {}).get(key)
    if not isinstance(answer, ElicitResult) or not answer.content:
        return None
    value = answer.content.get(field)
    return value if isinstance(value, str) else None


def _sample(text: str) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(
        params=CreateMessageRequestParams(messages=[message], max_tokens=50)
    )


def _said(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)])


async def test_input_required_result_elicitation(ctx: Asked) -> Answer:
    """Ask for a name."""
    if (name := answer_of(ctx, "user_name", "name")) is not None:
        return _said(f"Hello, {name}!")
    return InputRequiredResult(input_requests={"user_name": ask("What is your name?", "name")})


async def test_input_required_result_sampling(ctx: Asked) -> Answer:
    """Ask the client's model."""
    answer = (ctx.input_responses or {}).get("capital_question")
    if isinstance(answer, CreateMessageResult):
        content = answer.content
        text = content.text if isinstance(content, TextContent) else "no text"
        return _said(f"the model says: {text}")
    wanted: dict[str, InputRequest] = {"capital_question": _sample("Which is France's capital?")}
    return InputRequiredResult(input_requests=wanted)


async def test_input_required_result_list_roots(ctx: Asked) -> Answer:
    """Ask for the client's roots."""
    answer = (ctx.input_responses or {}).get("client_roots")
    if isinstance(answer, ListRootsResult):
        return _said(f"{len(answer.roots)} roots")
    return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})


async def test_input_required_result_request_state(ctx: Asked) -> Answer:
    """Ask, and remember by the client where it stands."""
    if ctx.request_state is not None and "confirm" in (ctx.input_responses or {}):
        return _said(f"state-ok: {ctx.request_state}")
    wanted: dict[str, InputRequest] = {"confirm": ask("Please confirm", "ok", "boolean")}
    return InputRequiredResult(input_requests=wanted, request_state="round-1")


async def test_input_required_result_tampered_state(ctx: Asked) -> Answer:
    """The same; a state that was changed on the way does not get here."""
    return await test_input_required_result_request_state(ctx)


async def test_input_required_result_multiple_inputs(ctx: Asked) -> Answer:
    """Ask for three things at once."""
    wanted: dict[str, InputRequest] = {
        "user_name": ask("What is your name?", "name"),
        "greeting": _sample("Write a greeting"),
        "client_roots": ListRootsRequest(),
    }
    if set(wanted) <= set(ctx.input_responses or {}):
        return _said("all three came")
    return InputRequiredResult(input_requests=wanted, request_state="multiple")


async def test_input_required_result_multi_round(ctx: Asked) -> Answer:
    """Ask twice, the second time knowing the first answer."""
    state = json.loads(ctx.request_state) if ctx.request_state else {}
    if "name" in state and (color := answer_of(ctx, "step2", "color")) is not None:
        return _said(f"{state['name']} likes {color}.")
    if state and (name := answer_of(ctx, "step1", "name")) is not None:
        wanted = {"step2": ask("Step 2: Which color do you like?", "color")}
        state = json.dumps({"round": 2, "name": name})
        return InputRequiredResult(input_requests={**wanted}, request_state=state)
    wanted = {"step1": ask("Step 1: What is your name?", "name")}
    return InputRequiredResult(input_requests={**wanted}, request_state='{"round": 1}')


async def test_input_required_result_capabilities(ctx: Asked) -> Answer:
    """Ask only for what the client can give."""
    able, wanted = ctx.client_capabilities, dict[str, InputRequest]()
    if able is None or able.sampling is not None:
        wanted["sample"] = _sample("Say hello")
    if able is None or able.elicitation is not None:
        wanted["ask"] = ask("What is your name?", "name")
    return InputRequiredResult(input_requests=wanted, request_state="capabilities")


ROUNDS: tuple[Callable[..., Any], ...] = (
    test_input_required_result_elicitation,
    test_input_required_result_sampling,
    test_input_required_result_list_roots,
    test_input_required_result_request_state,
    test_input_required_result_tampered_state,
    test_input_required_result_multiple_inputs,
    test_input_required_result_multi_round,
    test_input_required_result_capabilities,
)
