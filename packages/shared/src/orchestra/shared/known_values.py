"""Finds values that are known to be secret, in every form in which they travel."""

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import ahocorasick

MINIMUM = 6
"""Characters; a shorter value cannot be told from ordinary text, so it is not looked for."""


class KnownValues:
    """Secrets and their base64, hex, URL, JSON and HTML forms, searched for in one pass."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._automaton: ahocorasick.Automaton | None = None

    def add(self, secret: str) -> bool:
        """Look for `secret` from now on; False when it is too short, or known already."""
        parts = {secret, secret.strip(), *(p for p in secret.splitlines() if len(p) >= 2 * MINIMUM)}
        forms = {f for p in parts if len(p) >= MINIMUM for f in _forms(p) if len(f) >= MINIMUM}
        if forms <= self._forms:
            return False
        self._forms = self._forms | forms
        automaton = ahocorasick.Automaton()
        for form in self._forms:
            automaton.add_word(form, len(form))
        automaton.make_automaton()
        self._automaton = automaton  # one assignment: readers in other threads see old or new
        return True

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of every occurrence in `text`, overlapping ones too."""
        if self._automaton is not None:
            for last, length in self._automaton.iter(text):
                yield last + 1 - length, last + 1


def _forms(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret, html.escape(secret), html.escape(secret, quote=False)}
    for ascii_only in (True, False):
        once = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        forms |= {once, once.replace("/", "\\/"), json.dumps(once, ensure_ascii=ascii_only)[1:-1]}
    forms |= {repr(secret)[1:-1], raw.hex(), raw.hex().upper()}
    for encoded in (quote(raw, safe=""), quote(raw), quote_plus(raw), quote(raw, safe=":/?&=+,")):
        forms |= {encoded, _lower_escapes(encoded), quote(encoded, safe="")}
    return forms | _base64_forms(raw)


def _base64_forms(raw: bytes) -> set[str]:
    """The base64 text that is the same wherever in a longer encoded text the secret begins."""
    forms = {base64.b64encode(raw).decode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        unsure = 0 if (shift + len(raw)) % 3 == 0 else 1  # shares its bits with what follows
        forms.add(encoded[(0, 2, 3)[shift] : len(encoded) - unsure])
    return forms | {form.replace("+", "-").replace("/", "_") for form in forms}


def _lower_escapes(encoded: str) -> str:
    first, *rest = encoded.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])
