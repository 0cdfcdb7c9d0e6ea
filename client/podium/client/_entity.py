"""What the SDK's handles of single things have in common: a name, commands to it, its events, its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from ._options import invalid
from .errors import ServiceUnavailable

if TYPE_CHECKING:
    from ._client import Client
    from ._events import ReceivedEvent

C = TypeVar("C", bound=Struct)


class Entity:
    """One thing of collaboration's, by its name. Errors of what it sends are those of `Client.send`.

    Attributes:
        id: its name.
    """

    def __init__(self, client: Client, id: str) -> None:
        self._client = client
        self.id = id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"

    def story(self, *, follow: bool = True) -> AsyncGenerator[ReceivedEvent, None]:
        """All its events from the beginning, and what happens from now on."""
        return self._client.events(service="collaboration", entity=self.id, after=0, follow=follow)

    async def _send(self, command: Struct) -> None:
        await self._client.send("collaboration", self.id, command)

    async def first(self, *kinds: type[Struct], timeout: float | None) -> Struct:
        """Wait for the first event of one of the kinds.

        Raises:
            TimeoutError: after `timeout` seconds; without one, never.
            ServiceUnavailable
        """
        async with asyncio.timeout(timeout):
            events = self._client.events(service="collaboration", entity=self.id, types=kinds, after=0, follow=True)
            async for event in events:
                if isinstance(event.data, kinds):
                    return event.data
        raise ServiceUnavailable(f"the events of {self.id} ended before it did")


E = TypeVar("E", bound=Entity)


class Collection(Generic[E]):
    """Things of one kind, such as `client.proposals`; called with a name, it gives the one that is there already."""

    def __init__(self, client: Client, kind: type[E]) -> None:
        self._client = client
        self._kind = kind

    def __call__(self, id: str) -> E:
        """One that is there already."""
        return self._kind(self._client, id)


def new_command(kind: type[C], fields: Mapping[str, Any]) -> C:
    """A command of plain values.

    Raises:
        CommandRefused: `invalid`, for what does not fit.
    """
    try:
        return msgspec.convert({"command": kind.__struct_config__.tag, **fields}, kind)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise invalid(error) from error
