"""What is known of resources, opposing goals and conflicts, folded from their events."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Literal

import msgspec
from msgspec import Struct

from podium.contracts.conflicts import (
    AppealDecided,
    ClaimEnded,
    ClaimGranted,
    ClaimPreferred,
    ClaimQueued,
    ConflictAppealed,
    ConflictDetected,
    ConflictEvent,
    ConflictMeasured,
    ConflictResolved,
    OppositionRemoved,
    OppositionSet,
    ResolutionAccepted,
    ResourceDefined,
)

KEPT: Final = 10_000
"""How many conflicts are still known; the oldest that is resolved is forgotten first."""

OPPOSING: Final = {
    "speed-accuracy": ("maximize-speed", "ensure-accuracy"),
    "cost-quality": ("minimize-cost", "maximize-quality"),
    "concise-thorough": ("be-concise", "be-thorough"),
}
"""Pairs of goals that oppose each other unless it is said that they do not."""


class Claim(Struct, frozen=True, gc=False):
    """
    Attributes:
        since: when it was granted, or began to wait, seconds since the epoch, UTC.
        expected: seconds that it was expected to wait; `conflict`: over which it waits.
        preferred: it goes before all that are not.
    """

    claimant: str
    amount: int
    priority: int
    seconds: float | None
    since: float
    expected: float | None = None
    conflict: str | None = None
    preferred: bool = False


class Resource(Struct):
    """
    Attributes:
        held, queue: claims that are granted, and those that wait, the next one first.
        holds, held_seconds: how many were released, and how long they were held together.
        conflicts: how many there were over it.
    """

    capacity: int = 1
    held: list[Claim] = msgspec.field(default_factory=list[Claim])
    queue: list[Claim] = msgspec.field(default_factory=list[Claim])
    holds: int = 0
    held_seconds: float = 0.0
    conflicts: int = 0

    def free(self) -> int:
        return self.capacity - sum(claim.amount for claim in self.held)


class Conflict(Struct):
    """
    Attributes:
        appeal: who appeals, until that is decided.
        reopened: an appeal was upheld; what was negotiated no longer holds.
        content: parties that have accepted how it was resolved.
    """

    detected: ConflictDetected
    resolved: ConflictResolved | None = None
    measured: ConflictMeasured | None = None
    appeal: str | None = None
    reopened: bool = False
    content: list[str] = msgspec.field(default_factory=list[str])


class _Dump(Struct, frozen=True):
    format: Literal["conflicts-1"]
    resources: list[tuple[str, Resource]]
    oppositions: list[tuple[str, tuple[str, str]]]
    conflicts: list[tuple[str, Conflict]]


class ConflictBook:
    """
    Attributes:
        touched: resources of which something may be granted now.
        negotiated: conflicts whose negotiation is under way → that.
    """

    def __init__(self) -> None:
        self.resources: dict[str, Resource] = {}
        self.oppositions: dict[str, tuple[str, str]] = dict(OPPOSING)
        self.conflicts: OrderedDict[str, Conflict] = OrderedDict()
        self.touched: dict[str, None] = {}
        self.negotiated: dict[str, str] = {}

    def oppose(self, one: str, other: str) -> bool:
        return any({one, other} == set(pair) for pair in self.oppositions.values())

    def fold(self, name: str, event: ConflictEvent, at: float) -> None:
        match event:
            case ResourceDefined() | ClaimGranted() | ClaimQueued() | ClaimEnded() | ClaimPreferred():
                self._resource(name, event, at)
            case OppositionSet():
                self.oppositions[name] = (event.goals[0], event.goals[1])
            case OppositionRemoved():
                self.oppositions.pop(name, None)
            case ConflictDetected():
                self.conflicts[name] = Conflict(event)
                if event.resource is not None and event.resource in self.resources:
                    self.resources[event.resource].conflicts += 1
                if event.negotiation is not None:
                    self.negotiated[name] = event.negotiation
                self._forget()
            case _:
                if name in self.conflicts:
                    self._conflict(name, event)

    def _resource(
        self, name: str, event: ResourceDefined | ClaimGranted | ClaimQueued | ClaimEnded | ClaimPreferred, at: float
    ) -> None:
        resource = self.resources.setdefault(name, Resource())
        self.touched[name] = None
        match event:
            case ResourceDefined():
                resource.capacity = event.capacity
            case ClaimGranted():
                resource.queue = [claim for claim in resource.queue if claim.claimant != event.claimant]
                resource.held.append(Claim(event.claimant, event.amount, event.priority, event.seconds, at))
            case ClaimQueued():
                claim = Claim(
                    event.claimant, event.amount, event.priority, event.seconds, at, event.expected, event.conflict
                )
                resource.queue.insert(event.place - 1, claim)
            case ClaimEnded():
                resource.queue = [claim for claim in resource.queue if claim.claimant != event.claimant]
                resource.held = [claim for claim in resource.held if claim.claimant != event.claimant]
                if event.held is not None:
                    resource.holds += 1
                    resource.held_seconds += event.held
            case ClaimPreferred():
                first = [claim for claim in resource.queue if claim.claimant == event.claimant]
                rest = [claim for claim in resource.queue if claim.claimant != event.claimant]
                resource.queue = [msgspec.structs.replace(claim, preferred=True) for claim in first] + rest

    def _conflict(self, name: str, event: ConflictEvent) -> None:
        conflict = self.conflicts[name]
        match event:
            case ConflictResolved():
                conflict.resolved, conflict.content = event, []
                self.negotiated.pop(name, None)
            case ResolutionAccepted():
                conflict.content.append(event.by)
            case ConflictMeasured():
                conflict.measured = event
            case ConflictAppealed():
                conflict.appeal = event.by
            case AppealDecided():
                conflict.appeal = None
                if event.upheld and conflict.detected.resource is None:
                    conflict.resolved, conflict.reopened = None, True
            case _:
                pass

    def _forget(self) -> None:
        if len(self.conflicts) > KEPT:
            done = next((name for name, conflict in self.conflicts.items() if conflict.resolved is not None), None)
            oldest = next(iter(self.conflicts)) if done is None else done
            del self.conflicts[oldest]
            self.negotiated.pop(oldest, None)

    def dump(self) -> bytes:
        content = _Dump(
            "conflicts-1",
            sorted(self.resources.items(), key=lambda item: item[0]),
            sorted(self.oppositions.items()),
            list(self.conflicts.items()),
        )
        return msgspec.json.encode(content, order="sorted")

    def restore(self, dumped: bytes) -> None:
        content = msgspec.json.decode(dumped, type=_Dump)
        self.resources.update(content.resources)
        self.oppositions = dict(content.oppositions)
        self.conflicts.update(content.conflicts)
        self.touched = dict.fromkeys(self.resources)
        for name, conflict in content.conflicts:
            if conflict.detected.negotiation is not None and conflict.resolved is None and not conflict.reopened:
                self.negotiated[name] = conflict.detected.negotiation
