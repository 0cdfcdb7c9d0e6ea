"""What the server says to a commit."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

_WRONG_LAST: Final = (10070, 10071, 10164)
"""Another last message id, another last sequence, and the same in a batch."""


class _Fault(Struct):
    code: int = 500
    err_code: int = 0
    description: str = ""

    def text(self) -> str:
        return f"{self.description} ({self.err_code or self.code})"


class _Reply(Struct):
    seq: int = 0
    error: _Fault | None = None


_decoder: Final = msgspec.json.Decoder(_Reply)


class Replies:
    """The answers that a commit gets.

    Attributes:
        stored: how many messages are, from the first on.
        fault: the first refusal.
    """

    def __init__(self, count: int, each: int) -> None:
        self.stored = 0
        self.fault: _Fault | None = None
        self._left = count
        self._each = each

    def take(self, payload: bytes, headers: bytes) -> bool:
        reply = _decoder.decode(payload) if payload else _Reply(error=_Fault(description="nobody takes it"))
        if reply.error is None:
            self.stored += self._each
        else:
            self.fault = self.fault or reply.error
        self._left -= 1
        return self._left == 0

    @property
    def late(self) -> bool:
        """Whether it was refused because somebody else was faster."""
        return self.fault is not None and self.fault.err_code in _WRONG_LAST
