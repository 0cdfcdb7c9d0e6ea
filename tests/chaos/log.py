"""What a service's log says, once it can be read."""

from __future__ import annotations

import asyncio
from typing import Final

from msgspec import Struct

from podium.client import Client, PodiumError
from podium.contracts.subjects import Service

_RETRY_SECONDS: Final = 0.2


async def stored(client: Client, *types: type[Struct], service: Service = "collaboration") -> list[tuple[str, Struct]]:
    """Every event of these types with its entity, in order."""
    while True:
        try:
            events = client.events(service=service, types=types, follow=False)
            return [(event.entity, event.data) async for event in events if event.data is not None]
        except PodiumError:
            await asyncio.sleep(_RETRY_SECONDS)
