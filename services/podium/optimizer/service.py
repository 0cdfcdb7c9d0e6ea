"""The optimizer's rules as one decider.

Outcomes are folded as they come, which costs microseconds. What follows from them is worked out now and then, over
what was folded, and is published; so a replay of the log gives what was said, and not something like it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import ClassVar, Final, cast

from msgspec import Struct

from podium.contracts.optimizer import OptimizerEvent
from podium.contracts.outcomes import Refused
from podium.contracts.subjects import Service
from podium.contracts.tasks import AttemptFailed, TaskCompleted
from podium.kernel.decider import Emit, Request

from .book import Book
from .experience import Outcome
from .settings import OptimizerSettings
from .state import OptimizerState
from .tables import Priors, is_news, table_of

_KINDS_AT_ONCE: Final = 20
"""How many kinds are looked at in one round; the others wait for the next one."""


class Optimizer:
    """A `Decider`."""

    service: Service = "optimizer"
    schema = "1"
    upstream: ClassVar[Mapping[Service, tuple[type[Struct], ...]]] = {"router": (TaskCompleted, AttemptFailed)}
    closing: tuple[type[Struct], ...] = ()

    def __init__(self, settings: OptimizerSettings | None = None) -> None:
        self.settings = settings or OptimizerSettings()

    # What was

    def initial(self) -> OptimizerState:
        return OptimizerState(Book(), self.settings)

    def evolve(self, state: OptimizerState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.book.fold(entity, cast(OptimizerEvent, event), at)

    def dump(self, state: OptimizerState) -> bytes:
        return state.book.dump()

    def load(self, dumped: bytes) -> OptimizerState:
        return OptimizerState(Book.load(dumped), self.settings)

    def dump_facts(self, state: OptimizerState) -> bytes:
        return state.experience.dump()

    def load_facts(self, state: OptimizerState, dumped: bytes) -> None:
        state.experience.load(dumped)

    # What is asked

    def decide(self, state: OptimizerState, request: Request, now: float) -> list[Emit] | Refused:
        raise AssertionError(f"the optimizer takes no command {request.command}")

    # What others say

    def observe(self, state: OptimizerState, entity: str, fact: Struct, at: float) -> None:
        match fact:
            case TaskCompleted(kind=str(kind)):
                outcome = Outcome(kind, fact.agent, True, fact.duration, fact.size, fact.waited, fact.cost)
                state.experience.fold(outcome, at)
            case AttemptFailed(kind=str(kind)):
                state.experience.fold(Outcome(kind, fact.agent, False, 0.0, fact.size, fact.waited), at)
            case _:
                pass

    def sense(self, state: OptimizerState, subject: tuple[str, ...], signal: Struct, now: float) -> None:
        """It listens to nobody."""

    # What is due

    def react(self, state: OptimizerState, now: float) -> Iterable[Emit]:
        return self._look(state, now) if state.experience.changed and now >= state.look_at else ()

    def _look(self, state: OptimizerState, now: float) -> Iterator[Emit]:
        experience, book = state.experience, state.book
        priors = Priors(experience)
        for kind in list(islice(experience.changed, _KINDS_AT_ONCE)):
            del experience.changed[kind]
            if kind not in experience.kinds:
                continue
            known = book.tables.get(kind)
            table = table_of(experience, kind, priors, book.version + 1, self.settings)
            if is_news(None if known is None else known.table, table):
                yield Emit(kind, table)
        state.look_at = now + (0.0 if experience.changed else self.settings.publish_interval)

    def due(self, state: OptimizerState) -> float | None:
        return state.look_at if state.experience.changed else None

    def explain(self, state: OptimizerState, entity: str, now: float) -> Struct | None:
        return None


def decider() -> Optimizer:
    """The optimizer as its process runs it, with the settings of its environment."""
    return Optimizer()
