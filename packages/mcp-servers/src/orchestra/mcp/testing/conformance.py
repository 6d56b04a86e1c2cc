"""What the protocol's conformance suite wants to find on a server, as a part like any other.

Only tests serve it: the suite calls tools, resources and prompts by names that it prescribes, and
with this part it can, through the same door, keys and guard as everything else.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any

from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    SamplingMessage,
    TextContent,
    TextResourceContents,
    ToolAnnotations,
)
from orchestra.mcp.part import Completions
from orchestra.mcp.testing.conformance_forms import FORMS
from orchestra.mcp.testing.conformance_pages import PREFIX, add_pages
from orchestra.mcp.testing.conformance_rounds import ROUNDS
from orchestra.mcp.testing.samples import PNG, WAV
from orchestra.mcp.tool import GovernedTool
from orchestra.shared.identity import Scope
from pydantic import Field

from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPError

Asked = Context[Any, Any]

_QUIET = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


class ConformancePart:
    """The suite's tools, resources and prompts."""

    name = "conformance"
    scope: Scope = "context:read"
    prefix = PREFIX
    instructions = "Tools of the conformance suite."
    completions: Completions = {}  # noqa: RUF012 - the protocol's mapping is read only

    def __init__(self) -> None:
        self._closing = asyncio.Event()
        functions: list[Callable[..., Any]] = [*_ANSWERS, *_TALKS, *FORMS, *ROUNDS]
        tools = [_tool(fn) for fn in functions]
        schema = {"parameters": _SCHEMA}
        self.tools: Sequence[GovernedTool] = [
            tool.model_copy(update=schema) if tool.name == "json_schema_2020_12_tool" else tool
            for tool in tools
        ]

    def add_resources(self, server: MCPServer[object]) -> None:
        """Register resources and prompts, and what the suite asks of `logging`."""
        add_pages(server)

    async def changes(self) -> AsyncIterator[list[str]]:
        """Nothing, until closed."""
        await self._closing.wait()
        no_uris: list[list[str]] = []
        for uris in no_uris:
            yield uris

    def close(self) -> None:
        """Let `changes` end."""
        self._closing.set()


def _tool(fn: Callable[..., Any]) -> GovernedTool:
    return GovernedTool.of(
        fn,
        scope="context:read",
        title=fn.__name__,
        description=fn.__doc__ or "",
        annotations=_QUIET,
        talks=True,
    )


def _said(*content: ContentBlock | str) -> CallToolResult:
    blocks = [TextContent(type="text", text=c) if isinstance(c, str) else c for c in content]
    return CallToolResult(content=blocks)


def _resource(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    contents = TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return EmbeddedResource(type="resource", resource=contents)


async def test_simple_text() -> CallToolResult:
    """A text."""
    return _said("This is a simple text response for testing.")


async def test_image_content() -> CallToolResult:
    """An image."""
    return _said(ImageContent(type="image", data=PNG, mime_type="image/png"))


async def test_audio_content() -> CallToolResult:
    """A sound."""
    return _said(AudioContent(type="audio", data=WAV, mime_type="audio/wav"))


async def test_embedded_resource() -> CallToolResult:
    """A resource inside the answer."""
    text = "This is an embedded resource content."
    return _said(_resource("test://embedded-resource", "text/plain", text))


async def test_multiple_content_types() -> CallToolResult:
    """A text, an image and a resource."""
    return _said(
        "Multiple content types test:",
        ImageContent(type="image", data=PNG, mime_type="image/png"),
        _resource("test://mixed-content-resource", "application/json", '{"test":"data","value":1}'),
    )


async def test_error_handling() -> CallToolResult:
    """A failure."""
    raise RuntimeError("This tool intentionally returns an error for testing")


async def json_schema_2020_12_tool() -> CallToolResult:
    """A tool with every keyword of JSON Schema 2020-12 in its schema."""
    return _said("json_schema_2020_12_tool")


async def test_x_mcp_header(
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})] = "<none>",  # noqa: PT028 - no test
) -> CallToolResult:
    """An argument that also stands in a header."""
    return _said(f"region={region}")


async def test_missing_capability(ctx: Asked) -> CallToolResult:
    """Something that only a client with sampling can have."""
    able = ctx.session.client_capabilities
    if able is None or able.sampling is None:
        lacking: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
        said = "this tool needs a client with `sampling`"
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, said, lacking)
    return _said("the client has `sampling`")


async def test_tool_with_logging(ctx: Asked) -> CallToolResult:
    """Log messages while it works."""
    for step in ("started", "processing data", "completed"):
        await ctx.session.send_log_message("info", f"Tool execution {step}")
        await asyncio.sleep(0.05)
    return _said("done")


async def test_tool_with_progress(ctx: Asked) -> CallToolResult:
    """Progress while it works."""
    for done in (0, 50, 100):
        await ctx.report_progress(done, 100, f"Completed step {done} of 100")
        await asyncio.sleep(0.05)
    return _said("done")


async def test_streaming_elicitation(ctx: Asked) -> CallToolResult:
    """A stream, on which nothing may come but what belongs to the request."""
    return await test_tool_with_progress(ctx)


async def test_logging_tool(ctx: Asked) -> CallToolResult:
    """Log messages, of which a client that asked for none must hear nothing."""
    return await test_tool_with_logging(ctx)


async def test_sampling(prompt: str, ctx: Asked) -> CallToolResult:
    """A question to the client's model."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
    answer = await ctx.session.create_message(
        messages=[message], max_tokens=100, related_request_id=ctx.request_id
    )
    text = answer.content.text if answer.content.type == "text" else "no text"
    return _said(f"LLM response: {text}")


async def test_trigger_tool_change(ctx: Asked) -> CallToolResult:
    """Say that the list of tools changed."""
    await ctx.notify_tools_changed()
    return _said("said")


async def test_trigger_prompt_change(ctx: Asked) -> CallToolResult:
    """Say that the list of prompts changed."""
    await ctx.notify_prompts_changed()
    return _said("said")


_ANSWERS = (
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_error_handling,
    json_schema_2020_12_tool,
    test_x_mcp_header,
    test_missing_capability,
)
_TALKS = (
    test_tool_with_logging,
    test_tool_with_progress,
    test_streaming_elicitation,
    test_logging_tool,
    test_sampling,
    test_trigger_tool_change,
    test_trigger_prompt_change,
)
