"""Every subject and stream name of the wire, made and read in one place.

A subject is made from checked names only; `Subjects` holds the prefix, so that several systems can
share one server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

from msgspec import Struct

from .names import is_name

Service = Literal["registry", "router", "collaboration", "optimizer", "health"]
"""The services that a command may be addressed to."""

SERVICES: Final[tuple[Service, ...]] = get_args(Service)

DEFAULT_PREFIX: Final = "podium"


class CommandAddress(Struct, frozen=True, gc=False):
    """Who asks which service to do what to which entity."""

    service: str
    principal: str
    entity: str
    command: str


class EventAddress(Struct, frozen=True, gc=False):
    """Where an event stands: its partition, its entity, and whom it is addressed to, if anyone."""

    service: str
    partition: int
    entity: str
    event: str
    audience: str | None = None


class Subjects:
    """The subjects and stream names below one prefix.

    Raises:
        ValueError: a prefix or token that is not a name.
    """

    def __init__(self, prefix: str = DEFAULT_PREFIX) -> None:
        self.prefix = _checked(prefix)

    # Commands

    def command(self, service: str, principal: str, entity: str, command: str) -> str:
        return f"{self.prefix}.cmd.{_tokens(service, principal, entity, command)}"

    def ask(self, service: str, principal: str, entity: str, command: str) -> str:
        return f"{self.prefix}.ask.{_tokens(service, principal, entity, command)}"

    def refused(self, address: CommandAddress) -> str:
        """Tokens that are no names become `_`: what was unreadable is still kept somewhere."""
        tokens = (address.service, address.principal, address.entity, address.command)
        return f"{self.prefix}.refused." + ".".join(t if is_name(t) else "_" for t in tokens)

    def commands_of(self, service: str) -> str:
        return f"{self.prefix}.cmd.{service}.>"

    def wake(self, service: str, partition: int) -> str:
        """What a replica sends when nobody owns the partition: whoever gets it is the owner."""
        return f"{self.prefix}.wake.{service}.{partition}"

    def taken_by(self, service: str) -> tuple[str, ...]:
        """All that the service's command stream takes in."""
        return (self.commands_of(service), f"{self.prefix}.wake.{service}.*")

    def all_asks(self) -> str:
        return f"{self.prefix}.ask.>"

    def command_transform(self, service: str, partitions: int) -> tuple[str, str]:
        """Source and destination that put the partition of the entity into the stored subject."""
        return (
            f"{self.prefix}.cmd.{service}.*.*.*",
            f"{self.prefix}.in.{service}.{{{{partition({partitions},2)}}}}."
            "{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}",
        )

    def stored_commands(self, service: str, partition: int) -> tuple[str, ...]:
        """Filters of one partition's consumer; partition 0 also takes what fits no pattern."""
        own = (f"{self.prefix}.in.{service}.{partition}.>", self.wake(service, partition))
        return (*own, self.commands_of(service)) if partition == 0 else own

    def read_command(self, subject: str) -> CommandAddress | None:
        """The address in a published or stored command's subject, or None if it has no such form."""
        match subject.split("."):
            case [prefix, "cmd" | "ask", service, principal, entity, command] if prefix == self.prefix:
                return CommandAddress(service, principal, entity, command)
            case [prefix, "in", service, _, principal, entity, command] if prefix == self.prefix:
                return CommandAddress(service, principal, entity, command)
            case _:
                return None

    # Events

    def event(self, address: EventAddress) -> str:
        tokens = _tokens(address.service, str(address.partition), address.entity, address.event)
        tail = f".{_checked(address.audience)}" if address.audience is not None else ""
        return f"{self.prefix}.evt.{tokens}{tail}"

    def events_of(self, service: str) -> str:
        return f"{self.prefix}.evt.{service}.>"

    def partition(self, service: str, partition: int) -> str:
        """The guard's filter: every writer of a partition uses this very string."""
        return f"{self.prefix}.evt.{service}.{partition}.>"

    def event_filters(self, service: str, entity: str | None = None, events: Iterable[str] = ()) -> list[str]:
        """Filters for a service's events in all partitions: of one entity or all, of these names or all."""
        place = f"{self.prefix}.evt.{_checked(service)}.*.{'*' if entity is None else _checked(entity)}"
        named = [f"{place}.{_checked(event)}" for event in dict.fromkeys(events)]
        return [filter for name in named for filter in (name, f"{name}.*")] or [f"{place}.>"]

    def read_event(self, subject: str) -> EventAddress | None:
        match subject.split("."):
            case [prefix, "evt", service, partition, entity, event, *audience] if (
                prefix == self.prefix and partition.isdecimal() and len(audience) <= 1
            ):
                return EventAddress(service, int(partition), entity, event, audience[0] if audience else None)
            case _:
                return None

    # Work and what is not stored

    def work_transform(self, service: str) -> tuple[str, str]:
        """Source and destination by which the server hands an event to the agent that it names."""
        return (
            f"{self.prefix}.evt.{service}.*.*.*.*",
            f"{self.prefix}.work.{{{{wildcard(4)}}}}.{{{{wildcard(3)}}}}.{{{{wildcard(2)}}}}",
        )

    def work(self, agent: str) -> str:
        return f"{self.prefix}.work.{_checked(agent)}.>"

    def beat(self, agent: str) -> str:
        return f"{self.prefix}.beat.{_checked(agent)}"

    def all_beats(self) -> str:
        return f"{self.prefix}.beat.*"

    def progress(self, agent: str, task: str) -> str:
        return f"{self.prefix}.progress.{_tokens(agent, task)}"

    def all_progress(self) -> str:
        return f"{self.prefix}.progress.*.*"

    def awareness(self, document: str, principal: str) -> str:
        """Where someone in a shared document says where it is."""
        return f"{self.prefix}.aware.{_tokens(document, principal)}"

    def all_awareness(self, document: str) -> str:
        return f"{self.prefix}.aware.{_checked(document)}.*"

    # Questions

    def query(self, query: str) -> str:
        """The subject of a query, which is named in two words such as `tasks.get`."""
        return f"{self.prefix}.qry.{'.'.join(_checked(token) for token in query.split('.'))}"

    def explain(self, service: str, entity: str) -> str:
        """Where the owner of an entity's state says why it is as it is."""
        return f"{self.prefix}.explain.{_tokens(service, entity)}"

    def all_explains(self, service: str) -> str:
        return f"{self.prefix}.explain.{service}.*"

    # Queue groups, streams, consumers, buckets

    def ask_group(self) -> str:
        """The queue group of those who take asks: every process of a service."""
        return f"{self.prefix}-door"

    def query_group(self) -> str:
        """The queue group of those who answer queries."""
        return f"{self.prefix}-queries"

    def command_stream(self, service: str) -> str:
        return f"{self.prefix}-commands-{service}"

    def command_consumer(self, service: str, partition: int) -> str:
        return f"{service}-{partition}"

    def event_stream(self, service: str) -> str:
        return f"{self.prefix}-events-{service}"

    def refusal_stream(self) -> str:
        return f"{self.prefix}-refusals"

    def all_refusals(self) -> str:
        return f"{self.prefix}.refused.>"

    def key_stream(self) -> str:
        """Where the keys of data subjects are: a key-value bucket, `<prefix>-keys`."""
        return f"KV_{self.prefix}-keys"

    def key(self, subject: str) -> str:
        """Where the key of a data subject is."""
        return f"$KV.{self.prefix}-keys.{_checked(subject)}"

    def all_keys(self) -> str:
        return f"$KV.{self.prefix}-keys.>"

    def snapshot_bucket(self) -> str:
        return f"{self.prefix}-snapshots"

    def snapshot(self, service: str) -> str:
        """A request to whoever owns the service's state: leave a snapshot now, and answer of which event it is."""
        return f"{self.prefix}.snapshot.{_checked(service)}"

    # The keeper's

    def archive_bucket(self) -> str:
        """Where the archive of events that were cut is, or it is said where else."""
        return f"{self.prefix}-archives"

    def checkpoint(self) -> str:
        """Where signed checkpoints of all event streams are stored."""
        return f"{self.prefix}.checkpoint"

    def checkpoint_stream(self) -> str:
        return f"{self.prefix}-checkpoints"

    def new_checkpoint(self) -> str:
        """A request to the keeper, its body a name: sign where the chains are now under this name, and answer so."""
        return f"{self.prefix}.keeper.checkpoint"


def _checked(token: str) -> str:
    if not is_name(token):
        raise ValueError(f"{token!r} is not a name: 1 to 128 of A-Z a-z 0-9 _ -")
    return token


def _tokens(*tokens: str) -> str:
    return ".".join(_checked(token) for token in tokens)
