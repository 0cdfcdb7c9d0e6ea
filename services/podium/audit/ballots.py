"""Ballots: every voter's last word counts once, nothing after the end, and the receipt is what the papers say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from podium.contracts.ballots import BallotCancelled, BallotClosed, BallotOpened, VoteCast, VoteWithdrawn

from .finding import Entry, Finding
from .recount import Groups, differences


class _Open(Struct):
    """A ballot that takes votes.

    Attributes:
        papers: voter → its last paper; None if it is sealed. Withdrawn ones are not among them.
        numbers: voter → the number of its last vote.
    """

    spec: BallotOpened
    papers: dict[str, Groups | None] = field(default_factory=dict[str, Groups | None])
    numbers: dict[str, int] = field(default_factory=dict[str, int])


class Ballots:
    """A `Rule` of collaboration's log."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def add(self, entry: Entry) -> Iterator[Finding]:
        match entry.data:
            case BallotOpened() | VoteCast() | VoteWithdrawn() | BallotClosed() | BallotCancelled():
                for message in self._look(entry.envelope.subject, entry.data):
                    yield entry.finds("ballots", message)
            case _:
                pass

    def end(self) -> Iterable[Finding]:
        return ()

    def _look(
        self, name: str, event: BallotOpened | VoteCast | VoteWithdrawn | BallotClosed | BallotCancelled
    ) -> Iterator[str]:
        """What is wrong with the event, in sentences; then it is folded."""
        ballot = self._open.get(name)
        if isinstance(event, BallotOpened):
            if ballot is not None:
                yield f"{name} is opened while it is open"
            self._open[name] = _Open(event)
            return
        if ballot is None:
            yield f"{name} is not open, and nothing may happen to it"
            return
        match event:
            case VoteCast():
                yield from _cast(name, ballot, event)
            case VoteWithdrawn():
                if event.voter not in ballot.papers:
                    yield f"{event.voter} takes back a vote on {name} that it has not cast"
                ballot.papers.pop(event.voter, None)
            case BallotClosed():
                del self._open[name]
                yield from _closed(name, ballot, event)
            case BallotCancelled():
                del self._open[name]


def _cast(name: str, ballot: _Open, event: VoteCast) -> Iterator[str]:
    voter, spec = event.voter, ballot.spec
    if spec.voters is not None and voter not in spec.voters:
        yield f"{voter} votes on {name}, and has no vote there"
    before = ballot.numbers.get(voter, 0)
    if event.number != before + 1:
        yield f"vote {event.number} of {voter} on {name} follows upon vote {before}"
    if (event.paper is None) != spec.secret:
        yield f"the vote of {voter} on {name} is {'open' if spec.secret else 'sealed'}, and the ballot is not"
    ballot.papers[voter] = event.paper
    ballot.numbers[voter] = max(before, event.number)


def _closed(name: str, ballot: _Open, event: BallotClosed) -> Iterator[str]:
    voted = len(ballot.papers)
    if event.voted != voted:
        yield f"{name} is closed with {event.voted} votes, and {voted} were cast"
    elif ballot.spec.secret:
        if event.count.papers + event.count.blank != voted:
            yield f"{name} counts {event.count.papers + event.count.blank} papers, and {voted} were cast"
    else:
        papers = {voter: paper for voter, paper in ballot.papers.items() if paper is not None}
        for difference in differences(ballot.spec, papers, event.count):
            yield f"{name} is counted wrongly; {difference}"
