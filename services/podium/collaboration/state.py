"""The collaboration service's state: one book for each part."""

from __future__ import annotations

from collections import OrderedDict

from podium.contracts.agents import AgentProfile

from .ballots.book import BallotBook
from .ballots.seals import Seal
from .conflicts.book import ConflictBook
from .documents.book import DocumentsBook
from .messages.book import Messages
from .negotiations.book import NegotiationBook
from .proposals.book import ProposalBook
from .sessions.book import Sessions
from .sessions.ends import Ends
from .settings import CollaborationSettings
from .teams.book import Teams
from .tenders.book import TenderBook


class CollaborationState:
    """Each field is one part's book, which only that part changes; the others read it.

    Attributes:
        seal: of the papers of secret ballots; None without a key.
        agents: observed, those that are registered.
        trust: observed, two agents → how likely what they do together goes well; what is known last is last.
        ends: observed, what became of phases' tasks.
    """

    __slots__ = (
        "agents",
        "ballots",
        "conflicts",
        "documents",
        "ends",
        "messages",
        "negotiations",
        "proposals",
        "seal",
        "sessions",
        "settings",
        "teams",
        "tenders",
        "trust",
    )

    def __init__(self, settings: CollaborationSettings, seal: Seal | None = None) -> None:
        self.settings = settings
        self.agents: dict[str, AgentProfile] = {}
        self.trust: OrderedDict[tuple[str, str], float] = OrderedDict()
        self.documents = DocumentsBook()
        self.messages = Messages()
        self.sessions = Sessions()
        self.ends = Ends()
        self.teams = Teams()
        self.seal = seal
        self.ballots = BallotBook()
        self.proposals = ProposalBook()
        self.negotiations = NegotiationBook()
        self.conflicts = ConflictBook()
        self.tenders = TenderBook()
