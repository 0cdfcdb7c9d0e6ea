"""When a schedule is due: from words of the command line, and in words for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ._app import Usage

if TYPE_CHECKING:
    from podium.contracts.timing import AskedTiming


def read_timing(
    cron: str | None, timezone: str, every: float | None, after: float | None, at: str | None
) -> AskedTiming:
    """What is asked for by --cron, --every, --after or --at.

    Raises:
        Usage: not by exactly one of them.
    """
    from podium.contracts.timing import After, At, Cron, Every

    given: list[AskedTiming] = []
    if cron is not None:
        given.append(Cron(cron, timezone))
    if every is not None:
        given.append(Every(every))
    if after is not None:
        given.append(After(after))
    if at is not None:
        given.append(At(read_time("--at", at)))
    if len(given) != 1:
        raise Usage("give one of --cron, --every, --after and --at")
    return given[0]


def read_time(name: str, text: str) -> float:
    """Seconds since the epoch, UTC; what has no offset is in UTC, as schedules are.

    Raises:
        Usage
    """
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Usage(f"{name}: {text!r} is no time such as 2026-03-25T02:00+01:00") from error
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def coming(cron: str, timezone: str, count: int) -> list[float]:
    """The next times of a cron expression.

    Raises:
        Usage
    """
    from itertools import islice
    from time import time

    from podium.contracts.timing import BadTiming, Cron, settled, ticks

    try:
        timing = settled(Cron(cron, timezone), time())
    except BadTiming as bad:
        raise Usage(f"--{'cron' if bad.field == 'expression' else bad.field}: {bad}") from bad
    return list(islice(ticks(timing, time()), count))


def print_times(times: list[float], zone: str, json: bool) -> None:
    import msgspec

    print(msgspec.json.encode(times).decode() if json else "\n".join(in_zone(times, zone)))


def in_zone(times: list[float], zone: str) -> list[str]:
    """Times on the clocks of a zone."""
    from podium.contracts.timing import zone_of

    return [datetime.fromtimestamp(time, zone_of(zone)).isoformat(sep=" ") for time in times]


def in_words(timing: dict[str, Any]) -> str:
    """A timing as JSON has it."""
    match timing["kind"]:
        case "cron":
            return f"{timing['expression']} ({timing.get('timezone', 'UTC')})"
        case "every":
            return f"every {timing['seconds']:g} s"
        case _:
            return f"once, {datetime.fromtimestamp(timing['time']).astimezone().isoformat(' ', 'seconds')}"
