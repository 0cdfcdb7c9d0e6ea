"""Answers about messages and groups."""

from __future__ import annotations

from podium.contracts.message_queries import (
    GroupRow,
    GroupsAnswer,
    ListGroups,
    ListMessages,
    MessagesAnswer,
    OpenMessages,
    OpenMessagesAnswer,
)

from .pages import fitting, page, read_cursor
from .sources import Sources


async def open_messages(sources: Sources, query: OpenMessages) -> OpenMessagesAnswer:
    behind = None if query.cursor is None else read_cursor(query.cursor, tuple[int, int])
    found, positions = await sources.view(
        lambda view: view.messages.open(view.connection, query.receiver, query.limit + 1, behind)
    )
    rows, cursor = page(found, query.limit, sources.room, lambda place: place[1], lambda place: place[0])
    return OpenMessagesAnswer(positions=positions, messages=rows, next=cursor)


async def list_messages(sources: Sources, query: ListMessages) -> MessagesAnswer:
    behind = None if query.cursor is None else read_cursor(query.cursor, tuple[int, str])
    found, positions = await sources.view(
        lambda view: view.messages.list(
            view.connection,
            receiver=query.receiver,
            sender=query.sender,
            state=query.state,
            group=query.group,
            limit=query.limit + 1,
            behind=behind,
        )
    )
    rows, cursor = page(found, query.limit, sources.room, lambda place: place[1], lambda place: place[0])
    return MessagesAnswer(positions=positions, messages=rows, next=cursor)


async def list_groups(sources: Sources, query: ListGroups) -> GroupsAnswer:
    found, positions = await sources.view(lambda view: view.messages.groups(view.connection, query.agent))
    rows = [GroupRow(name, list(members)) for name, members in found.items()]
    return GroupsAnswer(positions=positions, groups=rows[: fitting(rows, sources.room)])
