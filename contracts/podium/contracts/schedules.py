"""The router's words for schedules: when runs of a workflow begin by themselves, and what of those that were missed.

A schedule is an entity; its runs are the router's own, and each knows which time it stands for (`run.due`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from .agents import Priority
from .envelope import Command, Event
from .names import Name, RecordedName, Text
from .personal import PersonalJSON, PersonalParts
from .tasks import JSON_NULL
from .timing import AskedTiming, Instant, Timing
from .workflows import Version

Overlap = Literal["skip", "queue", "cancel_previous", "allow"]
"""What happens at a time when a run of the schedule is still open: nothing, a new one waits for its end, takes its
place, or runs beside it.
"""

CatchUp = Literal["none", "last", "all"]
"""Which of the times that were missed are made up for: none, the last alone, or all of them up to a limit."""

SkipReason = Literal["overlap", "missed", "queue_full", "refused"]
"""Why a time got no run; `refused`: the workflow did not take it, and the message says why."""


class ScheduleWorkflow(Command, frozen=True, tag="schedule_workflow"):
    """Make the entity a schedule, or change it. The same once more changes nothing; a pause stays.

    Attributes:
        version: of the workflow; for each run the newest of its day by default.
        input, priority: of each run.
        catch_up_limit: with `all` at most so many times are made up for, the latest ones.
        grace: seconds; a time is missed once a later one has come, or it is so long ago.
        data_subject: whose data the input is: then it is sealed once, for all runs; of an object each value (see
            `personal`).
    """

    workflow: Name
    timing: AskedTiming
    version: Version | None = None
    input: PersonalParts = JSON_NULL
    priority: Priority | None = None
    overlap: Overlap = "skip"
    catch_up: CatchUp = "last"
    catch_up_limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    grace: Annotated[float, Meta(ge=0.0, le=31_536_000.0)] = 60.0
    data_subject: Name | None = None


class PauseSchedule(Command, frozen=True, tag="pause_schedule"):
    """Nothing begins until it is resumed; what has begun goes on."""

    reason: Text | None = None


class ResumeSchedule(Command, frozen=True, tag="resume_schedule"):
    """Go on with the next time; those that came in the pause are not made up for."""

    reason: Text | None = None


class RemoveSchedule(Command, frozen=True, tag="remove_schedule"):
    """No run begins any more; those that have begun go on."""

    reason: Text | None = None


class BackfillSchedule(Command, frozen=True, tag="backfill_schedule"):
    """Begin runs for the times of a range in the past, as if the schedule had been there.

    Attributes:
        since, until: seconds since the epoch, UTC; both belong to the range.
        overlap: `queue`, one after the other and none beside another run of the schedule; or all at once.
    """

    since: Instant
    until: Instant
    overlap: Literal["queue", "allow"] = "queue"


ScheduleCommand = ScheduleWorkflow | PauseSchedule | ResumeSchedule | RemoveSchedule | BackfillSchedule


class ScheduleEvent(Event, frozen=True):
    """Base of all events of schedules."""


class WorkflowScheduled(ScheduleEvent, frozen=True, tag="workflow_scheduled"):
    """The schedule is so from now on; its runs belong to the actor."""

    workflow: RecordedName
    timing: Timing
    version: int | None = None
    input: PersonalJSON = JSON_NULL
    priority: int | None = None
    overlap: Overlap = "skip"
    catch_up: CatchUp = "last"
    catch_up_limit: int = 100
    grace: float = 60.0


class SchedulePaused(ScheduleEvent, frozen=True, tag="schedule_paused"):
    reason: str | None = None


class ScheduleResumed(ScheduleEvent, frozen=True, tag="schedule_resumed"):
    reason: str | None = None


class ScheduleRemoved(ScheduleEvent, frozen=True, tag="schedule_removed"):
    reason: str | None = None


class ScheduleFinished(ScheduleEvent, frozen=True, tag="schedule_finished"):
    """No time of it is left."""


class ScheduleBackfilled(ScheduleEvent, frozen=True, tag="schedule_backfilled"):
    """`times`: of the range, for which runs are to begin; seconds since the epoch, UTC."""

    since: float
    until: float
    times: list[float]
    overlap: Literal["queue", "allow"] = "queue"


class ScheduleTriggered(ScheduleEvent, frozen=True, tag="schedule_triggered"):
    """A run begins.

    Attributes:
        due: the time it stands for, seconds since the epoch, UTC.
        queued: it had waited for its turn.
    """

    run: RecordedName
    due: float
    queued: bool = False


class ScheduleQueued(ScheduleEvent, frozen=True, tag="schedule_queued"):
    """A time has come, and its run waits for the end of those that are open."""

    due: float


class ScheduleSkipped(ScheduleEvent, frozen=True, tag="schedule_skipped"):
    """Times get no run.

    Attributes:
        due: the last of them, seconds since the epoch, UTC.
        count: how many they are; 1,000 stands for more as well.
        queued: it had waited for its turn.
    """

    due: float
    reason: SkipReason
    count: int = 1
    message: str | None = None
    queued: bool = False


AnyScheduleEvent = (
    WorkflowScheduled
    | SchedulePaused
    | ScheduleResumed
    | ScheduleRemoved
    | ScheduleFinished
    | ScheduleBackfilled
    | ScheduleTriggered
    | ScheduleQueued
    | ScheduleSkipped
)
"""The events of a schedule."""

SCHEDULE_CLOSING = (ScheduleRemoved, ScheduleFinished)
"""After one of these a schedule is no more."""
