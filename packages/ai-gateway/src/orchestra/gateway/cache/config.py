"""The section `[cache]` of `gateway.toml`."""

from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Names = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(strict=False)
]
Share = Annotated[float, Field(gt=0, lt=1, strict=False)]


class CacheSection(BaseModel):
    """What is kept of answers, for whom, and when a near one may serve."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    exact: bool = True
    """Give the same answer to the same request."""
    near: bool = False
    """Answer a call that asks for it (`x-orchestra-cache: semantic`) by a near one."""
    semantic: Names = ()
    """Models, as clients write them and with `*`, for which nobody needs to ask."""
    any_temperature: Names = ()
    """Models whose answers are kept however high the temperature is."""
    groups: dict[str, Names] = {}
    """Principals, by name, that share their answers; everybody else shares with nobody."""
    by_commit: bool = True
    """An answer serves only at the commit that it was given at, where that is known."""
    ttl: Annotated[float, Field(ge=1, le=365 * 86_400, strict=False)] = 86_400.0
    """Seconds that an answer is kept."""
    memory: Annotated[int, Field(ge=0, le=64 << 30)] = 16 << 20
    """Bytes of answers in each process; the database holds the others."""
    largest: Annotated[int, Field(ge=1024, le=16 << 20)] = 1 << 20
    """Bytes of an answer, and of a request, beyond which nothing is kept."""
    false_hits: Share = 0.01
    """Of the answers by likeness, the share that may be wrong."""
    confidence: Share = 0.95
    """How sure that bound is."""
    checks: Share = 0.05
    """Of the calls that would be answered by likeness, the share that asks the model all the same."""

    @property
    def by_likeness(self) -> bool:
        """Whether near answers are wanted at all; that takes an embedder."""
        return self.near or bool(self.semantic)

    def likeness_allowed(self, model: str) -> bool:
        """Whether this model is one of those that take near answers without being asked to."""
        return any(fnmatchcase(model, pattern) for pattern in self.semantic)

    def temperature_ignored(self, model: str) -> bool:
        """Whether answers of this model are kept at any temperature."""
        return any(fnmatchcase(model, pattern) for pattern in self.any_temperature)

    def tenant(self, principal: str, name: str) -> str:
        """Whose answers these are: a group's, or the principal's own."""
        for group, members in self.groups.items():
            if name in members:
                return f"group {group}"
        return f"principal {principal}"
