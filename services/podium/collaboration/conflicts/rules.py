"""Conflicts' rules: resources by priority, goals by negotiation, and appeals. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Final

from podium.collaboration.negotiations.book import NegotiationBook
from podium.contracts.agents import AgentProfile
from podium.contracts.conflicts import (
    AcceptResolution,
    Aims,
    AppealConflict,
    AppealDecided,
    ClaimPreferred,
    ClaimResource,
    ConflictAppealed,
    ConflictCommand,
    ConflictDetected,
    ConflictResolved,
    DecideAppeal,
    DefineResource,
    DetectConflicts,
    OppositionRemoved,
    OppositionSet,
    ReleaseResource,
    RemoveOpposition,
    ResolutionAccepted,
    ResourceDefined,
    SetOpposition,
    SettleConflict,
)
from podium.contracts.names import is_name
from podium.contracts.negotiations import NegotiationAgreed, NegotiationOpened, Preferences, Strategy
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit

from . import claims
from .book import Claim, Conflict, ConflictBook

Agents = Mapping[str, AgentProfile]
Decided = list[Emit] | Iterator[Emit] | Refused

QUARTERS: Final = {"w0": 0.0, "w25": 0.25, "w50": 0.5, "w75": 0.75, "w100": 1.0}
"""The values of a negotiation of goals: the weight of the first goal; the second has the rest."""

ISSUE: Final = "weight"
ROUNDS: Final = 10


def decide(
    book: ConflictBook,
    bargaining: NegotiationBook,
    agents: Agents,
    name: str,
    command: ConflictCommand,
    principal: str,
    now: float,
) -> Decided:
    match command:
        case DefineResource():
            known = book.resources.get(name)
            same = known is not None and known.capacity == command.capacity
            return [] if same else [Emit(name, ResourceDefined(command.capacity))]
        case ClaimResource():
            return _claim(book, name, command, principal, now)
        case ReleaseResource():
            return claims.release(book, name, principal, now)
        case SetOpposition():
            pair = (command.goals[0], command.goals[1])
            if pair[0] == pair[1]:
                return Refused("bad_opposition", "a goal does not oppose itself", {"path": "$.goals[1]"})
            return [] if book.oppositions.get(name) == pair else [Emit(name, OppositionSet(list(pair)))]
        case RemoveOpposition():
            return [Emit(name, OppositionRemoved())] if name in book.oppositions else []
        case DetectConflicts():
            return _detect(book, bargaining, agents, name, command, now)
        case SettleConflict() | AcceptResolution() | AppealConflict() | DecideAppeal():
            conflict = book.conflicts.get(name)
            if conflict is None:
                return Refused("unknown_conflict", f"there is no conflict {name}")
            return _handle(book, name, conflict, command, principal)


def _claim(book: ConflictBook, name: str, command: ClaimResource, principal: str, now: float) -> Decided:
    known = book.resources.get(name)
    capacity = 1 if known is None else known.capacity
    if command.amount > capacity:
        fault = f"there is only {capacity} of {name}"
        return Refused("beyond_capacity", fault, {"path": "$.amount"})
    if known is not None and any(claim.claimant == principal for claim in (*known.held, *known.queue)):
        return []
    return claims.claim(book, name, Claim(principal, command.amount, command.priority, command.seconds, now))


def _handle(
    book: ConflictBook,
    name: str,
    conflict: Conflict,
    command: SettleConflict | AcceptResolution | AppealConflict | DecideAppeal,
    principal: str,
) -> list[Emit] | Refused:
    party = principal in conflict.detected.parties
    if party != isinstance(command, AcceptResolution | AppealConflict):
        who = "is no party to" if not party else "is a party to"
        return Refused("not_permitted", f"{principal} {who} {name}")
    match command:
        case SettleConflict():
            if conflict.resolved is not None:
                return Refused("conflict_resolved", f"{name} is resolved; a party may appeal")
            if command.winner is not None and command.winner not in conflict.detected.parties:
                return Refused("not_a_party", f"{command.winner} is no party to {name}", {"path": "$.winner"})
            return claims.resolve(
                name, conflict.detected, ConflictResolved("settled", command.winner, reason=command.reason)
            )
        case AcceptResolution():
            if conflict.resolved is None or conflict.appeal == principal:
                why = "is not resolved yet" if conflict.resolved is None else f"is appealed by {principal}"
                return Refused("conflict_open", f"{name} {why}")
            return [] if principal in conflict.content else [Emit(name, ResolutionAccepted(principal))]
        case AppealConflict():
            if conflict.resolved is None:
                return Refused("conflict_open", f"{name} is not resolved yet")
            if conflict.appeal is not None:
                return [] if conflict.appeal == principal else Refused("conflict_open", f"{name} is appealed already")
            return [Emit(name, ConflictAppealed(principal, command.reason))]
        case DecideAppeal():
            return _decide_appeal(book, name, conflict, command, principal)


def _decide_appeal(
    book: ConflictBook, name: str, conflict: Conflict, command: DecideAppeal, principal: str
) -> list[Emit] | Refused:
    if conflict.appeal is None:
        return Refused("no_appeal", f"nobody appeals {name}")
    emits = [Emit(name, AppealDecided(command.upheld, principal, command.reason))]
    resource = conflict.detected.resource
    if command.upheld and resource is not None and resource in book.resources:
        waiting = [claim.claimant for claim in book.resources[resource].queue if claim.conflict == name]
        emits += [Emit(resource, ClaimPreferred(claimant)) for claimant in waiting]
    return emits


# Detection


def _detect(
    book: ConflictBook, bargaining: NegotiationBook, agents: Agents, name: str, command: DetectConflicts, now: float
) -> Decided:
    aims: dict[str, Aims] = {}
    for agent, told in command.agents.items():
        if told is None and agent not in agents:
            return Refused("unknown_agent", f"nobody has registered {agent}", {"path": f"$.agents.{agent}"})
        aims[agent] = told if told is not None else _known(agents[agent])
    return _resolve(book, bargaining, name, aims, command, now)


def _known(profile: AgentProfile) -> Aims:
    """The resources of a profile are what the agent gives, not what it wants."""
    return Aims([goal for goal in profile.goals if is_name(goal)], priority=profile.priority)


def _resolve(
    book: ConflictBook,
    bargaining: NegotiationBook,
    name: str,
    aims: Mapping[str, Aims],
    command: DetectConflicts,
    now: float,
) -> Iterator[Emit]:
    by_priority = sorted(aims, key=lambda agent: -aims[agent].priority)
    for resource in sorted({resource for aim in aims.values() for resource in aim.resources}):
        for agent in by_priority:
            known = book.resources.get(resource)
            has = known is not None and any(claim.claimant == agent for claim in (*known.held, *known.queue))
            if resource in aims[agent].resources and not has:
                asked = Claim(agent, 1, aims[agent].priority, command.seconds, now)
                yield from claims.claim(book, resource, asked, name)
    number = 0
    for one, other in combinations(aims, 2):
        for goal in aims[one].goals:
            for against in aims[other].goals:
                if book.oppose(goal, against):
                    number += 1
                    pair = ((one, goal), (other, against))
                    yield from _oppose(book, bargaining, f"{name[:100]}-goals-{number}", name, pair, aims, command)


def _oppose(
    book: ConflictBook,
    bargaining: NegotiationBook,
    wanted: str,
    occasion: str,
    pair: tuple[tuple[str, str], tuple[str, str]],
    aims: Mapping[str, Aims],
    command: DetectConflicts,
) -> Iterator[Emit]:
    conflict = wanted
    number = 1
    while conflict in book.conflicts or bargaining.get(conflict) is not None:
        number += 1
        conflict = f"{wanted}-{number}"
    (one, goal), (other, against) = pair
    lead = aims[one].priority - aims[other].priority
    detected = ConflictDetected("goal", [one, other], None, [goal, against], occasion, conflict)
    yield Emit(conflict, detected)
    opened = NegotiationOpened(
        about=f"how much weight {goal} of {one} gets; {against} of {other} has the rest",
        issues={ISSUE: list(QUARTERS)},
        parties={
            one: Preferences({ISSUE: QUARTERS}, strategy=None if command.attended else _strategy(lead)),
            other: Preferences(
                {ISSUE: {value: 1.0 - weight for value, weight in QUARTERS.items()}},
                strategy=None if command.attended else _strategy(-lead),
            ),
        },
        rounds=ROUNDS,
        deadline=None,
        turn_seconds=None,
        mediator=True,
        conflict=conflict,
    )
    yield Emit(conflict, opened)


def _strategy(lead: int) -> Strategy:
    """Who has the higher priority concedes later."""
    return "boulware" if lead > 0 else "conceder" if lead < 0 else "linear"


def negotiated(book: ConflictBook, bargaining: NegotiationBook) -> Iterator[Emit]:
    """Conflicts whose negotiation is over. A deadlock leaves the conflict open, to be settled."""
    for name, negotiation in list(book.negotiated.items()):
        if negotiation in bargaining.open:
            continue
        over = bargaining.over.get(negotiation)
        book.negotiated.pop(name, None)
        if over is None or not isinstance(over.end, NegotiationAgreed):
            continue
        detected = book.conflicts[name].detected
        weight = QUARTERS[over.end.offer[ISSUE]]
        weights = dict(zip(detected.goals, (weight, 1.0 - weight), strict=True))
        winner = None if 0.0 < weight < 1.0 else detected.parties[0 if weight else 1]
        yield from claims.resolve(name, detected, ConflictResolved("negotiation", winner, weights))
