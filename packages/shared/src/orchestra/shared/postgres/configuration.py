"""How the embedded server is set, written anew before each start."""

import os
from collections.abc import Mapping
from pathlib import Path

from orchestra.shared.postgres.layout import PORT, Layout

_ROOMY = 1 << 30  # bytes of /dev/shm below which parallel queries would run out of it

_HEAD = "# Written before each start. Settings of your own belong in custom.conf, beside this file."

_SETTINGS: Mapping[str, str] = {
    # One door: a socket that only the server's account and root can open.
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    # Nothing acknowledged is lost.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_wal_size": "1GB",
    "wal_level": "minimal",  # nobody replicates from here
    "max_wal_senders": "0",
    # Safe in small containers.
    "shared_buffers": "256MB",
    "huge_pages": "off",
    # A client that forgets itself must not hold up the others.
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "30s",
    "tcp_keepalives_idle": "0",
    # The log stays short and holds no values of rows or statements.
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "lc_messages": "C",  # the supervisor reads some of them
    "jit": "off",
}


def configuration(layout: Layout, overrides: Mapping[str, str]) -> str:
    """The text of `postgresql.conf`."""
    settings = {
        **_SETTINGS,
        "dynamic_shared_memory_type": _dynamic_shared_memory(),
        "unix_socket_directories": str(layout.socket_dir),
        "hba_file": str(layout.home / "pg_hba.conf"),
        **overrides,
    }
    lines = [f"{name} = '{_quoted(value)}'" for name, value in settings.items()]
    if (layout.home / "custom.conf").exists():
        lines.append("include 'custom.conf'")
    return "\n".join([_HEAD, *lines, ""])


def access_rules() -> str:
    """The text of `pg_hba.conf`: a password for everybody, and no other way in."""
    return "local all all scram-sha-256\n"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _dynamic_shared_memory() -> str:
    """Files beside the data where /dev/shm is small (64 MB in many containers) or absent."""
    try:
        about = os.statvfs(Path("/dev/shm"))  # noqa: S108 - only asked for its size
    except OSError:
        return "mmap"
    return "posix" if about.f_frsize * about.f_blocks >= _ROOMY else "mmap"
