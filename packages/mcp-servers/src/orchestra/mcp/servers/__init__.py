"""Servers as they are declared: what each is allowed, and the one thing that it needs to be served."""

from orchestra.mcp.servers.outcome import Outcome
from orchestra.mcp.servers.portkey import Account, Kept, Models, PortkeyMCP, Question
from orchestra.mcp.servers.pulumi import PulumiMCP, Stacks
from orchestra.mcp.servers.roster import Backends, Wired, wire
from orchestra.mcp.servers.weaviate import Collections, Found, WeaviateMCP

__all__ = [
    "Account",
    "Backends",
    "Collections",
    "Found",
    "Kept",
    "Models",
    "Outcome",
    "PortkeyMCP",
    "PulumiMCP",
    "Question",
    "Stacks",
    "WeaviateMCP",
    "Wired",
    "wire",
]
