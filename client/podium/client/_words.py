"""Why a server could not be used, in words."""

from __future__ import annotations

from nats.errors import NoServersError


def in_words(error: Exception | None) -> str:
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
