"""What the router makes of others' facts, and of signs of life."""

from __future__ import annotations

from msgspec import Struct

from podium.contracts.agents import AgentProfile, AgentRegistered, AgentUnregistered, AgentUpdated
from podium.contracts.envelope import Beat as BeatSignal
from podium.contracts.health import AgentLost, AgentRecovered, AgentSuspected
from podium.contracts.phases import PhaseStarted, PhaseWithdrawn
from podium.contracts.policies import PolicyRolledBack, PolicyStaged
from podium.contracts.predictions import DriftDetected, DriftEnded, PredictionsPublished
from podium.contracts.recovery import HoldLifted, HoldPlaced, RecoveryStepTaken

from .agents import Beat, Profile
from .orders import ORDERS_KEPT, orders_of
from .state import RouterState

_UNHEARD = Beat(0.0)

LEFT_KEPT = 100_000
"""How many agents that have left are still known; the oldest is forgotten first."""


def observe(state: RouterState, entity: str, fact: Struct, at: float, *, follows_wishes: bool) -> None:
    """Fold a fact. `follows_wishes`: whether the optimizer's wishes are followed."""
    match fact:
        case AgentRegistered() | AgentUpdated():
            _enter(state, entity, fact.profile, at)
        case AgentUnregistered():
            _leave(state, entity)
        case AgentSuspected() | AgentLost():
            state.parts.doubts[entity] = at
            if entity in state.parts.profiles:
                state.index.watch.doubted(entity)
        case AgentRecovered() if fact.was != "stalled":
            if state.parts.doubts.pop(entity, None) is not None and entity in state.parts.profiles:
                state.index.watch.heard(entity)
        case RecoveryStepTaken():
            _order(state, entity, fact)
        case PhaseStarted() | PhaseWithdrawn():
            state.parts.wanted.observe(entity, fact)
        case PolicyStaged() | PolicyRolledBack() if follows_wishes:
            state.parts.wishes.add(entity, fact)
        case PredictionsPublished() | DriftDetected() | DriftEnded():
            state.parts.outlooks.observe(entity, fact)
        case HoldPlaced() | HoldLifted():
            state.parts.holds.fold(entity, fact)
            state.index.hold_changed(entity, fact.scope)
        case _:
            pass


def sense(state: RouterState, agent: str, signal: Struct, now: float) -> None:
    """Any sign of life of an agent that is registered; what it says of its load, if it says so."""
    beats = state.parts.beats
    if agent not in state.parts.profiles:
        return
    doubt = state.parts.doubts.get(agent)
    despite = 0.0 if doubt is None else doubt
    if isinstance(signal, BeatSignal):
        beats[agent] = Beat(now, _share(signal.cpu), _share(signal.memory), despite)
    else:
        before = beats.get(agent, _UNHEARD)
        beats[agent] = Beat(now, before.cpu, before.memory, despite)
    state.index.heard(agent)


def _enter(state: RouterState, agent: str, profile: AgentProfile, at: float) -> None:
    parts = state.parts
    known = parts.profiles.get(agent)
    if known is not None and known.agent == profile:
        return
    # An agent that is to be heard is waited for from its registration on, not from every change.
    since = known.since if known is not None and known.agent.heartbeat is not None else at
    parts.profiles[agent] = Profile(profile, since)
    parts.left.pop(agent, None)
    state.index.enter(agent)


def _leave(state: RouterState, agent: str) -> None:
    parts = state.parts
    if parts.profiles.pop(agent, None) is None:
        return
    parts.beats.pop(agent, None)
    parts.doubts.pop(agent, None)
    parts.left[agent] = None
    if len(parts.left) > LEFT_KEPT:
        parts.left.popitem(last=False)
    state.index.leave(agent)


def _order(state: RouterState, recovery: str, fact: RecoveryStepTaken) -> None:
    orders = state.parts.orders
    for task, order in orders_of(recovery, fact):
        orders[task] = order
        orders.move_to_end(task)
        state.index.ordered[task] = None
    while len(orders) > ORDERS_KEPT:
        dropped, _ = orders.popitem(last=False)
        state.index.ordered.pop(dropped, None)


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)
