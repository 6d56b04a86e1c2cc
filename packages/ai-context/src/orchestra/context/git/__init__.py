"""Reads a git repository that nobody vouches for, and keeps what was read in step with it."""

from orchestra.context.git.ignore import IgnoreRules
from orchestra.context.git.names import read_path, show_path
from orchestra.context.git.repository import Repository

__all__ = ["IgnoreRules", "Repository", "read_path", "show_path"]
