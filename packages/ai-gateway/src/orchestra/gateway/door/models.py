"""What can be asked for, in a form that the clients of both dialects read."""

from collections.abc import Sequence
from typing import Any

import msgspec

_SINCE = "2026-01-01T00:00:00Z"  # names of routes have no date; clients want one
_SINCE_SECONDS = 1_767_225_600


def models_body(names: Sequence[str], wanted: str) -> bytes | None:
    """All models, or the one that is wanted; None when it is not there."""
    if wanted:
        return msgspec.json.encode(_model(wanted)) if wanted in names else None
    listed = {
        "object": "list",
        "data": [_model(name) for name in names],
        "has_more": False,
        "first_id": names[0] if names else None,
        "last_id": names[-1] if names else None,
    }
    return msgspec.json.encode(listed)


def _model(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "type": "model",
        "created": _SINCE_SECONDS,
        "created_at": _SINCE,
        "display_name": name,
        "owned_by": "orchestra",
    }
