"""All the words by which agents decide together: ballots, consensus, negotiations, conflicts, tenders."""

from __future__ import annotations

from .ballots import BallotCommand, BallotEvent
from .conflicts import ConflictCommand, ConflictEvent
from .consensus import ConsensusCommand, ConsensusEvent
from .negotiations import NegotiationCommand, NegotiationEvent
from .tenders import TenderCommand, TenderEvent

DecisionCommand = BallotCommand | ConsensusCommand | NegotiationCommand | ConflictCommand | TenderCommand
DecisionEvent = BallotEvent | ConsensusEvent | NegotiationEvent | ConflictEvent | TenderEvent
