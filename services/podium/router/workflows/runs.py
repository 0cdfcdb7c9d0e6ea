"""One run of a workflow, folded from its events, and what follows from them: which steps may begin."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from heapq import heappop, heappush
from typing import Any, Final

from msgspec import Struct

from podium.contracts.expressions import read_json
from podium.contracts.workflows import Purpose, Source

from .plan import Plan, StepPlan

DECODED: Final = 64
"""How many outputs of a run are kept decoded."""


class Completed(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """`output` is JSON."""

    output: bytes


class Failed(Struct, frozen=True, gc=False, tag=True, array_like=True):
    code: str
    message: str


class Skipped(Struct, frozen=True, gc=False, tag=True, array_like=True):
    pass


Done = Completed | Failed | Skipped
"""What became of a step."""

Result = Completed | Failed
"""What became of one task or child run of a step."""


class Link(Struct, frozen=True, gc=False, array_like=True):
    """What a task or child run is for."""

    run: str
    step: str
    purpose: Purpose
    index: int
    lane: str
    cache_key: bytes | None = None


class Active(Struct, array_like=True):
    """A step that has begun and is not done.

    Attributes:
        since: seconds since the epoch, UTC.
        items: how many elements its list has; None for anything else.
        next: the index of the element or round that begins next.
        open: index → task or child run that is at it.
        results: index → what became of it; of a loop only the latest round.
        source: where the result is from, if not from the step's own work.
        failed: indices of results that are failures, for which nothing was done yet.
        failures: index → how its work failed that the fallback does now.
        approved: who did, in order, with their comments.
        until: when time is up, seconds since the epoch, UTC.
    """

    since: float
    items: int | None = None
    next: int = 0
    open: dict[int, str] = {}
    results: dict[int, Result] = {}
    source: Source | None = None
    failed: list[int] = []
    failures: dict[int, Failed] = {}
    approved: list[tuple[str, str | None]] = []
    rejected: tuple[str, str | None] | None = None
    until: float | None = None


class Ending(Struct, frozen=True, array_like=True):
    """Why a run is about to fail."""

    code: str
    message: str
    step: str | None = None


class Facts(Struct, array_like=True):
    """All of a run that was folded from events: what a snapshot holds.

    Attributes:
        depth: how many runs it is below the first, itself counted.
        tasks: how many tasks and child runs it has begun.
        undo: steps that have to be undone should the run fail, in the order of their completion.
        undoing: the step that is being undone.
        taken: done steps of the run that this one repeats, which need not be done again.
        due: of a run of a schedule, the time it stands for, seconds since the epoch, UTC.
    """

    id: str
    workflow: str
    version: int
    principal: str
    digest: bytes
    started: float
    input: bytes
    priority: int
    depth: int = 1
    parent: Link | None = None
    rerun: str | None = None
    tasks: int = 0
    paused: bool = False
    ending: Ending | None = None
    done: dict[str, Done] = {}
    active: dict[str, Active] = {}
    signals: dict[str, list[bytes]] = {}
    undo: list[str] = []
    undoing: str | None = None
    undone: list[str] = []
    taken: dict[str, Done] = {}
    due: float | None = None


class Run:
    """
    Attributes:
        todo: steps that may begin and were not looked at yet.
        lanes: lane → steps of which a task may begin, the most urgent first.
        waiting: lane → tasks of the run that wait for an agent → their ranks.
        changed: active steps of which something has come back.
        ranks: how urgent each step is: seconds before the end of the run at which it begins at the latest.
        is_ordered: whether these are for the agents that there are.
        counted: the version of the fleet whose agents were counted for it last.
        items: step → the elements of its list, once they were worked out.
        times: step → when its time is up, seconds since the epoch, UTC.
    """

    __slots__ = (
        "_decoded", "_missing", "_offered", "_seen",
        "changed", "counted", "facts", "input", "is_ordered", "items", "lanes", "plan", "ranks", "times", "todo",
        "waiting",
    )  # fmt: skip

    def __init__(self, facts: Facts, plan: Plan) -> None:
        self.facts = facts
        self.plan = plan
        self.input: Any = read_json(facts.input)
        self.items: dict[str, list[Any]] = {}
        self.todo: deque[str] = deque()
        self.lanes: dict[str, list[tuple[float, int, str]]] = {}
        self.waiting: dict[str, dict[str, float]] = {}
        self.changed: dict[str, None] = {}
        self._missing: dict[str, int] = {}
        self._decoded: dict[str, Any] = {}
        self._seen: set[str] = set()
        self._offered: set[str] = set()
        self.times: dict[str, float] = {}
        self.follow(plan)

    @property
    def id(self) -> str:
        return self.facts.id

    def follow(self, plan: Plan) -> None:
        """Work out from a plan, and from what is done, which steps may begin."""
        self.plan = plan
        self.ranks: Mapping[str, float] = plan.ranks
        self.is_ordered = not plan.is_estimated
        self.counted: int | None = None
        facts = self.facts
        self.todo.clear()
        self.lanes.clear()
        self._seen.clear()
        self._offered.clear()
        for name, step in plan.steps.items():
            self._missing[name] = sum(other not in facts.done for other in step.needed)
            if (active := facts.active.get(name)) is not None:
                self.changed[name] = None
                if active.until is not None:
                    self.times[name] = active.until
            elif name not in facts.done and (self._missing[name] == 0 or self._has_first(step)):
                self._begin(name)

    def _has_first(self, step: StepPlan) -> bool:
        return step.is_first and any(isinstance(self.facts.done.get(other), Completed) for other in step.needed)

    def finish(self, name: str, done: Done) -> None:
        """A step is done: those that waited for it alone may begin."""
        facts = self.facts
        if name in facts.done:
            return
        facts.done[name] = done
        facts.active.pop(name, None)
        self.changed.pop(name, None)
        self.times.pop(name, None)
        self.items.pop(name, None)
        for other in self.plan.successors.get(name, ()):
            left = self._missing[other] = self._missing[other] - 1
            if left == 0 or (self.plan.steps[other].is_first and isinstance(done, Completed)):
                self._begin(other)

    def _begin(self, name: str) -> None:
        """The step may begin. One that needs the first result only may get here more than once."""
        if self.plan.steps[name].is_first:
            if name in self._seen:
                return
            self._seen.add(name)
        self.todo.append(name)

    def offer(self, step: StepPlan) -> None:
        """A task of the step may begin when its lane has room."""
        if step.id in self._offered:
            return
        self._offered.add(step.id)
        heappush(self.lanes.setdefault(step.lane, []), (-self.ranks[step.id], step.number, step.id))

    def best(self, lane: str) -> StepPlan | None:
        """The most urgent step of the lane; those that are done by now are passed over."""
        heap = self.lanes.get(lane)
        while heap:
            name = heap[0][2]
            if name not in self.facts.done:
                return self.plan.steps[name]
            self.take(lane)
        self.lanes.pop(lane, None)
        return None

    def take(self, lane: str) -> None:
        """The best step of the lane has nothing more to begin for now."""
        self._offered.discard(heappop(self.lanes[lane])[2])

    def output(self, name: str) -> Any:
        """A step's output, as expressions see it."""
        if name not in self._decoded:
            done = self.facts.done.get(name)
            if len(self._decoded) >= DECODED:
                self._decoded.clear()
            self._decoded[name] = read_json(done.output) if isinstance(done, Completed) else None
        return self._decoded[name]

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done."""
        return len(self.facts.done) == len(self.plan.steps) and not self.facts.active
