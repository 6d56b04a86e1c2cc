"""What comes in, read by the letter: one value for each name, and each of the type it should be."""

import json
from typing import Any

import orjson
from orchestra.shared.errors import Invalid

from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata


class Unreadable(Invalid):
    """A body is not JSON, or one that two readers would understand in two ways."""

    status = 400
    code = "unreadable"


def check_body(body: bytes) -> None:
    """Do nothing when a body is JSON that everybody reads in the same way.

    Raises:
        Unreadable: it is not: it has a name twice, NaN, half a character, or no end of nesting.
    """
    try:
        orjson.loads(body)  # strict and quick, but of two values for a name it takes the last
        json.loads(body, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise Unreadable(
            f"the body is not JSON: {error}", hint="send one JSON-RPC message, encoded in UTF-8"
        ) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name `{ascii(twice)[1:-1][:80]}` stands twice in one object")
    return whole


class StrictArguments(FuncMetadata):
    """Arguments of a tool. A number in a text is a text, and JSON in a text stays one.

    The SDK would turn `"5"` into 5, `"yes"` into true, and the text `null` into nothing.
    """

    def validate_arguments(self, arguments_to_validate: dict[str, Any]) -> dict[str, Any]:
        """The arguments as the function takes them.

        Raises:
            ValidationError: one does not fit.
            Invalid: one is no text that could be written down.
        """
        try:
            plain = orjson.dumps(arguments_to_validate)
        except orjson.JSONEncodeError as error:
            raise Invalid(
                f"an argument cannot be read: {error}", hint="send plain UTF-8 text"
            ) from None
        return self.arg_model.model_validate_json(plain, strict=True).model_dump_one_level()
