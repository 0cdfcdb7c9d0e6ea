"""A recording played to the router's real rules on the memory log and a virtual clock, whatever its settings.

It assumes: tasks are submitted, cancelled, paused and resumed when they were (also those of workflows, which do not
wait for one another anew); agents come, go, are ill and are held when they were; an attempt takes as long and ends as
the recorded attempt of its number did, whichever agent has it; agents send no heartbeats, so that what they report of
their load counts for nothing.
"""

from __future__ import annotations

import heapq
import itertools
from typing import Any, Final, cast

import msgspec
from msgspec import Struct

from podium.contracts.catalogue import decode_data, decode_envelope, wire_name
from podium.contracts.subjects import Subjects
from podium.contracts.tasks import (
    JSON_NULL,
    AttemptFailed,
    CompleteTask,
    FailTask,
    StartTask,
    TaskAssigned,
    TaskCompleted,
)
from podium.kernel.commands import Incoming
from podium.kernel.decider import Decider
from podium.kernel.log import Record
from podium.kernel.memory import MemoryStreams
from podium.kernel.partition import Partition
from podium.kernel.step import Round
from podium.router.service import Router
from podium.router.settings import RouterSettings
from podium.router.state import RouterState
from podium.runtime.times import in_microseconds

from .recording import Asked, Fact, Recording, Told, record

LONGEST: Final = 86_400.0
"""Seconds behind the last recorded event after which a simulation ends: what waits then waits for ever."""


class _Report(Struct, frozen=True):
    """What an agent will say."""

    agent: str
    task: str
    command: StartTask | CompleteTask | FailTask


class Simulation:
    """One run."""

    def __init__(self, recording: Recording, settings: RouterSettings) -> None:
        self._recording = recording
        self._subjects = Subjects()
        self._router = Router(settings)
        decider: Decider[Any] = cast("Any", self._router)  # as its process runs it
        self._partition: Partition[RouterState] = Partition(decider, self._subjects, 0)
        self._streams = MemoryStreams()
        self._stream = self._subjects.event_stream("router")
        self._now = 0.0
        self._ids = itertools.count(1)
        self._order = itertools.count()
        self._agenda: list[tuple[float, int, Asked | Fact | _Report]] = []

    def run(self) -> dict[str, Told]:
        """What becomes of each task."""
        for fact in self._recording.facts:
            self._plan(fact.at, fact)
        for asked in self._recording.asked:
            self._plan(asked.at, asked)
        end = max((at for at, _, _ in self._agenda), default=0.0) + LONGEST
        while (now := self._next()) is not None and now <= end:
            self._now = now
            commands: list[Incoming] = []
            while self._agenda and self._agenda[0][0] <= now:
                match heapq.heappop(self._agenda)[2]:
                    case Fact() as heard:
                        self._partition.observe(heard.service, [heard.stored])
                    case Asked() as wish:
                        commands.append(self._incoming(wish.principal, wish.task, wish.command))
                    case _Report() as report:
                        commands.append(self._incoming(report.agent, report.task, report.command))
            self._step(commands, now)
        return record(self._streams.stream(self._stream), ()).tasks

    def _next(self) -> float | None:
        """When something happens next."""
        due = self._router.due(self._partition.state)
        times = [at for at in (due, self._agenda[0][0] if self._agenda else None) if at is not None]
        # Always later than the last time: a little before its time nothing is due.
        return in_microseconds(max(self._now, min(times)) + 1e-6) if times else None

    def _step(self, commands: list[Incoming], now: float) -> None:
        round = Round()
        self._partition.step(round, commands, now)
        for batch in round.batches():
            position = self._partition.position
            if batch.records:
                guard = self._subjects.partition("router", 0)
                position = self._streams.append(self._stream, batch.records, guard, position)
            self._partition.committed(batch, position)
            for stored in batch.records:
                self._follow(stored, now)

    def _follow(self, stored: Record, now: float) -> None:
        """The agent that is given an attempt does it as it was done."""
        if ".task_assigned." not in stored.subject:
            return
        envelope = decode_envelope(stored.payload)
        event = decode_data(envelope)
        if not isinstance(event, TaskAssigned):
            return
        attempt = self._recording.attempt(envelope.subject, event.attempt)
        started = now + max(attempt.pickup, 1e-6)
        self._plan(started, _Report(event.agent, envelope.subject, StartTask(event.attempt)))
        said: CompleteTask | FailTask
        match attempt.ending:
            case AttemptFailed() as failed:
                said = FailTask(event.attempt, failed.code, failed.message, retryable=failed.retry_at is not None)
            case TaskCompleted() | None as done:
                said = CompleteTask(event.attempt, done.output if done is not None else JSON_NULL)
        self._plan(started + max(attempt.work, 1e-6), _Report(event.agent, envelope.subject, said))

    def _plan(self, at: float, item: Asked | Fact | _Report) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), item))

    def _incoming(self, principal: str, task: str, command: Struct) -> Incoming:
        subject = self._subjects.command("router", principal, task, wire_name(command))
        id = f"what-if-{next(self._ids)}"
        address = self._subjects.read_command(subject)
        return Incoming(subject, address, msgspec.json.encode(command), id, None, None, None, "")
