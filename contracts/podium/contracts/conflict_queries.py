"""What may be asked about conflicts and resources, and the answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .conflicts import ConflictKind
from .names import Name
from .query import Answer, ListOpen, Page, Query


class ConflictRow(Struct, omit_defaults=True):
    """A conflict; times are seconds since the epoch, UTC.

    Attributes:
        how: None while it is open.
        weights: of goals: goal → how much weight it gets.
        expected, waited: of a claim, in seconds; `waited` is None while it waits.
        content: parties that have accepted how it was resolved.
        appeal: who appeals, until that is decided; `appeals` how often that was.
    """

    conflict: str
    kind: ConflictKind
    parties: list[str]
    detected_at: float
    resource: str | None = None
    goals: list[str] = []
    occasion: str | None = None
    negotiation: str | None = None
    how: Literal["priority", "order", "negotiation", "settled"] | None = None
    winner: str | None = None
    weights: dict[str, float] = {}
    reason: str = ""
    expected: float | None = None
    waited: float | None = None
    granted: bool | None = None
    appeal: str | None = None
    appeals: int = 0
    upheld: bool | None = None
    content: list[str] = []


class ConflictAnswer(Answer, frozen=True, kw_only=True):
    conflict: ConflictRow


class GetConflict(Query, frozen=True, kw_only=True):
    """One conflict, also if it is resolved."""

    wire = "conflicts.get"
    answer = ConflictAnswer

    conflict: Name


class ConflictsAnswer(Page, frozen=True, kw_only=True):
    conflicts: list[ConflictRow]


class ListConflicts(ListOpen, frozen=True, kw_only=True):
    """Newest first; `open`: those that are not resolved, are appealed or wait."""

    wire = "conflicts.list"
    answer = ConflictsAnswer


class ClaimRow(Struct, frozen=True, omit_defaults=True):
    """`since`: when it was granted, or began to wait, seconds since the epoch, UTC."""

    claimant: str
    amount: int
    priority: int
    since: float
    expected: float | None = None


class ResourceRow(Struct, omit_defaults=True):
    """A resource: who holds it, and who waits, the next one first."""

    resource: str
    capacity: int
    held: list[ClaimRow] = []
    queue: list[ClaimRow] = []


class ResourcesAnswer(Page, frozen=True, kw_only=True):
    resources: list[ResourceRow]


class ListResources(ListOpen, frozen=True, kw_only=True):
    """Last changed first; `open`: those that somebody holds or waits for."""

    wire = "resources.list"
    answer = ResourcesAnswer
