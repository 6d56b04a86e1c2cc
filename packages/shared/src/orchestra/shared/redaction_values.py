"""Decides whether a value that is assigned to a secret-sounding name is a secret or a stand-in."""

from itertools import pairwise
from typing import Literal

import re2

Form = Literal["quoted", "environment", "plain", "loose"]
"""How the value is written: `"value"`, `NAME=value`, `name: value`, or merely nearby."""

_STAND_IN = re2.compile(
    r"(?i)(?:^|[^a-z])(?:your|example|placeholder|changeme|change[-_ ]?me|replace[-_ ]?me|insert"
    r"|dummy|redacted|sample|todo|xxx+|foobar|here)(?:$|[^a-z])|^(?:x+|\*+|•+|\.+|-+|_+|\?+|#+|0+)$"
    r"|x{5}|\*{3}|\.{3}|…|^0?12345678?9?0?$"
)
_TEMPLATE = re2.compile(
    r"^(?://|\$\(|%\(\w+\)|%[a-z]$|\{.*\}$|<.*>$|\[.*\]$|\$[A-Za-z_][A-Za-z0-9_]*$|\$env:|%[A-Z_]+%$)"
    r"|\{\{|[$#]\{"
)
_YAML = re2.compile(r"^[<{\[!&@]")
_REFERENCE = re2.compile(
    r"(?i)^(?:secret|op|vault|env|file|ref|keyring|ssm|gcsm|awssm|arn|bws|sops|data|urn|doppler)://?"
    r"|^(?:env|arn|ref|file|vault|urn|sha(?:1|256|384|512)|md5)[:.-]"
    r"|^(?:os|process|import\.meta|std|env|self|this|config|settings|ctx|args|options|request|secrets"
    r"|vars|var|local|module|data|inputs|params|props|state|github|matrix|needs|steps)\."
    r"|^https?://"
)
_PATH = re2.compile(r"^(?:~|\.{1,2})?(?:/[a-z0-9_.-]+)+/?$|^[A-Z]:\\")
_WORDS = frozenset(
    """
    always any api_key apikey auto basic bearer bool boolean bytes char credential credentials
    default disabled empty enabled encrypted env expired false field file hidden int integer
    invalid key login masked missing never nil no none not null number object off on optional
    pass passwd password prompt pwd read required secret secretstr self set stdin str string
    test text token true undefined unknown unset user username value varchar write yes
    """.split()  # noqa: SIM905 - a list of words, easier to read and to extend
)
_IDENTIFIER = re2.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_DOTTED = re2.compile(r"^[A-Za-z_]\w*(?:(?:\.|::|->|\?\.)[A-Za-z_]\w*)+$")
_FILE = re2.compile(
    r"^([A-Za-z_]\w*)(?:\.(?i:bak|cfg|conf|csv|env|ini|js|json|local|md|orig|py|sh|sql|toml|ts|txt|ya?ml))+$"
)
_CALL = re2.compile(r"^[A-Za-z_][\w.]*\($|^[A-Za-z_]\w*\.[\w.]*\(")
_KEYLIKE = re2.compile(r"(?i)^_?(?:pass|pwd|token|secret|key|cred|my|new|old|user|get|db|api|auth)")
_SLUG = re2.compile(r"^[A-Za-z]{1,14}\d{0,4}(?:[-_.:/ ][A-Za-z]{0,14}\d{0,4})*$")
_PASSWORD = re2.compile(r"pass(?:word|wd|phrase|code)|pwd|[_-]pass")


def is_secret(name: str, value: str, form: Form) -> bool:
    """Whether `value`, assigned to `name` in `form`, is to be redacted.

    A stand-in (`<your-key>`, `${VAR}`, `changeme`), a reference, a path, a type or an expression
    is not a secret; for names other than passwords, neither is a word or a slug.
    """
    if _is_stand_in(value):
        return False
    value = value.strip() if form == "quoted" else value.strip().rstrip(")]}.;:!?|*")
    if len(value) < 4 or value.endswith("()") or value.lower() in _WORDS:
        return False
    if form == "loose":
        return _mixed(value) and " " not in value
    if form == "plain" and (_YAML.search(value) or _is_code(value)):
        return False
    if form != "quoted" and _CALL.search(value):
        return False
    if _PASSWORD.search(name.lower()):
        return " " not in value or "phrase" in name.lower() or _mixed(value.replace(" ", ""))
    if len(value) < 8 or " " in value or value.isdecimal():
        return False
    return not _SLUG.search(value) or _mixed(value)


def _is_stand_in(value: str) -> bool:
    patterns = (_STAND_IN, _TEMPLATE, _REFERENCE, _PATH)
    return len(set(value.strip())) < 3 or any(pattern.search(value) for pattern in patterns)


def _is_code(value: str) -> bool:
    """A name, a call, an index: what a program says instead of a literal."""
    if (file := _FILE.search(value)) is not None:
        value = file[1]  # an ending makes no expression of a file's name
    if "(" in value or "[" in value or _DOTTED.search(value):
        return not _mixed(value)
    if not _IDENTIFIER.search(value):
        return False
    if _mixed(value):
        return False
    return bool(_KEYLIKE.search(value)) or not any(c.isdigit() for c in value)


def _mixed(value: str) -> bool:
    """Letters and digits shuffled as no word is: at least a quarter of the neighbours differ."""
    kinds = [0 if c.isdigit() else 1 if c.islower() else 2 if c.isupper() else 3 for c in value]
    changes = sum(a != b for a, b in pairwise(kinds))
    capitals = sum(a == 1 and b == 2 for a, b in pairwise(kinds))
    digits = sum(k == 0 for k in kinds)
    return len(value) >= 8 and changes * 4 >= len(value) and (digits >= 2 or capitals >= 3)
