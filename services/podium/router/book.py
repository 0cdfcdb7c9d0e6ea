"""What the router folds from its own events: tasks, what agents hold and how they did, whose turn it is."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from podium.contracts.policies import AppliedEvent
from podium.contracts.tasks import AttemptFailed, TaskAssigned, TaskCompleted, TaskEvent, TaskSubmitted

from .agents import Hands, Track
from .failures import Failure, Failures
from .fairness import Turns
from .jobs import Jobs
from .lengths import Said
from .lessons import Lesson, Lessons
from .phases import FRESH, IN_HAND, Assigned, Closed, Open, Queued, Running, Task, in_hand, is_closed
from .policies import Policies
from .settings import RouterSettings
from .tasks import evolve


class Change(Struct, frozen=True, gc=False):
    """One task's step; `before` is None for a new one, `after` for one that was closed."""

    before: Open | None
    after: Open | None


class _Dump(Struct, frozen=True):
    """Everything that cannot be told from the rest, in an order that does not depend on how it came about."""

    format: Literal["router-1"]
    submitted: int
    assigned: int
    tasks: list[Open]
    closed: list[tuple[str, Closed]]
    tracks: list[tuple[str, Track]]
    clocks: list[float]
    ends: list[tuple[int, str, float]]
    lessons: list[tuple[str, Lesson]] = []
    policies: Policies = msgspec.field(default_factory=Policies)
    failed: list[Failure] = []
    said: Said = Said()


class Book:
    """Changed by `fold` and `follow` alone.

    Attributes:
        tasks: the open ones, in the order in which they were submitted.
        closed: those that were closed last, in the order in which they were.
        hands: of the agents that hold something.
        tracks: of the agents that ever held something; who was given a task last is last.
        policies: which are followed.
        lessons: what was learned of agents, kind by kind.
        failures: tasks that have failed lately, as they were submitted.
        said: how long the queue was when that was last said.
        submitted, assigned: how many there were.
    """

    def __init__(self, settings: RouterSettings) -> None:
        self.tasks: dict[str, Open] = {}
        self.closed: dict[str, Closed] = {}
        self.hands: dict[str, Hands] = {}
        self.tracks: OrderedDict[str, Track] = OrderedDict()
        self.turns = Turns()
        self.lessons = Lessons(settings.decay, everything="adaptive" in (settings.mode, settings.strategy))
        self.policies = Policies()
        self.failures = Failures()
        self.said = Said()
        self.submitted = 0
        self.assigned = 0
        self._jobs = Jobs()
        self._closing: deque[str] = deque()  # the keys of `closed`: a dict's first key is slow to find
        self._closed_kept = settings.closed_kept
        self._tracks_kept = settings.agents_kept

    def find(self, task_id: str) -> Task | None:
        return self.tasks.get(task_id) or self.closed.get(task_id)

    def fold(self, task_id: str, event: TaskEvent, actor: str, at: float) -> Change | None:
        """The step that the event makes, or None if it changes nothing."""
        before = self.tasks.get(task_id)
        if before is None:
            return self._submit(task_id, event, actor, at) if isinstance(event, TaskSubmitted) else None
        after = evolve(before, event, at)
        if after is before:
            return None
        if type(event) is TaskAssigned:
            self._give(event.agent, before)
        elif in_hand(before) and not in_hand(after):
            self._take_back(before)
            if isinstance(event, TaskCompleted):
                self.tracks[before.agent].add(event.duration)
                self.lessons.completed(before.job, before.agent, event.duration)
            elif isinstance(event, AttemptFailed):
                self.tracks[before.agent].failed += 1
                self.lessons.failed(before.job, before.agent, event.code)
        if is_closed(after):
            self._close(before, after)
            return Change(before, None)
        self.tasks[task_id] = after
        return Change(before, after)

    def follow(self, name: str, event: AppliedEvent) -> None:
        """A step of a policy; from the first one on every attempt is learned from."""
        self.policies.fold(name, event)
        self.lessons.everything = self.lessons.everything or bool(self.policies)

    def _submit(self, task_id: str, event: TaskSubmitted, principal: str, at: float) -> Change:
        tag = self.turns.submitted(event.priority, principal)
        task = Queued(self._jobs.make(task_id, event, principal, self.submitted, tag, at))
        self.submitted += 1
        self.tasks[task_id] = task
        if event.replaces is not None:
            self.failures.replaced(event.replaces, task_id)
        return Change(None, task)

    def _give(self, agent: str, task: Open) -> None:
        self.assigned += 1
        self.turns.served(task.job.priority, task.job.tag)
        track = self.tracks.get(agent)
        if track is None:
            track = self.tracks[agent] = Track()
        else:
            self.tracks.move_to_end(agent)
        track.turn = self.assigned
        hands = self.hands.get(agent)
        if hands is None:
            hands = self.hands[agent] = Hands({}, {})
        hands.take(task.job.id, task.job.needs.resources)
        if len(self.tracks) > self._tracks_kept:
            idlest = next((name for name in self.tracks if name not in self.hands), None)
            if idlest is not None:
                del self.tracks[idlest]

    def _take_back(self, task: Assigned | Running) -> None:
        hands = self.hands[task.agent]
        hands.give_back(task.job.id, task.job.needs.resources)
        if not hands.tasks:
            del self.hands[task.agent]

    def _close(self, before: Open, after: Closed) -> None:
        job = before.job
        del self.tasks[job.id]
        self.closed[job.id] = after
        self._closing.append(job.id)
        if len(self.closed) > self._closed_kept:
            del self.closed[self._closing.popleft()]
        if after.attempt == 0:
            self.turns.withdrawn(job.priority, job.principal)

    def dump(self) -> bytes:
        """Equal books give equal bytes."""
        return msgspec.msgpack.encode(
            _Dump(
                "router-1",
                self.submitted,
                self.assigned,
                list(self.tasks.values()),
                list(self.closed.items()),
                list(self.tracks.items()),
                self.turns.clocks,
                self.turns.ends(),
                self.lessons.dump(),
                self.policies,
                self.failures.dump(),
                self.said,
            )
        )

    @staticmethod
    def load(dumped: bytes, settings: RouterSettings) -> Book:
        """Raises: msgspec.MsgspecError if it is of another shape."""
        content = msgspec.msgpack.decode(dumped, type=_Dump)
        book = Book(settings)
        book.submitted, book.assigned = content.submitted, content.assigned
        book.closed = dict(content.closed)
        book._closing = deque(book.closed)
        book.tracks = OrderedDict(content.tracks)
        book.turns = Turns(content.clocks, content.ends)
        book.lessons.load(content.lessons)
        book.policies = content.policies
        book.failures, book.said = Failures(content.failed), content.said
        book.lessons.everything = book.lessons.everything or bool(book.policies)
        for read in content.tasks:
            trail = FRESH if read.trail == FRESH else read.trail
            task = replace(read, job=book._jobs.shared(read.job), trail=trail)
            book.tasks[task.job.id] = task
            if isinstance(task, IN_HAND):
                if task.agent not in book.hands:
                    book.hands[task.agent] = Hands({}, {})
                book.hands[task.agent].take(task.job.id, task.job.needs.resources)
        return book
