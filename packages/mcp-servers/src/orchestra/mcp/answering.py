"""What a tool answers: a text for the model, and a structure that says the same to programs."""

from collections.abc import Mapping

from mcp_types import CallToolResult, TextContent
from orchestra.shared.errors import OrchestraError

_BYTES_PER_TOKEN = 3.5  # of JSON that is mostly paths and times; a cautious guess for any model


def answered(text: str, structure: Mapping[str, object]) -> CallToolResult:
    """The result of a call that did what it was asked."""
    content = [TextContent(type="text", text=text)]
    return CallToolResult(content=content, structured_content=dict(structure))


def failed(error: OrchestraError) -> CallToolResult:
    """The result of a call that was refused or went wrong, with what to do next."""
    content = [TextContent(type="text", text=str(error))]
    structured = {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
    return CallToolResult(content=content, structured_content=structured, is_error=True)


def room(tokens: int) -> int:
    """How many bytes of an answer fit into so many tokens."""
    return int(tokens * _BYTES_PER_TOKEN)
