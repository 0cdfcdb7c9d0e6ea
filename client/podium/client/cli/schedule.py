"""`podium schedule`: when runs of workflows begin by themselves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from ._app import Common, Exit, Json, Limit, Usage, app, guarded, run
from ._saying import given, send, show_json
from ._timing import coming, in_words, in_zone, print_times, read_time, read_timing
from .workflow_runs import DataSubject, Input, Reason, read_input

schedule = App(name="schedule", help="Schedules: when runs of workflows begin by themselves.")
app.command(schedule)

_OF_RUNS = ("run_id", "phase", "started_at", "ended_at", "code", "message")
"""What is shown of a schedule's runs."""

CronText = Annotated[str | None, Parameter(name="--cron", help="minute, hour, day, month and day of the week")]
Zone = Annotated[str, Parameter(name="--timezone", help="of the cron expression, as Europe/Berlin")]
Seconds = Annotated[float | None, Parameter(name="--every", help="seconds from one run to the next")]
Later = Annotated[float | None, Parameter(name="--after", help="once, so many seconds from now")]
Moment = Annotated[str | None, Parameter(name="--at", help="once, at a time such as 2026-03-25T02:00+01:00")]


@schedule.command(
    help_epilogue="""\
Examples:
  podium schedule create nightly paper --cron "0 2 * * *" --timezone Europe/Berlin
  podium schedule create poll feed --every 300 --overlap queue --catch-up all
  podium schedule create later paper --after 3600 --input '{"topic": "tides"}'""",
)
def create(
    name: str,
    workflow: str,
    /,
    *,
    cron: CronText = None,
    timezone: Zone = "UTC",
    every: Seconds = None,
    after: Later = None,
    at: Moment = None,
    input: Input = "null",
    version: int | None = None,
    priority: int | None = None,
    overlap: Literal["skip", "queue", "cancel_previous", "allow"] = "skip",
    catch_up: Literal["none", "last", "all"] = "last",
    catch_up_limit: int = 100,
    grace: float = 60.0,
    data_subject: DataSubject = None,
    common: Common = Common(),
) -> int:
    """Make a schedule, or change it; one of --cron, --every, --after and --at says when.

    Parameters
    ----------
    workflow
        whose runs it begins
    version
        of the workflow; the newest of each day by default
    priority
        of the runs' tasks, 0 to 9
    overlap
        what happens while a run of it is open
    catch_up
        which of the times that were missed are made up for
    catch_up_limit
        with --catch-up all so many at the most, the latest ones
    grace
        seconds; a time is missed once a later one has come, or it is so long ago
    """

    async def work() -> int:
        from podium.client import schedules

        timing = read_timing(cron, timezone, every, after, at)
        options: dict[str, Any] = {
            "version": version,
            "priority": priority,
            "overlap": overlap,
            "catch_up": catch_up,
            "catch_up_limit": catch_up_limit,
            "grace": grace,
            "data_subject": data_subject,
        }
        async with common.client() as client:
            changed = await schedules.create(client, name, workflow, timing, read_input(input), **options)
        print(f"scheduled  {name}" if changed else f"{name}: it was so already")
        return Exit.OK

    return run(work())


