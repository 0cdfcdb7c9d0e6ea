"""Conflicts: over resources, between goals, and of priorities; how each is found, resolved, measured and appealed."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from .envelope import Command, Event
from .names import Name, RecordedName, Text
from .negotiations import Seconds

Priority = Annotated[int, Meta(ge=0, le=9)]
Amount = Annotated[int, Meta(ge=1, le=1_000_000)]
ConflictKind = Literal["resource", "priority", "goal"]
"""`priority`: over a resource, between claims of the same priority, where who came first goes first."""


# Commands


class DefineResource(Command, frozen=True, tag="define_resource"):
    """How much there is of a resource. The entity is the resource; one that is claimed without it has 1."""

    capacity: Amount


class ClaimResource(Command, frozen=True, tag="claim_resource"):
    """Claim a resource, or wait for it: higher priorities first, of the same who came first. The principal claims.

    Attributes:
        seconds: for so long, as far as is known; it is what others' expected wait is made of.
    """

    amount: Amount = 1
    priority: Priority = 5
    seconds: Seconds | None = None


class ReleaseResource(Command, frozen=True, tag="release_resource"):
    """Give back what the principal holds, or wait for it no longer."""


class SetOpposition(Command, frozen=True, tag="set_opposition"):
    """Say that two goals oppose each other. The entity is the pair's name."""

    goals: Annotated[list[Name], Meta(min_length=2, max_length=2)]


class RemoveOpposition(Command, frozen=True, tag="remove_opposition"):
    """They do not. The entity is the pair's name; podium's own pairs can be removed as well."""


