"""What a log recorded of the world around the router: what was asked of it, who was there, how attempts went. Pure.

Commands are made again from the events that they led to. What agents do is taken attempt by attempt: how long one
waited from its assignment to its start, how long it worked, and how it ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

import msgspec
from msgspec import UNSET, Struct

from podium.contracts.agents import AgentRegistered, AgentUpdated
from podium.contracts.catalogue import decode_data, decode_envelope
from podium.contracts.envelope import CommandAccepted, CommandRefused, Envelope
from podium.contracts.subjects import Service
from podium.contracts.tasks import (
    JSON_NULL,
    AttemptFailed,
    CancelTask,
    PauseTask,
    ResumeTask,
    SubmitTask,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaused,
    TaskResumed,
    TaskSpec,
    TaskStarted,
    TaskSubmitted,
)
from podium.runtime.pull import Stored
from podium.runtime.times import from_text


class Asked(Struct, frozen=True):
    """A command that someone other than an agent sent."""

    at: float
    principal: str
    task: str
    command: Struct


class Fact(Struct, frozen=True):
    """An event of a service that the router observes."""

    at: float
    service: Service
    stored: Stored


class Try(Struct):
    """How an attempt went; seconds. `ending` is None for one that was taken back, or is still open."""

    pickup: float
    work: float = 0.0
    ending: TaskCompleted | AttemptFailed | None = None


class Told(Struct):
    """What the log says became of a task."""

    submitted: float
    kind: str
    started: float | None = None
    ended: float | None = None
    phase: str = "open"
    agents: list[str] = []
    deadline: float | None = None


class Recording:
    """Told the events of the router in their order, and then those of the others."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.facts: list[Fact] = []
        self.tries: dict[str, list[Try]] = {}
        self.tasks: dict[str, Told] = {}
        self.skipped = 0
        self._begun: dict[str, tuple[float, float | None]] = {}

    def add(self, stored: Stored) -> None:
        """An event of the router's own log."""
        if (read := self._read(stored)) is None:
            return
        envelope, data, at = read
        self._ask(envelope, data, at)
        self._tell(envelope.subject, data, at)

    def hear(self, service: Service, stored: Stored) -> None:
        """An event of a service that the router observes. No agent is expected to beat: nobody recorded that."""
        if (read := self._read(stored)) is None:
            return
        envelope, data, at = read
        if isinstance(data, AgentRegistered | AgentUpdated):
            silent = msgspec.structs.replace(data.profile, heartbeat=None)
            data = msgspec.structs.replace(data, profile=silent)
            envelope = msgspec.structs.replace(envelope, data=msgspec.Raw(msgspec.json.encode(data)))
            stored = msgspec.structs.replace(stored, payload=msgspec.json.encode(envelope))
        if not isinstance(data, CommandAccepted | CommandRefused):
            self.facts.append(Fact(at, service, stored))

    def _read(self, stored: Stored) -> tuple[Envelope, Struct | None, float] | None:
        """An event with its data and time; None, and counted, if it cannot be read."""
        try:
            envelope = decode_envelope(stored.payload)
            return envelope, decode_data(envelope), from_text(envelope.time)
        except ValueError:
            self.skipped += 1
            return None

    def attempt(self, task: str, number: int) -> Try:
        """How an attempt goes: as the recorded one; one beyond those that were recorded as the last one that ended.

        Where none ended, it takes the median time of its kind, and succeeds.
        """
        tries = self.tries.get(task, [])
        if number <= len(tries) and tries[number - 1].ending is not None:
            return tries[number - 1]
        ended = [one for one in tries if one.ending is not None]
        if ended:
            return ended[-1]
        kind = self.tasks[task].kind if task in self.tasks else ""
        return self._usual(kind)

    def _usual(self, kind: str) -> Try:
        like = [
            one
            for task, tries in self.tries.items()
            for one in tries
            if isinstance(one.ending, TaskCompleted) and self.tasks[task].kind == kind
        ]
        if not like:
            return Try(0.0, 1.0, TaskCompleted(agent="any", attempt=1, output=JSON_NULL, duration=1.0))
        return Try(median(one.pickup for one in like), median(one.work for one in like), like[0].ending)

    def _ask(self, envelope: Envelope, data: Struct | None, at: float) -> None:
        who, task = envelope.actor, envelope.subject
        match data:
            case TaskSubmitted():
                spec = {name: getattr(data, name) for name in TaskSpec.__struct_fields__}
                self.asked.append(Asked(at, who, task, SubmitTask(**spec)))
            case TaskCancelled() if envelope.command is not UNSET:
                self.asked.append(Asked(at, who, task, CancelTask(data.reason)))
            case TaskPaused() if envelope.command is not UNSET:
                self.asked.append(Asked(at, who, task, PauseTask(data.reason)))
            case TaskResumed() if envelope.command is not UNSET:
                self.asked.append(Asked(at, who, task, ResumeTask()))
            case _:
                pass

    def _tell(self, name: str, data: Struct | None, at: float) -> None:
        if isinstance(data, TaskSubmitted):
            self.tasks[name] = Told(at, data.kind, deadline=data.deadline)
            self.tries[name] = []
        task = self.tasks.get(name)
        if task is None:
            return
        match data:
            case TaskAssigned():
                task.agents = [*task.agents, data.agent]
                self.tries[name].append(Try(0.0))
                self._begun[name] = (at, None)
            case TaskStarted():
                task.started = task.started if task.started is not None else at
                self._start(name, at)
            case TaskCompleted() | AttemptFailed():
                self._end(name, at, data)
            case _:
                pass
        match data:
            case TaskCompleted() | TaskFailed() | TaskCancelled():
                task.ended = at
                task.phase = type(data).__name__.removeprefix("Task").lower()
            case _:
                pass

    def _start(self, name: str, at: float) -> None:
        if name in self._begun and self.tries[name]:
            assigned, _ = self._begun[name]
            self._begun[name] = (assigned, at)
            self.tries[name][-1].pickup = at - assigned

    def _end(self, name: str, at: float, ending: TaskCompleted | AttemptFailed) -> None:
        if name not in self._begun or not self.tries[name]:
            return
        assigned, started = self._begun.pop(name)
        attempt = self.tries[name][-1]
        attempt.work = at - (started if started is not None else assigned)
        attempt.ending = ending


def record(router: Iterable[Stored], others: Iterable[tuple[Service, Stored]]) -> Recording:
    recording = Recording()
    for stored in router:
        recording.add(stored)
    for service, stored in others:
        recording.hear(service, stored)
    return recording
