"""Which file system a folder is on, and whether changes made elsewhere go unreported there."""

from pathlib import Path

_TABLE = Path("/proc/self/mountinfo")
_REMOTE = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "fuse", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4"}
    | {"prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"}
)


def caveat_of(folder: Path, table: Path = _TABLE) -> str | None:
    """Why events alone are not enough for this folder, in a sentence; None on a local disk."""
    kind = _kind(folder.resolve(), table)
    if kind.partition(".")[0] not in _REMOTE:
        return None
    return (
        f"`{kind}` does not report changes that are made elsewhere, so all is read from time to"
        " time; hint: serve a repository on a local disk"
    )


def _kind(folder: Path, table: Path) -> str:
    """The type of the file system that holds the folder; empty where that is not known."""
    try:
        lines = table.read_bytes().splitlines()
    except OSError:
        return ""
    longest, kind = -1, ""
    for line in lines:
        before, _, after = line.partition(b" - ")
        mount = Path(before.split()[4].decode("unicode_escape"))
        if folder.is_relative_to(mount) and len(mount.parts) >= longest:
            longest, kind = len(mount.parts), after.split()[0].decode()
    return kind
