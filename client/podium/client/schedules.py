"""Schedules of workflows in Python: when their runs begin by themselves.

await schedules.create(client, "nightly", "paper", Cron("0 2 * * *", "Europe/Berlin"), overlap="queue")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Raw

from podium.contracts.schedule_queries import GetSchedule, ListSchedules, ScheduleAnswer, ScheduleRow
from podium.contracts.schedules import (
    BackfillSchedule,
    PauseSchedule,
    RemoveSchedule,
    ResumeSchedule,
    ScheduleWorkflow,
)
from podium.contracts.timing import After, AskedTiming, At, Cron, Every

if TYPE_CHECKING:
    from ._client import Client

__all__ = ["After", "At", "Cron", "Every", "backfill", "create", "find", "get", "pause", "remove", "resume"]


async def create(
    client: Client, name: str, workflow: str, timing: AskedTiming, input: object = None, **options: Any
) -> bool:
    """Make a schedule, or change it; whether anything is other than before.

    Args:
        timing: `Cron`, `Every`, `At` or `After`.
        input: of each run.
        options: of `ScheduleWorkflow`: `version`, `priority`, `overlap`, `catch_up`, `catch_up_limit`, `grace`,
            `data_subject` (whose data the input is: it is sealed once, for all runs).

    Raises:
        CommandRefused: `bad_timing`, `unknown_workflow`, `input_does_not_fit`.
        Erased: the data subject was forgotten. Others as for `Client.send`.
    """
    given = input if isinstance(input, Raw) else Raw(msgspec.json.encode(input))
    outcome = await client.send("router", name, ScheduleWorkflow(workflow, timing, input=given, **options))
    return bool(outcome.events)


async def pause(client: Client, name: str, reason: str | None = None) -> None:
    """Begin nothing until it is resumed.

    Raises:
        CommandRefused: `unknown_schedule`. Others as for `Client.send`.
    """
    await client.send("router", name, PauseSchedule(reason))


async def resume(client: Client, name: str, reason: str | None = None) -> None:
    """Go on with the next time; raises as `pause`."""
    await client.send("router", name, ResumeSchedule(reason))


async def remove(client: Client, name: str, reason: str | None = None) -> None:
    """Begin no run any more; raises as `pause`."""
    await client.send("router", name, RemoveSchedule(reason))


async def backfill(
    client: Client, name: str, since: float, until: float, overlap: Literal["queue", "allow"] = "queue"
) -> None:
    """Begin runs for the times of a range, in seconds since the epoch, UTC.

    Raises:
        CommandRefused: `unknown_schedule`, `bad_timing`, `quota_exceeded`. Others as for `Client.send`.
    """
    await client.send("router", name, BackfillSchedule(since, until, overlap))


async def get(client: Client, name: str, count: int = 5) -> ScheduleAnswer:
    """One schedule, the times that come, and its latest runs.

    Raises:
        QueryFailed: `not_found`. Others as for `Client.query`.
    """
    return await client.query(GetSchedule(schedule=name, count=count, fresh=True))


async def find(client: Client, workflow: str | None = None) -> list[ScheduleRow]:
    """All schedules that are not over, of one workflow if it is named."""
    found: list[ScheduleRow] = []
    cursor: str | None = None
    while True:
        page = await client.query(ListSchedules(workflow=workflow, cursor=cursor, fresh=cursor is None))
        found += page.schedules
        if page.next is None:
            return found
        cursor = page.next
