"""A proposal's life: rounds until enough accept it, else a vote. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from podium.collaboration.ballots import rules as ballots
from podium.collaboration.ballots.book import BallotBook
from podium.contracts.ballots import BallotCancelled, BallotClosed, OpenBallot
from podium.contracts.consensus import (
    ConsensusCommand,
    FallbackOpened,
    OpenProposal,
    ProposalClosed,
    ProposalOpened,
    RoundClosed,
    RoundOpened,
    Spoken,
    Stand,
    StandAsked,
    StandTaken,
    TakeStand,
)
from podium.contracts.counts import Method
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit

from .book import Open, Over, Proposal, ProposalBook

ACCEPT, REJECT = "accept", "reject"
"""The options of the vote."""


def decide(
    book: ProposalBook, votes: BallotBook, name: str, command: ConsensusCommand, principal: str, now: float
) -> list[Emit] | Refused:
    known = book.get(name)
    if isinstance(command, OpenProposal):
        return _open(name, known, command, principal, now)
    if known is None:
        return Refused("unknown_proposal", f"there is no proposal {name}")
    if isinstance(known, Over):
        done = known.end.how == "withdrawn" and not isinstance(command, TakeStand) and principal == known.by
        return [] if done else Refused("proposal_closed", f"{name} is over")
    if isinstance(command, TakeStand):
        return _stand(name, known, command, principal, now)
    if principal != known.by:
        return Refused("not_permitted", f"{known.by} has opened {name}, and only {known.by} may withdraw it")
    emits = [Emit(name, ProposalClosed(False, "withdrawn", known.text, known.round, command.reason))]
    if known.ballot is not None and known.ballot in votes.open:
        emits.insert(0, Emit(known.ballot, BallotCancelled(f"the proposal {name} is withdrawn")))
    return emits


def _open(name: str, known: Proposal | None, command: OpenProposal, principal: str, now: float) -> list[Emit] | Refused:
    opened = ProposalOpened(
        command.text, command.members, command.threshold, command.rounds, command.round_seconds, command.fallback
    )
    if known is not None:
        if (known.by, known.spec) == (principal, opened):
            return []
        return Refused("proposal_exists", f"{known.by} has opened {name} already, with other words")
    if len(set(command.members)) < len(command.members):
        return Refused("bad_proposal", "a member is named twice", {"path": "$.members"})
    return [Emit(name, opened), *_round(name, opened, 1, command.text, None, now)]


def _round(name: str, spec: ProposalOpened, number: int, text: str, author: str | None, now: float) -> list[Emit]:
    """Begin a round, and ask the members."""
    deadline = _deadline(spec, now)
    asks = [Emit(name, StandAsked(member, number, text, deadline, author), audience=member) for member in spec.members]
    return [Emit(name, RoundOpened(number, text, deadline, author)), *asks]


def _stand(name: str, known: Open, command: TakeStand, member: str, now: float) -> list[Emit] | Refused:
    if member not in known.spec.members:
        return Refused("not_a_member", f"{member} is no member of {name}")
    if known.ballot is not None:
        return Refused("proposal_closed", f"the rounds of {name} are over; the ballot {known.ballot} decides")
    if known.deadline is not None and now >= known.deadline:
        return Refused("proposal_closed", f"round {known.round} of {name} is over")
    if known.stands.get(member) == Spoken(command.stand, command.reason, command.amendment):
        return []
    return [Emit(name, StandTaken(member, known.round, command.stand, command.reason, command.amendment))]


def advance(book: ProposalBook, votes: BallotBook, name: str, now: float) -> Iterator[Emit]:
    """End the round if it is over, and what follows from that."""
    known = book.open.get(name)
    if known is None or known.ballot is not None:
        return
    if known.closed is None:
        late = known.deadline is not None and now >= known.deadline
        if not late and len(known.stands) < len(known.spec.members):
            return
        yield Emit(name, _closing(known))
    closed = book.open[name].closed
    assert closed is not None
    spec = known.spec
    if closed.accepted and closed.share >= spec.threshold - 1e-9:
        yield Emit(name, ProposalClosed(True, "consensus", known.text, known.round))
    elif known.round < spec.rounds:
        text, author = _amended(known)
        yield from _round(name, spec, known.round + 1, text, author, now)
    elif spec.fallback is None:
        yield Emit(name, ProposalClosed(False, "rounds", known.text, known.round))
    else:
        yield from _vote(votes, name, known, now)


def _closing(known: Open) -> RoundClosed:
    def who(stand: Stand) -> list[str]:
        return sorted(member for member, spoken in known.stands.items() if spoken.stand == stand)

    accepted, objected = who("accept"), who("object")
    silent = sorted(member for member in known.spec.members if member not in known.stands)
    said = len(accepted) + len(objected)
    share = len(accepted) / said if said else 0.0
    return RoundClosed(known.round, accepted, objected, who("abstain"), silent, share)


def _amended(known: Open) -> tuple[str, str | None]:
    """The amendment that most members ask for, of several the first; the text as it is if nobody does."""
    asked = [(spoken.amendment, member) for member, spoken in known.stands.items() if spoken.amendment is not None]
    if not asked:
        return known.text, None
    wanted = Counter(amendment for amendment, _ in asked)
    text = max(wanted, key=lambda amendment: wanted[amendment])  # of equals, the first that was put in
    return text, next(member for amendment, member in asked if amendment == text)


def _vote(votes: BallotBook, name: str, known: Open, now: float) -> Iterator[Emit]:
    ballot = _free(votes, name)
    method: Method = "supermajority" if known.spec.fallback == "supermajority" else "majority"
    command = OpenBallot(
        question=known.text,
        options=[ACCEPT, REJECT],
        method=method,
        voters=dict.fromkeys(known.spec.members, 1.0),
        deadline=_deadline(known.spec, now),
        early=True,
        about=name,
    )
    emits = ballots.opening(ballot, None, command, "collaboration", None, now)
    assert not isinstance(emits, Refused)  # it is well-formed, and not secret
    yield Emit(name, FallbackOpened(ballot))
    yield from emits


def _free(votes: BallotBook, name: str) -> str:
    """A name that no ballot has."""
    number = 1
    while votes.get(ballot := f"{name[:100]}-vote-{number}") is not None:
        number += 1
    return ballot


def counted(book: ProposalBook, votes: BallotBook) -> Iterator[Emit]:
    """Proposals whose ballot is over."""
    for name, ballot in list(book.voting.items()):
        if ballot in votes.open:
            continue
        known, over = book.open[name], votes.over.get(ballot)
        end = None if over is None else over.end
        accepted = isinstance(end, BallotClosed) and end.winner == ACCEPT
        reason = end.reason if isinstance(end, BallotCancelled) else f"ballot {ballot}"
        yield Emit(name, ProposalClosed(accepted, "vote", known.text, known.round, reason))


def _deadline(spec: ProposalOpened, now: float) -> float | None:
    return None if spec.round_seconds is None else now + spec.round_seconds
