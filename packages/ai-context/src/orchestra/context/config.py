"""What a served repository may say about its own context: `.ai-context/config.toml`."""

import os
import stat
from pathlib import Path
from typing import Annotated, Self

from orchestra.shared.errors import Invalid
from orchestra.shared.secrets import SecretRef
from orchestra.shared.settings_file import decoded, parse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

FILE = ".ai-context/config.toml"
_LARGEST = 256 * 1024

Seconds = Annotated[float, Field(ge=5, le=86_400)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]


def _secret(*words: str) -> AfterValidator:
    """A reference whose name contains one of `words`.

    The file is the repository's, so it may be hostile: a reference to another service's key
    would send that key to this service.
    """

    def check(ref: str) -> str:
        try:
            name = SecretRef.parse(ref).name.lower()
        except Invalid as error:
            raise ValueError(f"{error.message}; {error.hint}") from None
        if not any(word in name for word in words):
            raise ValueError(f"the secret's name must contain `{'` or `'.join(words)}`")
        return ref

    return AfterValidator(check)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LambdaSource(_Section):
    """`[sources.lambda]`: GPU instances of Lambda Cloud."""

    token: Annotated[str, _secret("lambda")] = "secret://env/LAMBDA_API_KEY"  # noqa: S105 - a reference
    interval: Seconds = 60
    """Seconds between two looks while nothing is in progress."""


class VercelSource(_Section):
    """`[sources.vercel]`: deployments."""

    token: Annotated[str, _secret("vercel")] = "secret://env/VERCEL_TOKEN"  # noqa: S105 - a reference
    project: Name | None = None
    """The project's id or name; without it, the deployments of all projects."""
    team: Name | None = None
    """The team's id."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    interval: Seconds = 60


class GitHubSource(_Section):
    """`[sources.github]`: runs of GitHub Actions."""

    token: Annotated[str, _secret("github", "gh_")] = "secret://env/GITHUB_TOKEN"  # noqa: S105 - a reference
    repository: (
        Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/\.?[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]
        | None
    ) = None
    """`owner/name`; without it, what the git remote `origin` says."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    interval: Seconds = 60


class MigrationsSource(_Section):
    """`[sources.migrations]`: Alembic revisions of the repository, and its own database."""

    database: Annotated[str, _secret("database", "postgres", "pg", "db_", "_db", "dsn")] | None = (
        None
    )
    """A reference to the PostgreSQL address whose `alembic_version` is read."""
    version_table: Annotated[
        str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$")
    ] = "alembic_version"
    interval: Annotated[float, Field(ge=1, le=86_400)] = 3


class WeaviateSource(_Section):
    """`[sources.weaviate]`: the key for the Weaviate whose address the operator has set."""

    token: Annotated[str, _secret("weaviate")] | None = None
    interval: Seconds = 30


class Sources(_Section):
    """`[sources]`."""

    lambda_: LambdaSource = Field(default=LambdaSource(), alias="lambda")
    vercel: VercelSource = VercelSource()
    github: GitHubSource = GitHubSource()
    migrations: MigrationsSource = MigrationsSource()
    weaviate: WeaviateSource = WeaviateSource()


class ContextConfig(_Section):
    """The whole file. It names secrets and never holds one; it cannot say where keys are sent."""

    sources: Sources = Sources()

    @classmethod
    def load(cls, repository: Path) -> Self:
        """Read `.ai-context/config.toml` of `repository`; defaults when there is none.

        Raises:
            Invalid: with the file, the line where it is known, and the key.
        """
        path = repository / FILE
        text = _read(path)
        return cls() if text is None else parse(path, text, cls)


def _read(path: Path) -> str | None:
    """The file's text; never through a link, never from anything but a plain file."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            descriptor = os.open(path.name, flags, dir_fd=folder)
        finally:
            os.close(folder)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Invalid(f"`{path}` is not a plain file", hint="make it one, or remove it")
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Invalid(
            f"`{path}` cannot be read: {error.strerror}", hint="make it a plain, readable file"
        ) from None
    return decoded(path, content, _LARGEST)
