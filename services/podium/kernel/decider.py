"""What a service is: the rules over one partition's state. Pure: no clock, no ids, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from podium.contracts.catalogue import wire_name
from podium.contracts.outcomes import Refused
from podium.contracts.subjects import Service, Subjects

S = TypeVar("S")


class Request(Struct, frozen=True, gc=False):
    """A command that could be read: who asks for what to be done to which entity."""

    principal: str
    entity: str
    command: Struct


class Emit(Struct, frozen=True, gc=False):
    """A new event of an entity; with an `audience`, the server also hands it to that agent as work.

    Attributes:
        actor: on whose behalf, if it is not who asked for it, nor the service itself.
        parent: the entity whose story it belongs to, if its own has not begun.
    """

    entity: str
    event: Struct
    audience: str | None = None
    actor: str | None = None
    parent: str | None = None


class Decider(Protocol[S]):
    """The rules of one service over a state `S`, which they change in place.

    The state has three parts that never mix, so that a replay needs no record of when what arrived:
    what `evolve` folds from the partition's own events, what `observe` folds from other services'
    events, and what `sense` hears and nobody keeps. `evolve` reads only its own part.
    """

    service: Service
    schema: str
    """Names the shape of what `dump` gives; it changes with it, so that an old snapshot is not misread."""

    upstream: Mapping[Service, tuple[type[Struct], ...]]
    """The services whose events are observed → which of their events; none named: all.

    Each event that is observed costs something; one that is not named never comes. A struct of the decider's own
    may stand for an event, with the event's tag and only the fields that are looked at.
    """

    closing: tuple[type[Struct], ...]
    """The events that end an entity's story. Until then its events all belong to the request that began
    it (`correlationid`); where there are none, each command is a root of its own.
    """

    def initial(self) -> S: ...

    def evolve(self, state: S, entity: str, event: Struct, actor: str, at: float) -> None:
        """Fold one of the partition's own events; `at` is the event's time, seconds since the epoch, UTC."""
        ...

    def decide(self, state: S, request: Request, now: float) -> Iterable[Emit] | Refused:
        """The events that the command leads to; none if it is already so.

        Each is evolved before the next is asked for, so a generator sees the state that it made.
        A generator must not refuse after its first event.
        """
        ...

    def observe(self, state: S, entity: str, fact: Struct, at: float) -> None:
        """Fold an event of an upstream service. Seen twice, it changes nothing."""
        ...

    def sense(self, state: S, subject: tuple[str, ...], signal: Struct, now: float) -> None:
        """Hear what is not stored: a `Beat` with `(agent,)`, a `Progress` with `(agent, task)`."""
        ...

    def react(self, state: S, now: float) -> Iterable[Emit]:
        """What the state makes due: derived anew each time, so a missed or doubled call is harmless.

        Each event is evolved before the next is asked for.
        """
        ...

    def due(self, state: S) -> float | None:
        """When `react` next has something to do if nothing else happens; None if never."""
        ...

    def explain(self, state: S, entity: str, now: float) -> Struct | None:
        """Why the entity is as it is, or None if it is not known here."""
        ...

    def dump(self, state: S) -> bytes:
        """What `evolve` folded, whole and in a canonical form: equal states give equal bytes."""
        ...

    def load(self, dumped: bytes) -> S:
        """A state whose evolved part is as it was dumped; raises msgspec.MsgspecError on another shape."""
        ...


def observed(decider: Decider[Any], service: Service, subjects: Subjects) -> list[str]:
    """The filters for what the decider observes of an upstream service; none if that is everything."""
    events = decider.upstream[service]
    return subjects.event_filters(service, events=map(wire_name, events)) if events else []


@runtime_checkable
class KeepsFacts(Protocol):
    """A decider whose upstream logs are too long to be read at each start: what it observed is in its snapshots."""

    def dump_facts(self, state: Any) -> bytes:
        """What `observe` folded, whole."""
        ...

    def load_facts(self, state: Any, dumped: bytes) -> None:
        """Put it back into a state that has observed nothing; raises msgspec.MsgspecError on another shape."""
        ...
