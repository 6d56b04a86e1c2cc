"""Makes servers of declarations, of those that have what they need; the others are absent, not broken."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestra.mcp.part import Part
from orchestra.mcp.servers.portkey import Account, Models, PortkeyMCP
from orchestra.mcp.servers.pulumi import PulumiMCP, Stacks
from orchestra.mcp.servers.weaviate import Collections, WeaviateMCP

Declared = PulumiMCP | WeaviateMCP | PortkeyMCP


@dataclass(frozen=True, slots=True)
class Backends:
    """What servers are served with; None where there is none."""

    stacks: Stacks | None = None
    collections: Collections | None = None
    models: Models | None = None
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class Wired:
    """The parts that are served, and of each that is not what it lacks."""

    parts: list[Part]
    absent: dict[str, str]
    alone: list[Part] = field(default_factory=list)
    """Served at their own paths only: an agent that has a model need not hear of others."""


def wire(servers: Mapping[str, Declared], backends: Backends) -> Wired:
    """Give each declared server its backend."""
    wired = Wired([], {})
    for name, server in servers.items():
        part = _part(server, backends)
        if part is None:
            wired.absent[name] = f"needs {server.needs}"
        else:
            (wired.alone if isinstance(server, PortkeyMCP) else wired.parts).append(part)
    return wired


def _part(server: Declared, backends: Backends) -> Part | None:
    match server:
        case PulumiMCP():
            return None if backends.stacks is None else server.part(backends.stacks)
        case WeaviateMCP():
            return None if backends.collections is None else server.part(backends.collections)
        case PortkeyMCP():
            if backends.models is None:
                return None
            return server.part(backends.models, backends.account)
