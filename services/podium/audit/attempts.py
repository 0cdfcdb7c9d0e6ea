"""A task's attempts: one live at the most, each with the next number, and nothing after the task's end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from podium.contracts.tasks import (
    AttemptFailed,
    ReportRefused,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaused,
    TaskResumed,
    TaskStarted,
    TaskSubmitted,
)

from .finding import Entry, Finding


class Holding(Struct, frozen=True):
    """A live attempt."""

    agent: str
    attempt: int

    def __str__(self) -> str:
        return f"attempt {self.attempt} by {self.agent}"


class Known(Struct):
    """A task as its events tell it; `attempt` is the latest one's number."""

    live: Holding | None = None
    attempt: int = 0
    paused: bool = False
    closed: bool = False


class Attempts:
    """A `Rule` of the router's log; what is wrong with one event is found by `look` as well.

    Attributes:
        tasks: by id; a closed one stays until its name is a new task's.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, Known] = {}

    @property
    def live(self) -> dict[str, Holding]:
        """By task, the attempts that live now."""
        return {name: task.live for name, task in self.tasks.items() if task.live is not None}

    def add(self, entry: Entry) -> Iterator[Finding]:
        if entry.service == "router" and entry.data is not None:
            for message in self.look(entry.envelope.subject, entry.data):
                yield entry.finds("attempts", message)

    def end(self) -> Iterable[Finding]:
        return ()

    def look(self, name: str, event: Struct) -> Iterator[str]:
        """What is wrong with the event, in sentences; then it is folded, whatever was wrong."""
        task = self.tasks.get(name)
        match event:
            case TaskSubmitted():
                if task is not None and not task.closed:
                    yield f"{name} was submitted before and is not closed"
                self.tasks[name] = Known()
            case (
                TaskAssigned()
                | TaskStarted()
                | TaskCompleted()
                | AttemptFailed()
                | TaskFailed()
                | TaskCancelled()
                | TaskPaused()
                | TaskResumed()
            ):
                if task is None:
                    yield f"{name} was never submitted"
                    task = self.tasks[name] = Known()
                if task.closed:
                    yield f"{name} is closed: nothing may follow"
                yield from _step(name, task, event)
            case ReportRefused():  # of whatever task, known or not
                pass
            case _:
                pass


def _step(
    name: str,
    task: Known,
    event: TaskAssigned
    | TaskStarted
    | TaskCompleted
    | AttemptFailed
    | TaskFailed
    | TaskCancelled
    | TaskPaused
    | TaskResumed,
) -> Iterator[str]:
    live = task.live
    match event:
        case TaskAssigned():
            if live is not None:
                yield f"{name} is given to {event.agent} while {live} lives"
            if task.paused:
                yield f"{name} is given to {event.agent} while it is paused"
            if event.attempt != task.attempt + 1:
                yield f"attempt {event.attempt} of {name} follows upon attempt {task.attempt}"
            task.live, task.attempt = Holding(event.agent, event.attempt), event.attempt
        case TaskStarted():
            yield from _same(name, live, event.agent, event.attempt)
        case TaskCompleted(fallback=str()):
            if live is not None:
                yield f"{name} gets an output of health's plan while {live} lives"
            task.closed = True
        case TaskCompleted() | AttemptFailed():
            yield from _same(name, live, event.agent, event.attempt)
            task.live, task.closed = None, isinstance(event, TaskCompleted)
        case TaskCancelled() | TaskPaused():
            if live is not None or event.agent is not None:
                yield from _same(name, live, event.agent, event.attempt)
            task.live, task.paused, task.closed = None, isinstance(event, TaskPaused), isinstance(event, TaskCancelled)
        case TaskResumed():
            if not task.paused:
                yield f"{name} is resumed and was not paused"
            task.paused = False
        case TaskFailed():
            if live is not None:
                yield f"{name} fails while {live} lives"
            task.live, task.closed = None, True


def _same(name: str, live: Holding | None, agent: str | None, attempt: int | None) -> Iterator[str]:
    said = "no attempt" if agent is None or attempt is None else str(Holding(agent, attempt))
    lives = "no attempt" if live is None else str(live)
    if said != lives:
        yield f"of {name} {lives} lives, and the event is of {said}"
