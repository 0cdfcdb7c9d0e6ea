"""Scores the rows of a series: near 0 for what is usual, above a half for what is worth a look."""

from __future__ import annotations

from math import isnan

import msgspec
from msgspec import Struct

from .neighbours import Memory, Neighbours
from .season import DailyProfile
from .tail import Tail

HALF = 3.5
"""The evidence, of all measures together, that scores 0.5."""

AGREEMENT = 0.7
"""The power of each measure's evidence in the sum: below 1, so that two that agree say more than one that shouts."""

QUIET = 100
"""Rows after a score in which only evidence that is so much higher is told: one trouble, one score."""

HIGHER = 1.25


class _State(Struct):
    rows: int
    memory: Memory
    profile: DailyProfile
    tails: list[Tail]
    told: float
    told_at: int


class Detector:
    """An online detector of anomalies with one set of parameters for every series.

    Each row is measured in five ways: its distance to the nearest neighbours among the past in three windows, its
    step from the row before, and its distance from what is usual at the time of day. Each measure is held against the
    highest peaks that it had, which makes the five comparable, and the evidence is added up. The score of a row
    depends on the rows before it and on nothing else.
    """

    def __init__(self) -> None:
        self._neighbours = Neighbours()
        self._profile = DailyProfile()
        self._tails = [Tail() for _ in range(5)]
        self._rows = 0
        self._told = 0.0
        self._told_at = 0

    def update(self, timestamp: float, value: float) -> float:
        """The score of the next row, from 0 to 1.

        Args:
            timestamp: seconds since the epoch, UTC; repeated, missing (nan) and falling ones do no harm.
            value: anything; nan is a missing value, which scores 0 and changes nothing.
        """
        if isnan(value):
            return 0.0
        self._rows += 1
        near = self._neighbours.update(value)
        usual = self._profile.update(timestamp, near.value)
        measures = (near.short, near.long, near.shape, near.step, usual)
        evidence = sum(
            tail.update(measure if measure > near.same else 0.0) ** AGREEMENT
            for tail, measure in zip(self._tails, measures, strict=True)
            if measure is not None
        )
        return 1.0 - float(2.0 ** (-self._news(evidence) / HALF))

    def _news(self, evidence: float) -> float:
        """The evidence if nothing like it was told for a while, else 0."""
        if evidence <= HIGHER * self._told and self._rows - self._told_at <= QUIET:
            return 0.0
        self._told, self._told_at = evidence, self._rows
        return evidence

    def save(self) -> bytes:
        """All of the state, some 60 KB when it is full."""
        return msgspec.msgpack.encode(
            _State(self._rows, self._neighbours.save(), self._profile, self._tails, self._told, self._told_at)
        )

    @classmethod
    def restore(cls, saved: bytes) -> Detector:
        """Goes on exactly where `save` was called.

        Raises:
            msgspec.MsgspecError: that is no state of a detector.
        """
        state = msgspec.msgpack.decode(saved, type=_State)
        detector = cls()
        detector._rows, detector._told, detector._told_at = state.rows, state.told, state.told_at
        detector._neighbours = Neighbours.restore(state.memory)
        detector._profile, detector._tails = state.profile, state.tails
        return detector
