"""The process that reads files' contents for the index.

`python -m orchestra.context.index.worker NICE`
"""

import os
import sys
import zlib
from collections.abc import Callable

from orchestra.context.index.languages import Language, language_of
from orchestra.context.index.parsed import ParsedFile, parse
from orchestra.context.index.serving import Read, serve
from orchestra.context.index.tokens import count_tokens


def packing(parse: Callable[[bytes, Language | None], ParsedFile]) -> Read:
    """What reads a content so that its answer is the file, packed."""
    count_tokens("")  # reads its vocabulary now, once for all forks
    return lambda name, content: zlib.compress(parse(content, language_of(name)).pack(), 1)


if __name__ == "__main__":
    os.nice(int(sys.argv[1]))
    serve(packing(parse))
