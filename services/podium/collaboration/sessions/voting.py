"""A session puts it to the vote: the ballot that its participants get, and what follows from what it comes to. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from podium.collaboration.ballots.book import Ballot, BallotBook, Open
from podium.collaboration.ballots.rules import opening
from podium.contracts.ballots import MOST_VOTERS, BallotCancelled, BallotClosed, OpenBallot
from podium.contracts.names import is_name
from podium.contracts.outcomes import Refused
from podium.contracts.phases import NextTurn, PathChosen
from podium.kernel.decider import Emit

from .course import find
from .outputs import words_of
from .session import Session

MOST_OPTIONS: Final = 50
PATIENCE: Final = 86_400.0
"""Seconds that a vote is open if neither the session nor its phases have a time-out."""

SELF: Final = "collaboration"


def put_to_the_vote(session: Session, now: float) -> Iterator[Emit]:
    """Open the ballot that the session waits for; it closes as soon as all have voted."""
    name, created = session.ballot, session.created
    assert name is not None
    times = [now + PATIENCE if created.phase_timeout is None else now + created.phase_timeout]
    if session.until is not None:
        times.append(session.until)
    command = OpenBallot(
        question=created.goal,
        options=_options(session),
        method="plurality",
        voters={one.agent: 1.0 for one in session.present[:MOST_VOTERS]},
        deadline=max(now + 0.001, min(times)),
        tie="order",
        early=True,
        about=session.id,
    )
    opened = opening(name, None, command, SELF, None, now)
    if not isinstance(opened, Refused):
        yield from opened


def _options(session: Session) -> list[str]:
    """What the latest output offers, as far as a ballot can name it; else who is to take it from here."""
    done = session.done[-1]
    offered = [msgspec.json.decode(option) for option in words_of(done.output).options] if done.code is None else []
    names = list(dict.fromkeys(option for option in offered if isinstance(option, str) and is_name(option)))
    return (names or [one.agent for one in session.present])[:MOST_OPTIONS]


def voted(session: Session, ballot: Ballot) -> PathChosen:
    """A participant that was chosen goes next; anything else that was is the answer."""
    after = session.done[-1].number
    assert not isinstance(ballot, Open)
    winner = ballot.end.winner if isinstance(ballot.end, BallotClosed) else None
    if winner is None:
        return PathChosen(after=after, reason="the vote has chosen nothing")
    agent = find(session, winner)
    if agent is not None:
        return PathChosen(after=after, reason=f"the vote has chosen {winner}", turns=[NextTurn(agent, "delegated")])
    return PathChosen(after=after, reason=f"the vote has chosen {winner}", chosen=winner, ends=True)


def called_off(session: Session, ballots: BallotBook, reason: str) -> Iterator[Emit]:
    """The session is over, and nobody needs the vote."""
    if session.ballot is not None and session.ballot in ballots.open:
        yield Emit(session.ballot, BallotCancelled(reason))
