"""A tool under our rules: for callers with a scope, strict about its arguments, clear when it fails."""

from collections.abc import Callable
from typing import Any, Self, cast

from mcp_types import ToolAnnotations
from orchestra.mcp.answering import failed
from orchestra.mcp.callers import caller_of
from orchestra.mcp.strict import StrictArguments
from orchestra.shared.errors import Invalid, OrchestraError
from orchestra.shared.identity import Scope
from pydantic import ValidationError

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool


class GovernedTool(Tool):
    """What a model may call. Without `of`, nobody but an administrator may."""

    scope: Scope = "admin"
    talks: bool = False
    """It asks its client back or reports progress, so its answer has to be a stream."""

    @classmethod
    def of(
        cls,
        fn: Callable[..., Any],
        *,
        scope: Scope,
        title: str,
        description: str,
        annotations: ToolAnnotations,
        talks: bool = False,
    ) -> Self:
        """The tool that a function is. It returns a `CallToolResult`; its name is the tool's."""
        made = cls.from_function(
            fn,
            title=title,
            description=description,
            annotations=annotations,
            structured_output=False,  # results carry structure; its schema would cost every prompt
        )
        strict = {**_lean(made.parameters), "additionalProperties": False}
        arguments = StrictArguments(arg_model=made.fn_metadata.arg_model)
        ours = {
            "scope": scope,
            "talks": talks,
            "parameters": strict,
            "fn_metadata": arguments,
        }
        return cast("Self", made.model_copy(update=ours))

    async def run(
        self,
        arguments: dict[str, Any],
        context: Context[Any, Any],
        convert_result: bool = False,
    ) -> Any:  # noqa: ANN401 - the SDK's signature
        """Run the tool; what the caller can mend comes back as a result that says how."""
        try:
            caller_of(context.request_context).require(self.scope)
            self._refuse_unknown(arguments)
            return await super().run(arguments, context, convert_result)
        except OrchestraError as error:
            return failed(error)
        except ToolError as error:
            cause = error.__cause__
            if isinstance(cause, OrchestraError):
                return failed(cause)
            if isinstance(cause, ValidationError) and not isinstance(error, UnexpectedToolError):
                return failed(self._misfit(cause))
            raise

    def _refuse_unknown(self, arguments: dict[str, Any]) -> None:
        known = list(self.parameters.get("properties", {}))
        unknown = sorted(set(arguments) - set(known))
        if unknown:
            raise Invalid(
                f"`{self.name}` takes no argument `{unknown[0][:80]}`",
                hint=f"its arguments are {', '.join(known)}; nothing was done",
            )

    def _misfit(self, error: ValidationError) -> Invalid:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return Invalid(
            f"the argument `{place[:80]}` of `{self.name}` does not fit: {first['msg']}",
            hint="see the tool's input schema; nothing was done",
        )


_SAID_ELSEWHERE = frozenset({"title", "minLength", "maxLength", "maxItems"})
"""What a schema need not say to a model: names say titles, and a refusal says the sizes."""


def _lean(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without what every prompt would pay for and no model needs."""
    properties = schema.get("properties", {})
    lean = {name: _lean_property(one) for name, one in properties.items()}
    return {k: v for k, v in {**schema, "properties": lean}.items() if k != "title"}


def _lean_property(schema: dict[str, Any]) -> dict[str, Any]:
    """An argument that may be null is one that may be left out; an empty default is no news."""
    types = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(types) == 1:
        schema = {**types[0], **{k: v for k, v in schema.items() if k != "anyOf"}}
    return {
        k: v
        for k, v in schema.items()
        if k not in _SAID_ELSEWHERE
        and not (k == "default" and v in (None, "", [], {}))
        and not (k == "additionalProperties" and v is True)
        and not (k == "minimum" and v in (0, 1))
    }
