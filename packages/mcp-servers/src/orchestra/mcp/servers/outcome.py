"""What came of an act: a line for the model, and facts for programs."""

from dataclasses import dataclass, field

from orchestra.shared.json import JsonObject


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of a backend."""

    line: str
    facts: JsonObject = field(default_factory=dict)
