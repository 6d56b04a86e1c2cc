"""A request for a chat completion as one for Anthropic's messages."""

import re

from orchestra.gateway.wire.chat_contents import assistant_blocks, blocks, result_block
from orchestra.gateway.wire.fields import Dropped, a_text, an_object, closed, objects, refused
from orchestra.gateway.wire.prompt_cache import marked
from orchestra.shared.json import JsonObject, JsonValue

MAX_TOKENS = 8192
"""Where the client sets no limit; Anthropic wants one, and each of its models since 2024 gives this."""

_KNOWN = frozenset(
    [
        "model",
        "messages",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "temperature",
        "top_p",
        "top_k",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "user",
        "safety_identifier",
        "reasoning_effort",
        "reasoning",
        "n",
        "functions",
        "function_call",
        "audio",
        "modalities",
        "web_search_options",
        "thinking",
        "logprobs",
    ]
)
_CHOICES: dict[str, str] = {"auto": "auto", "none": "none", "required": "any"}
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high"}
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384}
_CLAUDE = re.compile(r"claude-(?:[a-z]+-)?(\d+)(?:[-.](\d{1,2})(?!\d))?")
_JSON_ONLY = "Answer with one JSON object and nothing else."


def to_messages(chat: JsonObject, model: str, dropped: Dropped) -> JsonObject:
    """The same request in Anthropic's words.

    Raises:
        Invalid: something in it cannot be said in them; the error names it.
    """
    _refuse(chat)
    system, messages = _conversation(chat, dropped)
    limit = chat.get("max_completion_tokens") or chat.get("max_tokens") or MAX_TOKENS
    request: JsonObject = {"model": model, "max_tokens": limit, "messages": messages}
    if system:
        request["system"] = system
    _tools(chat, request, dropped)
    _sampling(chat, request, dropped)
    _format(chat, request, dropped)
    _thinking(chat, request, dropped)
    user = chat.get("safety_identifier") or chat.get("user")
    if user is not None:
        request["metadata"] = {"user_id": a_text(user, "user")}
    if chat.get("stream"):
        request["stream"] = True
    dropped.rest(chat, _KNOWN)
    return marked(request)


def _refuse(chat: JsonObject) -> None:
    """What changes the meaning of the answer cannot be left out."""
    if chat.get("n") not in (None, 1):
        raise refused("n", f"is {chat['n']}, and this provider gives one answer", "send `n` 1")
    for name in ("functions", "function_call"):
        if chat.get(name) is not None:
            raise refused(name, "was replaced by `tools`", "send `tools` and `tool_choice`")
    for name in ("audio", "web_search_options"):
        if chat.get(name) is not None:
            raise refused(name, "is not had from an Anthropic provider")
    if chat.get("logprobs"):
        raise refused("logprobs", "are not had from an Anthropic provider")
    modalities = chat.get("modalities")
    if modalities not in (None, ["text"]):
        raise refused("modalities", "may only be `text` with an Anthropic provider")


def _conversation(chat: JsonObject, dropped: Dropped) -> tuple[list[JsonValue], list[JsonValue]]:
    system: list[JsonValue] = []
    turns: list[tuple[str, list[JsonValue]]] = []
    for path, message in objects(chat.get("messages"), "messages"):
        role = a_text(message.get("role"), f"{path}.role")
        if message.get("name") is not None:
            dropped.add(f"{path}.name")
        if role in ("system", "developer"):
            if turns:
                dropped.add(f"{path}.role", f"a later {role} message was moved to the front")
            content = message.get("content")
            system += blocks(content, f"{path}.content", dropped, only_text=True)
        elif role == "user":
            _say(turns, "user", blocks(message.get("content"), f"{path}.content", dropped))
        elif role == "assistant":
            _say(turns, "assistant", assistant_blocks(message, path, dropped))
        elif role == "tool":
            _say(turns, "user", [result_block(message, path, dropped)])
        else:
            raise refused(
                f"{path}.role", f"is `{role[:40]}`", "send system, user, assistant or tool"
            )
    if not turns:
        raise refused("messages", "has no text of a user", "send at least one message of a user")
    return system, [{"role": role, "content": content} for role, content in turns]


def _say(turns: list[tuple[str, list[JsonValue]]], role: str, content: list[JsonValue]) -> None:
    """Messages of one side that follow each other are one: results have to stand together."""
    if not content:
        return
    if turns and turns[-1][0] == role:
        turns[-1][1].extend(content)
    else:
        turns.append((role, content))


def _tools(chat: JsonObject, request: JsonObject, dropped: Dropped) -> None:
    tools: list[JsonValue] = []
    for path, tool in objects(chat.get("tools"), "tools"):
        if tool.get("type", "function") != "function":
            raise refused(f"{path}.type", f"is `{tool.get('type')}`, and only `function` is known")
        function = an_object(tool.get("function"), f"{path}.function")
        ours: JsonObject = {"name": a_text(function.get("name"), f"{path}.function.name")}
        if function.get("description"):
            ours["description"] = function["description"]
        schema = function.get("parameters") or {"type": "object", "properties": {}}
        ours["input_schema"] = schema
        if function.get("strict"):
            dropped.add(f"{path}.function.strict")
        if tool.get("cache_control") is not None:
            ours["cache_control"] = tool["cache_control"]
        tools.append(ours)
    if not tools:
        _tools_of_the_past(request, dropped)
        return
    request["tools"] = tools
    choice = _choice(chat.get("tool_choice"))
    if chat.get("parallel_tool_calls") is False and choice.get("type", "auto") != "none":
        choice = {"type": "auto"} | choice | {"disable_parallel_tool_use": True}
    if choice:
        request["tool_choice"] = choice


