"""What the documents of this repository say: pages, code blocks, commands and addresses in them."""

import re
import shlex
import subprocess
from pathlib import Path

from orchestra.shared.settings import child_environment

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"\]\((?:mdc:)?([^)#\s]+)")
_ENDS = {"|", ">", "&&", ";", "…"}


def pages() -> dict[str, str]:
    """Path → text of every page for people or agents, without what is commented out."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md", "*.mdc", ".env.example"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env=child_environment(),
    )
    found = (ROOT / line for line in listed.stdout.splitlines())
    return {
        str(path.relative_to(ROOT)): _COMMENT.sub("", path.read_text())
        for path in found
        if path.is_file()
    }


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of one language."""
    return [body for name, body in _BLOCK.findall(text) if name == language]


def commands(text: str, program: str) -> list[list[str]]:
    """Each call of a program, in `sh` blocks and between backticks: its words after the name."""
    prose = _BLOCK.sub("", text)
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    found = []
    for line in [*lines, *_CODE.findall(prose)]:
        if not re.match(rf"(\.venv/bin/)?{program}(\s|$)", line):
            continue
        words = shlex.split(line, comments=True)[1:]
        end = next((i for i, word in enumerate(words) if word in _ENDS), len(words))
        found.append(words[:end])
    return found


def links(text: str) -> list[str]:
    """The targets of links that stay within the repository."""
    return [target for target in _LINK.findall(text) if "://" not in target]


def addresses(text: str) -> list[str]:
    """The paths of our own server that a text names."""
    ours = r"(?:(?<![\w.])|(?<=:8700))/(?:api/v1|mcp|healthz|readyz|metrics)(?:/[\w.{}-]+)*"
    return [path.rstrip(".") for path in re.findall(ours, text)]
