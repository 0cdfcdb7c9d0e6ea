"""What the router knows of agents: what they say they are, how they are, what they hold, how they did."""

from __future__ import annotations

from math import sqrt

from msgspec import Struct

from podium.contracts.agents import AgentProfile


class Profile(Struct, frozen=True, gc=False):
    """Observed: what the registry says, and since when (seconds since the epoch, UTC)."""

    agent: AgentProfile
    since: float


class Beat(Struct, frozen=True, gc=False):
    """Sensed: when the agent was last heard, and its used shares of processor and memory, 0–1.

    `despite` is the time of the newest doubt about it that was known when it was heard: that one is settled.
    """

    at: float
    cpu: float = 0.0
    memory: float = 0.0
    despite: float = 0.0


class Hands(Struct):
    """What an agent holds.

    Attributes:
        tasks: in the order in which they were given.
        reserved: resource → millionths.
    """

    tasks: dict[str, None]
    reserved: dict[str, int]

    def take(self, task: str, resources: tuple[tuple[str, int], ...]) -> None:
        self.tasks[task] = None
        for name, amount in resources:
            self.reserved[name] = self.reserved.get(name, 0) + amount

    def give_back(self, task: str, resources: tuple[tuple[str, int], ...]) -> None:
        del self.tasks[task]
        for name, amount in resources:
            left = self.reserved[name] - amount
            if left:
                self.reserved[name] = left
            else:
                del self.reserved[name]


class Track(Struct, array_like=True):
    """How an agent did: its track record.

    Attributes:
        turn: the number of the assignment that it got last.
        completed, failed: attempts.
        mean: seconds, of completed attempts.
        squares: sum of squared distances from the mean. Source: Welford, "Note on a Method for
            Calculating Corrected Sums of Squares and Products" (Technometrics 1962).
    """

    turn: int = 0
    completed: int = 0
    failed: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, duration: float) -> None:
        """An attempt was completed within `duration` seconds."""
        self.completed += 1
        distance = duration - self.mean
        self.mean += distance / self.completed
        self.squares += distance * (duration - self.mean)

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the duration in seconds; None before the second completed attempt."""
        return sqrt(self.squares / (self.completed - 1)) if self.completed > 1 else None

    @property
    def reliability(self) -> float:
        """Share of attempts that completed; 1 before the first."""
        ended = self.completed + self.failed
        return self.completed / ended if ended else 1.0

    @property
    def confidence(self) -> float:
        """How likely the next attempt completes: Laplace's rule of succession."""
        return (self.completed + 1) / (self.completed + self.failed + 2)
