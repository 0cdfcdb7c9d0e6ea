"""A ballot's life. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from math import ceil
from typing import Final, Literal, assert_never

from podium.collaboration.counting.methods import count
from podium.collaboration.counting.pairs import Undecidable
from podium.contracts.ballots import (
    BallotCancelled,
    BallotClosed,
    BallotCommand,
    BallotOpened,
    CancelBallot,
    CastVote,
    CloseBallot,
    Closing,
    OpenBallot,
    TieBroken,
    VoteAsked,
    VoteCast,
    VoteWithdrawn,
    WithdrawVote,
)
from podium.contracts.counts import Result
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit

from .book import Ballot, BallotBook, Open, Over
from .papers import Groups, profile, read
from .seals import Seal

MOST_PAPERS: Final = 10_000
"""On a ballot that everybody may vote on."""

Decided = list[Emit] | Iterator[Emit] | Refused


def decide(
    book: BallotBook, seal: Seal | None, name: str, command: BallotCommand, principal: str, now: float
) -> Decided:
    ballot = book.get(name)
    match command, ballot:
        case OpenBallot(), _:
            return opening(name, ballot, command, principal, seal, now)
        case _, None:
            return Refused("unknown_ballot", f"there is no ballot {name}")
        case CancelBallot(), Over(end=BallotCancelled()):
            return []
        case CloseBallot(), Over(end=BallotClosed()):
            return []
        case _, Over():
            return Refused("ballot_closed", f"{name} was {_said(ballot)}")
        case CastVote(), Open():
            return _cast(book, seal, name, ballot, command, principal, now)
        case WithdrawVote(), Open():
            return [Emit(name, VoteWithdrawn(principal))] if principal in ballot.votes else []
        case CloseBallot() | CancelBallot(), Open() if principal != ballot.by:
            return Refused("not_permitted", f"{ballot.by} has opened {name}, and only {ballot.by} may end it")
        case CloseBallot(), Open():
            return _lacking_key(ballot, seal) or [closing(name, ballot, seal, "asked", now)]
        case CancelBallot(), Open():
            return [Emit(name, BallotCancelled(command.reason))]
        case _:
            assert_never(command)


def opening(
    name: str, ballot: Ballot | None, command: OpenBallot, principal: str, seal: Seal | None, now: float
) -> list[Emit] | Refused:
    """Open it, and ask the voters that it names."""
    fault = _unfit(command, seal, now)
    if fault is not None and ballot is None:
        return fault
    key = seal.key if command.secret and seal is not None else None
    asked = BallotOpened(
        question=command.question,
        options=command.options,
        method=command.method,
        voters=command.voters,
        share=command.share,
        quorum=command.quorum,
        quorum_share=command.quorum_share,
        deadline=command.deadline,
        secret=command.secret,
        tie=command.tie,
        early=command.early,
        about=command.about,
        key=key if ballot is None else ballot.spec.key,
    )
    if ballot is not None:
        if (ballot.by, ballot.spec) == (principal, asked):
            return []
        return Refused("ballot_exists", f"{ballot.by} has opened {name} already, with other words or options")
    asks = [
        Emit(
            name,
            VoteAsked(voter, asked.question, asked.options, asked.method, asked.deadline, asked.secret, asked.about),
            audience=voter,
        )
        for voter in command.voters or ()
    ]
    return [Emit(name, asked), *asks]


def _unfit(command: OpenBallot, seal: Seal | None, now: float) -> Refused | None:
    def bad(fault: str, field: str) -> Refused:
        return Refused("bad_ballot", fault, {"path": f"$.{field}"})

    if len(set(command.options)) < len(command.options):
        twice = next(option for option in command.options if command.options.count(option) > 1)
        return bad(f"the option {twice} is named twice", "options")
    if command.deadline is not None and command.deadline <= now:
        return bad("the deadline is over", "deadline")
    if command.voters is None:
        if command.quorum_share:
            return bad("a share of the voters needs voters", "quorum_share")
        if command.early:
            return bad("nobody knows when all have voted if it does not say who may", "early")
    elif command.quorum > len(command.voters):
        return bad(f"there are only {len(command.voters)} voters, and the quorum is {command.quorum}", "quorum")
    if command.secret and seal is None:
        return Refused(
            "no_ballot_key", "the service has no key to seal votes with; see PODIUM_COLLABORATION_BALLOT_KEY"
        )
    return None


def _cast(
    book: BallotBook, seal: Seal | None, name: str, ballot: Open, command: CastVote, voter: str, now: float
) -> Decided:
    spec = ballot.spec
    if spec.deadline is not None and now >= spec.deadline:
        return Refused("ballot_closed", f"the deadline of {name} is over")
    if spec.voters is not None and voter not in spec.voters:
        return Refused("not_a_voter", f"{voter} has no vote on {name}")
    if (lacking := _lacking_key(ballot, seal)) is not None:
        return lacking
    if spec.voters is None and voter not in ballot.votes and len(ballot.votes) >= MOST_PAPERS:
        return Refused("ballot_full", f"{name} has {MOST_PAPERS} votes, and takes no more")
    paper = read(spec, command)
    if isinstance(paper, Refused):
        return _discreet(paper) if spec.secret else paper
    known = ballot.votes.get(voter)
    number = ballot.numbers.get(voter, 0) + 1
    if not spec.secret:
        return [] if known is not None and known.paper == paper else _counted(book, name, voter, number, paper, now)
    assert seal is not None
    if known is not None and opened(seal, name, ballot, voter) == paper:
        return []
    return _counted(book, name, voter, number, None, now, seal, seal.close(paper, name, ballot.at, voter, number))


def _counted(
    book: BallotBook,
    name: str,
    voter: str,
    number: int,
    paper: Groups | None,
    now: float,
    seal: Seal | None = None,
    sealed: str | None = None,
) -> Iterator[Emit]:
    """The vote; and the end, if nobody else has to vote."""
    yield Emit(name, VoteCast(voter, number, paper, sealed))
    ballot = book.open[name]
    if ballot.spec.early and ballot.spec.voters is not None and len(ballot.votes) == len(ballot.spec.voters):
        yield closing(name, ballot, seal, "all_voted", now)


def closing(name: str, ballot: Open, seal: Seal | None, why: Closing, now: float) -> Emit:
    """Count. A secret ballot needs its key."""
    spec = ballot.spec
    papers = {voter: _paper(seal, name, ballot, voter) for voter in ballot.votes}
    voting = profile(spec, papers)
    try:
        counted = count(voting, spec.method, spec.share)
    except Undecidable as error:
        return Emit(name, BallotCancelled(str(error)))
    electorate = None if spec.voters is None else len(spec.voters)
    quorum = max(spec.quorum, ceil(spec.quorum_share * (electorate or 0) - 1e-9))
    tie: TieBroken | None = None
    winner = counted.winners[0] if counted.result == "won" else None
    result: Result | Literal["no_quorum"] = counted.result
    if len(papers) < quorum:
        result, winner = "no_quorum", None
    elif result == "tied" and spec.tie != "none":
        tie, winner = _broken(spec, counted.winners, name, ballot.at, now)
        result = "won"
    return Emit(name, BallotClosed(why, result, winner, counted, len(papers), electorate, quorum, tie))


def _broken(spec: BallotOpened, tied: list[str], name: str, opened: float, now: float) -> tuple[TieBroken, str]:
    if spec.tie == "order":
        return TieBroken("order", tied), min(tied, key=spec.options.index)
    among = sorted(tied)
    seed = f"{name} {opened!r} {now!r}"  # nobody can choose to the microsecond when it is counted
    place = int(hashlib.sha256(seed.encode()).hexdigest(), 16) % len(among)
    return TieBroken("lot", among, seed), among[place]


def _paper(seal: Seal | None, name: str, ballot: Open, voter: str) -> Groups:
    paper = ballot.votes[voter].paper
    if paper is not None:
        return paper
    assert seal is not None
    return opened(seal, name, ballot, voter)


def opened(seal: Seal, name: str, ballot: Open, voter: str) -> Groups:
    """The paper of a secret vote; raises Broken."""
    vote = ballot.votes[voter]
    return seal.open(vote.sealed or "", name, ballot.at, voter, vote.number)


def has_key(ballot: Open, seal: Seal | None) -> bool:
    return not ballot.spec.secret or (seal is not None and seal.key == ballot.spec.key)


def _lacking_key(ballot: Open, seal: Seal | None) -> Refused | None:
    if has_key(ballot, seal):
        return None
    return Refused(
        "no_ballot_key", f"the votes are sealed with the key {ballot.spec.key}, which the service has not now"
    )


def _discreet(refused: Refused) -> Refused:
    """Refusals are kept: of a secret ballot they must not say what stood on the paper."""
    path = refused.details["path"]
    return Refused("bad_paper", f"the paper at {path} does not fit the ballot, which is secret", {"path": path})


def _said(ballot: Over) -> str:
    return "cancelled" if isinstance(ballot.end, BallotCancelled) else "counted"
