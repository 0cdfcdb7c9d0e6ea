"""The read model in its database: applies events to the builds that answer, and opens views of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from podium.contracts.subjects import Service

from . import builds
from .agents import Agents
from .asks import Asks
from .builds import Build
from .catalogue import PROJECTIONS, SERVICES
from .commands import Commands
from .database import Database, hold_lock
from .decisions import Decisions
from .documents import Documents
from .events import Events
from .health import Health
from .learning import Learning
from .messages import Messages
from .policies import Policies
from .projection import Projection, Slot
from .received import Received
from .relationships import Relationships
from .schedules import Schedules
from .sessions import Sessions
from .tasks_table import Tasks
from .teams import Teams
from .workflows import Workflows

T = TypeVar("T")


class NotBuilt(Exception):
    """A projection has no build of this version that answers.

    Attributes:
        by_newer: one of a newer version answers instead.
    """

    def __init__(self, name: str, found: Build | None) -> None:
        self.by_newer = found is not None and found.version > PROJECTIONS[name].version
        answers = f"version {found.version} answers instead" if found is not None else "no other answers"
        super().__init__(f"{name} has no build of version {PROJECTIONS[name].version}; {answers}")


class Behind(Exception):
    """The database is not as far as the events that were to be applied: they must be read again from `position`."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the read model has only reached {position}")
        self.position = position


class View(Struct, frozen=True):
    """The tables that answer, as they are at one moment.

    Attributes:
        positions: service → sequence of the last event that the rows reflect.
    """

    connection: Connection
    agents: Agents
    tasks: Tasks
    events: Events
    health: Health
    workflows: Workflows
    documents: Documents
    commands: Commands
    schedules: Schedules
    sessions: Sessions
    decisions: Decisions
    asks: Asks
    messages: Messages
    teams: Teams
    policies: Policies
    learning: Learning
    relationships: Relationships
    positions: Mapping[Service, int]


class Store:
    """All projections in one database. Its methods block; one thread at a time may write."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._advance = builds.advancing(database.dialect)
        self._instances: dict[tuple[str, Slot], Projection] = {}
        self._applied: dict[tuple[str, Slot, Service], int] = {}

    def prepare(self) -> bool:
        """Make what every build needs, if it is not there; whether builds of older versions answer."""
        self.forget()
        if self.database.replaced():
            self.database.reopen()
        with self.database.write() as connection:
            builds.create_bookkeeping(connection)
            answering = builds.live(builds.read_builds(connection))
        return any(
            build.version < PROJECTIONS[name].version for name, build in answering.items() if name in PROJECTIONS
        )

    def make_empty(self, builder: str) -> None:
        """Prepare, and have a build of every projection that answers: where none does, one that has had no event."""
        self.prepare()
        with self.database.write() as connection:
            if builds.live(builds.read_builds(connection)):
                return
            for name in PROJECTIONS:
                builds.begin(connection, self.instance(name, "a"), None, builder, 0.0)
            for build in builds.read_builds(connection):
                builds.go_live(connection, build, None)
        self.forget()

    def forget(self) -> None:
        """Keep nothing in memory of what the tables hold."""
        self._applied.clear()
        for instance in self._instances.values():
            instance.forget()

    def instance(self, name: str, slot: Slot) -> Projection:
        instance = self._instances.get((name, slot))
        if instance is None:
            instance = self._instances[name, slot] = PROJECTIONS[name](slot, self.database.dialect)
        return instance

    def positions(self) -> dict[Service, int]:
        """How far the builds that answer have read.

        Raises:
            NotBuilt
        """
        with self.database.read() as connection:
            return _positions(answering_builds(connection))

    def apply(self, service: Service, events: Sequence[Received], after: int) -> None:
        """Fold the events that come behind `after` into every build that answers and has not yet had them.

        Raises:
            Behind
            NotBuilt
        """
        try:
            with self.database.write() as connection:
                hold_lock(connection, "live")
                answering = answering_builds(connection)
                position = _positions(answering)[service]
                if position < after:
                    raise Behind(position)
                for build in answering.values():
                    if service in PROJECTIONS[build.name].services:
                        self.fold(connection, build, service, events)
        except BaseException:
            self.forget()
            raise

    def fold(self, connection: Connection, build: Build, service: Service, events: Sequence[Received]) -> None:
        """Fold into one build what it has not yet had of a batch, and move its position."""
        position = build.positions.get(service, 0)
        end = events[-1].sequence
        if position >= end:
            return
        key = (build.name, build.slot, service)
        instance = self.instance(build.name, build.slot)
        if self._applied.get(key) != position:
            # Somebody else has written since, or it is another database: what is in memory may be wrong.
            instance.forget()
        if position >= events[0].sequence:
            events = [event for event in events if event.sequence > position]
        instance.apply(connection, service, events)
        self._advance.run(connection, [(build.name, build.slot, service, end)])
        self._applied[key] = end

    def view(self, read: Callable[[View], T]) -> T:
        """What `read` finds in the tables that answer.

        Raises:
            NotBuilt
        """
        try:
            return self._view(read)
        except ProgrammingError:
            # PostgreSQL: the build was replaced, and its tables dropped, since it was looked up.
            return self._view(read)

    def _view(self, read: Callable[[View], T]) -> T:
        with self.database.read() as connection:
            answering = answering_builds(connection)
            found = {name: self._shown(build) for name, build in answering.items()}
            return read(
                View(
                    connection,
                    found[Agents.name],
                    found[Tasks.name],
                    found[Events.name],
                    found[Health.name],
                    found[Workflows.name],
                    found[Documents.name],
                    found[Commands.name],
                    found[Schedules.name],
                    found[Sessions.name],
                    found[Decisions.name],
                    found[Asks.name],
                    found[Messages.name],
                    found[Teams.name],
                    found[Policies.name],
                    found[Learning.name],
                    found[Relationships.name],
                    self._reached(answering),
                )
            )

    def _shown(self, build: Build) -> Any:
        """What stands for a projection in a view."""
        return self.instance(build.name, build.slot)

    def _reached(self, answering: Mapping[str, Build]) -> Mapping[Service, int]:
        """How far a view is."""
        return _positions(answering)


def answering_builds(connection: Connection) -> dict[str, Build]:
    """By name, the build that answers; every projection has one of this version, or NotBuilt is raised."""
    found = builds.live(builds.read_builds(connection))
    for name, projection in PROJECTIONS.items():
        if name not in found or found[name].version != projection.version:
            raise NotBuilt(name, found.get(name))
    return {name: found[name] for name in PROJECTIONS}


def _positions(answering: Mapping[str, Build]) -> dict[Service, int]:
    """How far all of them have read each service's events, at least."""
    return {
        service: min(
            build.positions.get(service, 0)
            for build in answering.values()
            if service in PROJECTIONS[build.name].services
        )
        for service in SERVICES
    }
