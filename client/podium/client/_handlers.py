"""The functions of an agent: what it does when it is given a task, gets a message, or is asked."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import TypeVar, overload

from msgspec import Struct

from podium.contracts.ballots import VoteAsked
from podium.contracts.conflicts import ClaimGranted, ConsentAsked
from podium.contracts.consensus import StandAsked
from podium.contracts.insights import InsightFound
from podium.contracts.names import is_name
from podium.contracts.negotiations import TurnAsked
from podium.contracts.tasks import TaskAssigned
from podium.contracts.tenders import BidAsked, ContractAwarded

from ._calls import Handler
from ._duties import DutyHandler
from ._inbox import MessageHandler
from ._requests import Award, BidRequest, Grant, Insight, Resolution, StandRequest, TurnRequest, VoteRequest
from ._task import Task

F = TypeVar("F", bound=Callable[[Task], object])
V = TypeVar("V", bound=Callable[[VoteRequest], object])
S = TypeVar("S", bound=Callable[[StandRequest], object])
T = TypeVar("T", bound=Callable[[TurnRequest], object])
B = TypeVar("B", bound=Callable[[BidRequest], object])
A = TypeVar("A", bound=Callable[[Award], object])
G = TypeVar("G", bound=Callable[[Grant], object])
R = TypeVar("R", bound=Callable[[Resolution], object])
N = TypeVar("N", bound=Callable[[Insight], object])


class Handlers:
    """What decorators put in; the base of `Agent`.

    A function that answers what the agent is asked for is a coroutine function, or a plain one, which runs in a
    thread. It is asked as soon as something is opened, and of all that is still open when the agent comes or comes
    back; the same thing once in a process. What it raises is logged, and it is asked again within a minute; an answer
    that is refused is logged.
    """

    def __init__(self) -> None:
        self.levels: dict[str, float] = {}
        self.skills: dict[str, Handler] = {}
        self.costs: dict[str, float] = {}
        self.duties: dict[type[Struct], DutyHandler] = {}
        self.messages: tuple[MessageHandler, int] | None = None

    def skill(self, name: str, *, level: float = 1.0, cost: float | None = None) -> Callable[[F], F]:
        """Make a function this agent's way to do tasks of that kind, or that need that skill.

        Args:
            level: how good it is at it, 0–1.
            cost: of an attempt, in a unit of your own, where the function does not set `task.cost`.
        """
        checked(name)
        if not 0.0 <= level <= 1.0:
            raise ValueError(f"the level of {name} is {level}, not between 0 and 1")
        if cost is not None and not (isfinite(cost) and cost >= 0.0):
            raise ValueError(f"the cost of {name} is {cost}, and not 0 or more")

        def add(function: F) -> F:
            self.skills[name] = function
            self.levels[name] = level
            if cost is not None:
                self.costs[name] = cost
            return function

        return add

    @overload
    def on_message(self, function: MessageHandler) -> MessageHandler: ...

    @overload
    def on_message(self, *, concurrency: int = 1) -> Callable[[MessageHandler], MessageHandler]: ...

    def on_message(
        self, function: MessageHandler | None = None, *, concurrency: int = 1
    ) -> MessageHandler | Callable[[MessageHandler], MessageHandler]:
        """Make a function what is called with each message to this agent, the most urgent first.

        It returns when the message is done with, and is then acknowledged; what it returns answers one that wants a
        reply. One that raises is tried three times, and is then a dead letter. A message is given to the function once
        in a process; if the process dies before it is acknowledged, it comes again.

        Args:
            concurrency: how many messages at the same time; a plain function blocks the agent while it runs.
        """

        def add(function: MessageHandler) -> MessageHandler:
            self.messages = (function, concurrency)
            return function

        return add if function is None else add(function)

    def votes(self, function: V) -> V:
        """Make a function this agent's way to vote: it gets a `VoteRequest` whenever a ballot names the agent.

            @agent.votes
            async def vote(asked: VoteRequest) -> str: ...

        It returns an option, a list of options (the best first; for approval, the good ones), or None to abstain.
        """
        self.duties[VoteAsked] = function
        return function

    def on_proposal(self, function: S) -> S:
        """Make a function this agent's way to judge proposals: it gets a `StandRequest` in each round.

        It returns True to accept, False to object, the text to which it would agree, or None to abstain.
        """
        self.duties[StandAsked] = function
        return function

    def negotiates(self, function: T) -> T:
        """Make a function this agent's way to negotiate: it gets a `TurnRequest` whenever it is its turn.

        It returns True to accept what stands, an offer (issue → value), or None to pass.
        """
        self.duties[TurnAsked] = function
        return function

    def bids(self, function: B) -> B:
        """Make a function this agent's way to bid: it gets a `BidRequest` for each job for which it may bid.

        It returns a price, a `podium.contracts.tenders.PlaceBid`, or None for no bid.
        """
        self.duties[BidAsked] = function
        return function

    def on_award(self, function: A) -> A:
        """Make a function what does a job that this agent has got by its bid (`Award`).

        When it returns, the job is reported as done; when it raises, as failed, and the next best bid gets it. If the
        process dies before, the function is called again.
        """
        self.duties[ContractAwarded] = function
        return function

    def on_grant(self, function: G) -> G:
        """Make a function what is called when this agent holds a resource that it has claimed (`Grant`).

        When it returns, the resource is given back; unless it returns True, to keep it. If the process dies before,
        the function is called again.
        """
        self.duties[ClaimGranted] = function
        return function

    def on_conflict(self, function: R) -> R:
        """Make a function what is told how a conflict was resolved to which this agent is party (`Resolution`).

        It returns None to be content, or the reason of an appeal.
        """
        self.duties[ConsentAsked] = function
        return function

    def on_insight(self, function: N) -> N:
        """Make a function what is told what was found out about this agent (`Insight`), with the evidence.

        What holds and was missed comes when the agent comes or comes back (the query `insights.list`). What the
        function returns is not looked at.
        """
        self.duties[InsightFound] = function
        return function

    def handler_for(self, assigned: TaskAssigned) -> Handler | None:
        """By the task's kind, else by the first of its skills that this agent has."""
        name = self._name_for(assigned)
        return None if name is None else self.skills[name]

    def cost_for(self, assigned: TaskAssigned) -> float | None:
        """What the skill declares that an attempt costs."""
        name = self._name_for(assigned)
        return None if name is None else self.costs.get(name)

    def _name_for(self, assigned: TaskAssigned) -> str | None:
        return next((name for name in (assigned.kind, *assigned.skills) if name in self.skills), None)


def checked(name: str) -> str:
    """Raises: ValueError for a name that is none."""
    if not is_name(name):
        raise ValueError(f"{name!r} is not a name: 1 to 128 of A-Z a-z 0-9 _ -")
    return name
