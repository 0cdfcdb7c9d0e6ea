"""What one look gives: an insight, whether it matters, and by what name it goes."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, NamedTuple

from podium.contracts.insights import Advice, Finding, InsightFound, Outcomes, Unit
from podium.optimizer.experience import Cell

from .differences import Difference

LEAST: Final = 20.0
"""Attempts on either side before anything is said of a difference."""
AGENTS_COMPARED: Final = 200

SHARE: Final = 0.1
RATIO: Final = 1.25
"""What a difference must be for it to matter: of success, of durations."""


class Found(NamedTuple):
    """
    Attributes:
        matters: whether it is large and certain enough to be said.
        holds: whether it is still so, of one that was said; None if that is to be told from its effect.
    """

    insight: InsightFound
    matters: bool
    holds: bool | None = None


def name_of(finding: Finding, *about: str) -> str:
    """The same for the same."""
    digest = blake2b("/".join(about).encode(), digest_size=6).hexdigest()
    return f"{finding.replace('_', '-')}-{digest}"


def insight(
    finding: Finding,
    kind: str,
    agent: str | None,
    found: Difference,
    unit: Unit,
    counts: dict[str, float],
    message: str,
    advice: Advice | None = None,
    skill: str | None = None,
) -> InsightFound:
    return InsightFound(
        finding=finding,
        kind=kind,
        effect=found.effect,
        low=found.low,
        high=found.high,
        unit=unit,
        counts=counts,
        message=message,
        agent=agent,
        advice=advice,
        skill=skill,
    )


def hold(agent: str, why: str, seconds: float, says: str) -> Advice:
    """To give an agent no work for so long."""
    return Advice("health", agent, "hold_work", {"reason": why, "scope": "agent", "seconds": seconds}, says)


def busiest(cells: dict[str, Cell]) -> list[str]:
    return sorted(cells, key=lambda agent: (-cells[agent].attempts, agent))[:AGENTS_COMPARED]


def outcomes_of(*cells: Cell) -> Outcomes:
    """Of these together."""
    attempts = completed = logs = squares = waited = waits = 0.0
    for cell in cells:
        attempts += cell.attempts
        completed += cell.timed
        logs += cell.timed * cell.mean
        squares += cell.squares + cell.timed * cell.mean * cell.mean
        waited += cell.waited
        waits += cell.waits
    return Outcomes(attempts, completed, logs, squares, waited, waits)


def less(whole: Outcomes, part: Outcomes) -> Outcomes:
    return Outcomes(
        max(0.0, whole.attempts - part.attempts),
        max(0.0, whole.completed - part.completed),
        whole.logs - part.logs,
        whole.squares - part.squares,
        max(0.0, whole.waited - part.waited),
        max(0.0, whole.waits - part.waits),
    )
