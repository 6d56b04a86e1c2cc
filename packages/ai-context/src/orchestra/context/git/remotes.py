"""The remotes of a repository, without whatever their URLs hold of credentials."""

import re

from orchestra.context.git.command import Git
from orchestra.context.git.names import clean_text

_MOST = 50
_NAME = re.compile(rb"remote\.(.+)\.url", re.DOTALL)
_URL = re.compile(r"^([a-z][a-z0-9+.-]*)://([^/?#]*)([^?#]*)", re.IGNORECASE)
_SSH = {"ssh", "git+ssh", "ssh+git"}


def read_remotes(git: Git) -> dict[str, str]:
    """Name → URL of each remote; the first of several URLs."""
    listing = git.attempt("config", "-z", "--get-regexp", r"^remote\..*\.url$").output
    remotes: dict[str, str] = {}
    for item in listing.split(b"\0"):
        name, _, url = item.partition(b"\n")
        match = _NAME.fullmatch(name)
        if match and len(remotes) < _MOST:
            remotes.setdefault(clean_text(match[1]), strip_credentials(clean_text(url)))
    return remotes


def strip_credentials(url: str) -> str:
    """The URL without user, password, query and fragment; an ssh user alone is an address part."""
    match = _URL.match(url)
    if match is None:
        user, at, rest = url.rpartition("@")
        return f"{user.partition(':')[0]}@{rest}" if at and ":" in user else url
    scheme, authority, path = match.groups()
    user, _, host = authority.rpartition("@")
    keep = scheme.lower() in _SSH and user and ":" not in user
    return f"{scheme}://{f'{user}@' if keep else ''}{host}{path}"
