"""A repository to connect, and the look of everything that is written into it."""

from pathlib import Path
from typing import Any

from orchestra.coordination.connect import Connection, Order, Tree, connect

SPEC = """\
name: Vercel Deploy Agent
permissions:
  - vercel:deploy
auto_approve_patterns:
  - "*.tsx"
context_sources:
  - deployment_history
"""
RULE = """\
---
description: How TypeScript | is written
globs: src/**/*.ts, *.tsx
alwaysApply: false
---
Short.
"""


def make_repository(folder: Path, *, spec: bool = True) -> Path:
    """A repository with one rule, and one agent spec if asked."""
    rules = folder / ".cursor" / "rules"
    rules.mkdir(parents=True)
    (rules / "typescript.mdc").write_text(RULE)
    if spec:
        (folder / ".cursor" / "agents").mkdir()
        (folder / ".cursor" / "agents" / "vercel_deploy.yaml").write_text(SPEC)
    return folder


def run(folder: Path, *agents: str, **how: Any) -> Connection:  # noqa: ANN401 - fields of an order
    """Connect the agents, or with `remove=True` disconnect them, and write it."""
    tree = Tree(folder)
    connection = connect(tree, Order(agents=agents, **how))  # type: ignore[arg-type]  # names of brands
    tree.write(connection.edits)
    return connection


def files(folder: Path) -> dict[str, bytes]:
    """Every file of the repository."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
