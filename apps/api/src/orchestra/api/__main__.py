"""`python -m orchestra.api`: serves the repository that the environment names.

With `--openapi` it prints the OpenAPI document instead.
"""

import json
import sys

from orchestra.api.main import create_app
from orchestra.api.server import serve
from orchestra.shared.errors import OrchestraError
from orchestra.shared.settings import Settings


def main() -> int:
    """Serve; what cannot be served is said in two lines, not in a traceback."""
    try:
        if "--openapi" in sys.argv[1:]:
            sys.stdout.write(openapi_text())
        else:
            serve(Settings.load())
    except OrchestraError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def openapi_text() -> str:
    """The OpenAPI document, the same text for the same code."""
    return json.dumps(create_app(Settings()).openapi(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.exit(main())
