"""The first key: made when the system first starts, and kept where only its owner can read it."""

import os
import secrets
from pathlib import Path

from orchestra.shared.errors import Unauthenticated
from orchestra.shared.identity import Identity
from orchestra.shared.redaction import Redactor

FILE = "admin.key"


async def ensure_admin_key(folder: Path, identity: Identity, redactor: Redactor) -> None:
    """Make `admin.key` (0600) in the state folder, unless the one there is good."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    try:
        text = path.read_text().strip()
        await identity.check_key(text)
    except (FileNotFoundError, Unauthenticated):
        made = await identity.create_key("admin", kind="human", scopes=["admin"], actor="orchestra")
        text = str(made.text)
        _write_private(path, f"{text}\n")
    redactor.learn(text)


def ensure_master_key(folder: Path) -> bytes:
    """The key that webhooks' secrets are derived from: `webhook.key` (0600), made when missing."""
    path = folder / "webhook.key"
    if not path.exists():
        _write_private(path, secrets.token_hex(32))
    return bytes.fromhex(path.read_text().strip())


def _write_private(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:  # noqa: PTH123 - a descriptor
        file.write(text)
    temporary.replace(path)
