"""Tools of the conformance suite that ask the client's user to fill in a form."""

from collections.abc import Callable
from typing import Annotated, Any

from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel, Field

from mcp.server.mcpserver import Context

Asked = Context[Any, Any]


class _Reply(BaseModel):
    response: str


class _Defaults(BaseModel):
    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Annotated[str, Field(json_schema_extra={"enum": ["active", "inactive", "pending"]})] = (
        "active"
    )
    verified: bool = True


def _one_of(key: str, *values: str) -> dict[str, Any]:
    return {key: [{"const": value, "title": value.title()} for value in values]}


class _Enums(BaseModel):
    untitledSingle: Annotated[  # noqa: N815 - the suite's names
        str, Field(json_schema_extra={"enum": ["active", "inactive", "pending"]})
    ]
    titledSingle: Annotated[  # noqa: N815
        str, Field(json_schema_extra=_one_of("oneOf", "low", "medium", "high"))
    ]
    untitledMulti: Annotated[  # noqa: N815
        list[str],
        Field(json_schema_extra={"items": {"type": "string", "enum": ["read", "write"]}}),
    ]
    titledMulti: Annotated[  # noqa: N815
        list[str],
        Field(json_schema_extra={"items": _one_of("anyOf", "feature", "bug", "docs")}),
    ]
    legacyEnum: Annotated[  # noqa: N815
        str, Field(json_schema_extra={"enum": ["small", "large"], "enumNames": ["Small", "Large"]})
    ]


async def _asked(ctx: Asked, message: str, form: type[BaseModel]) -> CallToolResult:
    result = await ctx.elicit(message=message, schema=form)
    content = result.data.model_dump_json() if result.action == "accept" else "{}"
    text = f"action={result.action}, content={content}"
    return CallToolResult(content=[TextContent(type="text", text=text)])


async def test_elicitation(message: str, ctx: Asked) -> CallToolResult:
    """A question to the client's user."""
    return await _asked(ctx, message, _Reply)


async def test_elicitation_sep1034_defaults(ctx: Asked) -> CallToolResult:
    """A form whose fields have defaults."""
    return await _asked(ctx, "Please provide user information", _Defaults)


async def test_elicitation_sep1330_enums(ctx: Asked) -> CallToolResult:
    """A form with every kind of choice."""
    return await _asked(ctx, "Please choose", _Enums)


FORMS: tuple[Callable[..., Any], ...] = (
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
)
