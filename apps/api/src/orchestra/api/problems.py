"""Every error as problem JSON (RFC 9457): what happened, and what to do about it."""

from http import HTTPStatus
from uuid import uuid4

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from orchestra.shared.errors import OrchestraError, TooManyRequests
from orchestra.shared.redaction import Redactor
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

_log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    at: str
    message: str


class Problem(BaseModel):
    """The body of every answer whose status is 400 or more."""

    type: str = Field(description="`urn:orchestra:problem:<code>`")
    title: str
    status: int
    detail: str
    hint: str = ""
    errors: list[FieldProblem] = []


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    hint: str = "",
    errors: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem as a response; 401 carries the challenge that its specification asks for."""
    body = Problem(
        type=f"urn:orchestra:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        hint=hint,
        errors=errors or [],
    )
    headers = dict(headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="orchestra"'
    content = orjson.dumps(body.model_dump(exclude_defaults=True) | {"status": status})
    return Response(content, status, headers, "application/problem+json")


def problem_of(error: OrchestraError, redactor: Redactor) -> Response:
    """One of our own errors as a problem."""
    headers = {}
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    said, hint = redactor.text(error.message), redactor.text(error.hint)
    return problem(error.status, error.code, said, hint=hint, headers=headers)


def problem_of_framework(error: HTTPException, redactor: Redactor) -> Response:
    """An error of the framework as a problem."""
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    headers = dict(error.headers or {})
    return problem(error.status_code, code, redactor.text(str(error.detail)), headers=headers)


def install(app: FastAPI, redactor: Redactor) -> None:
    """Let the application answer every error with a problem; what it quotes is redacted."""

    @app.exception_handler(OrchestraError)
    async def ours(_request: Request, error: OrchestraError) -> Response:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.warning("request failed", error=str(error))
        return problem_of(error, redactor)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        errors = [
            FieldProblem(
                at=redactor.text(".".join(map(str, e["loc"]))), message=redactor.text(e["msg"])
            )
            for e in error.errors()
        ]
        first = f"`{errors[0].at}`: {errors[0].message}" if errors else "the request is not valid"
        hint = "GET /api/v1/openapi.json says what each field may be"
        return problem(422, "invalid", redactor.text(first), hint=hint, errors=errors[:20])

    @app.exception_handler(HTTPException)
    async def framework(_request: Request, error: HTTPException) -> Response:
        return problem_of_framework(error, redactor)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        incident = uuid4().hex[:12]
        _log.error("unexpected error", incident=incident, path=request.url.path, exc_info=error)
        detail = f"something went wrong that should not have; the log has it as incident {incident}"
        return problem(500, "internal", detail, hint="report it with that part of the log")
