"""What may be asked about what is expected of tasks, and the answers."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from .names import Name
from .predictions import CalibrationMeasured, Measure
from .query import Answer, Limit, Query


class SimilarCase(Struct, frozen=True, omit_defaults=True):
    """A task of the past that is like another one, and how it went.

    Attributes:
        similarity: 0–1, from kind, size and text of the input.
        outcome: `completed`, `failed` or `cancelled`.
        duration: seconds of the attempt that completed.
        ended_at: seconds since the epoch, UTC.
        code: why it failed.
        cost: as the agent says.
    """

    task_id: str
    similarity: float
    kind: str
    outcome: str
    ended_at: float
    agent: str | None = None
    duration: float | None = None
    attempts: int = 0
    code: str | None = None
    cost: float | None = None


class PredictionAnswer(Answer, frozen=True, kw_only=True):
    """What is expected of an attempt by an agent; durations are in seconds.

    Attributes:
        agent: None for one of which nothing is known.
        attempts: how many of the agent's own the estimate rests on; older ones count less.
        success: how likely the attempt completes; `success_low` and `success_high` hold 90 % of that belief.
        duration: the median; `low` and `high` hold the share `level` of the durations.
        cost: the mean of what such attempts have cost, as agents say; None if none has said so.
        version, published_at: of the table that this was read from.
        similar: tasks of the past that were most like it.
        risks: what speaks against it, in words, with the numbers.
    """

    kind: str
    agent: str | None = None
    attempts: float
    success: float
    success_low: float
    success_high: float
    duration: float | None = None
    low: float | None = None
    high: float | None = None
    level: float
    version: int
    published_at: float
    similar: list[SimilarCase]
    risks: list[str]
    cost: float | None = None


class GetPrediction(Query, frozen=True, kw_only=True):
    """What is expected of a task, by an agent or by any.

    Attributes:
        task_id: a task that was submitted, by its own agent if no other is named;
        kind, input: else one that might be.
    """

    wire = "predictions.get"
    answer = PredictionAnswer

    task_id: Name | None = None
    kind: Name | None = None
    input: Any = None
    agent: Name | None = None


class SimilarAnswer(Answer, frozen=True, kw_only=True):
    """`looked_at`: how many tasks were compared."""

    cases: list[SimilarCase]
    looked_at: int


class FindSimilar(Query, frozen=True, kw_only=True):
    """Tasks of the past that are like a task, the most like it first, with how they went.

    Attributes:
        task_id: a task that was submitted;
        kind, input: else one that might be.
        agent: only what this agent did.
        among: how many of the newest ended tasks of the kind are compared.
    """

    wire = "experience.similar"
    answer = SimilarAnswer

    task_id: Name | None = None
    kind: Name | None = None
    input: Any = None
    agent: Name | None = None
    among: Annotated[int, Meta(ge=1, le=10_000)] = 1_000
    limit: Limit = 10


class DriftRow(Struct, frozen=True):
    """A drift that is on; `since`: seconds since the epoch, UTC."""

    kind: str
    measure: Measure
    expected: float
    observed: float
    since: float


class CalibrationAnswer(Answer, frozen=True, kw_only=True):
    """`calibration` is the newest, None before the first; `at`: when it was measured, seconds since the epoch, UTC."""

    calibration: CalibrationMeasured | None = None
    at: float | None = None
    drifts: list[DriftRow]


class GetCalibration(Query, frozen=True, kw_only=True):
    """How right predictions were, and of which kinds they are not right any more."""

    wire = "calibration.get"
    answer = CalibrationAnswer
