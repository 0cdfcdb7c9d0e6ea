"""Answers about what agents are asked for."""

from __future__ import annotations

from podium.contracts.ask_queries import OpenAsks, OpenAsksAnswer

from .pages import fitting, read_cursor, write_cursor
from .sources import Sources


async def open_asks(sources: Sources, query: OpenAsks) -> OpenAsksAnswer:
    (after,) = read_cursor(query.cursor, tuple[int]) if query.cursor is not None else (0,)
    found, positions = await sources.view(
        lambda view: view.asks.open(view.connection, query.agent, after, query.limit + 1)
    )
    asks = await sources.events("collaboration", found[: query.limit], sources.room)
    asks = asks[: fitting(asks, sources.room)]
    more = len(asks) < len(found)
    return OpenAsksAnswer(positions=positions, asks=asks, next=write_cursor(found[len(asks) - 1]) if more else None)
