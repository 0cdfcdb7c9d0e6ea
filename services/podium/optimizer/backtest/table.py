"""Recordings in CSV: a row for each task, with a heading; fields are parted by commas, semicolons or tabs.

Which column means what is told by its name, whatever its case, spaces and underscores:

    duration  duration, runtime, elapsed, latency, response_time, execution_time, wall_time, with the unit at the end
              if it is not seconds (ms, us, ns, min, h)
    order     timestamp, time, start, started_at, submitted_at, arrival, date …: ISO, or a number; without one the rows'
    kind      kind, program, operation, name, task_type, function, endpoint, step, category
    agent     agent, machine, host, node, worker, server, instance, model
    sizes     numbers that are called size, length, count, bytes, tokens, items, rows or files, unless they are only
              known afterwards (generated, output, written, result, response, completion)

Rows of a language model's requests (context and generated tokens, no duration) are given one: see `served`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Final

from msgspec import Struct

from podium.optimizer.durations import Case

from .recording import Done, Recording, Unreadable, usable

_UNITS: Final = {
    **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds", "insec", "inseconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds", "inms", "inmilliseconds"), 1e-3),
    **dict.fromkeys(("us", "usec", "micros", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nanos", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "mins", "minutes"), 60.0),
    **dict.fromkeys(("h", "hours"), 3600.0),
}
_DURATION: Final = re.compile(
    r"(?:task|job|total|actual)?"
    r"(?:duration|durations|runtime|elapsed|elapsedtime|latency|responsetime|executiontime|walltime|exectime|took)"
    r"([a-z]*)"
)
_ORDER: Final = re.compile(
    r"(?:time|timestamp|date|datetime|when|start|started|startedat|starttime|begin|submit|submitted|submittedat"
    r"|submittime|submissiontime|arrival|arrivaltime|arrivedat|created|createdat|ts)"
)
_KIND: Final = re.compile(
    r"(?:task)?(?:kind|program|operation|name|type|tasktype|function|endpoint|step|category|job|task)"
)
_AGENT: Final = re.compile(r"(?:agent|machine|host|hostname|node|nodename|worker|server|instance|model)(?:id|name)?")
_SIZE: Final = re.compile(r".*(?:size|length|count|bytes|tokens|items|rows|files)(?:in[a-z]+)?")
_AFTERWARDS: Final = re.compile(r".*(?:generated|output|written|result|response|completion|memory|rss).*")

SPEEDS: Final = (0.5, 2.0)
"""Of the slowest and the fastest agent that serve a trace without durations."""
_FIXED, _PER_CONTEXT, _PER_GENERATED, _NOISE = 0.020, 0.0002, 0.008, 0.2


class Reading(Struct, frozen=True):
    """How a table is to be read.

    Attributes:
        known: the columns that are taken for sizes, in the place of those that are called so.
        agents, seed: who serves a trace without durations.
    """

    known: tuple[str, ...] = ()
    agents: int = 8
    seed: int = 1


class _Columns(Struct, frozen=True):
    """Where what stands; `unit`: seconds of one of the duration's units."""

    duration: int | None
    unit: float
    order: int | None
    kind: int | None
    agent: int | None
    sizes: tuple[int, ...]


def read(text: str, reading: Reading) -> Recording:
    """Raises: Unreadable"""
    try:
        lines = text.splitlines()
        rows = [row for row in csv.reader(lines, delimiter=_delimiter(lines)) if any(field.strip() for field in row)]
    except csv.Error as error:
        raise Unreadable(f"it is no CSV: {error}.") from error
    if len(rows) < 2:
        raise Unreadable("it has no rows: a heading and a row for each task are expected.")
    heading, rows = [field.strip() for field in rows[0]], rows[1:]
    columns = _columns(heading, reading.known)
    if columns.order is not None:
        rows = _ordered(rows, columns.order)
    if columns.duration is None:
        return _served(heading, rows, columns, reading)
    found = [_done(row, heading, columns) for row in rows]
    tasks = [done for done in found if done is not None]
    return Recording("CSV", _said(heading, columns), tasks, len(rows) - len(tasks))


def _delimiter(lines: Sequence[str]) -> str:
    """That of the heading: a comma, a semicolon or a tab."""
    heading = next((line for line in lines if line.strip()), "")
    return max(",;\t", key=heading.count)


