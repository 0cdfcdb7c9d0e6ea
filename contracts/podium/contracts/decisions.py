"""All the words by which agents decide together: ballots and what else there is."""

from __future__ import annotations

from .ballots import BallotCommand, BallotEvent

DecisionCommand = BallotCommand
DecisionEvent = BallotEvent
