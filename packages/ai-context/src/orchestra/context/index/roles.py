"""What part a file plays in a repository, as its path tells."""

import re
from enum import IntEnum
from functools import lru_cache

from orchestra.context.index.languages import is_code, is_documentation

_TEST = re.compile(
    r"(^|/)(tests?|__tests__|testing|spec|specs|e2e|fixtures|testdata|__mocks__|mocks|__snapshots__)/"
    r"|(^|/)(test_[^/]*|conftest\.py)$"
    r"|[._-](test|tests|spec|e2e|stories|snap|cy)\.[a-z]+$|_test\.[a-z]+$|Tests?\.(java|cs|kt)$",
)
_ASIDE = re.compile(
    r"(^|/)(examples?|samples?|demos?|docs?|www|website|benchmarks?|benches|scripts?|tools"
    r"|playgrounds?|tutorials?|templates?|archive|legacy|v\d+-docs|versioned_docs)/",
    re.IGNORECASE,
)
_GENERATED = re.compile(
    r"(^|/)(node_modules|vendor|third_party|dist|build|generated|__generated__|migrations?)/"
    r"|[._-](gen|generated|pb|min|bundle)\.[a-z]+$|_pb2(_grpc)?\.pyi?$|\.d\.ts$|lock\.(json|yaml)$"
    r"|\.lock$|\.snap$|(^|/)(go\.sum|schema\.json|openapi\.(json|ya?ml))$",
    re.IGNORECASE,
)
_PAIRED = re.compile(
    r"^(test_|spec_)|([._-](tests?|spec|e2e|cy|unit|integration|servertest|clienttest))+$",
    re.IGNORECASE,
)


class Role(IntEnum):
    """The part that a file plays."""

    SOURCE = 0
    TEST = 1
    DOCUMENTATION = 2
    ASIDE = 3
    """Examples, scripts and the like: programs beside the program."""
    GENERATED = 4
    OTHER = 5
    """Configuration, data, and what has no name here."""


@lru_cache(1 << 17)
def role_of(path: str) -> Role:
    """The role of a file."""
    if _GENERATED.search(path):
        return Role.GENERATED
    if _TEST.search(path):
        return Role.TEST
    if is_documentation(path):
        return Role.DOCUMENTATION
    if _ASIDE.search(path):
        return Role.ASIDE
    return Role.SOURCE if is_code(path) else Role.OTHER


@lru_cache(1 << 17)
def stem_of(path: str) -> str:
    """The file's name without its ending and without what makes it a test: tests pair by it."""
    name = path.rpartition("/")[2].partition(".")[0] if path.count(".") == 1 else _inner(path)
    stem = _PAIRED.sub("", name)
    if stem in ("index", "mod", "lib", "main", "__init__", "route", "page", ""):
        stem = path.rpartition("/")[0].rpartition("/")[2]
    return stem.lower().replace("-", "").replace("_", "")


def _inner(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name
