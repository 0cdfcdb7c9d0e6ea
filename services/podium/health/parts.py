"""The parts of health's state. They never mix: each is changed from one side only."""

from __future__ import annotations

from math import exp

from msgspec import Struct

from podium.contracts.hooks import Ending
from podium.contracts.predictions import DriftDetected, Measure

from .accrual import FLEET_MEMORY, Losses, Rhythm
from .book import Book
from .ends import new_ends
from .foresight import Foresight
from .results import Results


class Promise(Struct, frozen=True, gc=False):
    """Observed: an agent is to beat each `interval` seconds, since that time (seconds since the epoch, UTC)."""

    interval: float
    since: float


class Attempt(Struct, frozen=True, gc=False):
    """Observed: who has which attempt of a task in hand, since when, and how long it may do without progress.

    `patient`: the task says itself how long its agent may be silent, and the router sees to that.
    """

    agent: str
    attempt: int
    since: float
    limit: float | None
    kind: str
    skills: tuple[str, ...]
    patient: bool = False


class Rest(Struct, frozen=True, gc=False):
    """Observed: an open task that was in hand and is not; what it is and needs, and what became of its last attempt.

    `code` is empty if that was taken back and has not failed.
    """

    kind: str
    skills: tuple[str, ...]
    agent: str = ""
    attempt: int = 0
    code: str = ""


class Fallen(Struct, frozen=True, gc=False):
    """Observed: a task that has failed, at that time; `agent` had its last attempt, empty if it had none."""

    kind: str
    agent: str
    attempts: int
    code: str
    at: float


class Run(Struct, frozen=True, gc=False):
    """Observed: an open run of a workflow, since that time; `parent`: the run that it is a part of."""

    workflow: str
    since: float
    parent: str | None = None


Held = dict[str, None]
"""Tasks in the order in which they were got."""


class Load(Struct):
    """Sensed: what an agent says of its processor and memory, 0–1; newer beats count more.

    Attributes:
        since: of the first beat, and `at` of the last one.
    """

    since: float
    at: float
    cpu: float
    memory: float

    def heard(self, cpu: float, memory: float, at: float, window: float) -> None:
        """An exponential average that forgets half of what it knew within a third of the window."""
        share = 1.0 - exp(-2.0 * max(0.0, at - self.at) / window)
        self.cpu += share * (min(max(cpu, 0.0), 1.0) - self.cpu)
        self.memory += share * (min(max(memory, 0.0), 1.0) - self.memory)
        self.at = at

    def spans(self, window: float) -> bool:
        """Whether it has been heard for long enough to be judged."""
        return self.at - self.since >= window / 2.0


class Hearing(Struct):
    """Sensed: when an agent was heard last, by a beat and by anything, how it beats, and how busy it is."""

    beat_at: float
    at: float
    rhythm: Rhythm
    load: Load


class Step(Struct, frozen=True, gc=False):
    """Sensed: how far an attempt said that it is, and when that was last anything new."""

    attempt: int
    fraction: float | None
    note: str | None
    at: float


class Parts:
    """
    Attributes:
        book: folded from health's own events; the only part that outlives the process.
        types: observed, of agents, those that are defined.
        promises: observed, of registered agents that are to beat.
        attempts: observed, task → who has it in hand.
        rests: observed, tasks that were in hand, are not, and are still open.
        fallen: observed, tasks that have failed and that nobody has looked at yet.
        successors: observed, tasks that may stand for others and are over → how they ended.
        runs: observed, of workflows, those that are open.
        waits: observed, how many tasks wait for an agent; None until it was said.
        waiting: observed, skill → how many of them need it; 0 of those for which some have waited.
        results: observed, how attempts and tasks ended lately.
        ends: observed, the newest ends of tasks and runs of which nobody was told yet.
        drifts: observed, kinds of task that the optimizer finds changed, and in what.
        held: observed, agent → the tasks that it has in hand, in the order in which it got them.
        hearings: sensed, of agents that promised to beat.
        steps: sensed, task → its progress.
        foresight: sensed, what metrics usually are, and where they lead.
        fleet: sensed, how many beats of all agents are lost.
        listening: since when this process listens without a break; None before its first look.
        looked: when it looked last.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self.types: set[str] = set()
        self.promises: dict[str, Promise] = {}
        self.attempts: dict[str, Attempt] = {}
        self.rests: dict[str, Rest] = {}
        self.fallen: dict[str, Fallen] = {}
        self.successors: dict[str, Ending] = {}
        self.runs: dict[str, Run] = {}
        self.results = Results()
        self.waiting: dict[str, int] = {}
        self.waits: int | None = None
        self.ends = new_ends()
        self.drifts: dict[tuple[str, Measure], DriftDetected] = {}
        self.held: dict[str, Held] = {}
        self.hearings: dict[str, Hearing] = {}
        self.steps: dict[str, Step] = {}
        self.foresight = Foresight()
        self.fleet = Losses(FLEET_MEMORY)
        self.listening: float | None = None
        self.looked = 0.0
