"""Who acts, and what they may do: principals, API keys, scopes and browser sessions."""

from orchestra.shared.identity.identity import STREAM, Identity
from orchestra.shared.identity.keys import KeyText
from orchestra.shared.identity.principal import SCOPES, Caller, Kind, NewKey, Scope

__all__ = ["SCOPES", "STREAM", "Caller", "Identity", "KeyText", "Kind", "NewKey", "Scope"]
