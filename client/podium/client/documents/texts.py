"""The text of an open document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pycrdt import Text

from podium.contracts.documents import difference

from .splices import Spliced

_PIECE: Final = 32 * 1024
"""Characters that become one update at the most, so that what is pasted fits into commands."""


class SharedText:
    """A text that others write in at the same time. Positions count characters (code points), as Python does.

    Edits take effect at once; they are sent by themselves.
    """

    def __init__(self, text: Text, check: Callable[[], None]) -> None:
        self._spliced = Spliced(text)
        self._check = check
        self._is_stale = False
        self.moved: Callable[[int, int, int, bool], None] | None = None
        """Told of each edit: its position, how many characters went and came, and whether it was made here."""

    def __str__(self) -> str:
        return str(self._fresh())

    def __len__(self) -> int:
        return len(self._fresh())

    def insert(self, position: int, text: str) -> None:
        """Raises: IndexError: there is no such position."""
        self.replace(position, 0, text)

    def append(self, text: str) -> None:
        self.replace(len(self), 0, text)

    def delete(self, position: int, length: int = 1) -> None:
        """Raises: IndexError: that is not within the text."""
        self.replace(position, length, "")

    def replace(self, position: int, length: int, text: str) -> None:
        """Delete `length` characters at a position, and insert others there.

        Raises:
            IndexError: that is not within the text.
            CommandRefused: the document has refused this writer's edits before.
        """
        self._check()
        spliced = self._fresh()
        spliced.splice(position, length, text[:_PIECE])
        for start in range(_PIECE, len(text), _PIECE):
            spliced.splice(position + start, 0, text[start : start + _PIECE])
        if self.moved is not None:
            self.moved(position, length, len(text), True)

    def become(self, wanted: str) -> None:
        """Make the text what it should be; what it begins and ends with alike is left alone."""
        self.replace(*difference(str(self), wanted))

    def changed(self) -> None:
        """Somebody else's edits were merged."""
        if self.moved is None:
            self._is_stale = True
            return
        before = str(self._fresh())
        self._spliced.refresh()
        start, gone, come = difference(before, str(self._spliced))
        self.moved(start, gone, len(come), False)

    def _fresh(self) -> Spliced:
        if self._is_stale:
            self._spliced.refresh()
            self._is_stale = False
        return self._spliced
