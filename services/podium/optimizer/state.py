"""The optimizer's state: what it has said, what it has seen, and when it looks again."""

from __future__ import annotations

from .book import Book
from .experience import Experience
from .fleet import Fleet
from .foresight import Foresight
from .relationships import Relationships
from .settings import OptimizerSettings
from .survey import Survey
from .trial import Trials


class OptimizerState:
    """
    Attributes:
        book: folded from the optimizer's own events.
        experience: observed.
        fleet: observed, who there is and what comes in.
        foresight: observed, how right predictions were.
        relationships: observed, who gets on with whom.
        trials: observed, of policies.
        look_at: when experience is looked at next, seconds since the epoch, UTC.
        relate_at: when relationships are looked at next.
        report_at: when it is said next how right predictions were.
        survey: of all kinds, the latest; None before the first look.
        tune_at: when a policy is proposed next; None before the first look.
    """

    __slots__ = (
        "book",
        "experience",
        "fleet",
        "foresight",
        "look_at",
        "relate_at",
        "relationships",
        "report_at",
        "survey",
        "trials",
        "tune_at",
    )

    def __init__(self, book: Book, settings: OptimizerSettings) -> None:
        self.book = book
        self.experience = Experience(settings)
        self.fleet = Fleet()
        self.foresight = Foresight(settings)
        self.relationships = Relationships(settings)
        self.trials = Trials()
        self.look_at = 0.0
        self.relate_at = 0.0
        self.report_at = 0.0
        self.survey: Survey | None = None
        self.tune_at: float | None = None
