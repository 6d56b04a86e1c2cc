"""The passwords of the embedded server's two roles, and the addresses made of them."""

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Self
from urllib.parse import quote

from orchestra.shared.errors import Conflict
from orchestra.shared.postgres.layout import PORT, Layout

APPLICATION = "orchestra"
"""The role, and the database that it owns."""
MAINTENANCE = "postgres"
"""The superuser, used to set up, restore and repair; the application never sees it."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """One random password per role."""

    application: str
    maintenance: str

    @classmethod
    def new(cls) -> Self:
        """Two fresh passwords, made of characters that need no quoting anywhere."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24))

    @classmethod
    def load(cls, layout: Layout) -> Self | None:
        """What the credentials file says; None when there is none.

        Raises:
            Conflict: the file is there and makes no sense, or is not ours to read.
        """
        try:
            found = json.loads(layout.credentials_file.read_bytes())
            return cls(str(found["application"]), str(found["maintenance"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, PermissionError) as error:
            raise Conflict(
                f"`{layout.credentials_file}` cannot be read ({type(error).__name__})",
                hint="run as its owner; or remove it, and new passwords are set at the next start",
            ) from None

    def save(self, layout: Layout) -> None:
        """Write the file, for our eyes only."""
        layout.write(layout.credentials_file, json.dumps(asdict(self)))

    def application_dsn(self, layout: Layout, database: str = APPLICATION) -> str:
        """The address for the application's role."""
        return _dsn(layout, APPLICATION, self.application, database)

    def maintenance_dsn(self, layout: Layout, database: str = "postgres") -> str:
        """The address for the superuser."""
        return _dsn(layout, MAINTENANCE, self.maintenance, database)


def _dsn(layout: Layout, role: str, password: str, database: str) -> str:
    # The port is named, since a PGPORT in the environment would else decide on it.
    return (
        f"postgresql://{role}:{password}@/{quote(database, safe='')}"
        f"?host={quote(str(layout.socket_dir))}&port={PORT}"
    )
