"""What a person can set, read from the environment once; the only file that reads it."""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from orchestra.shared.errors import Invalid
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_PASSED_TO_CHILDREN = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER", "LOGNAME")


class Settings(BaseSettings):
    """Everything that can be set. Names in the environment carry the prefix `ORCHESTRA_`.

    `DATABASE_URL` and `REDIS_URL` are also read without the prefix, as most hosts provide them.
    """

    model_config = SettingsConfigDict(
        env_prefix="ORCHESTRA_", frozen=True, extra="ignore", populate_by_name=True
    )

    repo: Path = Field(default_factory=Path.cwd)
    """The git repository that is served; any folder inside it will do."""
    state_dir: Path | None = None
    """Where this system keeps its data, keys and sockets; see `state_folder`."""
    host: str = "127.0.0.1"
    port: int = Field(default=8700, ge=0, le=65535)
    """0 lets the operating system choose."""
    public_url: str | None = Field(default=None, pattern=r"^https?://[^/?#@\s]+$")
    """The address that clients use when it is not `host`: `https://orchestra.example`."""
    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("ORCHESTRA_DATABASE_URL", "DATABASE_URL")
    )
    """An external PostgreSQL ≥ 15 with pgvector; without it, one is run in the state folder."""
    redis_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("ORCHESTRA_REDIS_URL", "REDIS_URL")
    )
    """Fan-out between API processes through Redis instead of PostgreSQL's NOTIFY."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    frontend_dir: Path | None = None
    """The built dashboard; without it, the one that ships with the API."""
    watch: Literal["auto", "inotify", "watchfiles", "poll"] = "auto"
    """How changes of files are noticed; `auto` takes the best that the machine has."""
    requests_per_second: float = Field(default=200.0, gt=0)
    """How often one key may call, sustained; twice as many at once."""
    private_webhooks: bool = False
    """Webhooks may go to loopback and private addresses, and without TLS."""
    url: str | None = None
    """For the command line: a running system elsewhere, instead of the one of the state folder."""
    key: SecretStr | None = None
    """For the command line: the key for it, instead of the state folder's `admin.key`."""
    default_branch: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$")
    """The branch or ref whose agent specs count; without it, what git says of the remote."""
    hook_pack_tokens: int = Field(default=1_500, ge=0, le=8_000)
    """Of the context that an agent gets at its first prompt; 0 for none, else at least 500."""
    live_files: bool = True
    """Keep `.ai-context/live/` in the served repository up to date."""
    vector_store: Literal["pgvector", "weaviate", "pinecone"] = Field(
        default="pgvector", validation_alias=AliasChoices("ORCHESTRA_VECTOR_STORE", "VECTOR_STORE")
    )
    """Where vectors are kept: in the database, or in a service of its own."""
    weaviate_url: str | None = Field(
        default=None, validation_alias=AliasChoices("ORCHESTRA_WEAVIATE_URL", "WEAVIATE_URL")
    )
    weaviate_grpc: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$")
    """`host:port` of its gRPC door; without it, port 50051 of the host in `weaviate_url`."""
    weaviate_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("ORCHESTRA_WEAVIATE_API_KEY", "WEAVIATE_API_KEY"),
    )
    weaviate_bin: Path | None = None
    """A Weaviate server to run in the state folder, where there is no `weaviate_url`."""
    pinecone_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("ORCHESTRA_PINECONE_API_KEY", "PINECONE_API_KEY"),
    )
    pinecone_url: str = "https://api.pinecone.io"
    pinecone_region: str = Field(default="aws/us-east-1", pattern=r"^(aws|gcp|azure)/[a-z0-9-]+$")
    """Where an index is made when there is none."""
    embedder: Literal["hashing", "onnx", "http"] = "hashing"
    """What makes vectors of texts: no model, one on this disk, or one behind `embedder_url`."""
    embedder_model: str | None = None
    """The folder of the model, or its name at `embedder_url`."""
    embedder_url: str | None = Field(default=None, pattern=r"^https?://[^?#@\s]+$")
    embedder_key: SecretStr | None = None
    rerank_url: str | None = Field(default=None, pattern=r"^https?://[^?#@\s]+$")
    """A service with OpenAI's `/v1/chat/completions` that puts the best places of a pack in order."""
    rerank_model: str | None = None
    """The name of the model there; both are needed."""
    rerank_key: SecretStr | None = None
    gpu_exporters: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    """Where Prometheus text about GPUs is: `instance-id=http://10.0.0.5:9400/metrics,…`."""
    gateway_config: Path | None = None
    """Providers and routes of models; without it, `gateway.toml` in the state folder, if it is there."""
    lambda_url: str = "https://cloud.lambda.ai"
    vercel_url: str = "https://api.vercel.com"
    github_url: str = "https://api.github.com"

    @field_validator("gpu_exporters", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return dict(pair.strip().partition("=")[::2] for pair in value.split(",") if pair.strip())

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which the API may be addressed, loopback aside."""
        public = urlsplit(self.public_url).hostname if self.public_url else None
        return (self.host, public) if public else (self.host,)

    @field_validator("repo")
    @classmethod
    def _root(cls, value: Path) -> Path:
        folder = value.expanduser().absolute()
        return next((f for f in (folder, *folder.parents) if (f / ".git").exists()), folder)

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Read the environment; what is given here and is not None wins.

        Raises:
            Invalid: a value does not fit; the message names the variable.
        """
        try:
            return cls(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]  # pydantic checks each value
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "?"
            name = name if name.isupper() else f"ORCHESTRA_{name.upper()}"
            raise Invalid(
                f"`{name}` cannot be `{first['input']}`: {first['msg']}",
                hint=f"set {name} to another value, or unset it for the default",
            ) from None

    @property
    def workspace(self) -> str:
        """A name for the served repository that is unique on this machine and safe in paths."""
        path = self.repo.resolve()
        slug = re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-")[:40] or "repository"
        return f"{slug}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"

    @property
    def state_folder(self) -> Path:
        """`state_dir`, or this repository's own folder under the user's state directory."""
        if self.state_dir is not None:
            return self.state_dir.expanduser().absolute()
        if os.geteuid() == 0 and "XDG_STATE_HOME" not in os.environ:  # noqa: TID251 - the one place
            return Path("/var/lib/orchestra") / self.workspace  # PostgreSQL refuses to run as root
        base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"  # noqa: TID251 - the one place
        return Path(base).expanduser() / "orchestra" / self.workspace


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a child process: what it needs to run, none of our secrets."""
    kept = {k: os.environ[k] for k in _PASSED_TO_CHILDREN if k in os.environ}  # noqa: TID251 - the one place
    return kept | dict(extra or {})


def inherited_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's whole environment and some more: for another process of this system."""
    return dict(os.environ) | dict(extra)  # noqa: TID251 - the one place


def environment_value(name: str) -> str | None:
    """The value that a `secret://env/NAME` reference points at."""
    return os.environ.get(name)  # noqa: TID251 - the one place
