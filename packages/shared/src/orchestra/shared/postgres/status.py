"""What can be said about the embedded server at a moment."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PostgresStatus:
    """A look at the server: `running` means that it answered a query just now."""

    running: bool
    pid: int | None
    """The live server process, even when it does not answer yet."""
    version: str
    """Of the program that serves, or would serve, this folder: `18.4`."""
    data_dir: Path
    socket_dir: Path
    log_file: Path
    started_by_us: bool
    """Whether this very process started the server; otherwise it was adopted."""
    detail: str = ""
    """Why it is not running, in a sentence; empty when it is."""