class Aims(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an agent is after."""

    goals: Annotated[list[Name], Meta(max_length=20)] = []
    resources: Annotated[list[Name], Meta(max_length=20)] = []
    priority: Priority = 5


class DetectConflicts(Command, frozen=True, tag="detect_conflicts"):
    """Look for conflicts among agents, and resolve them. The entity names the occasion: a session, a plan.

    Resources are claimed for all, the higher priorities first, and who does not get one waits for it. Goals that
    oppose each other are negotiated: how much weight each gets, in quarters.

    Attributes:
        agents: agent → what it is after; null for the goals and the priority that the registry knows.
        seconds: for so long resources are needed, as far as is known.
        attended: the agents negotiate themselves; otherwise podium does for them, and who has the higher priority
            concedes later.
    """

    agents: Annotated[dict[Name, Aims | None], Meta(min_length=2, max_length=50)]
    seconds: Seconds | None = None
    attended: bool = False


class SettleConflict(Command, frozen=True, tag="settle_conflict"):
    """Decide a conflict that is open, as somebody who is no party to it."""

    winner: Name | None = None
    reason: Text = ""


class AcceptResolution(Command, frozen=True, tag="accept_resolution"):
    """Be content with how a conflict was resolved, as a party to it."""


class AppealConflict(Command, frozen=True, tag="appeal_conflict"):
    """Object to how a conflict was resolved, as a party to it."""

    reason: Text


class DecideAppeal(Command, frozen=True, tag="decide_appeal"):
    """Decide an appeal, as somebody who is no party to the conflict.

    If it is upheld, a claim that waits goes to the front, and another conflict is open again.
    """

    upheld: bool
    reason: Text = ""


# Events


class ResourceDefined(Event, frozen=True, tag="resource_defined"):
    capacity: int


class ClaimGranted(Event, frozen=True, tag="claim_granted"):
    """The claimant, which is the audience, has it from now on.

    Attributes:
        waited, expected: seconds that it has, and that were expected when it began to wait.
        conflict: over which it waited.
    """

    claimant: RecordedName
    amount: int
    priority: int
    seconds: float | None
    waited: float = 0.0
    expected: float | None = None
    conflict: RecordedName | None = None


class ClaimQueued(Event, frozen=True, tag="claim_queued"):
    """
    Attributes:
        place: in the queue, from 1.
        expected: seconds until it is granted; None if too little is known of how long the others need it.
    """

    claimant: RecordedName
    amount: int
    priority: int
    seconds: float | None
    place: int
    expected: float | None
    conflict: RecordedName


class ClaimEnded(Event, frozen=True, tag="claim_ended"):
    """Released after it was `held` for so many seconds; None if it was only waited for."""

    claimant: RecordedName
    held: float | None


class ClaimPreferred(Event, frozen=True, tag="claim_preferred"):
    """After an appeal it is next."""

    claimant: RecordedName


class OppositionSet(Event, frozen=True, tag="opposition_set"):
    goals: list[RecordedName]


class OppositionRemoved(Event, frozen=True, tag="opposition_removed"):
    pass


class ConflictDetected(Event, frozen=True, tag="conflict_detected"):
    """
    Attributes:
        parties: who is in it; of one over a resource the one that waits is the last.
        resource, goals: what it is about; the goals in the order of the parties.
        occasion: where it was looked for.
        negotiation: what is to resolve it.
    """

    kind: ConflictKind
    parties: list[RecordedName]
    resource: RecordedName | None = None
    goals: list[RecordedName] = field(default_factory=list[RecordedName])
    occasion: RecordedName | None = None
    negotiation: RecordedName | None = None


class ConflictResolved(Event, frozen=True, tag="conflict_resolved"):
    """
    Attributes:
        how: by `priority`, by who came first (`order`), by `negotiation`, or `settled` by a principal.
        winner: who prevails; None if both do in part.
        weights: of a goal conflict: goal → how much weight it gets, 0–1.
        expected: of one over a resource: seconds that the one that waits will.
    """

    how: Literal["priority", "order", "negotiation", "settled"]
    winner: RecordedName | None = None
    weights: dict[RecordedName, float] = field(default_factory=dict[RecordedName, float])
    expected: float | None = None
    reason: str = ""


class ConsentAsked(Event, frozen=True, tag="consent_asked"):
    """A party, which is the audience, is told how a conflict was resolved: to be content with it, or to appeal.

    Of a conflict over a resource it is the one that waits; of one of goals all are asked. The fields are those of
    `ConflictDetected` and `ConflictResolved`.
    """

    party: RecordedName
    kind: ConflictKind
    parties: list[RecordedName]
    how: Literal["priority", "order", "negotiation", "settled"]
    resource: RecordedName | None = None
    goals: list[RecordedName] = field(default_factory=list[RecordedName])
    winner: RecordedName | None = None
    weights: dict[RecordedName, float] = field(default_factory=dict[RecordedName, float])
    expected: float | None = None
    reason: str = ""


class ResolutionAccepted(Event, frozen=True, tag="resolution_accepted"):
    by: RecordedName


class ConflictMeasured(Event, frozen=True, tag="conflict_measured"):
    """What happened: the claim was granted after so many seconds, or given up."""

    waited: float
    expected: float | None
    granted: bool


class ConflictAppealed(Event, frozen=True, tag="conflict_appealed"):
    by: RecordedName
    reason: str


class AppealDecided(Event, frozen=True, tag="appeal_decided"):
    upheld: bool
    by: RecordedName
    reason: str = ""


ConflictCommand = (
    DefineResource
    | ClaimResource
    | ReleaseResource
    | SetOpposition
    | RemoveOpposition
    | DetectConflicts
    | SettleConflict
    | AcceptResolution
    | AppealConflict
    | DecideAppeal
)
ConflictEvent = (
    ResourceDefined
    | ClaimGranted
    | ClaimQueued
    | ClaimEnded
    | ClaimPreferred
    | OppositionSet
    | OppositionRemoved
    | ConflictDetected
    | ConflictResolved
    | ConsentAsked
    | ResolutionAccepted
    | ConflictMeasured
    | ConflictAppealed
    | AppealDecided
)
