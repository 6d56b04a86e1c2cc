"""The JSON Schemas of `.ai-context/schema/`: `python -m tests.schemas` writes them anew."""

import json
from pathlib import Path

from orchestra.api.routes.context import ContextView
from orchestra.context.config import ContextConfig
from orchestra.coordination.specs import SpecFile
from orchestra.coordination.tasks import Packet

FOLDER = Path(__file__).parents[1] / ".ai-context" / "schema"


def schemas() -> dict[str, str]:
    """File name → text: of `.ai-context/config.toml`, of `GET /api/v1/context`, of agent specs, of packets."""
    documents = {
        "agent.json": SpecFile.model_json_schema(),
        "config.json": ContextConfig.model_json_schema(),
        "context.json": ContextView.model_json_schema(),
        "handoff.json": Packet.model_json_schema(),
    }
    return {
        name: json.dumps(document, indent=2, sort_keys=True) + "\n"
        for name, document in documents.items()
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text)
