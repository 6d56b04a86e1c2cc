"""What all declarations of servers are: frozen, and strict about their fields."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Declaration(BaseModel):
    """A server before it has what it needs; `needs` says what that is."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    needs: ClassVar[str]
