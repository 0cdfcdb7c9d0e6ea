"""All that may be asked of what agents decide together."""

from __future__ import annotations

from typing import Final

from .ballot_queries import GetBallot, ListBallots
from .bargaining_queries import (
    GetConflict,
    GetNegotiation,
    GetProposal,
    ListConflicts,
    ListNegotiations,
    ListProposals,
    ListResources,
)

QUERIES: Final = (
    *(GetBallot, ListBallots, GetProposal, ListProposals, GetNegotiation, ListNegotiations),
    *(GetConflict, ListConflicts, ListResources),
)
