"""What people read about servers."""

from __future__ import annotations

import re
from typing import Final

from nats.errors import NoServersError

_CREDENTIALS: Final = re.compile(r"(?<=//)[^/@,]*@")


def without_password(url: str) -> str:
    """The address, or the addresses with commas between, without user names and passwords."""
    return _CREDENTIALS.sub("", url)


def in_words(error: Exception | None) -> str:
    """Why a server could not be used."""
    match error:
        case None:
            return "no reason given"
        case TimeoutError():
            return "it does not answer"
        case ConnectionRefusedError():
            return "connection refused"
        case NoServersError():
            return "none of the addresses answers"
        case OSError():
            return error.strerror or str(error)
        case _:
            return str(error).removeprefix("nats: ") or type(error).__name__
