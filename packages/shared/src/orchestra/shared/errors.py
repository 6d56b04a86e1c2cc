"""The errors that a user may see; each knows its HTTP status and how to mend what went wrong.

OrchestraError
├── Invalid            422  the request is well formed and still cannot be served
├── Unauthenticated    401  no key, or one that is unknown, expired or revoked
├── PaymentRequired    402  a budget is spent
├── Forbidden          403  the key lacks a scope, or the origin is not allowed
├── NotFound           404
├── Conflict           409  the world has changed since the caller looked
├── TooLarge           413
├── TooManyRequests    429
└── Unavailable        503  something that we depend on does not answer
"""

from typing import ClassVar


class OrchestraError(Exception):
    """Something went wrong that the user can be told about.

    `message` says what happened, with the value in backticks; `hint` says what to do about it.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class Invalid(OrchestraError):
    """The request is well formed and still cannot be served."""

    status = 422
    code = "invalid"


class Unauthenticated(OrchestraError):
    """No credentials, or ones that are unknown, expired or revoked."""

    status = 401
    code = "unauthenticated"


class PaymentRequired(OrchestraError):
    """A budget is spent."""

    status = 402
    code = "payment-required"


class Forbidden(OrchestraError):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"


class NotFound(OrchestraError):
    """There is no such thing, or none that the caller may see."""

    status = 404
    code = "not-found"


class Conflict(OrchestraError):
    """The world has changed since the caller looked."""

    status = 409
    code = "conflict"


class TooLarge(OrchestraError):
    """The request is larger than what is served."""

    status = 413
    code = "too-large"


class TooManyRequests(OrchestraError):
    """The caller has used up its rate."""

    status = 429
    code = "too-many-requests"

    def __init__(self, message: str, *, hint: str = "", retry_after: int = 1) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Unavailable(OrchestraError):
    """Something that we depend on does not answer."""

    status = 503
    code = "unavailable"
