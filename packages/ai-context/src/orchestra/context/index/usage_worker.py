"""The process that looks for uses of a name; the first line of each content is that name.

`python -m orchestra.context.index.usage_worker NICE`
"""

import os
import sys

import orjson
from orchestra.context.index.languages import language_of
from orchestra.context.index.occurrences import occurrences
from orchestra.context.index.serving import serve

_LONGEST = 2.0  # seconds of processor time for one file


def read_uses(path: str, content: bytes) -> bytes:
    """The lines that use the name, as JSON."""
    name, _, content = content.partition(b"\n")
    found = occurrences(content, language_of(path), name.decode("utf-8", "replace"))
    return orjson.dumps([[one.line, one.use] for one in found])


if __name__ == "__main__":
    os.nice(int(sys.argv[1]))
    serve(read_uses, _LONGEST)
