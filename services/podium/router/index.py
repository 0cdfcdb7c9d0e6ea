"""What follows from the parts of the state and is kept at hand: who is free, what waits, what is due.

Nothing here is a fact. It can be made anew from the parts at any moment, and moves along with them.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from podium.contracts.recovery import Scope
from podium.kernel.timers import NEVER, Timers

from .book import Change
from .fleet import Fleet
from .holds import EVERYTHING, skill_shelf
from .overdue import earlier, next_time
from .parts import Parts
from .phases import WAITS, Assigned, Delayed, Job, Open, Queued, Running, in_hand, waits
from .queue import URGENT, Key, Queue, principal_shelf
from .requirements import Requirements
from .scoring import Fits
from .settings import RouterSettings
from .steering import Steering
from .unstarted import Unstarted
from .watch import Watch


class Tally(Struct):
    """A principal's open tasks, and how many of them agents have in hand."""

    open: int = 0
    held: int = 0


class Index:
    """
    Attributes:
        timers: when time alone next does something to a task, or to an agent.
        tallies: by principal, of those that have open tasks.
        held: how many tasks agents have in hand.
        orphaned: agents that have left and hold tasks.
        ordered: tasks with which health wants something done.
        unstarted: tasks that agents have had for long without beginning them.
        measure_at: when it is to be said next how long the queue is.
        reporting: agent → its process, of those whose reports are being followed: they are there at this moment, and
            begin at once what they get by them.
    """

    def __init__(self, parts: Parts, settings: RouterSettings) -> None:
        self._parts, self._window = parts, settings.urgency_window
        self._separate = settings.principal_running_limit is not None
        self.fleet = Fleet(settings, parts)
        self.fits = Fits(self.fleet, settings)
        self.queue = Queue()
        self.steering = Steering(parts, self.fleet, self.fits, self.queue, settings)
        self.timers = Timers()
        self.watch = Watch(parts, self.fleet, self.timers, settings)
        self.tallies: dict[str, Tally] = {}
        self.held = 0
        self.orphaned: dict[str, None] = {}
        self.ordered: dict[str, None] = dict.fromkeys(parts.orders)
        self.unstarted = Unstarted(settings)
        self.measure_at = NEVER
        self.reporting: dict[str, str] = {}
        for task in parts.book.tasks.values():
            self.follow(Change(None, task))

    @property
    def waiting(self) -> int:
        """How many open tasks no agent has."""
        return len(self._parts.book.tasks) - self.held

    @property
    def pending(self) -> bool:
        """Whether something is to be done at once."""
        queue = self.queue
        if (
            queue.has_fresh
            or self._parts.wishes
            or self.orphaned
            or self.ordered
            or (self.held and self._parts.holds.stop is not None)
        ):
            return True
        if not queue.has_blocked:
            # Nothing waits for what came free.
            self.fleet.freed.clear()
        return bool(self.fleet.freed)

    def next_time(self) -> float:
        """When time alone next changes something, `NEVER` if it does not."""
        first, look = self.timers.first(), min(self.unstarted.next_time(), self.measure_at)
        return look if first is None else min(first[0], look)

    def start(self, now: float) -> None:
        """The router begins to listen."""
        self.watch.start()
        self.unstarted.start(now)

    # Tasks

    def follow(self, change: Change) -> None:
        """Go along with a step of the book."""
        before, after = change.before, change.after
        if self.unstarted.of and isinstance(before, Assigned):
            self.unstarted.forget(before)
        if waits(before):
            self.queue.remove(before.job.id)
        elif in_hand(before) and not in_hand(after):
            self._given_back(before)
        if after is None:
            if before is not None:
                self._closed(before.job)
            return
        if before is None:
            self._tally(after.job.principal).open += 1
        if type(after) is Queued:
            self._enqueue(after)
            if before is None and after.job.deadline is None:
                return
        elif in_hand(after) and not in_hand(before):
            self._taken(after)
        self._set_timer(after)

    def tick(self, task: Open, now: float) -> None:
        """A time has come that changes where the task is looked for and nothing else."""
        if isinstance(task, Delayed) and task.until <= now and task.job.id not in self.queue:
            self._enqueue(task)
        elif isinstance(task, WAITS) and task.job.id in self.queue:
            deadline = task.job.deadline or 0.0
            self.queue.rekey(Key(URGENT, deadline, task.job.number, task.job.id))
        elif isinstance(task, Assigned):
            self.unstarted.note(task)
        self._set_timer(task)

    def _enqueue(self, task: Queued | Delayed) -> None:
        job = task.job
        principal = job.principal if self._separate else None
        self.queue.add(Key(9 - job.priority, job.tag, job.number, job.id), needs_of(task), principal)

    def _set_timer(self, task: Open) -> None:
        key = self.queue.key(task.job.id) if waits(task) else None
        at = next_time(task, key, self._window)
        if type(task) is Assigned:
            at = earlier(at, self.unstarted.first_look(task))
        self.timers.set(task.job.id, at)

    def _taken(self, task: Assigned | Running) -> None:
        self.held += 1
        self._tally(task.job.principal).held += 1
        self.fleet.refresh(task.agent)
        self.watch.given(task)
        if task.agent in self._parts.left:
            self.orphaned[task.agent] = None

    def _given_back(self, task: Assigned | Running) -> None:
        self.held -= 1
        self._tally(task.job.principal).held -= 1
        self.fleet.refresh(task.agent)
        self.fleet.rate(task.agent)
        self.fleet.offer(task.agent)
        if self._separate:
            self.queue.refresh(principal_shelf(task.job.principal))

    def _tally(self, principal: str) -> Tally:
        tally = self.tallies.get(principal)
        if tally is None:
            tally = self.tallies[principal] = Tally()
        return tally

    def _closed(self, job: Job) -> None:
        self.timers.set(job.id, None)
        tally = self._tally(job.principal)
        tally.open -= 1
        if not tally.open:
            del self.tallies[job.principal]

    # Agents

    def reports(self, agent: str, process: str) -> None:
        """The agent's report leads to more; were it gone by now and sent no heartbeats, nobody would notice."""
        profile = self._parts.profiles.get(agent)
        if profile is not None and profile.agent.heartbeat is not None:
            self.reporting[agent] = process

    def enter(self, agent: str) -> None:
        """The agent's profile is there or has changed."""
        self.orphaned.pop(agent, None)
        self.fleet.enter(agent)
        self.watch.begin(agent)

    def leave(self, agent: str) -> None:
        self.fleet.leave(agent)
        self.watch.end(agent)
        if agent in self._parts.book.hands:
            self.orphaned[agent] = None

    def hold_changed(self, name: str, scope: Scope) -> None:
        """Something keeps work from an agent, a skill or everything, or does so no more."""
        if scope == "agent":
            self.fleet.refresh(name)
            self.fleet.offer(name)
        elif self._parts.holds.shelf((name,) if scope == "skill" else ()) is None:
            self.queue.refresh(skill_shelf(name) if scope == "skill" else EVERYTHING)

    def heard(self, agent: str) -> None:
        self.fleet.refresh(agent)
        self.watch.heard(agent)


def needs_of(task: Queued | Delayed | Assigned) -> Requirements:
    """What the task demands now: of whom health sends it to, no other may have it."""
    return replace(task.job.needs, agents=task.trail.only) if task.trail.only else task.job.needs