def _tools_of_the_past(request: JsonObject, dropped: Dropped) -> None:
    """Where tools were used and none is offered any more, Anthropic still wants their names."""
    used: dict[str, JsonValue] = {}
    for path, message in objects(request.get("messages"), "messages"):
        for _, block in objects(message.get("content"), f"{path}.content"):
            if block.get("type") == "tool_use":
                name = str(block.get("name"))
                used[name] = {"name": name, "input_schema": {"type": "object"}}
    if used:
        request |= {"tools": list(used.values()), "tool_choice": {"type": "none"}}
        dropped.add("tools", "those that were used are named, and none may be called")


def _choice(choice: JsonValue) -> JsonObject:
    if choice is None:
        return {}
    if isinstance(choice, dict):
        function = choice.get("function")
        if choice.get("type") == "function" and isinstance(function, dict):
            name = a_text(function.get("name"), "tool_choice.function.name")
            return {"type": "tool", "name": name}
    elif isinstance(choice, str) and choice in _CHOICES:
        return {"type": _CHOICES[choice]}
    raise refused("tool_choice", "names no choice that is known", "send auto, none or required")


def _sampling(chat: JsonObject, request: JsonObject, dropped: Dropped) -> None:
    stop = chat.get("stop")
    if stop is not None:
        wanted = stop if isinstance(stop, list) else [stop]
        kept: list[JsonValue] = [one for one in wanted if isinstance(one, str) and one.strip()]
        if len(kept) < len(wanted):
            dropped.add("stop", "sequences of blanks alone were left out")
        if kept:
            request["stop_sequences"] = kept
    temperature = chat.get("temperature")
    if isinstance(temperature, (int, float)):
        if temperature > 1:
            dropped.add("temperature", "lowered to 1, the most that the provider takes")
        request["temperature"] = min(temperature, 1)
    if chat.get("top_p") is not None:
        if "temperature" in request:
            dropped.add("top_p", "newer models take it or the temperature")
        else:
            request["top_p"] = chat["top_p"]
    if chat.get("top_k") is not None:
        request["top_k"] = chat["top_k"]


def _format(chat: JsonObject, request: JsonObject, dropped: Dropped) -> None:
    wanted = chat.get("response_format")
    if wanted is None:
        return
    kind = an_object(wanted, "response_format").get("type")
    if kind == "json_schema":
        path = "response_format.json_schema"
        named = an_object(an_object(wanted, "response_format").get("json_schema"), path)
        schema = closed(an_object(named.get("schema"), f"{path}.schema"))
        request["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    elif kind == "json_object":
        system = request.get("system")
        request["system"] = [
            *(system if isinstance(system, list) else []),
            {"type": "text", "text": _JSON_ONLY},
        ]
        dropped.add("response_format", "asked for in the system prompt")
    elif kind != "text":
        raise refused("response_format.type", f"is `{kind}`", "send text or json_schema")


def _thinking(chat: JsonObject, request: JsonObject, dropped: Dropped) -> None:
    """Effort where the model knows it, a budget of thoughts where it is older."""
    if isinstance(chat.get("thinking"), dict):
        request["thinking"] = chat["thinking"]
        return
    reasoning = chat.get("reasoning")
    effort = chat.get("reasoning_effort")
    if effort is None and isinstance(reasoning, dict):
        effort = reasoning.get("effort")
    if effort is None or effort == "none":
        return
    level = str(effort)
    if level not in _EFFORTS:
        dropped.add("reasoning_effort", f"`{level[:20]}` was taken as `high`")
        level = "high"
    version = _version(str(request["model"]))
    is_forced = isinstance(choice := request.get("tool_choice"), dict) and (
        choice.get("type") in ("any", "tool")
    )
    has_results = any(m.get("role") == "tool" for _, m in objects(chat.get("messages"), "messages"))
    if version >= (4, 6):
        config = an_object(request.get("output_config") or {}, "output_config")
        request["output_config"] = config | {"effort": _EFFORTS[level]}
        if not is_forced:
            _think(request, {"type": "adaptive"}, dropped)
    elif version >= (3, 7) and not is_forced and not has_results:
        budget = _BUDGETS[level]
        limit = request["max_tokens"]
        if isinstance(limit, int) and limit <= budget:
            request["max_tokens"] = limit + budget
        _think(request, {"type": "enabled", "budget_tokens": budget}, dropped)
    else:
        dropped.add("reasoning_effort")


def _think(request: JsonObject, thinking: JsonObject, dropped: Dropped) -> None:
    request["thinking"] = thinking
    for name in ("temperature", "top_p", "top_k"):
        if name in request:
            dropped.add(name, "a model that thinks takes none")
            del request[name]


def _version(model: str) -> tuple[int, int]:
    found = _CLAUDE.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
