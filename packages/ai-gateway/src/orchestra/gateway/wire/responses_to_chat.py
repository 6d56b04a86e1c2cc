"""A request for one of OpenAI's responses as one for a chat completion."""

from orchestra.gateway.wire.fields import Dropped, a_text, an_object, objects, refused
from orchestra.gateway.wire.response_input import conversation
from orchestra.gateway.wire.response_items import OfferedTool
from orchestra.gateway.wire.response_tools import chat_name, offer
from orchestra.shared.json import JsonObject, JsonValue

_KNOWN = frozenset(
    [
        "model",
        "input",
        "instructions",
        "stream",
        "temperature",
        "top_p",
        "max_output_tokens",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "reasoning",
        "text",
        "user",
        "safety_identifier",
        "store",
        "previous_response_id",
        "conversation",
        "background",
        "prompt",
        "truncation",
        "stream_options",
    ]
)
_STATEFUL = {
    "previous_response_id": "needs a provider that keeps answers; send the whole `input`",
    "conversation": "needs a provider that keeps conversations; send the whole `input`",
    "background": "needs a provider that keeps answers; ask without it",
    "prompt": "is kept at OpenAI; send its text as `instructions`",
}
_ECHOED = [
    "instructions",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "reasoning",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "truncation",
    "user",
]
_DEFAULTS: JsonObject = {
    "metadata": {},
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "store": False,
    "previous_response_id": None,
}


def from_responses(
    asked: JsonObject, model: str, dropped: Dropped, *, is_openai: bool
) -> tuple[JsonObject, dict[str, OfferedTool]]:
    """The same request as a chat, and the tools by the names that they have there.

    Raises:
        Invalid: something in it cannot be said in a chat; the error names it.
    """
    for name, why in _STATEFUL.items():
        if asked.get(name):
            raise refused(name, why.partition(";")[0], why.partition("; ")[2])
    offered: dict[str, OfferedTool] = {}
    tools = offer(asked, offered, dropped)
    request: JsonObject = {"model": model, "messages": conversation(asked, dropped)}
    if asked.get("max_output_tokens") is not None:
        limit = "max_completion_tokens" if is_openai else "max_tokens"
        request[limit] = asked["max_output_tokens"]
    for name in ("temperature", "top_p", "user", "safety_identifier"):
        if asked.get(name) is not None:
            request[name] = asked[name]
    if tools:
        request["tools"] = tools
        _choice(asked, request, offered, dropped)
        if asked.get("parallel_tool_calls") is not None:
            request["parallel_tool_calls"] = asked["parallel_tool_calls"]
    _output(asked, request, dropped)
    if asked.get("stream"):
        request |= {"stream": True, "stream_options": {"include_usage": True}}
    if asked.get("truncation") == "auto":
        dropped.add("truncation")
    dropped.rest(asked, _KNOWN)
    return request, offered


def echoed(asked: JsonObject) -> JsonObject:
    """What a response repeats of its request."""
    found = {name: asked.get(name) for name in _ECHOED}
    return {**found, **{n: v for n, v in _DEFAULTS.items() if found.get(n) is None}}


def _choice(
    asked: JsonObject, request: JsonObject, offered: dict[str, OfferedTool], dropped: Dropped
) -> None:
    choice = asked.get("tool_choice")
    if choice is None:
        return
    if isinstance(choice, str):
        request["tool_choice"] = choice
        return
    wanted = an_object(choice, "tool_choice")
    kind = wanted.get("type")
    if kind in ("function", "custom"):
        name = a_text(wanted.get("name"), "tool_choice.name")
        full = chat_name(name, str(wanted.get("namespace") or ""))
        if full not in offered:
            raise refused("tool_choice.name", f"is `{name[:80]}`, which is not among the tools")
        request["tool_choice"] = {"type": "function", "function": {"name": full}}
    elif kind == "allowed_tools":
        mode = wanted.get("mode")
        request["tool_choice"] = mode if mode in ("auto", "required") else "auto"
        listed = objects(wanted.get("tools"), "tool_choice.tools")
        names = {a_text(tool.get("name"), f"{path}.name") for path, tool in listed}
        tools = request["tools"]
        request["tools"] = [
            tool for tool in (tools if isinstance(tools, list) else []) if _name(tool) in names
        ]
        dropped.add("tool_choice.tools", "the others were not offered")
    else:
        raise refused("tool_choice.type", f"is `{kind}`, a tool that OpenAI runs")


def _name(tool: JsonValue) -> JsonValue:
    function = tool.get("function") if isinstance(tool, dict) else None
    return function.get("name") if isinstance(function, dict) else None


def _output(asked: JsonObject, request: JsonObject, dropped: Dropped) -> None:
    text = an_object(asked.get("text") or {}, "text")
    form = text.get("format")
    if isinstance(form, dict) and form.get("type") == "json_schema":
        named = {
            name: form[name]
            for name in ("name", "schema", "strict", "description")
            if form.get(name) is not None
        }
        request["response_format"] = {"type": "json_schema", "json_schema": named}
    elif isinstance(form, dict) and form.get("type") == "json_object":
        request["response_format"] = {"type": "json_object"}
    dropped.rest(text, frozenset({"format"}), "text")
    reasoning = an_object(asked.get("reasoning") or {}, "reasoning")
    if reasoning.get("effort") is not None:
        request["reasoning_effort"] = reasoning["effort"]
    dropped.rest(reasoning, frozenset({"effort"}), "reasoning")
