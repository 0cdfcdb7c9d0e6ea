"""The seal on the papers of a secret ballot: AES-SIV (RFC 5297), which needs no random numbers."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

PADDED: Final = 256
"""Papers are as long as a multiple of this, in bytes, so that their length says little."""

Groups = list[list[str]]


class Broken(ValueError):
    """A sealed paper that this key does not open."""


class Seal:
    """Seals papers with one key.

    Args:
        secret: any text of at least 32 characters; the key is its SHA-512.

    Attributes:
        key: says which key it is: the first 16 digits of the SHA-256 of it.
    """

    def __init__(self, secret: str) -> None:
        key = hashlib.sha512(secret.encode()).digest()
        self._cipher = AESSIV(key)
        self.key = hashlib.sha256(key).hexdigest()[:16]

    def close(self, paper: Groups, ballot: str, opened: float, voter: str, number: int) -> str:
        """Base64. It is bound to the vote: elsewhere it does not open, and the same paper there looks otherwise."""
        plain = msgspec.json.encode(paper)
        plain += b" " * (-len(plain) % PADDED)
        return base64.b64encode(self._cipher.encrypt(plain, _place(ballot, opened, voter, number))).decode()

    def open(self, sealed: str, ballot: str, opened: float, voter: str, number: int) -> Groups:
        """Raises: Broken."""
        try:
            plain = self._cipher.decrypt(base64.b64decode(sealed), _place(ballot, opened, voter, number))
        except (InvalidTag, ValueError) as error:
            raise Broken(f"the vote of {voter} on {ballot} was sealed with another key") from error
        return msgspec.json.decode(plain, type=Groups)


def _place(ballot: str, opened: float, voter: str, number: int) -> list[bytes]:
    return [text.encode() for text in (ballot, repr(opened), voter, str(number))]
