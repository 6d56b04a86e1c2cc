"""Resources and prompts of the conformance suite."""

import base64
import json
from collections.abc import Callable
from typing import Any

from mcp_types import (
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequiredResult,
    SetLevelRequestParams,
    TextContent,
    TextResourceContents,
)
from orchestra.mcp.testing.conformance_rounds import answer_of, ask
from orchestra.mcp.testing.samples import PNG

from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.prompts.base import UserMessage

PREFIX = "test://"


def add_pages(server: MCPServer[Any]) -> None:
    """Register them with a server."""
    server.resource("test://static-text")(_text)
    server.resource("test://static-binary")(_binary)
    server.resource("test://watched-resource")(_watched)
    server.resource("test://template/{id}/data")(_template)
    prompts: dict[str, Callable[..., Any]] = {
        "test_simple_prompt": _simple,
        "test_prompt_with_arguments": _with_arguments,
        "test_prompt_with_embedded_resource": _with_resource,
        "test_prompt_with_image": _with_image,
        "test_input_required_result_prompt": _with_question,
    }
    for name, prompt in prompts.items():
        server.prompt(name=name, description=f"For the suite: {name}")(prompt)
    # The SDK (2.3.0, November 2026) has no public way to serve the deprecated `logging/setLevel`.
    server._lowlevel_server.add_request_handler(  # noqa: SLF001
        "logging/setLevel", SetLevelRequestParams, _set_level
    )


async def _set_level(
    _ctx: ServerRequestContext[Any, Any], _params: SetLevelRequestParams
) -> EmptyResult:
    return EmptyResult()


def _text() -> str:
    return "This is the content of the static text resource."


def _binary() -> bytes:
    return base64.b64decode(PNG)


def _watched() -> str:
    return "watched"


def _template(id: str) -> str:
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def _says(text: str) -> UserMessage:
    return UserMessage(content=TextContent(type="text", text=text))


def _simple() -> list[UserMessage]:
    return [_says("This is a simple prompt for testing.")]


def _with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
    return [_says(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")]


def _with_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803 - the suite's name
    contents = TextResourceContents(uri=resourceUri, mime_type="text/plain", text="Embedded.")
    embedded = EmbeddedResource(type="resource", resource=contents)
    return [UserMessage(content=embedded), _says("Please process the embedded resource above.")]


def _with_image() -> list[UserMessage]:
    image = ImageContent(type="image", data=PNG, mime_type="image/png")
    return [UserMessage(content=image), _says("Please analyze the image above.")]


async def _with_question(ctx: Context[Any, Any]) -> list[UserMessage] | InputRequiredResult:
    if (context := answer_of(ctx, "user_context", "context")) is not None:
        return [_says(f"Use the following context: {context}")]
    wanted = {"user_context": ask("What context should the prompt use?", "context")}
    return InputRequiredResult(input_requests={**wanted})
