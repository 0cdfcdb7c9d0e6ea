"""Sums of a list of numbers up to any place, and the place of any sum, in logarithmic time.

P. M. Fenwick, "A new data structure for cumulative frequency tables", 1994.
"""

from __future__ import annotations

from collections.abc import Sequence


class Sums:
    """`numbers` are none of them negative."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._size = len(numbers)
        self._tree = [0, *numbers]
        tree = self._tree
        for place in range(1, self._size + 1):
            above = place + (place & -place)
            if above <= self._size:
                tree[above] += tree[place]
        self._step = 1 << self._size.bit_length() >> 1

    def add(self, place: int, change: int) -> None:
        """To the number at a place, from 0."""
        tree, size = self._tree, self._size
        place += 1
        while place <= size:
            tree[place] += change
            place += place & -place

    def find(self, wanted: int) -> tuple[int, int]:
        """At which place the sum is exceeded, and how much of it is left there; else the number of places."""
        tree, size, step, place = self._tree, self._size, self._step, 0
        while step:
            further = place + step
            if further <= size and tree[further] <= wanted:
                place = further
                wanted -= tree[further]
            step >>= 1
        return place, wanted
