"""All that may be asked of what agents decide together."""

from __future__ import annotations

from typing import Final

from .ask_queries import OpenAsks
from .ballot_queries import GetBallot, ListBallots
from .conflict_queries import GetConflict, ListConflicts, ListResources
from .negotiation_queries import GetNegotiation, ListNegotiations
from .proposal_queries import GetProposal, ListProposals
from .tender_queries import GetTender, ListTenders

QUERIES: Final = (
    *(GetBallot, ListBallots, GetProposal, ListProposals, GetNegotiation, ListNegotiations),
    *(GetConflict, ListConflicts, ListResources, GetTender, ListTenders),
    OpenAsks,
)
