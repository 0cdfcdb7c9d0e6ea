"""Consensus in rounds: a text, stands on it, amendments, and in the end a vote. The entity is the proposal."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .counts import Method
from .envelope import Command, Event
from .names import Name, RecordedName, Text
from .negotiations import Seconds

Stand = Literal["accept", "object", "abstain"]
Ending = Literal["consensus", "vote", "rounds", "withdrawn"]

Fallback = Literal["majority", "supermajority"]


# Commands


class OpenProposal(Command, frozen=True, tag="open_proposal"):
    """Put a text to its members.

    Attributes:
        threshold: what part of those who accept or object must accept.
        rounds: at the most; each has the text as it was amended in the one before.
        round_seconds: after which a round is over, also if somebody is silent; None for when all have spoken.
        fallback: how it is voted on if no round brings it; None if it is rejected then.
    """

    text: Text
    members: Annotated[list[Name], Meta(min_length=1, max_length=500)]
    threshold: Annotated[float, Meta(ge=0.5, le=1.0)] = 1.0
    rounds: Annotated[int, Meta(ge=1, le=100)] = 3
    round_seconds: Seconds | None = None
    fallback: Fallback | None = "majority"


class TakeStand(Command, frozen=True, tag="take_stand"):
    """Say where one stands, or change it, in the round under way. The principal is the member.

    Attributes:
        amendment: the text to which one would agree.
    """

    stand: Stand
    reason: Text = ""
    amendment: Text | None = None


class WithdrawProposal(Command, frozen=True, tag="withdraw_proposal"):
    """Who opened it takes it back; a vote on it is cancelled."""

    reason: Text = ""


# Events


class ProposalOpened(Event, frozen=True, tag="proposal_opened"):
    text: str
    members: list[RecordedName]
    threshold: float
    rounds: int
    round_seconds: float | None
    fallback: Method | None


class RoundOpened(Event, frozen=True, tag="round_opened"):
    """`amended_by`: whose amendment the text is, if it is another than before."""

    round: int
    text: str
    deadline: float | None = None
    amended_by: RecordedName | None = None


class StandAsked(Event, frozen=True, tag="stand_asked"):
    """A member, which is the audience, is asked where it stands in a round that has begun."""

    member: RecordedName
    round: int
    text: str
    deadline: float | None = None
    amended_by: RecordedName | None = None


class StandTaken(Event, frozen=True, tag="stand_taken"):
    member: RecordedName
    round: int
    stand: Stand
    reason: str = ""
    amendment: str | None = None


class RoundClosed(Event, frozen=True, tag="round_closed"):
    """`share`: of those who accept or object, who accept."""

    round: int
    accepted: list[RecordedName]
    objected: list[RecordedName]
    abstained: list[RecordedName]
    silent: list[RecordedName]
    share: float


class FallbackOpened(Event, frozen=True, tag="fallback_opened"):
    """No round has brought it: the ballot of this name decides between `accept` and `reject`."""

    ballot: RecordedName


class ProposalClosed(Event, frozen=True, tag="proposal_closed"):
    """`how`: by `consensus`, by a `vote`, because the `rounds` were over, or because it was `withdrawn`."""

    accepted: bool
    how: Ending
    text: str
    round: int
    reason: str = ""


class Spoken(Struct, frozen=True, omit_defaults=True):
    """A member's stand in the round under way."""

    stand: Stand
    reason: str = ""
    amendment: str | None = None


ConsensusCommand = OpenProposal | TakeStand | WithdrawProposal
ConsensusEvent = ProposalOpened | RoundOpened | StandAsked | StandTaken | RoundClosed | FallbackOpened | ProposalClosed
