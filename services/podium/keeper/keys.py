"""Ed25519 keys in files: the private one signs checkpoints, the public one is for everybody who checks them."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)


class BadKey(Exception):
    """A key file that cannot be used; the message says why."""


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new private key, in a file that only its owner reads.

    Raises:
        BadKey: there is such a file, or it cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise BadKey(f"{path} is there already") from error
    except OSError as error:
        raise BadKey(f"{path}: {error.strerror}") from error
    return key


def read_private(path: Path) -> Ed25519PrivateKey:
    """Raises: BadKey"""
    try:
        key = load_pem_private_key(_content(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey(f"{path} has no private key that can be read without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{path} has no Ed25519 key")
    return key


def read_public(path: Path) -> Ed25519PublicKey:
    """The public key in a file, or that of the private key there.

    Raises:
        BadKey
    """
    content = _content(path)
    if b"PRIVATE KEY" in content:
        return read_private(path).public_key()
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey(f"{path} has no key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadKey(f"{path} has no Ed25519 key")
    return key


def in_text(key: Ed25519PublicKey) -> str:
    """The key's 32 bytes, 64 hexadecimal digits: how checkpoints name it."""
    return key.public_bytes_raw().hex()


def in_pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadKey(f"{path}: {error.strerror}") from error
