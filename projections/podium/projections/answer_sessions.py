"""Answers about sessions."""

from __future__ import annotations

from podium.contracts.session_queries import (
    GetSession,
    ListSessions,
    SessionAnswer,
    SessionDetail,
    SessionRow,
    SessionsAnswer,
)

from .pages import fitting, read_cursor, write_cursor
from .sources import Failed, Sources
from .store import View


async def get_session(sources: Sources, query: GetSession) -> SessionAnswer:
    found, positions = await sources.view(lambda view: view.sessions.find(view.connection, query.session_id))
    if found is None:
        raise Failed("not_found", f"there is no session {query.session_id}")
    return SessionAnswer(positions=positions, session=found)


async def list_sessions(sources: Sources, query: ListSessions) -> SessionsAnswer:
    before = None if query.cursor is None else read_cursor(query.cursor, tuple[float, str])

    def read(view: View) -> list[tuple[float, str, SessionRow]]:
        found = view.sessions.list(
            view.connection, state=query.state, agent=query.agent, limit=query.limit + 1, before=before
        )
        return [(at, name, _brief(row)) for at, name, row in found]

    found, positions = await sources.view(read)
    shown = found[: query.limit]
    shown = shown[: fitting([row for _, _, row in shown], sources.room)]
    more = len(shown) < len(found)
    return SessionsAnswer(
        positions=positions,
        sessions=[row for _, _, row in shown],
        next=write_cursor(*shown[-1][:2]) if more else None,
    )


def _brief(detail: SessionDetail) -> SessionRow:
    return SessionRow(**{name: getattr(detail, name) for name in SessionRow.__struct_fields__})
