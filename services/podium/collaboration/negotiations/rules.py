"""A negotiation's life: offers in turn until all accept one, or no turn is left. Pure.

With two parties this is the protocol of alternating offers (A. Rubinstein, 1982); with more, that of stacked
alternating offers (Aydoğan, Festen, Hindriks and Jonker, 2017).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from podium.contracts.negotiations import (
    AcceptOffer,
    LeaveNegotiation,
    MakeOffer,
    MediationProposed,
    NegotiationAgreed,
    NegotiationCommand,
    NegotiationDeadlocked,
    NegotiationEvent,
    NegotiationOpened,
    OfferAccepted,
    OfferMade,
    OpenNegotiation,
    Preferences,
    RejectOffer,
    TurnAsked,
    TurnPassed,
)
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit

from .book import Negotiation, NegotiationBook, Open, Over
from .outcomes import NEAR, utility
from .tactics import answer


def decide(
    book: NegotiationBook, name: str, command: NegotiationCommand, principal: str, now: float
) -> list[Emit] | Refused:
    known = book.get(name)
    if isinstance(command, OpenNegotiation):
        return _open(name, known, command, principal, now)
    if known is None:
        return Refused("unknown_negotiation", f"there is no negotiation {name}")
    if principal not in known.spec.parties:
        return Refused("not_a_party", f"{principal} is no party of {name}")
    if isinstance(known, Over):
        return Refused("negotiation_closed", f"{name} is over")
    if isinstance(command, LeaveNegotiation):
        return [Emit(name, NegotiationDeadlocked("left", known.round, principal, command.reason))]
    if known.party != principal:
        return Refused("not_your_turn", f"it is the turn of {known.party}")
    match command:
        case MakeOffer():
            return _offer(name, known, command, principal)
        case AcceptOffer() if known.standing is None:
            return Refused("no_offer", "there is no offer yet to accept")
        case AcceptOffer() if principal in known.accepted:
            return Refused("no_offer", f"{principal} has accepted what stands already; it waits for the others")
        case AcceptOffer():
            return [Emit(name, OfferAccepted(principal, known.round))]
        case RejectOffer() if known.mediated:
            return [Emit(name, NegotiationDeadlocked("mediation", _round(known), principal))]
        case RejectOffer():
            return [Emit(name, TurnPassed(principal, known.round))]
        case _:
            assert_never(command)


def _open(
    name: str, known: Negotiation | None, command: OpenNegotiation, principal: str, now: float
) -> list[Emit] | Refused:
    opened = NegotiationOpened(
        about=command.about,
        issues=command.issues,
        parties=command.parties,
        rounds=command.rounds,
        deadline=command.deadline,
        turn_seconds=command.turn_seconds,
        mediator=command.mediator,
    )
    if known is not None:
        if (known.by, known.spec) == (principal, opened):
            return []
        return Refused("negotiation_exists", f"{known.by} has opened {name} already, about something else")
    return _unfit(command, now) or [Emit(name, opened)]


def _unfit(command: OpenNegotiation, now: float) -> Refused | None:
    def bad(fault: str, path: str) -> Refused:
        return Refused("bad_negotiation", fault, {"path": f"$.{path}"})

    if command.deadline is not None and command.deadline <= now:
        return bad("the deadline is over", "deadline")
    for issue, values in command.issues.items():
        if len(set(values)) < len(values):
            return bad(f"a value of {issue} is named twice", f"issues.{issue}")
    for party, told in command.parties.items():
        if told is None:
            if command.mediator:
                return bad(f"a mediator must know what outcomes are worth to {party}", f"parties.{party}")
            continue
        for issue in (*told.values, *told.weights):
            if issue not in command.issues:
                return bad(f"{issue} is no issue", f"parties.{party}")
        for issue, grades in told.values.items():
            unknown = next((value for value in grades if value not in command.issues[issue]), None)
            if unknown is not None:
                return bad(f"{unknown} is no value of {issue}", f"parties.{party}.values.{issue}")
    return None


def _offer(name: str, known: Open, command: MakeOffer, principal: str) -> list[Emit] | Refused:
    if known.mediated:
        return Refused("not_your_turn", "the mediator's offer can be accepted or rejected")
    for issue, values in known.spec.issues.items():
        if command.offer.get(issue) not in values:
            fault = f"an offer says for {issue} one of {', '.join(values)}"
            return Refused("bad_offer", fault, {"path": f"$.offer.{issue}"})
    if (other := next((issue for issue in command.offer if issue not in known.spec.issues), None)) is not None:
        return Refused("bad_offer", f"{other} is no issue", {"path": f"$.offer.{other}"})
    return [Emit(name, OfferMade(principal, known.round, command.offer))]


def advance(book: NegotiationBook, name: str, now: float) -> Iterator[Emit]:
    """All that follows by itself, until an attended party is asked, or it is over."""
    while (known := book.open.get(name)) is not None:
        event = _step(book, name, known, now)
        if event is None:
            return
        yield Emit(name, event, audience=event.party if isinstance(event, TurnAsked) else None)


def _step(book: NegotiationBook, name: str, known: Open, now: float) -> NegotiationEvent | None:
    spec = known.spec
    if known.standing is not None and len(known.accepted) == len(spec.parties):
        told = all(preferences is not None for preferences in spec.parties.values())
        assessment = book.space(name).assess(known.standing) if told else None
        return NegotiationAgreed(known.standing, _round(known), "mediation" if known.mediated else "offers", assessment)
    late = spec.deadline is not None and now >= spec.deadline
    if not known.mediated and (late or known.round > spec.rounds):
        if spec.mediator:
            space = book.space(name)
            return MediationProposed(_round(known), space.offer(space.nash()))
        return NegotiationDeadlocked("deadline" if late else "rounds", _round(known))
    party = known.party
    preferences = spec.parties[party]
    if preferences is None or preferences.strategy is None:
        if spec.turn_seconds is None or now < known.turn_at + spec.turn_seconds:
            return None if known.asked else _asking(known, party, preferences)
        return (
            NegotiationDeadlocked("mediation", _round(known), party)
            if known.mediated
            else TurnPassed(party, known.round, late=True)
        )
    if known.mediated:
        assert known.standing is not None
        if utility(preferences, known.standing) >= preferences.reservation - NEAR:
            return OfferAccepted(party, known.round)
        return NegotiationDeadlocked("mediation", _round(known), party)
    # What it has offered or accepted itself is nothing to accept: the others have passed, and it makes a new offer.
    standing = None if party in known.accepted else known.standing
    offer, aim = answer(book.space(name), party, preferences.strategy, _passed(known, now), standing)
    return OfferAccepted(party, known.round) if offer is None else OfferMade(party, known.round, offer, aim)


def _asking(known: Open, party: str, preferences: Preferences | None) -> TurnAsked:
    spec = known.spec
    return TurnAsked(
        party=party,
        about=spec.about,
        issues=spec.issues,
        round=_round(known) if known.mediated else known.round,
        rounds=spec.rounds,
        standing=known.standing,
        accepted=list(known.accepted),
        mediated=known.mediated,
        deadline=known.turn_until,
        preferences=preferences,
    )


def _round(known: Open) -> int:
    """In which the last turn was taken."""
    ended = known.turn == 0 and not known.mediated
    return min(max(known.round - ended, 1), known.spec.rounds)


def _passed(known: Open, now: float) -> float:
    """The share of rounds, or of the time to the deadline if that is more; the last turn of all has it whole."""
    spec = known.spec
    turns = spec.rounds * len(spec.parties)
    done = (known.round - 1) * len(spec.parties) + known.turn
    shares = [done / (turns - 1) if turns > 1 else 1.0]
    if spec.deadline is not None:
        shares.append((now - known.at) / (spec.deadline - known.at))
    return max(shares)
