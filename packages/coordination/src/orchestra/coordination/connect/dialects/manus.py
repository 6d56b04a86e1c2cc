"""Manus reads no files: an instruction and a connector to be pasted into its project."""

import json
import re
from urllib.parse import unquote

from orchestra.coordination.connect.dialects.dialect import SERVER, Notes, key_variable
from orchestra.coordination.connect.dialects.guidance import guidance
from orchestra.coordination.connect.parts import Part, WholeFile
from orchestra.coordination.connect.source import DEFAULT_URL, Source

_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
INSTRUCTION = ".ai-context/connect/manus-instruction.md"
CONNECTOR = ".ai-context/connect/manus-connector.json"


def parts(source: Source) -> list[Part]:
    """What is to be pasted."""
    connector = {
        "mcpServers": {
            SERVER: {
                "type": "streamableHttp",
                "url": f"{source.url}/mcp",
                "headers": {"Authorization": f"Bearer <the value of {key_variable('manus')}>"},
            }
        }
    }
    text = [_LINK.sub(_named, line) for line in guidance(source)]
    return [
        WholeFile(INSTRUCTION, "\n".join([*text, ""])),
        WholeFile(CONNECTOR, json.dumps(connector, indent=2) + "\n"),
    ]


def _named(link: "re.Match[str]") -> str:
    """A link in words: what is pasted has no place of its own."""
    return f"{link[1]} (`{unquote(link[2])}`)"


def to_paste(source: Source) -> dict[str, str]:
    """Path → text of what a person pastes."""
    return {part.path: part.text for part in parts(source) if isinstance(part, WholeFile)}


def notes(source: Source) -> Notes:
    """What holds, and what is left to do."""
    near = source.url == DEFAULT_URL
    return Notes(
        enforced=("MCP calls: the server checks the key's scopes and the permissions",),
        advisory=("the project's instruction",),
        unsupported=("hooks: its shell runs elsewhere, and nothing here can stop it",),
        steps=(
            *(
                (
                    "serve Orchestra at a public address and name it: orchestra connect --url ADDRESS",
                )
                if near
                else ()
            ),
            f"paste {INSTRUCTION} as the instruction of the project",
            f"add {CONNECTOR} as a custom MCP connector, with the key in the place of its name",
        ),
    )