def _columns(heading: Sequence[str], known: Sequence[str]) -> _Columns:
    names = ["".join(letter for letter in field.lower() if letter.isalnum()) for field in heading]
    duration, unit = None, 1.0
    for place, name in enumerate(names):
        match = _DURATION.fullmatch(name)
        if match is not None and match[1] in _UNITS:
            duration, unit = place, _UNITS[match[1]]
            break
    sizes = tuple(
        place for place, name in enumerate(names) if _SIZE.fullmatch(name) and not _AFTERWARDS.fullmatch(name)
    )
    if known:
        unknown = [name for name in known if name not in heading]
        if unknown:
            raise Unreadable(f"it has no column {unknown[0]}; it has {', '.join(heading)}.")
        sizes = tuple(heading.index(name) for name in known)
    taken = {duration, *sizes}

    def first(pattern: re.Pattern[str]) -> int | None:
        return next((n for n, name in enumerate(names) if n not in taken and pattern.fullmatch(name)), None)

    return _Columns(duration, unit, first(_ORDER), first(_KIND), first(_AGENT), sizes)


def _ordered(rows: list[list[str]], place: int) -> list[list[str]]:
    """By time; rows without one come where they stand."""
    moments: list[float] = []
    for row in rows:
        moment = _moment(row[place].strip()) if place < len(row) else None
        moments.append(moment if moment is not None else moments[-1] if moments else float("-inf"))
    return [row for _, row in sorted(zip(moments, rows, strict=True), key=lambda pair: pair[0])]


def _moment(text: str) -> float | None:
    number = _number(text)
    if number is not None:
        return number
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _done(row: Sequence[str], heading: Sequence[str], columns: _Columns) -> Done | None:
    assert columns.duration is not None
    text = _field(row, columns.duration)
    seconds = _number(text)
    if seconds is None and text and text.lower() not in ("nan", "na", "null", "none", "-"):
        raise Unreadable(f"{text[:40]!r} in column {heading[columns.duration]} is no duration.")
    if seconds is None or not usable(seconds * columns.unit):
        return None
    return Done(_case(row, columns), seconds * columns.unit)


def _case(row: Sequence[str], columns: _Columns, agent: str | None = None) -> Case:
    kind = "task" if columns.kind is None else _field(row, columns.kind) or "task"
    if agent is None:
        agent = "unknown" if columns.agent is None else _field(row, columns.agent) or "unknown"
    return Case(kind, agent, tuple(max(0.0, _number(_field(row, place)) or 0.0) for place in columns.sizes))


def _served(heading: Sequence[str], rows: Sequence[Sequence[str]], columns: _Columns, reading: Reading) -> Recording:
    """A trace of a language model's requests, as agents of hidden speeds would have served it.

    A request takes 20 ms, 0.2 ms for each token of context and 8 ms for each one generated, times a normal noise of
    20 %, divided by the speed of an agent that is drawn for it. How much will be generated is not known beforehand.
    """
    names = [field.lower() for field in heading]
    context = next(
        (n for n, name in enumerate(names) if "context" in name or "prompt" in name or "input" in name), None
    )
    generated = next((n for n, name in enumerate(names) if "generated" in name or "output" in name), None)
    if context is None or generated is None:
        raise Unreadable(
            f"no column has a duration, or tokens of context and generated ones; its columns are {', '.join(heading)}."
        )
    random, count = Random(reading.seed), reading.agents
    low, high = SPEEDS
    tasks: list[Done] = []
    for row in rows:
        before, after = _number(_field(row, context)), _number(_field(row, generated))
        agent = random.randrange(count)
        noise = max(0.05, random.gauss(1.0, _NOISE))
        if before is None or after is None or not usable(before) or not usable(after):
            continue
        speed = low * (high / low) ** (agent / max(1, count - 1))
        seconds = (_FIXED + _PER_CONTEXT * before + _PER_GENERATED * after) * noise / speed
        tasks.append(Done(_case(row, columns, f"agent-{agent + 1}"), seconds))
    said = _said(heading, columns) | {
        "agent": f"{count} of speeds {low:g} to {high:g}, drawn with the seed {reading.seed}",
        "duration": f"20 ms + 0.2 ms × {heading[context]} + 8 ms × {heading[generated]}, 20 % noise, by the speed",
    }
    return Recording("trace of a language model", said, tasks, len(rows) - len(tasks))


def _said(heading: Sequence[str], columns: _Columns) -> dict[str, str]:
    places = {"kind": columns.kind, "agent": columns.agent, "duration": columns.duration, "order": columns.order}
    said = {name: "none" if place is None else heading[place] for name, place in places.items()}
    if columns.order is None:
        said["order"] = "the rows'"
    return said | {"sizes": ", ".join(heading[place] for place in columns.sizes) or "none"}


def _field(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
