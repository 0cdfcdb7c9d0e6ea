"""The optimizer's words of what it expects: success and duration by kind of task and agent, and how sure it is."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .envelope import Event
from .names import RecordedName


class Estimate(Struct, frozen=True, gc=False, omit_defaults=True):
    """What is expected of an attempt by one agent; durations are in seconds.

    Attributes:
        attempts: how many the estimate rests on; older ones count less.
        success: how likely the attempt completes, 0–1; `success_low` and `success_high` hold 90 % of that belief.
        duration: the median; None before any attempt of the kind was completed.
        low, high: between them are `level` of the durations, as far as the past tells.
        cost: the mean of what completed attempts have cost, as agents say; None if none has said so.
    """

    attempts: float
    success: float
    success_low: float
    success_high: float
    duration: float | None = None
    low: float | None = None
    high: float | None = None
    cost: float | None = None


class AgentEstimate(Struct, frozen=True, gc=False):
    """One agent's row of a table."""

    agent: RecordedName
    estimate: Estimate


class PastCase(Struct, frozen=True, gc=False, omit_defaults=True):
    """A task of the past that others may be compared with.

    Attributes:
        size: bytes of its input.
        duration: seconds of the attempt that completed it; None of one that failed.
    """

    task: RecordedName
    agent: RecordedName
    size: int
    duration: float | None = None


class Prediction(Struct, frozen=True, gc=False, omit_defaults=True):
    """What was expected of an attempt when it was assigned; durations are in seconds, for the size of its input.

    Attributes:
        success: how likely it completes, 0–1; `success_low` and `success_high` hold 90 % of that belief.
        attempts: of the agent at the kind, how many that rests on; older ones count less. 0: nothing is known of it.
        similar_attempts: the same of all agents.
        version: of the optimizer's table.
        duration: the median; `low` and `high` hold the share `level` of the durations, and that is kept calibrated.
        similar: ended tasks of the kind whose inputs were nearest in size.
        cost: the mean of what such attempts have cost, as agents say; None if none has said so.
    """

    success: float
    success_low: float
    success_high: float
    attempts: float
    similar_attempts: float
    version: int
    level: float
    duration: float | None = None
    low: float | None = None
    high: float | None = None
    similar: tuple[PastCase, ...] = ()
    cost: float | None = None


class PredictionsPublished(Event, frozen=True, kw_only=True, tag="predictions_published"):
    """A table of what is expected of a kind of task, which is the entity. It takes the place of the one before.

    Attributes:
        version: counts the tables of all kinds, from 1.
        level: share of the durations that an interval is to hold.
        agents: those that did most of it lately, by name.
        others: any other agent.
        size: bytes of input that the durations are for.
        slope: a task of n bytes takes `((n + 1) / (size + 1)) ** slope` times as long.
        attempts: of all agents at the kind, how many count.
        cases: some of the newest outcomes of the kind, by their sizes.
    """

    version: int
    level: float
    agents: list[AgentEstimate]
    others: Estimate
    size: float = 0.0
    slope: float = 0.0
    attempts: float = 0.0
    cases: tuple[PastCase, ...] = ()


Measure = Literal["duration", "success"]
"""What is predicted: how long an attempt takes, and whether it completes."""


class Reliability(Struct, frozen=True, gc=False):
    """Of attempts that were believed about as likely to complete: how likely on the mean, and how many did, 0–1.

    Counts fade: `n` is no whole number.
    """

    predicted: float
    observed: float
    n: float


class KindCalibration(Struct, frozen=True, gc=False):
    """How right the predictions of one kind of task were; the fields are those of `calibration_measured`."""

    kind: RecordedName
    intervals: float
    coverage: float | None
    outcomes: float
    brier: float | None


class CalibrationMeasured(Event, frozen=True, kw_only=True, tag="calibration_measured"):
    """How right predictions were lately. The entity is `all`. Counts fade.

    Attributes:
        level: share of the durations that the intervals are to hold, and `coverage` the share that they did.
        intervals: how many that is of.
        brier: mean squared distance of the probability of success from what came (1 or 0), of `outcomes`.
        brier_of_share: the same if the overall share had always been said: what a useful prediction is below.
        reliability: by tenths of probability.
        kinds: those with the most outcomes.
    """

    level: float
    intervals: float
    coverage: float | None
    outcomes: float
    brier: float | None
    brier_of_share: float | None
    reliability: list[Reliability]
    kinds: list[KindCalibration]


class DriftDetected(Event, frozen=True, kw_only=True, tag="drift_detected"):
    """A kind of task, the entity, is no longer as it was: predictions fail too often for it to be chance.

    Attributes:
        expected: share of attempts that should fail, or of durations that should be above the predicted median.
        observed: share that was, of some twenty of the last.
        evidence: logarithm of how much better a changed rate explains what came.
    """

    measure: Measure
    expected: float
    observed: float
    evidence: float


class DriftEnded(Event, frozen=True, tag="drift_ended"):
    """Predictions of the kind are right again: what has changed is learnt, or has gone back."""

    measure: Measure


PredictionEvent = PredictionsPublished | CalibrationMeasured | DriftDetected | DriftEnded
