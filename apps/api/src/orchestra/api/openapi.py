"""`python -m orchestra.api.openapi`: prints the OpenAPI document that clients are typed by."""

import json
import sys

from orchestra.api.main import create_app
from orchestra.shared.settings import Settings


def document() -> str:
    """The document, the same text for the same code."""
    return json.dumps(create_app(Settings()).openapi(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
