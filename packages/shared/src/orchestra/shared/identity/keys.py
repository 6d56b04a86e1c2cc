"""The text of an API key: `orc_<id>_<secret><checksum>`, all of letters and digits."""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_FORM = re.compile(r"orc_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})", re.ASCII)


def random_text(length: int) -> str:
    """Letters and digits from the system's randomness; 43 of them carry 256 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def digest(secret: str) -> bytes:
    """What is stored instead of a secret. It has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key as its holder has it. The checksum tells a mistyped key from an unknown one."""

    id: str
    secret: str

    @classmethod
    def new(cls) -> "KeyText":
        """A key that nobody has yet."""
        return cls(random_text(12), random_text(43))

    @classmethod
    def parse(cls, text: str) -> "KeyText | None":
        """The key that the text is, or None when it cannot be one."""
        match = _FORM.fullmatch(text)
        if match is None or not hmac.compare_digest(match[3], _checksum(match[1], match[2])):
            return None
        return cls(match[1], match[2])

    def __str__(self) -> str:
        return f"orc_{self.id}_{self.secret}{_checksum(self.id, self.secret)}"

    def __repr__(self) -> str:
        return f"KeyText(orc_{self.id}_…)"


def _checksum(id: str, secret: str) -> str:
    number = zlib.crc32(f"{id}{secret}".encode())
    digits = []
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(digits)
