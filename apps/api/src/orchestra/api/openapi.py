"""The OpenAPI document that clients are typed by."""

from typing import Any

import orjson
from fastapi import FastAPI, Response
from orchestra.api.auth import AnyCaller
from orchestra.api.problems import Problem

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": meaning, "model": Problem}
    for status, meaning in {
        400: "The request cannot be read",
        401: "No credentials, or none that are good",
        403: "The key lacks the scope, or the origin is not allowed",
        404: "There is no such thing",
        413: "The body is too large",
        415: "The body is compressed",
        421: "The Host is not ours",
        422: "The request is well formed and cannot be served",
        429: "Too many requests",
        503: "Something that we depend on does not answer",
    }.items()
}
"""What any route may answer beside its own answer."""


def install(app: FastAPI) -> None:
    """Serve the document at `/api/v1/openapi.json`, behind a key as everything else."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problem_json(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way that the framework documents

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    async def serve(_caller: AnyCaller) -> Response:
        return Response(orjson.dumps(app.openapi()), media_type="application/json")


def _with_problem_json(document: dict[str, Any]) -> dict[str, Any]:
    """Say by which media type problems really come; the framework knows only one."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    content = response["content"]
                    content["application/problem+json"] = content.pop("application/json")
    return document
