"""What may be asked of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final, assert_never

from msgspec.structs import replace

from podium.contracts.outcomes import Refused
from podium.contracts.schedules import (
    BackfillSchedule,
    PauseSchedule,
    RemoveSchedule,
    ResumeSchedule,
    ScheduleBackfilled,
    ScheduleCommand,
    ScheduleEvent,
    SchedulePaused,
    ScheduleRemoved,
    ScheduleResumed,
    ScheduleWorkflow,
    WorkflowScheduled,
)
from podium.contracts.timing import AskedTiming, BadTiming, Every, Timing, between, settled
from podium.kernel.decider import Emit, Request
from podium.router.rules import Rules
from podium.router.state import RouterState
from podium.router.workflows.decisions import startable

from .book import Schedule

MOST_SCHEDULES: Final = 10_000

LEAST: Final = 1e-3
"""Seconds; no two times of a schedule are so near."""

MOST_QUEUED: Final = 1_000
"""Times of one schedule whose runs wait; and as many may one command ask for."""


def decide(
    state: RouterState, request: Request, command: ScheduleCommand, now: float, rules: Rules
) -> list[Emit] | Refused:
    events = _decide(state, request.entity, command, now, rules)
    return events if isinstance(events, Refused) else [Emit(request.entity, event) for event in events]


def _decide(
    state: RouterState, name: str, command: ScheduleCommand, now: float, rules: Rules
) -> Sequence[ScheduleEvent] | Refused:
    schedule = state.schedules.kept.get(name)
    if isinstance(command, ScheduleWorkflow):
        return _schedule(state, schedule, command, now, rules)
    if schedule is None:
        return Refused("unknown_schedule", f"there is no schedule {name}")
    match command:
        case PauseSchedule():
            return [] if schedule.paused else [SchedulePaused(command.reason)]
        case ResumeSchedule():
            return [ScheduleResumed(command.reason)] if schedule.paused else []
        case RemoveSchedule():
            return [ScheduleRemoved(command.reason)]
        case BackfillSchedule():
            return _backfill(schedule, command, now)
        case _:
            assert_never(command)


def _schedule(
    state: RouterState, before: Schedule | None, command: ScheduleWorkflow, now: float, rules: Rules
) -> Sequence[ScheduleEvent] | Refused:
    possible = startable(state.flows, command.workflow, command.version, command.input, rules)
    if isinstance(possible, Refused):
        return possible
    try:
        timing = settled(_anchored(command.timing, before), now)
    except BadTiming as bad:
        path = f"$.timing.{bad.field}"
        return Refused("bad_timing", f"{path}: {bad}", {"path": path})
    if before is None and len(state.schedules.kept) >= MOST_SCHEDULES:
        return Refused("quota_exceeded", f"there are {MOST_SCHEDULES:,} schedules already")
    event = WorkflowScheduled(
        command.workflow, timing, command.version, command.input, command.priority, command.overlap,
        command.catch_up, command.catch_up_limit, command.grace,
    )  # fmt: skip
    return [] if before is not None and _same(before.plan, event) else [event]


def _anchored(asked: AskedTiming, before: Schedule | None) -> AskedTiming:
    """An interval that stays as it was goes on from where it was counted."""
    held: Timing | None = None if before is None else before.plan.timing
    if isinstance(asked, Every) and asked.anchor is None and isinstance(held, Every) and held.seconds == asked.seconds:
        return held
    return asked


def _same(one: WorkflowScheduled, other: WorkflowScheduled) -> bool:
    return bytes(one.input) == bytes(other.input) and replace(one, input=other.input) == other


def _backfill(schedule: Schedule, command: BackfillSchedule, now: float) -> Sequence[ScheduleEvent] | Refused:
    if command.until < command.since:
        return Refused("bad_timing", "$.until: it is before `since`", {"path": "$.until"})
    if command.until > now:
        return Refused("bad_timing", "$.until: it is in the future", {"path": "$.until"})
    # Times are looked for after a moment; one at the very beginning belongs to the range.
    found = between(schedule.plan.timing, command.since - LEAST, command.until)
    room = MOST_QUEUED - len(schedule.queue)
    times = [due for due in islice(found, room + 1) if due >= command.since]
    if len(times) > room:
        return Refused("quota_exceeded", f"{len(schedule.queue)} runs wait, and more than {MOST_QUEUED:,} may not")
    return [ScheduleBackfilled(command.since, command.until, times, command.overlap)] if times else []
