"""The optimizer's words of what it expects: success and duration by kind of task and agent, and how sure it is."""

from __future__ import annotations

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
    """

    attempts: float
    success: float
    success_low: float
    success_high: float
    duration: float | None = None
    low: float | None = None
    high: float | None = None


class AgentEstimate(Struct, frozen=True, gc=False):
    """One agent's row of a table."""

    agent: RecordedName
    estimate: Estimate


class PredictionsPublished(Event, frozen=True, kw_only=True, tag="predictions_published"):
    """A table of what is expected of a kind of task, which is the entity. It takes the place of the one before.

    Attributes:
        version: counts the tables of all kinds, from 1.
        level: share of the durations that an interval is to hold.
        agents: those that did most of it lately, by name.
        others: any other agent.
        size: bytes of input that the durations are for.
        slope: a task of n bytes takes `((n + 1) / (size + 1)) ** slope` times as long.
    """

    version: int
    level: float
    agents: list[AgentEstimate]
    others: Estimate
    size: float = 0.0
    slope: float = 0.0


PredictionEvent = PredictionsPublished
