"""What waits for whose word: the events that asked, until they are answered or it no longer matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Connection, Dialect, Index, Text, bindparam, delete, select

from podium.contracts.ballots import BallotCancelled, BallotClosed, VoteAsked, VoteCast
from podium.contracts.conflicts import (
    ClaimEnded,
    ClaimGranted,
    ConflictAppealed,
    ConflictMeasured,
    ConsentAsked,
    ResolutionAccepted,
)
from podium.contracts.consensus import FallbackOpened, ProposalClosed, RoundClosed, StandAsked, StandTaken
from podium.contracts.negotiations import (
    MediationProposed,
    NegotiationAgreed,
    NegotiationDeadlocked,
    OfferAccepted,
    OfferMade,
    TurnAsked,
    TurnPassed,
)
from podium.contracts.subjects import Service
from podium.contracts.tenders import AwardFailed, BidAsked, BidPlaced, ContractAwarded, TenderClosed

from .database import NAME
from .projection import Projection, Slot
from .received import Received
from .statements import replacing

Key = tuple[str, str, str]
"""Who is asked, what for, and by the name of which entity."""

ASKED: Final[Mapping[type[Struct], tuple[str, str]]] = {
    VoteAsked: ("vote", "voter"),
    StandAsked: ("stand", "member"),
    TurnAsked: ("turn", "party"),
    BidAsked: ("bid", "bidder"),
    ContractAwarded: ("job", "bidder"),
    ClaimGranted: ("claim", "claimant"),
    ConsentAsked: ("consent", "party"),
}
"""An event that asks → what for, and its field that says whom."""

ANSWERED: Final[Mapping[type[Struct], tuple[str, str]]] = {
    VoteCast: ("vote", "voter"),
    StandTaken: ("stand", "member"),
    OfferMade: ("turn", "party"),
    OfferAccepted: ("turn", "party"),
    TurnPassed: ("turn", "party"),
    BidPlaced: ("bid", "bidder"),
    AwardFailed: ("job", "bidder"),
    ClaimEnded: ("claim", "claimant"),
    ResolutionAccepted: ("consent", "by"),
    ConflictAppealed: ("consent", "by"),
}
"""An event that answers → what, and its field that says who."""

OVER: Final[Mapping[type[Struct], tuple[str, ...]]] = {
    BallotClosed: ("vote",),
    BallotCancelled: ("vote",),
    RoundClosed: ("stand",),
    FallbackOpened: ("stand",),
    ProposalClosed: ("stand",),
    MediationProposed: ("turn",),
    NegotiationAgreed: ("turn",),
    NegotiationDeadlocked: ("turn",),
    ContractAwarded: ("bid",),
    TenderClosed: ("bid", "job"),
    ConflictMeasured: ("consent",),
}
"""An event after which nobody is asked for it any more → what for."""


class Asks(Projection):
    name = "asks"
    version = 1
    services: ClassVar[tuple[Service, ...]] = ("collaboration",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.rows = self.table(
            "asks",
            Column("agent", NAME, primary_key=True),
            Column("what", Text, primary_key=True),
            Column("entity", NAME, primary_key=True),
            Column("sequence", BigInteger, nullable=False),
            clustered=True,
        )
        Index(self.index_name("asks_entity"), self.rows.c.entity, self.rows.c.what)
        self._replace = replacing(self.rows, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        asked: dict[Key, int] = {}
        answered: dict[Key, None] = {}
        over: dict[tuple[str, str], None] = {}
        for event in events:
            data = event.data
            if data is None:
                continue
            kind = type(data)
            for what in OVER.get(kind, ()):
                over[what, event.entity] = None
                asked = {key: sequence for key, sequence in asked.items() if key[1:] != (what, event.entity)}
            if kind in ANSWERED:
                what, field = ANSWERED[kind]
                key = (getattr(data, field), what, event.entity)
                answered[key] = None
                asked.pop(key, None)
            if kind in ASKED:
                what, field = ASKED[kind]
                asked[getattr(data, field), what, event.entity] = event.sequence
        self._delete(connection, answered, over)
        self._replace.run(connection, [(*key, sequence) for key, sequence in sorted(asked.items())])

    def open(self, connection: Connection, agent: str, after: int, limit: int) -> list[int]:
        """The sequences of the events that asked it, in order."""
        rows = self.rows.c
        query = select(rows.sequence).where(rows.agent == agent, rows.sequence > after)
        return list(connection.scalars(query.order_by(rows.sequence).limit(limit)))

    def _delete(self, connection: Connection, answered: dict[Key, None], over: dict[tuple[str, str], None]) -> None:
        rows = self.rows.c
        those = delete(self.rows).where(rows.what == bindparam("of"), rows.entity == bindparam("name"))
        if over:
            connection.execute(those, [{"of": what, "name": entity} for what, entity in over])
        if answered:
            one = those.where(rows.agent == bindparam("who"))
            connection.execute(one, [{"who": who, "of": what, "name": entity} for who, what, entity in answered])
