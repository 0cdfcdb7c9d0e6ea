"""Phases of sessions: collaboration says that one begins, the router makes it a task, and says once how that ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from podium.contracts.phases import PhaseEnded, PhaseEvent, PhaseStarted, PhaseTakenUp, PhaseWithdrawn
from podium.contracts.tasks import (
    CancelTask,
    Constraints,
    TaskCancelled,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskSubmitted,
    Timeouts,
)
from podium.kernel.decider import Emit

from .book import Book
from .jobs import digest
from .phases import Open, digest_of
from .rules import Rules
from .tasks import decide

_SELF: Final = "router"


class Link(Struct, frozen=True, array_like=True):
    """What a task is for."""

    session: str
    number: int


class Dump(Struct, frozen=True, array_like=True):
    """`ended`: events as JSON."""

    last: int
    links: list[tuple[str, Link]]
    ended: bytes


class PhaseBook:
    """Folded from the router's own events.

    Attributes:
        last: serial of the newest phase that was taken up: those before it are never taken up again.
        links: open task of a phase → its phase.
        ended: task → its end, of which nobody was told yet.
    """

    def __init__(self) -> None:
        self.last = 0
        self.links: dict[str, Link] = {}
        self.ended: dict[str, PhaseEnded] = {}

    def fold(self, session: str, event: PhaseEvent) -> None:
        match event:
            case PhaseTakenUp():
                self.last = event.serial
                self.links[event.task] = Link(session, event.number)
            case PhaseEnded():
                self.links.pop(event.task, None)
                self.ended.pop(event.task, None)

    def fold_task(self, task: str, event: TaskEvent) -> None:
        """An event of a task that is in `links`."""
        number = self.links[task].number
        match event:
            case TaskCompleted():
                output = Raw(bytes(event.output))
                end = PhaseEnded(number=number, task=task, agent=event.agent, output=output, duration=event.duration)
            case TaskFailed():
                end = PhaseEnded(number=number, task=task, agent=event.agent, code=event.code, message=event.message)
            case TaskCancelled():
                reason = event.reason or "its task was cancelled"
                end = PhaseEnded(number=number, task=task, agent=event.agent, code="cancelled", message=reason)
            case _:
                return
        self.ended[task] = end

    def dump(self) -> Dump:
        return Dump(self.last, list(self.links.items()), msgspec.json.encode(list(self.ended.values())))

    @staticmethod
    def load(dump: Dump) -> PhaseBook:
        book = PhaseBook()
        book.last, book.links = dump.last, dict(dump.links)
        for end in msgspec.json.decode(dump.ended, type=list[PhaseEnded]):
            book.ended[end.task] = replace(end, output=Raw(bytes(end.output)))
        return book


class Wanted:
    """Observed, and not yet looked at: phases that have begun, and tasks that nobody needs any more, and why."""

    def __init__(self) -> None:
        self.begun: deque[tuple[str, PhaseStarted]] = deque()
        self.unneeded: dict[str, str] = {}

    def observe(self, session: str, fact: PhaseStarted | PhaseWithdrawn) -> None:
        if isinstance(fact, PhaseStarted):
            self.begun.append((session, fact))
        else:
            self.unneeded[fact.task] = fact.reason


def advance(
    phases: PhaseBook, wanted: Wanted, book: Book, now: float, rules: Rules, *, stopped: bool
) -> Iterator[Emit]:
    """Take up what has begun, unless everything is stopped; end what nobody needs; tell what has ended."""
    while wanted.begun and not (stopped and wanted.begun[0][1].serial > phases.last):
        session, phase = wanted.begun[0]
        if phase.serial > phases.last:
            yield from _take_up(session, phase, book)
        wanted.begun.popleft()
    for name, reason in list(wanted.unneeded.items()):
        task: Open | None = book.tasks.get(name)
        if task is not None and name in phases.links:
            decided = decide(name, task, CancelTask(reason), _SELF, now, rules)
            yield from decided if isinstance(decided, list) else [Emit(name, TaskCancelled(reason))]
        if not any(phase.task == name for _, phase in wanted.begun):
            del wanted.unneeded[name]
    for name, end in list(phases.ended.items()):
        yield Emit(phases.links[name].session, end)


def _take_up(session: str, phase: PhaseStarted, book: Book) -> Iterator[Emit]:
    """The task comes first: where a crash cuts between the two, it is known again by what it is."""
    submitted = _task(session, phase)
    known = book.find(phase.task)
    if known is None:
        yield Emit(phase.task, submitted, actor=phase.by)
    yield Emit(session, PhaseTakenUp(serial=phase.serial, number=phase.number, task=phase.task, by=phase.by))
    if known is not None and digest_of(known) != digest(submitted):
        message = f"there is another task {phase.task}"
        yield Emit(session, PhaseEnded(number=phase.number, task=phase.task, code="task_exists", message=message))


def _task(session: str, phase: PhaseStarted) -> TaskSubmitted:
    return TaskSubmitted(
        kind=phase.kind,
        input=Raw(bytes(phase.input)),
        priority=phase.priority,
        deadline=phase.until,
        constraints=Constraints(agents=[phase.agent]),
        timeouts=Timeouts(finish=phase.timeout),
        metadata={"session": session, "phase": phase.number},
    )
