"""What `connect` wrote: kept in the repository, so that it can be taken out again and no more."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import orjson
from orchestra.coordination.connect.json_text import Keys
from orchestra.shared.errors import Invalid
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

RECORD = ".ai-context/connect/written.json"

Brand = Literal["claude", "codex", "cursor", "factory", "manus"]
FailMode = Literal["open", "closed"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ListItems(_Model):
    """Items that were added to a list which others may add to, too."""

    keys: Keys
    items: tuple[JsonValue, ...]


class Written(_Model):
    """Of one file: what is ours in it. Nothing but `created` where the file is ours or has a block."""

    created: bool = False
    """There was no such file before."""
    members: tuple[Keys, ...] = ()
    items: tuple[ListItems, ...] = ()
    defaults: tuple[Keys, ...] = ()
    containers: tuple[Keys, ...] = ()
    """Objects and lists that were made to hold what is ours; removed when they are empty."""


Merged: TypeAlias = "tuple[str | None, Written | None]"
"""The text of a file, or None for no file; and what of it is ours, or None for nothing."""


class Record(_Model):
    """Who is connected, how, and what was written for it."""

    version: Literal[1] = 1
    agents: tuple[Brand, ...] = ()
    url: str | None = None
    """The address that was given; None stands for the default."""
    fail_mode: FailMode | None = None
    """The mode that was given; None stands for the default."""
    files: Mapping[str, Written] = Field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> "Record":
        """The record as it is in the repository; an empty one when there is none.

        Raises:
            Invalid: it was damaged.
        """
        if text is None:
            return cls()
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Invalid(
                f"`{RECORD}` cannot be read: `{where}` {first['msg']}",
                hint="take the file back from git, or remove it: what was added to lists in other"
                " files then stays there as if it were yours",
            ) from None

    def render(self) -> str:
        """As text: one form for one record."""
        files = dict(sorted(self.files.items()))
        document = self.model_copy(update={"files": files}).model_dump(
            mode="json", exclude_defaults=True
        )
        return orjson.dumps({"version": 1, **document}, option=orjson.OPT_INDENT_2).decode() + "\n"
