"""What held, by agent and check, for people and for programs."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

_WORDS = {"passed": "as documented", "failed": "NOT as documented", "skipped": "not run"}


@dataclass(frozen=True)
class Held:
    """One check of one agent."""

    agent: str
    check: str
    outcome: str
    facts: dict[str, str]
    reason: str = ""


@dataclass
class Report:
    """All of a run."""

    versions: dict[str, str] = field(default_factory=dict)
    checks: list[Held] = field(default_factory=list)

    def add(self, held: Held) -> None:
        self.checks.append(held)

    def write(self, folder: Path) -> None:
        """`report.json` and `report.md`."""
        folder.mkdir(parents=True, exist_ok=True)
        document = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **asdict(self)}
        (folder / "report.json").write_text(json.dumps(document, indent=2) + "\n")
        (folder / "report.md").write_text(self.markdown())

    def markdown(self) -> str:
        """A row for each check, a column for each agent."""
        agents = list(dict.fromkeys(held.agent for held in self.checks))
        cells = {(held.check, held.agent): _cell(held) for held in self.checks}
        heads = [self.versions.get(agent, agent) for agent in agents]
        rows = [
            [check, *(cells.get((check, agent), "") for agent in agents)]
            for check in dict.fromkeys(held.check for held in self.checks)
        ]
        lines = [["", *heads], ["---"] * (len(heads) + 1), *rows]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(held: Held) -> str:
    facts = "; ".join(f"{key} {value}" for key, value in held.facts.items())
    return ": ".join(filter(None, [_WORDS.get(held.outcome, held.outcome), facts or held.reason]))
