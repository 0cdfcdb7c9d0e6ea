"""All the words by which agents decide together: ballots, consensus, negotiations, conflicts."""

from __future__ import annotations

from .ballots import BallotCommand, BallotEvent
from .conflicts import ConflictCommand, ConflictEvent
from .consensus import ConsensusCommand, ConsensusEvent
from .negotiations import NegotiationCommand, NegotiationEvent

DecisionCommand = BallotCommand | ConsensusCommand | NegotiationCommand | ConflictCommand
DecisionEvent = BallotEvent | ConsensusEvent | NegotiationEvent | ConflictEvent
