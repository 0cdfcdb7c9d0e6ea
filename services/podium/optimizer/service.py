"""The optimizer's rules as one decider.

Outcomes are folded as they come, which costs microseconds. What follows from them is worked out now and then, over
what was folded, and is published; so a replay of the log gives what was said, and not something like it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final, cast

import msgspec
from msgspec import Struct

from podium.contracts.agents import AgentRegistered, AgentUnregistered, AgentUpdated
from podium.contracts.insights import ApplyAdvice
from podium.contracts.optimizer import OptimizerCommand, OptimizerEvent
from podium.contracts.outcomes import Refused
from podium.contracts.pools import PoolDefined, PoolRemoved, PoolResized
from podium.contracts.subjects import Service
from podium.contracts.tasks import AttemptFailed, TaskCompleted
from podium.kernel.decider import Emit, Request

from . import insights, policies, relationships, reports
from .book import Book
from .deeds import OF_COLLABORATION, OF_THE_ROUTER
from .experience import Outcome
from .findings.look import findings
from .fleet import Fleet, Submitted
from .settings import OptimizerSettings
from .state import OptimizerState
from .survey import Survey
from .tables import is_news, table_of
from .trial import TrialDump

_KINDS_AT_ONCE: Final = 5
"""How many kinds are looked at in one round; the others wait for the next one."""


class Optimizer:
    """A `Decider`."""

    service: Service = "optimizer"
    schema = "5"
    upstream: Mapping[Service, tuple[type[Struct], ...]] = MappingProxyType(
        {
            "router": (TaskCompleted, AttemptFailed, Submitted, *OF_THE_ROUTER),
            "collaboration": OF_COLLABORATION,
            "registry": (AgentRegistered, AgentUpdated, AgentUnregistered),
            "health": (PoolDefined, PoolResized, PoolRemoved),
        }
    )
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
        known = (state.experience.dump(), state.foresight.dump(), state.trials.dump())
        return msgspec.msgpack.encode((*known, state.fleet.dump(), state.relationships.dump()))

    def load_facts(self, state: OptimizerState, dumped: bytes) -> None:
        shape = tuple[bytes, bytes, list[TrialDump], bytes, bytes]
        experience, foresight, trials, fleet, bonds = msgspec.msgpack.decode(dumped, type=shape)
        state.experience.load(experience)
        state.foresight.load(foresight)
        state.trials.load(trials)
        state.fleet = Fleet.load(fleet)
        state.relationships.load(bonds)

    # What is asked

    def decide(self, state: OptimizerState, request: Request, now: float) -> list[Emit] | Refused:
        match cast(OptimizerCommand, request.command):
            case ApplyAdvice() as command:
                return insights.decide(state.book.insights, state.experience, request.entity, command)
            case command:
                return policies.decide(state.book.policies, request.entity, command)

    # What others say

    def observe(self, state: OptimizerState, entity: str, fact: Struct, at: float) -> None:
        if isinstance(fact, TaskCompleted | AttemptFailed) and fact.learned is not None:
            duration = fact.duration if isinstance(fact, TaskCompleted) else None
            state.trials.fold(fact.learned, duration)
        match fact:
            case TaskCompleted(kind=str(kind)):
                outcome = Outcome(entity, kind, fact.agent, True, fact.duration, fact.size, fact.waited, fact.cost)
            case AttemptFailed(kind=str(kind)):
                outcome = Outcome(entity, kind, fact.agent, False, 0.0, fact.size, fact.waited)
            case _:
                state.fleet.observe(entity, fact, at)
                state.relationships.read(entity, fact, at)
                return
        state.relationships.attempted(entity, outcome.agent, outcome.ok, at)
        state.fleet.worked(outcome.agent, outcome.duration, at)
        state.foresight.fold(outcome, state.experience, at)
        state.experience.fold(outcome, at)

    def sense(self, state: OptimizerState, subject: tuple[str, ...], signal: Struct, now: float) -> None:
        """It listens to nobody."""

    # What is due

    def react(self, state: OptimizerState, now: float) -> Iterable[Emit]:
        if state.tune_at is None:
            state.tune_at = now + self.settings.frequency
        return self._react(state, now)

    def _react(self, state: OptimizerState, now: float) -> Iterator[Emit]:
        if state.trials.changed:
            state.trials.changed = False
            yield from policies.look(state.book.policies, state.trials, self.settings)
        if self.settings.tune and state.tune_at is not None and now >= state.tune_at:
            state.tune_at = now + self.settings.frequency
            yield from policies.tune(state.book.policies, self.settings)
        if state.experience.changed and now >= state.look_at:
            yield from self._look(state, now)
        if state.relationships.changed and now >= state.relate_at:
            agents = state.fleet.members
            yield from relationships.look(state.relationships, state.book.said, agents, self.settings)
            if not state.relationships.changed:
                state.relate_at = now + self.settings.publish_interval
        if state.foresight.changed and now >= state.report_at:
            state.foresight.changed = False
            state.report_at = now + self.settings.report_interval
            yield from reports.report(state.foresight)

    def _look(self, state: OptimizerState, now: float) -> Iterator[Emit]:
        experience, book = state.experience, state.book
        survey = state.survey
        if survey is None or now >= survey.at + self.settings.publish_interval:
            survey = state.survey = Survey(experience, now)
        for kind in list(islice(experience.changed, _KINDS_AT_ONCE)):
            del experience.changed[kind]
            if kind not in experience.kinds:
                continue
            known = book.tables.get(kind)
            table = table_of(state, kind, survey, book.version + 1, self.settings)
            if is_news(None if known is None else known.table, table):
                yield Emit(kind, table)
            yield from reports.drifts(book.drifts, state.foresight, kind)
            yield from insights.look(book.insights, experience, dict(findings(state, kind, survey, now)), kind)
        state.look_at = now + (0.0 if experience.changed else self.settings.publish_interval)

    def due(self, state: OptimizerState) -> float | None:
        times = [state.look_at] if state.experience.changed else []
        if state.foresight.changed:
            times.append(state.report_at)
        if state.relationships.changed:
            times.append(state.relate_at)
        if state.trials.changed:
            times.append(0.0)
        if self.settings.tune:
            times.append(state.tune_at or 0.0)
        return min(times, default=None)

    def explain(self, state: OptimizerState, entity: str, now: float) -> Struct | None:
        return None


def decider() -> Optimizer:
    """The optimizer as its process runs it, with the settings of its environment."""
    return Optimizer()