@schedule.command(
    name="list",
    help_epilogue="""\
Examples:
  podium schedule list
  podium schedule list paper --all --json""",
)
def list_(
    workflow: str = "",
    /,
    *,
    also_over: Annotated[bool, Parameter(name="--all", negative=())] = False,
    limit: Limit = 50,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """List schedules by name.

    Parameters
    ----------
    workflow
        those of this one alone
    also_over
        those that are finished or removed as well
    """

    async def work() -> int:
        from podium.contracts.schedule_queries import ListSchedules

        asked = ListSchedules(workflow=workflow or None, open=None if also_over else True, limit=limit, fresh=True)
        async with common.client() as client:
            _show(await client.query(asked), json)
        return Exit.OK

    return run(work())


@schedule.command(
    help_epilogue="""\
Example:
  podium schedule show nightly --count 10""",
)
def show(name: str, /, *, count: int = 5, json: Json = False, common: Common = Common()) -> int:
    """Say all about a schedule: when it is due, and what became of its runs.

    Parameters
    ----------
    count
        so many times that come, and runs that were
    """

    async def work() -> int:
        from podium.client import schedules

        async with common.client() as client:
            _show(await schedules.get(client, name, count), json)
        return Exit.OK

    return run(work())


@schedule.command(
    name="next",
    help_epilogue="""\
Examples:
  podium schedule next nightly
  podium schedule next --cron "30 2 * * *" --timezone Europe/Berlin --count 3""",
)
def next_(
    name: str = "",
    /,
    *,
    cron: CronText = None,
    timezone: Zone = "UTC",
    count: int = 5,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Print the times that come, of a schedule or of a cron expression; for the latter no server is needed.

    Parameters
    ----------
    count
        how many
    """

    async def ask() -> int:
        from podium.client import schedules

        async with common.client() as client:
            found = await schedules.get(client, name, count)
        zone = getattr(found.schedule.timing, "timezone", "UTC")
        print_times(found.due, zone, json)
        return Exit.OK

    def work_out() -> int:
        if cron is None:
            raise Usage("name a schedule, or give an expression with --cron")
        print_times(coming(cron, timezone, count), timezone, json)
        return Exit.OK

    return run(ask()) if name else guarded(work_out)


@schedule.command(
    help_epilogue="""\
Example:
  podium schedule pause nightly --reason "the disk is full" """,
)
def pause(name: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """Begin nothing until it is resumed."""
    return _send(name, "pause_schedule", "paused", common, reason=reason)


@schedule.command(
    help_epilogue="""\
Example:
  podium schedule resume nightly""",
)
def resume(name: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """Go on with the next time; those that came in the pause are not made up for."""
    return _send(name, "resume_schedule", "resumed", common, reason=reason)


@schedule.command(
    help_epilogue="""\
Example:
  podium schedule remove nightly""",
)
def remove(name: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """Begin no run any more; those that are open go on."""
    return _send(name, "remove_schedule", "removed", common, reason=reason)


@schedule.command(
    help_epilogue="""\
Example:
  podium schedule backfill nightly 2026-03-01T00:00+01:00 2026-03-07T00:00+01:00""",
)
def backfill(
    name: str,
    since: str,
    until: str,
    /,
    *,
    overlap: Literal["queue", "allow"] = "queue",
    common: Common = Common(),
) -> int:
    """Begin runs for the times of a range in the past.

    Parameters
    ----------
    since, until
        seconds since the epoch, or times such as 2026-03-25T02:00+01:00; without an offset in UTC
    overlap
        queue: one after the other; allow: all at once
    """

    def work() -> int:
        times = {"since": read_time("since", since), "until": read_time("until", until)}
        return _send(name, "backfill_schedule", "backfilled", common, **times, overlap=overlap)

    return guarded(work)


def _show(answer: Any, json: bool) -> None:
    import msgspec

    if json:
        show_json(answer)
        return
    from . import _tables

    content: dict[str, Any] = msgspec.to_builtins(answer)
    for row in (content["schedule"],) if "schedule" in content else content["schedules"]:
        row["timing"] = in_words(row["timing"])
    if "schedule" in content:
        zone = getattr(answer.schedule.timing, "timezone", "UTC")
        due = {"due": "\n".join(in_zone(answer.due, zone))}
        content = {**content["schedule"], **due, "runs": content["schedule"].get("runs", 0)}
        content["latest runs"] = [
            {name: run.get(name) for name in _OF_RUNS} for run in msgspec.to_builtins(answer.runs)
        ]
    _tables.show(content)


def _send(name: str, command: str, done: str, common: Common, **fields: Any) -> int:
    return run(send(common, "router", name, (command, given(fields)), done))
