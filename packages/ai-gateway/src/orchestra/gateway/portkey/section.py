"""`[portkey]` of the gateway's configuration: which Portkey the layer `portkey` is."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

CLOUD = "https://api.portkey.ai/v1"


class PortkeySection(BaseModel):
    """Without `url` and `key`, the open-source gateway runs as a child of ours."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    url: Annotated[str | None, Field(pattern=r"^https?://[^?#@\s]+$")] = None
    """A Portkey elsewhere, with its `/v1`; with a key alone, Portkey's cloud."""
    key: Annotated[str | None, Field(pattern=r"^secret://(env|file)/.+$")] = None
    """A reference to the key of the account there."""
    config: Annotated[str | None, Field(pattern=r"^pc-[A-Za-z0-9-]{1,80}$")] = None
    """A configuration that is kept there, instead of the one that is built for each call."""
    private: bool = False
    """The Portkey elsewhere may be on loopback or in a private network, and without TLS."""
    folder: Annotated[Path | None, Field(strict=False)] = None
    """The folder of `@portkey-ai/gateway`; without it, the one that `make up` installed."""
    node: str = "node"
    """Node 20 or newer."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.config is not None and self.key is None:
            raise ValueError("`config` is kept in an account: `key` is needed too")
        if self.url is not None and not self.private and not self.url.startswith("https:"):
            raise ValueError("`url` is not https; `private = true` allows others")
        if self.folder is not None and self.address is not None:
            raise ValueError("`folder` is for a gateway of ours, `url` and `key` for one elsewhere")
        return self

    @property
    def address(self) -> str | None:
        """Where the Portkey elsewhere is; None for a child of ours."""
        return self.url or (CLOUD if self.key is not None else None)
