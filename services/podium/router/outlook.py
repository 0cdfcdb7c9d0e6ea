"""What the optimizer expects of attempts, as far as an assignment carries it: observed, never folded.

Looked up for each assignment: what does not depend on the task is put into words once for each agent and table.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from typing import Final, NamedTuple

from msgspec import Struct

from podium.contracts.predictions import (
    DriftDetected,
    DriftEnded,
    Estimate,
    Measure,
    PastCase,
    Prediction,
    PredictionsPublished,
)
from podium.contracts.risks import risks_of_agent, risks_of_cases, scale

from .phases import Job

KINDS_KEPT: Final = 500
"""Kinds; those whose tables are newest."""

CASES_SHOWN: Final = 3


class Expected(NamedTuple):
    """Of an attempt: a prediction, and what in it speaks against the attempt."""

    prediction: Prediction
    risks: list[str]


class _Row(NamedTuple):
    """An agent's part of a table: what is expected, how many attempts of its own that rests on, what is risky."""

    estimate: Estimate
    attempts: float
    risks: list[str]


class _Like(NamedTuple):
    """Cases whose sizes are next to each other, and what in them speaks against an attempt."""

    cases: tuple[PastCase, ...]
    risks: list[str]


class Outlook:
    """What is expected of one kind of task."""

    def __init__(self, kind: str, table: PredictionsPublished, drifts: list[DriftDetected]) -> None:
        self._kind, self._table, self._drifts = kind, table, drifts
        self._estimates = {row.agent: row.estimate for row in table.agents}
        self._sizes = [case.size for case in table.cases]
        self._rows: dict[str, _Row] = {}
        self._alike: dict[int, _Like] = {}

    def changed(self, drifts: list[DriftDetected]) -> None:
        self._drifts = drifts
        self._rows.clear()

    def of(self, agent: str, size: int) -> Expected:
        """Of an attempt by the agent at a task whose input has so many bytes."""
        row = self._rows.get(agent)
        if row is None:
            row = self._rows[agent] = self._row(agent)
        table, (estimate, attempts, risks) = self._table, row
        similar = self._like(size)
        duration, low, high = estimate.duration, estimate.low, estimate.high
        if duration is not None and low is not None and high is not None:
            times = scale(table.slope, table.size, size)
            duration, low, high = duration * times, low * times, high * times
        prediction = Prediction(
            estimate.success,
            estimate.success_low,
            estimate.success_high,
            attempts,
            table.attempts,
            table.version,
            table.level,
            duration,
            low,
            high,
            similar.cases,
            estimate.cost,
        )
        return Expected(prediction, risks + similar.risks)

    def _row(self, agent: str) -> _Row:
        own, usual = self._estimates.get(agent), self._table.others
        risks = risks_of_agent(self._kind, agent, own, usual, self._drifts)
        return _Row(usual, 0.0, risks) if own is None else _Row(own, own.attempts, risks)

    def _like(self, size: int) -> _Like:
        """Those whose sizes are nearest, by size."""
        place = bisect_left(self._sizes, size)
        first = max(0, min(place - CASES_SHOWN // 2, len(self._sizes) - CASES_SHOWN))
        known = self._alike.get(first)
        if known is None:
            cases = self._table.cases[first : first + CASES_SHOWN]
            known = self._alike[first] = _Like(cases, risks_of_cases([case.duration is None for case in cases]))
        return known


class Outlooks:
    """By kind of task."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, Outlook] = OrderedDict()
        self._drifts: dict[str, dict[Measure, DriftDetected]] = {}

    def observe(self, kind: str, fact: Struct) -> None:
        match fact:
            case PredictionsPublished():
                self._found[kind] = Outlook(kind, fact, self._of_kind(kind))
                self._found.move_to_end(kind)
                if len(self._found) > KINDS_KEPT:
                    forgotten, _ = self._found.popitem(last=False)
                    self._drifts.pop(forgotten, None)
                return
            case DriftDetected():
                self._drifts.setdefault(kind, {})[fact.measure] = fact
            case DriftEnded():
                self._drifts.get(kind, {}).pop(fact.measure, None)
            case _:
                return
        if kind in self._found:
            self._found[kind].changed(self._of_kind(kind))

    def of(self, job: Job, agent: str) -> Expected | None:
        """What is expected of an attempt; None of a kind of which nothing is known."""
        found = self._found.get(job.kind)
        return None if found is None else found.of(agent, len(job.input))

    def _of_kind(self, kind: str) -> list[DriftDetected]:
        return list(self._drifts.get(kind, {}).values())
