"""What the collaboration service is made of: parts, one for each noun, with a book of the state each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from msgspec import Struct

from podium.contracts.outcomes import Refused
from podium.contracts.subjects import Service
from podium.kernel.decider import Emit, Request

from .shelf import Shelf
from .state import CollaborationState

EMPTY: Final = b"{}"


class Part(ABC):
    """The rules of one noun. Pure, as all of a decider is: no clock, no ids, no random numbers, no I/O.

    A part folds its own events into its own book, a field of `CollaborationState`. It may read the others' books,
    and may emit another part's events: whoever emits it, an event is folded by the part that it belongs to.
    Its entities are a name space of their own: the same name may be a ballot and a session.

    Attributes:
        name: of the part; it is the key of its book in a snapshot, and never changes.
        commands, events: the types that are its own. No type belongs to two parts.
        facts: the events of other services that it observes, at least one of each service that it names.
    """

    name: ClassVar[str]
    commands: ClassVar[tuple[type[Struct], ...]] = ()
    events: ClassVar[tuple[type[Struct], ...]] = ()
    facts: ClassVar[Mapping[Service, tuple[type[Struct], ...]]] = MappingProxyType({})

    @abstractmethod
    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        """Fold one of its own events; `at` is the event's time, seconds since the epoch, UTC."""

    @abstractmethod
    def decide(self, state: CollaborationState, request: Request, now: float) -> Iterable[Emit] | Refused:
        """The events that one of its own commands leads to; none if it is already so.

        A generator sees the state that its events made, and must not refuse after the first of them.
        """

    def observe(self, state: CollaborationState, entity: str, fact: Struct, at: float) -> None:  # noqa: B027 (most observe nothing)
        """Fold an event of an upstream service. Seen twice, it changes nothing."""

    def react(self, state: CollaborationState, now: float) -> Iterable[Emit]:
        """What is due, derived from the state each time; asked often, so it must be cheap where nothing is due."""
        return ()

    def due(self, state: CollaborationState) -> float | None:
        """When `react` next has something to do if nothing else happens."""
        return None

    @abstractmethod
    def dump(self, state: CollaborationState) -> bytes:
        """Its book as one JSON value, whole and canonical: equal books give equal bytes."""

    @abstractmethod
    def load(self, state: CollaborationState, dumped: bytes) -> None:
        """Put a dumped book, with the indexes that follow from it, into a state that has folded nothing.

        Raises:
            msgspec.MsgspecError: a dump of another shape.
        """

    def dump_facts(self, state: CollaborationState) -> bytes:
        """What `observe` folded, as one JSON value."""
        return EMPTY

    def load_facts(self, state: CollaborationState, dumped: bytes) -> None:  # noqa: B027 (most observe nothing)
        """Put it back into a state that has observed nothing; raises msgspec.MsgspecError on another shape."""


class ShelvedPart(Part):
    """The rules of a noun that opens, moves on and ends."""

    @abstractmethod
    def shelf(self, state: CollaborationState) -> Shelf[Any, Any]:
        """Its book."""

    def due(self, state: CollaborationState) -> float | None:
        return self.shelf(state).due()

    def dump(self, state: CollaborationState) -> bytes:
        return self.shelf(state).dump()

    def load(self, state: CollaborationState, dumped: bytes) -> None:
        self.shelf(state).restore(dumped)


class Observer(Part):
    """A part that has no words of its own, and no book: only what it observed, which others look up."""

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        raise TypeError(f"{type(event).__name__} is no event of this part")

    def decide(self, state: CollaborationState, request: Request, now: float) -> Iterable[Emit] | Refused:
        raise TypeError(f"{type(request.command).__name__} is no command of this part")

    def dump(self, state: CollaborationState) -> bytes:
        return EMPTY

    def load(self, state: CollaborationState, dumped: bytes) -> None:
        """It has no book."""
