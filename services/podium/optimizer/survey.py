"""What concerns all kinds of tasks, worked out once for those that are looked at together.

So a look at one kind costs the same however many others there are.
"""

from __future__ import annotations

from typing import NamedTuple

from .experience import Experience
from .findings.found import Found
from .success import Attempts, Prior, overall, prior_of


class _Record(NamedTuple):
    """What an agent did, of all kinds and of each."""

    whole: Attempts
    kinds: dict[str, Attempts]


class Survey:
    """Everything in it is as it was when it was first asked for.

    Attributes:
        at: when it was begun, seconds since the epoch, UTC.
        shortages: skill → what was found of its slots.
    """

    def __init__(self, experience: Experience, at: float) -> None:
        self.at = at
        self.shortages: dict[str, list[tuple[str, Found]]] = {}
        self._experience = experience
        self._mean = overall(cell for cells in experience.kinds.values() for cell in cells.values())
        self._priors: dict[str, Prior] = {}
        self._records: dict[str, _Record] = {}

    def prior(self, kind: str) -> Prior:
        """Of a kind's agents."""
        prior = self._priors.get(kind)
        if prior is None:
            prior = self._priors[kind] = prior_of(self._experience.kinds.get(kind, {}).values(), self._mean)
        return prior

    def elsewhere(self, agent: str, kind: str) -> Attempts:
        """What the agent did with other kinds, and what their agents on the whole would have."""
        record = self._records.get(agent)
        if record is None:
            record = self._records[agent] = self._record(agent)
        own = record.kinds.get(kind)
        return record.whole if own is None else record.whole.without(own)

    def _record(self, agent: str) -> _Record:
        kinds: dict[str, Attempts] = {}
        attempts = successes = expected = 0.0
        for kind, cell in self._experience.agents[agent].items():
            usual = cell.attempts * self.prior(kind).mean
            kinds[kind] = Attempts(cell.attempts, cell.successes, usual)
            attempts, successes, expected = attempts + cell.attempts, successes + cell.successes, expected + usual
        return _Record(Attempts(attempts, successes, expected), kinds)
