"""Which collectors there are for a repository, and how each of them is set up."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from orchestra.context.collectors.approvals import Board, PendingApprovals
from orchestra.context.collectors.codebase import CodebaseCollector
from orchestra.context.collectors.credentials import Credentials
from orchestra.context.collectors.database import DatabaseStatus
from orchestra.context.collectors.github_actions import GitHubActions
from orchestra.context.collectors.lambda_cloud import LambdaCloud
from orchestra.context.collectors.migrations import PendingMigrations
from orchestra.context.collectors.polling import Polling
from orchestra.context.collectors.vector_store import VectorStore
from orchestra.context.collectors.vercel import Vercel
from orchestra.context.config import ContextConfig
from orchestra.context.facts import Collector
from orchestra.context.git.remotes import read_remotes
from orchestra.context.git.repository import Repository
from orchestra.shared.db import Database
from orchestra.shared.errors import OrchestraError
from orchestra.shared.secrets import Secrets
from orchestra.shared.settings import Settings

_DATABASE_EVERY, _VECTORS_EVERY = 15.0, 30.0  # seconds

Pending = Callable[[], Awaitable[list[str]]]


def collectors_for(
    settings: Settings, secrets: Secrets, database: Database, pending: Pending, board: Board
) -> list[Collector]:
    """A collector for each topic; one that lacks its configuration says so when it runs.

    Raises:
        Invalid: the repository's `.ai-context/config.toml` cannot be read.
    """
    sources = ContextConfig.load(settings.repo).sources
    credentials = Credentials(secrets)

    async def fetch(query: str) -> Sequence[Mapping[str, object]]:
        connection = await database.connect()
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return [
        CodebaseCollector(settings.repo, watch=settings.watch),
        Polling(
            LambdaCloud(
                sources.lambda_,
                credentials,
                settings.lambda_url,
                exporters=settings.gpu_exporters,
            ),
            interval=sources.lambda_.interval,
        ),
        Polling(
            PendingMigrations(sources.migrations, credentials, settings.repo),
            interval=sources.migrations.interval,
        ),
        Polling(
            VectorStore(
                fetch,
                config=sources.weaviate,
                credentials=credentials,
                weaviate_url=settings.weaviate_url,
            ),
            interval=_VECTORS_EVERY,
        ),
        Polling(
            Vercel(sources.vercel, credentials, settings.vercel_url),
            interval=sources.vercel.interval,
        ),
        Polling(
            GitHubActions(
                sources.github, credentials, settings.github_url, remote=_origin(settings)
            ),
            interval=sources.github.interval,
        ),
        Polling(DatabaseStatus(database, pending), interval=_DATABASE_EVERY),
        PendingApprovals(board),
    ]


def _origin(settings: Settings) -> str | None:
    """The remote `origin`; a repository that cannot be read is the codebase collector's to report."""
    try:
        git = Repository.find(settings.repo).git
    except OrchestraError:
        return None
    try:
        return read_remotes(git).get("origin")
    except OrchestraError:
        return None
    finally:
        git.close()
