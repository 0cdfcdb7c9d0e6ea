"""How like two tasks are: by the text of their inputs and its size. Pure.

Texts are compared by their hashed runs of four characters, as counts whose cosine is taken. Sources: Broder, "On the
Resemblance and Containment of Documents" (1997), for the runs; Weinberger et al., "Feature Hashing for Large Scale
Multitask Learning" (ICML 2009).
"""

from __future__ import annotations

from collections import Counter
from math import exp, log1p, sqrt
from typing import Final
from zlib import crc32

_RUN: Final = 4
_PLACES: Final = 4096
_LONGEST: Final = 4096
"""Bytes of an input that are looked at."""
_TEXT: Final = 0.8
"""Weight of the text; the rest is the size's."""


class Features:
    """What of a task is compared."""

    __slots__ = ("counts", "length", "norm")

    def __init__(self, input: bytes) -> None:
        text = input[:_LONGEST]
        runs = (crc32(text[place : place + _RUN]) % _PLACES for place in range(max(1, len(text) - _RUN + 1)))
        self.counts = Counter(runs)
        self.norm = sqrt(sum(count * count for count in self.counts.values()))
        self.length = len(input)


def similarity(one: Features, other: Features) -> float:
    """0–1, and 1 of equal inputs."""
    fewer, more = sorted((one.counts, other.counts), key=len)
    product = sum(count * more[place] for place, count in fewer.items() if place in more)
    sizes = exp(-abs(log1p(one.length) - log1p(other.length)))
    return min(1.0, _TEXT * product / (one.norm * other.norm) + (1.0 - _TEXT) * sizes)
