"""Claims of resources: who gets one, who waits for it, and for how long it will be. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from podium.contracts.conflicts import (
    ClaimEnded,
    ClaimGranted,
    ClaimQueued,
    ConflictDetected,
    ConflictKind,
    ConflictMeasured,
    ConflictResolved,
    ConsentAsked,
)
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit

from .book import Claim, ConflictBook, Resource


def claim(book: ConflictBook, name: str, asked: Claim, occasion: str | None = None) -> Iterator[Emit]:
    """Grant it, or let it wait behind all of its priority and above; the latter is a conflict, and is resolved so.

    Args:
        asked: `since` is now.
    """
    resource = book.resources.get(name) or Resource()
    place = sum(other.preferred or other.priority >= asked.priority for other in resource.queue)
    if place == len(resource.queue) == 0 and asked.amount <= resource.free():
        granted = ClaimGranted(asked.claimant, asked.amount, asked.priority, asked.seconds)
        yield Emit(name, granted, audience=asked.claimant)
        return
    before = [other.claimant for other in (*resource.held, *resource.queue[:place])]
    tied = any(other.priority == asked.priority for other in (*resource.held, *resource.queue[:place]))
    kind: ConflictKind = "priority" if tied else "resource"
    wait = expected(resource, place, asked.amount, asked.since)
    conflict = _free(book, name, resource.conflicts)
    detected = ConflictDetected(kind, [*dict.fromkeys(before), asked.claimant], name, occasion=occasion)
    yield Emit(conflict, detected)
    yield Emit(
        name, ClaimQueued(asked.claimant, asked.amount, asked.priority, asked.seconds, place + 1, wait, conflict)
    )
    winner = before[0] if before else None
    yield from resolve(conflict, detected, ConflictResolved("order" if tied else "priority", winner, expected=wait))


def resolve(conflict: str, detected: ConflictDetected, how: ConflictResolved) -> list[Emit]:
    """Resolve it so, and ask who it is about whether it is content: who waits, or all whose goals it is about."""
    asked = detected.parties if detected.resource is None else detected.parties[-1:]
    asks = [
        ConsentAsked(
            party=party,
            kind=detected.kind,
            parties=detected.parties,
            how=how.how,
            resource=detected.resource,
            goals=detected.goals,
            winner=how.winner,
            weights=how.weights,
            expected=how.expected,
            reason=how.reason,
        )
        for party in asked
    ]
    return [Emit(conflict, how), *(Emit(conflict, ask, audience=ask.party) for ask in asks)]


def release(book: ConflictBook, name: str, claimant: str, now: float) -> list[Emit] | Refused:
    resource = book.resources.get(name)
    if resource is None:
        return Refused("unknown_resource", f"nobody has defined or claimed {name}")
    for held in resource.held:
        if held.claimant == claimant:
            return [Emit(name, ClaimEnded(claimant, now - held.since))]
    for waiting in resource.queue:
        if waiting.claimant == claimant:
            emits = [Emit(name, ClaimEnded(claimant, None))]
            if waiting.conflict is not None:
                given_up = ConflictMeasured(now - waiting.since, waiting.expected, granted=False)
                emits.append(Emit(waiting.conflict, given_up))
            return emits
    return []


def grant(book: ConflictBook, name: str, now: float) -> Iterator[Emit]:
    """Those at the head of the queue, as long as there is enough for the next; nobody overtakes it."""
    while (resource := book.resources.get(name)) is not None and resource.queue:
        first = resource.queue[0]
        if first.amount > resource.free():
            return
        waited = now - first.since
        granted = ClaimGranted(
            first.claimant, first.amount, first.priority, first.seconds, waited, first.expected, first.conflict
        )
        yield Emit(name, granted, audience=first.claimant)
        if first.conflict is not None:
            yield Emit(first.conflict, ConflictMeasured(waited, first.expected, granted=True))


def expected(resource: Resource, place: int, amount: int, now: float) -> float | None:
    """Seconds until so much could be granted behind `place` others that wait, if all hold as long as they say.

    Who does not say is taken to hold as long as others did on average; None if nobody has yet.
    """
    mean = resource.held_seconds / resource.holds if resource.holds else None
    ends: list[tuple[float, int]] = []
    for held in resource.held:
        length = held.seconds if held.seconds is not None else mean
        if length is None:
            return None
        ends.append((max(held.since + length, now), held.amount))
    heapify(ends)
    free, at = resource.free(), now
    for waiting in resource.queue[:place]:
        length = waiting.seconds if waiting.seconds is not None else mean
        if length is None:
            return None
        free, at = _until(waiting.amount, free, at, ends)
        heappush(ends, (at + length, waiting.amount))
        free -= waiting.amount
    return _until(amount, free, at, ends)[1] - now


def _until(amount: int, free: int, at: float, ends: list[tuple[float, int]]) -> tuple[int, float]:
    """How much is free, and when, once there is so much; those that end until then are taken out."""
    while free < amount and ends:
        at, given = heappop(ends)
        free += given
    return free, at


def _free(book: ConflictBook, resource: str, number: int) -> str:
    """A name that no conflict has."""
    number += 1
    while (name := f"{resource[:100]}-{number}") in book.conflicts:
        number += 1
    return name
