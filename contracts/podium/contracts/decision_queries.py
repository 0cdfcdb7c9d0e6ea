"""All that may be asked of what agents decide together."""

from __future__ import annotations

from typing import Final

from .ballot_queries import GetBallot, ListBallots
from .bargaining_queries import (
    GetConflict,
    GetNegotiation,
    GetProposal,
    GetTender,
    ListConflicts,
    ListNegotiations,
    ListProposals,
    ListResources,
    ListTenders,
)

QUERIES: Final = (
    *(GetBallot, ListBallots, GetProposal, ListProposals, GetNegotiation, ListNegotiations),
    *(GetConflict, ListConflicts, ListResources, GetTender, ListTenders),
)
