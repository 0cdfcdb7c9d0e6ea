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

from .pages import fitting, read_cursor, write_cursor
from .sources import Sources


async def open_messages(sources: Sources, query: OpenMessages) -> OpenMessagesAnswer:
    behind = None if query.cursor is None else read_cursor(query.cursor, tuple[int, int])
    found, positions = await sources.view(
        lambda view: view.messages.open(view.connection, query.receiver, query.limit + 1, behind)
    )
    shown = found[: query.limit]
    shown = shown[: fitting([row for _, row in shown], sources.room)]
    return OpenMessagesAnswer(
        positions=positions,
        messages=[row for _, row in shown],
        next=write_cursor(*shown[-1][0]) if len(shown) < len(found) else None,
    )


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
    shown = found[: query.limit]
    shown = shown[: fitting([row for _, row in shown], sources.room)]
    return MessagesAnswer(
        positions=positions,
        messages=[row for _, row in shown],
        next=write_cursor(*shown[-1][0]) if len(shown) < len(found) else None,
    )


async def list_groups(sources: Sources, query: ListGroups) -> GroupsAnswer:
    found, positions = await sources.view(lambda view: view.messages.groups(view.connection, query.agent))
    rows = [GroupRow(name, list(members)) for name, members in found.items()]
    return GroupsAnswer(positions=positions, groups=rows[: fitting(rows, sources.room)])
