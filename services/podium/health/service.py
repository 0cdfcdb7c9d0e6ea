"""Health's rules as one decider."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from msgspec import Struct

from podium.contracts.agents import AgentProfile, AgentRegistered, AgentUnregistered, AgentUpdated
from podium.contracts.envelope import Beat, Progress
from podium.contracts.health import HealthEvent
from podium.contracts.outcomes import Refused
from podium.contracts.subjects import Service
from podium.kernel.decider import Emit, Request

from .book import Book
from .ledger import follow
from .liveness import verdicts
from .parts import Parts, Promise
from .settings import HealthSettings
from .state import HealthState


class Health:
    """A `Decider`."""

    service: Service = "health"
    schema = "1"
    upstream: tuple[Service, ...] = ("registry", "router")
    closing: tuple[type[Struct], ...] = ()

    def __init__(self, settings: HealthSettings | None = None) -> None:
        self.settings = settings or HealthSettings()

    # What was

    def initial(self) -> HealthState:
        return HealthState(Parts(Book()), self.settings)

    def evolve(self, state: HealthState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.book.fold(entity, cast(HealthEvent, event), at)

    def dump(self, state: HealthState) -> bytes:
        return state.book.dump()

    def load(self, dumped: bytes) -> HealthState:
        return HealthState(Parts(Book.load(dumped)), self.settings)

    # What is asked

    def decide(self, state: HealthState, request: Request, now: float) -> list[Emit] | Refused:
        raise NotImplementedError(f"health takes no commands, and no {type(request.command).__name__}")

    # What others say

    def observe(self, state: HealthState, entity: str, fact: Struct, at: float) -> None:
        match fact:
            case AgentRegistered() | AgentUpdated():
                _enter(state, entity, fact.profile, at)
            case AgentUnregistered():
                if state.parts.promises.pop(entity, None) is not None:
                    state.watch.leave(entity)
            case _:
                if follow(state.parts, entity, fact, at, self.settings.stall_timeout):
                    if entity in state.parts.attempts:
                        state.watch.given(entity)
                    else:
                        state.watch.over(entity)

    def sense(self, state: HealthState, subject: tuple[str, ...], signal: Struct, now: float) -> None:
        """A beat, or progress: a sign of life as well."""
        match signal, subject:
            case Beat(), (agent,):
                state.watch.heard(agent, now, beat=True)
            case Progress(), (agent, task):
                state.watch.heard(agent, now, beat=False)
                state.watch.told(agent, task, signal, now)
            case _:
                pass

    # What is due

    def react(self, state: HealthState, now: float) -> Iterable[Emit]:
        state.watch.listen(now)
        return verdicts(state, now)

    def due(self, state: HealthState) -> float | None:
        return 0.0 if state.watch.returned else state.watch.next_time()

    def explain(self, state: HealthState, entity: str, now: float) -> Struct | None:
        return None


def decider() -> Health:
    """Health as its process runs it, with the settings of its environment."""
    return Health()


def _enter(state: HealthState, agent: str, profile: AgentProfile, at: float) -> None:
    """An agent is waited for from its promise on, not from every change of its profile."""
    promises = state.parts.promises
    known = promises.get(agent)
    if profile.heartbeat is None:
        if known is not None:
            del promises[agent]
            state.watch.leave(agent)
        return
    if known is None or known.interval != profile.heartbeat:
        promises[agent] = Promise(profile.heartbeat, at)
        state.watch.enter(agent)
