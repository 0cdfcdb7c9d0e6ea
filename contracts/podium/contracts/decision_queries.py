"""All that may be asked of what agents decide together."""

from __future__ import annotations

from typing import Final

from .ballot_queries import GetBallot, ListBallots

QUERIES: Final = (GetBallot, ListBallots)
