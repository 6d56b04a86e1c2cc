"""A request for Anthropic's messages as one for a chat completion."""

import re

from orchestra.gateway.wire.fields import Dropped, a_text, an_object, kind_of, objects, refused
from orchestra.gateway.wire.messages_contents import assistant_message, system_text, user_messages
from orchestra.shared.json import JsonObject, JsonValue

_KNOWN = frozenset(
    [
        "model",
        "messages",
        "system",
        "max_tokens",
        "stop_sequences",
        "temperature",
        "top_p",
        "stream",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "metadata",
        "mcp_servers",
        "container",
    ]
)
_CHOICES: dict[str, str] = {"auto": "auto", "none": "none", "any": "required"}
_REASONS = re.compile(r"/|^o\d|^gpt-[5-9]|gpt-oss|-r1\b")
"""Models that are told how much to think: OpenAI's newer ones, and all of OpenRouter, which leaves the
word out for those that don't."""
_MOST_STOPS = 4
_LONGEST_USER = 64


def to_chat(messages: JsonObject, model: str, dropped: Dropped, *, is_openai: bool) -> JsonObject:
    """The same request in OpenAI's words; `is_openai` for hosts that know its newest ones.

    Raises:
        Invalid: something in it cannot be said in them; the error names it.
    """
    for name in ("mcp_servers", "container"):
        if messages.get(name):
            raise refused(name, "runs at Anthropic alone")
    request: JsonObject = {"model": model, "messages": _conversation(messages, dropped)}
    if messages.get("max_tokens") is not None:
        limit = "max_completion_tokens" if is_openai else "max_tokens"
        request[limit] = messages["max_tokens"]
    for name in ("temperature", "top_p"):
        if messages.get(name) is not None:
            request[name] = messages[name]
    stop = messages.get("stop_sequences")
    if isinstance(stop, list) and stop:
        request["stop"] = stop[:_MOST_STOPS]
        if len(stop) > _MOST_STOPS:
            dropped.add("stop_sequences", f"only the first {_MOST_STOPS} are taken")
    _tools(messages, request, dropped)
    _output(messages, request, dropped)
    _user(messages, request, dropped)
    if messages.get("stream"):
        request |= {"stream": True, "stream_options": {"include_usage": True}}
    dropped.rest(messages, _KNOWN)
    return request


def _conversation(messages: JsonObject, dropped: Dropped) -> list[JsonValue]:
    found: list[JsonValue] = []
    system = system_text(messages.get("system"), dropped)
    if system:
        found.append({"role": "system", "content": system})
    for path, message in objects(messages.get("messages"), "messages"):
        role = a_text(message.get("role"), f"{path}.role")
        content = message.get("content")
        if role == "user":
            found += user_messages(content, f"{path}.content", dropped)
        elif role == "assistant":
            found += assistant_message(content, f"{path}.content", dropped)
        elif role == "system":
            found.append({"role": "system", "content": system_text(content, dropped)})
        else:
            raise refused(f"{path}.role", f"is `{role[:40]}`", "send user or assistant")
    return found


def _tools(messages: JsonObject, request: JsonObject, dropped: Dropped) -> None:
    tools: list[JsonValue] = []
    for path, tool in objects(messages.get("tools"), "tools"):
        kind = kind_of(tool, path, "custom")
        if kind != "custom":
            hint = "leave it out, or ask for a model of an Anthropic provider"
            raise refused(f"{path}.type", f"is `{kind[:60]}`, a tool that Anthropic runs", hint)
        function: JsonObject = {"name": a_text(tool.get("name"), f"{path}.name")}
        if tool.get("description"):
            function["description"] = tool["description"]
        function["parameters"] = an_object(tool.get("input_schema"), f"{path}.input_schema")
        tools.append({"type": "function", "function": function})
        known = frozenset({"name", "description", "input_schema", "type"})
        dropped.rest(tool, known, path)
    if not tools:
        return
    request["tools"] = tools
    wanted = messages.get("tool_choice")
    if wanted is None:
        return
    choice = an_object(wanted, "tool_choice")
    kind = kind_of(choice, "tool_choice")
    if kind == "tool":
        name = a_text(choice.get("name"), "tool_choice.name")
        request["tool_choice"] = {"type": "function", "function": {"name": name}}
    elif kind in _CHOICES:
        request["tool_choice"] = _CHOICES[kind]
    else:
        raise refused("tool_choice.type", "names no choice that is known", "send auto or any")
    if choice.get("disable_parallel_tool_use"):
        request["parallel_tool_calls"] = False


def _output(messages: JsonObject, request: JsonObject, dropped: Dropped) -> None:
    """How much to think, and the form of the answer."""
    config = an_object(messages.get("output_config") or {}, "output_config")
    form = config.get("format")
    if isinstance(form, dict):
        schema: JsonObject = {"name": "answer", "schema": form.get("schema"), "strict": True}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    thinking = an_object(messages.get("thinking") or {}, "thinking")
    effort = config.get("effort")
    if effort is None and thinking.get("type") == "enabled":
        effort = _effort(thinking.get("budget_tokens"))
    if effort is not None and _REASONS.search(str(request["model"])):
        request["reasoning_effort"] = "high" if effort in ("max", "xhigh") else effort
    elif effort is not None:
        dropped.add("thinking" if thinking else "output_config.effort")
    dropped.rest(config, frozenset({"format", "effort"}), "output_config")


def _effort(budget: JsonValue) -> str:
    if not isinstance(budget, int):
        return "medium"
    return "low" if budget < 4096 else "medium" if budget < 16384 else "high"


def _user(messages: JsonObject, request: JsonObject, dropped: Dropped) -> None:
    metadata = an_object(messages.get("metadata") or {}, "metadata")
    user = metadata.get("user_id")
    if isinstance(user, str) and len(user) <= _LONGEST_USER:
        request["user"] = user
    elif user is not None:
        dropped.add("metadata.user_id")
    dropped.rest(metadata, frozenset({"user_id"}), "metadata")
