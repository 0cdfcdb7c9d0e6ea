"""Answers about sessions."""

from __future__ import annotations

from collections.abc import Sequence

from podium.contracts.session_queries import (
    GetSession,
    ListSessions,
    SessionAnswer,
    SessionDetail,
    SessionRow,
    SessionsAnswer,
)

from .pages import page, read_cursor
from .sources import Failed, Sources
from .store import View


async def get_session(sources: Sources, query: GetSession) -> SessionAnswer:
    found, positions = await sources.view(lambda view: view.sessions.find(view.connection, query.session_id))
    if found is None:
        raise Failed("not_found", f"there is no session {query.session_id}")
    return SessionAnswer(positions=positions, session=found)


async def list_sessions(sources: Sources, query: ListSessions) -> SessionsAnswer:
    before = None if query.cursor is None else read_cursor(query.cursor, tuple[float, str])

    def read(view: View) -> Sequence[tuple[float, str, SessionDetail]]:
        return view.sessions.list(
            view.connection, state=query.state, agent=query.agent, limit=query.limit + 1, before=before
        )

    found, positions = await sources.view(read)
    rows, cursor = page(found, query.limit, sources.room, lambda place: _brief(place[2]), lambda place: place[:2])
    return SessionsAnswer(positions=positions, sessions=rows, next=cursor)


def _brief(detail: SessionDetail) -> SessionRow:
    return SessionRow(**{name: getattr(detail, name) for name in SessionRow.__struct_fields__})
