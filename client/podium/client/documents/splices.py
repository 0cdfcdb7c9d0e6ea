"""Edits of a shared text by positions in code points, as Python counts; the library underneath counts UTF-8 bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from pycrdt import Text


class Splice(Protocol):
    """At `position`, `deleted` characters go, then `inserted` comes."""

    @property
    def position(self) -> int: ...
    @property
    def deleted(self) -> int: ...
    @property
    def inserted(self) -> str: ...


class Spliced:
    """A shared text and how it reads now.

    Whoever changes the shared text by other means calls `refresh`.
    """

    def __init__(self, shared: Text) -> None:
        self._shared = shared
        self._copy = str(shared)

    def __len__(self) -> int:
        """In code points."""
        return len(self._copy)

    def __str__(self) -> str:
        return self._copy

    def refresh(self) -> None:
        """Look at the shared text again."""
        self._copy = str(self._shared)

    def splice(self, position: int, deleted: int, inserted: str) -> None:
        """Delete, then insert.

        Raises:
            IndexError: that is not within the text.
            UnicodeEncodeError: half a surrogate pair, which is no character.
        """
        end = position + deleted
        if not 0 <= position <= end <= len(self):
            raise IndexError(f"{position} to {end} is not within a text of {len(self)} characters")
        inserted.encode()
        start, stop = (position, end) if self._copy.isascii() else self._bytes(position, end)
        if deleted:
            del self._shared[start:stop]
        if inserted:
            self._shared.insert(start, inserted)
        self._copy = self._copy[:position] + inserted + self._copy[end:]

    def _bytes(self, position: int, end: int) -> tuple[int, int]:
        start = len(self._copy[:position].encode())
        return start, start + len(self._copy[position:end].encode())


def joined(patches: Iterable[Splice], size: Callable[[str], int] = len) -> Iterator[tuple[int, int, str]]:
    """Fewer splices that leave the same items in the shared text, as if each had been made by itself.

    Only what is typed on at the end of the typing before, and what is deleted next to the deletion before, is joined:
    the characters that came and went stay in the history. `size` is of a text, as positions count it.
    """
    position = length = 0
    typed: list[str] = []
    gap = removed = 0
    for patch in patches:
        if patch.deleted:
            if typed:
                yield position, 0, "".join(typed)
                typed, length = [], 0
            if removed and patch.position <= gap <= patch.position + patch.deleted:
                gap, removed = patch.position, removed + patch.deleted
            else:
                if removed:
                    yield gap, removed, ""
                gap, removed = patch.position, patch.deleted
        if patch.inserted:
            if removed:
                yield gap, removed, ""
                removed = 0
            if typed and patch.position != position + length:
                yield position, 0, "".join(typed)
                typed, length = [], 0
            if not typed:
                position = patch.position
            typed.append(patch.inserted)
            length += size(patch.inserted)
    if typed:
        yield position, 0, "".join(typed)
    if removed:
        yield gap, removed, ""
