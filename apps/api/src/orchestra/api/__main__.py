"""`python -m orchestra.api`: serves the repository that the environment names."""

import sys

from orchestra.api.server import serve
from orchestra.shared.errors import OrchestraError
from orchestra.shared.settings import Settings


def main() -> int:
    """Serve; what cannot be served is said in two lines, not in a traceback."""
    try:
        serve(Settings.load())
    except OrchestraError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
