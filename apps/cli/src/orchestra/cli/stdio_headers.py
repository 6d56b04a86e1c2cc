"""The HTTP headers that an MCP message travels with."""

import base64
import re
from typing import Any

_META_VERSION = "io.modelcontextprotocol/protocolVersion"
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_PLAIN = re.compile(r"(?=\S)[\x20-\x7e]*(?<=\S)", re.ASCII)
_BASE = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
}


def is_stateless(message: dict[str, Any]) -> bool:
    """Whether the message carries its protocol version with it, as from 2026-07-28 on."""
    return _version(message) is not None


def headers_of(message: dict[str, Any]) -> dict[str, str]:
    """The headers that the message alone demands; those of a session come on top."""
    version, method = _version(message), message.get("method")
    if version is None or not isinstance(method, str):
        return dict(_BASE)
    headers = {**_BASE, "MCP-Protocol-Version": version, "Mcp-Method": _encoded(method)}
    name = message["params"].get(_NAMED.get(method, ""))
    if isinstance(name, str):
        headers["Mcp-Name"] = _encoded(name)
    return headers


def _version(message: dict[str, Any]) -> str | None:
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    version = meta.get(_META_VERSION) if isinstance(meta, dict) else None
    return _encoded(version) if isinstance(version, str) else None


def _encoded(value: str) -> str:
    """The value as it may stand in a header; the protocol says how the others are wrapped."""
    if _PLAIN.fullmatch(value) and not value.startswith("=?base64?"):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="
