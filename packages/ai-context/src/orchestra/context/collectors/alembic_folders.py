"""Finds the Alembic script directories of a repository."""

import configparser
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

_DEEPEST = 8  # folders below the root
_MOST = 20_000  # folders looked at
_LARGEST = 256 * 1024  # bytes of a configuration file
_SKIPPED = frozenset(
    ("node_modules", "__pycache__", "site-packages", "venv", "build", "dist", "target", "vendor")
)


@dataclass(frozen=True, slots=True)
class ScriptFolder:
    """A script directory (where `env.py` is) and the folders that hold its revisions."""

    path: Path
    versions: tuple[Path, ...]


def find_script_folders(root: Path) -> list[ScriptFolder]:
    """Every script directory that is configured, or looks like one, inside `root`."""
    found: dict[Path, ScriptFolder] = {}
    for folder, names in _walk(root):
        for configured in _configured(root, folder, names):
            found[configured.path] = configured
        versions = _inside(root, folder, "versions") if "env.py" in names else None
        if folder not in found and versions is not None and versions.is_dir():
            if b"alembic" not in _head(folder / "env.py"):
                continue
            found[folder] = ScriptFolder(folder, (versions,))
    return sorted(found.values(), key=lambda f: f.path)


def _walk(root: Path) -> Iterator[tuple[Path, set[str]]]:
    """Folders from the top down, each with the names of its files; links are not followed."""
    for at, folders, files in islice(os.walk(root), _MOST):
        folder = Path(at)
        yield folder, set(files)
        deep = len(folder.relative_to(root).parts) >= _DEEPEST
        folders[:] = (
            [] if deep else sorted(f for f in folders if f not in _SKIPPED and f[:1] != ".")
        )


def _configured(root: Path, folder: Path, names: set[str]) -> Iterator[ScriptFolder]:
    settings: dict[str, str] = {}
    if "alembic.ini" in names:
        settings = _ini(folder / "alembic.ini")
    if "pyproject.toml" in names and "script_location" not in settings:
        settings = _pyproject(folder / "pyproject.toml") or settings
    location = settings.get("script_location", "")
    path = _inside(root, folder, location) if location else None
    if path is None or not path.is_dir():
        return
    written = settings.get("version_locations", "")
    separators = (
        (",", ";", "\n") if "%(" in written or " " not in written else (",", ";", "\n", " ")
    )
    for separator in separators:
        written = written.replace(separator, "\0")
    listed = (_inside(root, folder, part.strip()) for part in written.split("\0") if part.strip())
    versions = tuple(p for p in listed if p is not None and p.is_dir())
    usual = _inside(root, path, "versions")
    if versions or usual is not None:
        yield ScriptFolder(path, versions or (usual or path,))


def _ini(path: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser(defaults={"here": str(path.parent)})
    try:
        parser.read_string(_head(path).decode())
        return dict(parser["alembic"]) if parser.has_section("alembic") else {}
    except (configparser.Error, UnicodeDecodeError):
        return {}


def _pyproject(path: Path) -> dict[str, str]:
    try:
        tool = tomllib.loads(_head(path).decode()).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return {}
    section = tool.get("alembic", {}) if isinstance(tool, dict) else {}
    if not isinstance(section, dict):
        return {}
    return {
        key: "\n".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in section.items()
    }


def _inside(root: Path, folder: Path, location: str) -> Path | None:
    """Where a configured location is, if inside `root`: links that lead out are refused."""
    location = location.replace("%(here)s", str(folder)).split(":")[-1]
    try:
        path = Path(os.path.normpath(folder / location))
        real = path.resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    return path if real.is_relative_to(root.resolve()) and path.is_relative_to(root) else None


def _head(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""
