"""`connect`: every agent of a repository, wired to Orchestra by its own configuration."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from orchestra.coordination.connect.dialects import (
    NOTES,
    PARTS,
    Notes,
    key_variable,
    shared_parts,
    to_paste,
)
from orchestra.coordination.connect.parts import Part
from orchestra.coordination.connect.plan import Desired, plan
from orchestra.coordination.connect.record import RECORD, Brand, FailMode, Record
from orchestra.coordination.connect.source import DEFAULT_URL, Source, read_agents, read_rules
from orchestra.coordination.connect.tree import Edit, Tree
from orchestra.shared.errors import NotFound

ENTRY = files("orchestra.coordination").joinpath("hooks", "orchestra-hook.sh")
"""The text of the entry that hooks call, shipped with them."""

BRANDS: tuple[Brand, ...] = tuple(PARTS)


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. None stands for what was recorded before, or else the default."""

    agents: tuple[Brand, ...] = ()
    remove: bool = False
    url: str | None = None
    fail_mode: FailMode | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """What has to be edited, and what holds then."""

    agents: tuple[Brand, ...]
    """All that are connected when the edits are made."""
    edits: tuple[Edit, ...]
    source: Source

    def notes(self, brand: Brand) -> Notes:
        """What holds in one agent, and what is left to do for it."""
        return NOTES[brand](self.source)

    def variable(self, brand: Brand) -> str:
        """The variable of the environment that the agent's key is read from."""
        return key_variable(brand)

    def to_paste(self) -> dict[str, str]:
        """Path → text of what an agent that reads no files has to be given by a person."""
        return to_paste(self.source) if "manus" in self.agents else {}

    def diff(self) -> str:
        """The edits as a unified diff."""
        return "".join(_diff(edit) for edit in self.edits)


def connect(tree: Tree, order: Order) -> Connection:
    """What connecting, or with `remove` disconnecting, would change; nothing is written yet.

    Raises:
        OrchestraError: a file of the repository stands in the way; with its line, where it has one.
    """
    record = Record.parse(tree.read(RECORD))
    agents = _agents(record, order)
    url = record.url if order.url is None else order.url
    given = record.fail_mode if order.fail_mode is None else order.fail_mode
    source = Source(
        agents=read_agents(tree),
        rules=read_rules(tree),
        hook=ENTRY.read_text(),
        url=url or DEFAULT_URL,
        fail_mode=given,
    )
    wanted = _parts(source, agents)
    others = [brand for brand in record.agents if brand not in agents]
    unwanted = [part for brand in others for part in PARTS[brand](source)]
    unwanted += shared_parts(source) if record.agents and not agents else []
    after = Record(agents=agents, url=None if url == DEFAULT_URL else url, fail_mode=given)
    edits = plan(tree, Desired(tuple(wanted), tuple(unwanted)), record, after)
    return Connection(agents=agents, edits=tuple(edits), source=source)


def _agents(record: Record, order: Order) -> tuple[Brand, ...]:
    if not order.remove:
        asked = {*record.agents, *order.agents} or set(BRANDS)
        return tuple(brand for brand in BRANDS if brand in asked)
    absent = [brand for brand in order.agents if brand not in record.agents]
    if absent:
        raise NotFound(
            f"`{absent[0]}` is not connected here",
            hint=f"connected are: {', '.join(record.agents) or 'none'}",
        )
    gone = order.agents or record.agents
    return tuple(brand for brand in record.agents if brand not in gone)


def _parts(source: Source, agents: Sequence[Brand]) -> list[Part]:
    own = [part for brand in agents for part in PARTS[brand](source)]
    return [*own, *shared_parts(source)] if agents else []


def _diff(edit: Edit) -> str:
    lines = difflib.unified_diff(
        (edit.before or "").splitlines(keepends=True),
        (edit.after or "").splitlines(keepends=True),
        "/dev/null" if edit.before is None else f"a/{edit.path}",
        "/dev/null" if edit.after is None else f"b/{edit.path}",
    )
    shown = [
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    ]
    return "".join(shown) or f"mode of {edit.path}: to be executable\n"
