"""What went wrong with Weaviate, as errors that say what to do."""

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module

from grpc import StatusCode
from grpc.aio import AioRpcError
from orchestra.shared.errors import OrchestraError, TooManyRequests, Unavailable
from orchestra.vectors.retry import Transient
from weaviate.exceptions import (
    AuthenticationFailedError,
    UnexpectedStatusCodeError,
    WeaviateBaseError,
    WeaviateConnectionError,
    WeaviateGRPCUnavailableError,
    WeaviateRetryError,
    WeaviateStartUpError,
    WeaviateTimeoutError,
)

# Weaviate's client lets some errors of its own HTTP client through; ours is another library.
_HttpError: type[Exception] = import_module("httpx").HTTPError
_AWAY = (
    WeaviateConnectionError,
    WeaviateGRPCUnavailableError,
    WeaviateRetryError,
    WeaviateStartUpError,
    WeaviateTimeoutError,
    _HttpError,
    TimeoutError,
    OSError,
)
_HTTP_OF = {
    StatusCode.UNAUTHENTICATED: 401,
    StatusCode.PERMISSION_DENIED: 403,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.INTERNAL: 500,
    StatusCode.UNAVAILABLE: 503,
    StatusCode.DEADLINE_EXCEEDED: 504,
    StatusCode.CANCELLED: 503,
}


@contextmanager
def told() -> Generator[None]:
    """A block whose failures are Orchestra's errors, or `Transient` when they may pass."""
    try:
        yield
    except (WeaviateBaseError, AioRpcError, *_AWAY) as error:
        raise _told(error) from error


def is_missing(error: WeaviateBaseError) -> bool:
    """Whether the collection or the tenant is not there, which for a reader means empty."""
    text = str(error).lower()
    return "tenant not found" in text or "could not find class" in text


def _told(error: Exception) -> OrchestraError | Transient:
    status = _status(error)
    if status in (401, 403) or isinstance(error, AuthenticationFailedError):
        return Unavailable(
            "Weaviate refuses the key", hint="set WEAVIATE_API_KEY to one that may read and write"
        )
    if status == 429:
        return Transient(TooManyRequests("Weaviate is asked too often", hint="try again later"))
    said = " ".join(str(error).split())[:300] or type(error).__name__
    away = Unavailable(f"Weaviate failed: `{said}`", hint="see its log, and `orchestra doctor`")
    return Transient(away) if status >= 500 or isinstance(error, _AWAY) else away


def _status(error: BaseException | None) -> int:
    """The HTTP status that an error stands for, looking through what wraps it; 0 if none."""
    while error is not None:
        if isinstance(error, UnexpectedStatusCodeError):
            return error.status_code
        if isinstance(error, AioRpcError):
            return _HTTP_OF.get(error.code(), 0)
        error = error.__cause__ or error.__context__
    return 0
