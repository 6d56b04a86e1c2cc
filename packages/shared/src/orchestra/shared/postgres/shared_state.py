"""What root keeps where an unprivileged account can reach it."""

from pathlib import Path

SHARED_STATE = Path("/var/lib/orchestra")


def make_shared_state() -> None:
    """Make the folder, and let others pass through it: it is ours, and what it holds is closed."""
    SHARED_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    mode = SHARED_STATE.stat().st_mode
    if mode & 0o011 != 0o011:  # a strict umask, or a state folder made within it
        SHARED_STATE.chmod(mode | 0o011)
