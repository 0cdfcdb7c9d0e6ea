"""A text that many edit, as the algorithm that Yjs has for it: YATA (Nicolaescu, Jahns, Derntl, Klamma, 2016).

It holds no characters, only who typed how many of them where, and so says quickly what an edit at a position means.
The library finds a position by a scan from the beginning, which in a text of many pieces takes a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from .chunks import Chunk, Chunks, Place, Run
from .edits import Edit, Id, Inserted, Removed, units

_WIDE: Final = "\U00010000"
"""The first character of two UTF-16 units."""


class Sequence:
    """One replica.

    Args:
        in_units: positions count UTF-16 units, and not characters (code points).
    """

    def __init__(self, *, in_units: bool = False) -> None:
        self._chunks = Chunks()
        self._in_units = in_units

    def __len__(self) -> int:
        return self._chunks.visible

    def copy(self) -> Sequence:
        copied = Sequence(in_units=self._in_units)
        copied._chunks = self._chunks.copy()
        return copied

    # Edits of one's own

    def splice(self, client: int, position: int, deleted: int, inserted: str) -> Iterator[Edit]:
        """Delete characters at a position, then insert others there; what that means for all replicas.

        Raises:
            IndexError: that is not within the text.
        """
        end = position + deleted
        if not 0 <= position <= end <= len(self):
            raise IndexError(f"{position} to {end} is not within a text of {len(self)} characters")
        if deleted:
            yield from self._delete(position, deleted)
        if inserted:
            yield self._insert(client, position, inserted)

    def _insert(self, client: int, position: int, text: str) -> Inserted:
        chunks = self._chunks
        place, offset = chunks.find(position)
        if offset:
            beside = chunks.next(place)
            assert beside is not None
            right: Run | None = chunks.split(beside, offset)
            left: Run | None = beside
            place = place[0], place[1] + 1
        else:
            right, left = chunks.next(place), chunks.before(place)
        edit = Inserted(
            client,
            chunks.clock(client),
            None if left is None else left.last,
            None if right is None else right.first,
            text,
        )
        self._put(place, edit)
        return edit

    def _delete(self, position: int, count: int) -> Iterator[Removed]:
        chunks = self._chunks
        place, offset = chunks.find(position)
        run = chunks.next(place)
        assert run is not None
        touched = {run.chunk}
        if offset:
            chunks.split(run, offset)
            place = place[0], place[1] + 1
        gone: list[Run] = []
        for run in chunks.onward(place):
            if not run.deleted:
                gone.append(run)
                count -= run.length
                if count <= 0:
                    break
        if count < 0:
            last = gone[-1]
            chunks.split(last, last.length + count)
            touched.add(last.chunk)
        for run in gone:
            chunks.delete(run)
            yield Removed(run.client, run.clock, run.length * run.width)
        self._tidy(touched)

    # Edits of others

    def apply(self, edits: Iterable[Edit]) -> None:
        """Merge what others did; all that it builds on must be there."""
        for edit in edits:
            if isinstance(edit, Inserted):
                self._put(self._place(edit), edit)
            else:
                self._remove(edit)

    def _place(self, edit: Inserted) -> Place:
        """Behind what was left of it, and behind those typed there meanwhile that are to come first."""
        chunks = self._chunks
        left = None if edit.left is None else self._ending(edit.left)
        right = None if edit.right is None else self._beginning(edit.right)
        place = (0, 0) if left is None else _behind(chunks.place_of(left))
        if chunks.next(place) is right:
            return place
        rivals: set[Run] = set()
        before: set[Run] = set()
        for other in chunks.onward(place):
            if other is right:
                break
            rivals.add(other)
            before.add(other)
            if other.left == edit.left:
                if other.client < edit.client:
                    left = other
                    rivals.clear()
                elif other.right == edit.right:
                    break
            elif other.left is not None and (beside := chunks.run_of(other.left)) in before:
                if beside not in rivals:
                    left = other
                    rivals.clear()
            else:
                break
        return (0, 0) if left is None else _behind(chunks.place_of(left))

    def _remove(self, edit: Removed) -> None:
        clock, end = edit.clock, edit.clock + edit.units
        touched: set[Chunk] = set()
        while clock < end:
            run = self._beginning((edit.client, clock))
            if run.last[1] >= end:
                self._chunks.split(run, (end - run.clock) // run.width)
            if not run.deleted:
                self._chunks.delete(run)
            touched.add(run.chunk)
            clock = run.last[1] + 1
        self._tidy(touched)

    def _ending(self, id: Id) -> Run:
        """The run that ends with a character."""
        run = self._chunks.run_of(id)
        if run.last != id:
            self._chunks.split(run, (id[1] + 1 - run.clock) // run.width)
        return run

    def _beginning(self, id: Id) -> Run:
        """The run that begins with a character."""
        run = self._chunks.run_of(id)
        return run if run.clock == id[1] else self._chunks.split(run, (id[1] - run.clock) // run.width)

    # Both

    def _put(self, place: Place, edit: Inserted) -> None:
        chunk, at = place
        runs = _runs(edit, self._in_units)
        for number, run in enumerate(runs, at):
            self._chunks.put((chunk, number), run)
        self._chunks.tidy(runs[0].chunk)

    def _tidy(self, touched: Iterable[Chunk]) -> None:
        for chunk in touched:
            self._chunks.tidy(chunk)


def _runs(edit: Inserted, in_units: bool) -> list[Run]:
    """Of characters that are equally wide; or of units."""
    text = edit.text
    if in_units:
        return [Run(edit.client, edit.clock, units(text), 1, edit.left, edit.right)]
    if text.isascii() or max(text) < _WIDE:
        return [Run(edit.client, edit.clock, len(text), 1, edit.left, edit.right)]
    clock, left = edit.clock, edit.left
    runs: list[Run] = []
    for is_wide, characters in groupby(text, _WIDE.__le__):
        runs.append(Run(edit.client, clock, sum(1 for _ in characters), 1 + is_wide, left, edit.right))
        left = runs[-1].last
        clock = left[1] + 1
    return runs


def _behind(place: Place) -> Place:
    return place[0], place[1] + 1
