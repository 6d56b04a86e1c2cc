"""For tests: a process that reads contents, whose grammars crash on one and do not end on another.

`python -m orchestra.context.testing.crashing_parser NICE`
"""

import os

from orchestra.context.index.languages import Language
from orchestra.context.index.parsed import ParsedFile, parse
from orchestra.context.index.serving import serve
from orchestra.context.index.worker import packing

CRASH = "this-crashes-the-grammar"
ENDLESS = "this-never-ends-in-the-grammar"
HOPELESS = "this-crashes-whatever-reads-it"


def _read(content: bytes, language: Language | None) -> ParsedFile:
    if HOPELESS.encode() in content or (language and CRASH.encode() in content):
        os.abort()
    while language and ENDLESS.encode() in content:
        pass
    return parse(content, language)


if __name__ == "__main__":
    serve(packing(_read), longest=0.5)
