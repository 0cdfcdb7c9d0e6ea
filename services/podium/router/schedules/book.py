"""What the router folds of schedules."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from podium.contracts.schedules import (
    AnyScheduleEvent,
    ScheduleBackfilled,
    ScheduleFinished,
    SchedulePaused,
    ScheduleQueued,
    ScheduleRemoved,
    ScheduleResumed,
    ScheduleSkipped,
    ScheduleTriggered,
    WorkflowScheduled,
)


class Waiting(Struct, frozen=True, array_like=True):
    """A time whose run has not begun; `beside`: it may begin beside other runs of its schedule."""

    due: float
    beside: bool = False


class Begun(Struct, frozen=True, array_like=True):
    """A run that a schedule has triggered; `is_there`: its start was seen."""

    schedule: str
    due: float
    is_there: bool = False


class Schedule(Struct, array_like=True):
    """
    Attributes:
        plan: what holds now.
        principal: to whom its runs belong.
        handled: all times up to this one were dealt with, seconds since the epoch, UTC.
        open: its runs that are open.
        queue: times whose runs wait, the first to begin first.
    """

    plan: WorkflowScheduled
    principal: str
    handled: float
    paused: bool = False
    open: dict[str, None] = {}
    queue: list[Waiting] = []


class Dump(Struct, frozen=True, array_like=True):
    schedules: list[tuple[str, Schedule]]
    runs: list[tuple[str, Begun]]


class Schedules:
    """Changed by `fold`, `started` and `closed` alone, but for `pending`, which anyone may add to.

    Attributes:
        kept: by name.
        runs: run that was triggered and is not over → what it stands for.
        missing: of these, those whose start was not seen.
        pending: schedules with which something may be to do.
    """

    def __init__(self) -> None:
        self.kept: dict[str, Schedule] = {}
        self.runs: dict[str, Begun] = {}
        self.missing: dict[str, None] = {}
        self.pending: dict[str, None] = {}

    @property
    def busy(self) -> bool:
        """Whether something may be to do at once."""
        return bool(self.pending or self.missing)

    def fold(self, name: str, event: AnyScheduleEvent, actor: str, at: float) -> None:
        self.pending[name] = None
        if isinstance(event, WorkflowScheduled):
            before = self.kept.get(name)
            after = Schedule(event, actor, at)
            after.paused = before is not None and before.paused
            after.open = {run: None for run, begun in self.runs.items() if begun.schedule == name}
            self.kept[name] = after
            return
        schedule = self.kept.get(name)
        if schedule is None:
            return
        match event:
            case SchedulePaused():
                schedule.paused = True
            case ScheduleResumed():
                schedule.paused = False
                schedule.handled = max(schedule.handled, at)
            case ScheduleBackfilled():
                beside = event.overlap == "allow"
                schedule.queue += [Waiting(due, beside) for due in event.times]
            case ScheduleQueued():
                schedule.handled = max(schedule.handled, event.due)
                schedule.queue.append(Waiting(event.due))
            case ScheduleTriggered():
                _handled(schedule, event.due, event.queued)
                schedule.open[event.run] = None
                self.runs[event.run] = Begun(name, event.due)
                self.missing[event.run] = None
            case ScheduleSkipped():
                _handled(schedule, event.due, event.queued)
                self._give_up(name, event.due)
            case ScheduleRemoved() | ScheduleFinished():
                del self.kept[name]
                self._give_up(name)

    def started(self, run: str) -> None:
        """A run that is in `runs` has begun."""
        self.missing.pop(run, None)
        self.runs[run] = replace(self.runs[run], is_there=True)

    def closed(self, run: str) -> None:
        """A run that is in `runs` is over."""
        self.missing.pop(run, None)
        name = self.runs.pop(run).schedule
        schedule = self.kept.get(name)
        if schedule is not None:
            schedule.open.pop(run, None)
            self.pending[name] = None

    def _give_up(self, name: str, due: float | None = None) -> None:
        """What was triggered and is not there does not begin."""
        for run in list(self.missing):
            begun = self.runs[run]
            if begun.schedule == name and due in (None, begun.due):
                self.closed(run)

    def dump(self) -> Dump:
        """Equal states give equal dumps."""
        return Dump(list(self.kept.items()), list(self.runs.items()))

    @staticmethod
    def load(dump: Dump) -> Schedules:
        schedules = Schedules()
        schedules.kept = dict(dump.schedules)
        schedules.runs = dict(dump.runs)
        schedules.missing = {run: None for run, begun in dump.runs if not begun.is_there}
        schedules.pending = dict.fromkeys(schedules.kept)
        return schedules


def _handled(schedule: Schedule, due: float, queued: bool) -> None:
    """The time has got its run, or none."""
    if not queued:
        schedule.handled = max(schedule.handled, due)
        return
    place = next((place for place, waiting in enumerate(schedule.queue) if waiting.due == due), None)
    if place is not None:
        del schedule.queue[place]
