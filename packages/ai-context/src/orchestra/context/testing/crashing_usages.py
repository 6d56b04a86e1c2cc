"""For tests: a process that looks for uses, whose grammar crashes on one content.

`python -m orchestra.context.testing.crashing_usages NICE`
"""

import os

from orchestra.context.index.serving import serve
from orchestra.context.index.usage_worker import read_uses
from orchestra.context.testing.crashing_parser import CRASH


def _read(path: str, content: bytes) -> bytes:
    if path and CRASH.encode() in content:
        os.abort()
    return read_uses(path, content)


if __name__ == "__main__":
    serve(_read, longest=0.5)
