"""Signed checkpoints: where the chains of all streams were at one moment. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta, Struct
from msgspec.structs import replace

from .chain import Head
from .keys import in_text


class Checkpoint(Struct, frozen=True):
    """What is signed is this object's JSON with sorted keys, without spaces, and with an empty signature.

    Attributes:
        at: seconds since the epoch, UTC.
        heads: stream → where its chain was.
        key: the public key, 64 hexadecimal digits.
        seal: the name of the export that it closes; empty for one that is stored.
        signature: Ed25519, 128 hexadecimal digits.
    """

    at: Annotated[float, Meta(ge=0.0, lt=2.5e11)]
    heads: dict[str, Head]
    key: str
    seal: str = ""
    signature: str = ""


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Checkpoint)


def sign(heads: Mapping[str, Head], at: float, key: Ed25519PrivateKey, seal: str = "") -> Checkpoint:
    unsigned = Checkpoint(at, dict(heads), in_text(key.public_key()), seal)
    return replace(unsigned, signature=key.sign(encode(unsigned)).hex())


def is_signed(checkpoint: Checkpoint) -> bool:
    """Whether it is signed by the key that it names."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint.key))
        key.verify(bytes.fromhex(checkpoint.signature), encode(replace(checkpoint, signature="")))
    except (InvalidSignature, ValueError):
        return False
    return True


def encode(checkpoint: Checkpoint) -> bytes:
    return _encoder.encode(checkpoint)


def decode(payload: bytes | str) -> Checkpoint:
    """Raises: msgspec.MsgspecError"""
    return _decoder.decode(payload)
