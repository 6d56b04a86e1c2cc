"""`python -m orchestra.coordination.connect`: an order on stdin, the outcome on stdout, both JSON."""

import sys
from pathlib import Path
from typing import Literal

import orjson
from orchestra.coordination.connect.connection import Connection, Order, connect
from orchestra.coordination.connect.record import Brand, FailMode
from orchestra.coordination.connect.tree import Edit, Tree
from orchestra.shared.errors import Invalid, OrchestraError
from orchestra.shared.json import JsonObject
from pydantic import BaseModel, ConfigDict, Field, ValidationError

_URL = r"^https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]*)?$"


class Request(BaseModel):
    """The order, as the command line gives it."""

    model_config = ConfigDict(extra="forbid")

    repo: Path
    agents: tuple[Brand, ...] = ()
    action: Literal["write", "check", "diff"] = "write"
    remove: bool = False
    url: str | None = Field(default=None, pattern=_URL, max_length=300)
    fail_mode: FailMode | None = None


def main() -> int:
    """Do it; 0 when it is done, 1 when it was refused, with the reason as JSON."""
    try:
        document = _carry_out(_request(sys.stdin.buffer.read()))
    except OrchestraError as error:
        document = {"error": {"message": error.message, "hint": error.hint}}
    sys.stdout.buffer.write(orjson.dumps(document) + b"\n")
    return 1 if "error" in document else 0


def _request(content: bytes) -> Request:
    try:
        return Request.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "order"
        raise Invalid(
            f"`{first['input']}` does not fit `{name}`: {first['msg']}",
            hint="see orchestra connect --help",
        ) from None


def _carry_out(request: Request) -> JsonObject:
    tree = Tree(request.repo)
    url = request.url.rstrip("/") if request.url else None
    order = Order(request.agents, request.remove, url, request.fail_mode)
    connection = connect(tree, order)
    if request.action == "write":
        tree.write(connection.edits)
    return _document(request, connection)


def _document(request: Request, connection: Connection) -> JsonObject:
    edits: list[JsonObject] = [
        {"path": edit.path, "change": _change(edit)} for edit in connection.edits
    ]
    document: JsonObject = {
        "repository": str(request.repo),
        "written": request.action == "write",
        "up_to_date": not edits,
        "edits": [*edits],
        "fail_mode": connection.source.fails,
        "url": connection.source.url,
        "specs": [agent.path for agent in connection.source.agents],
        "paste": {**connection.to_paste()},
        "agents": {brand: _notes(connection, brand) for brand in connection.agents},
    }
    return {**document, "diff": connection.diff()} if request.action == "diff" else document


def _notes(connection: Connection, brand: Brand) -> JsonObject:
    notes = connection.notes(brand)
    return {
        "key_variable": connection.variable(brand),
        "enforced": [*notes.enforced],
        "advisory": [*notes.advisory],
        "unsupported": [*notes.unsupported],
        "steps": [*notes.steps],
    }


def _change(edit: Edit) -> str:
    if edit.before is None:
        return "created"
    if edit.after is None:
        return "removed"
    return "changed"


if __name__ == "__main__":
    sys.exit(main())
