"""How the processes of one system hear of new events."""

from orchestra.shared.db import Database
from orchestra.shared.events import Bus, PostgresBus
from orchestra.shared.settings import Settings


def open_bus(settings: Settings, database: Database) -> Bus:
    """Through Redis where there is one, else through PostgreSQL."""
    if settings.redis_url is None:
        return PostgresBus(database)
    from orchestra.shared.events.redis_bus import RedisBus  # a client that most have no use for

    return RedisBus(settings.redis_url.get_secret_value())
