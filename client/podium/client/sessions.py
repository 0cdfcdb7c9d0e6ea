"""Sessions in Python: agents that work together on a goal.

session = await client.sessions.create(goal="Resolve the ticket", agents=["triage-1", "knowledge-1"], run=True)
result = await session.result()
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

import msgspec
from msgspec import Struct

from podium.contracts.phases import PhaseTime
from podium.contracts.session_queries import GetSession, ListSessions, SessionDetail, SessionRow
from podium.contracts.sessions import (
    SESSION_CLOSING,
    CancelSession,
    Coordination,
    CreateSession,
    JoinSession,
    LeaveSession,
    PauseSession,
    ResumeSession,
    RunSession,
    SessionCancelled,
    SessionCompleted,
    SessionFailed,
    SessionState,
)

from ._entity import Collection, Entity, new_command
from ._options import new_id
from .errors import CommandRefused, PodiumError

if TYPE_CHECKING:
    from ._client import Client

_AGENT_PATIENCE: Final = 3.0
"""Seconds in which an agent that has just registered becomes known to collaboration, at the worst."""

_AGAIN: Final = 0.2


class SessionOptions(TypedDict, total=False):
    """The fields of a `CreateSession`; for their meaning and defaults see there."""

    context: Mapping[str, Any]
    strategy: Coordination
    rules: Sequence[Mapping[str, Any]]
    priority: int
    timeout: float | None
    phase_timeout: float | None
    max_participants: int
    max_phases: int
    rounds: int
    metadata: Mapping[str, Any]
    run: bool
    data_subject: str | None


class SessionOver(PodiumError):
    """A session that was waited for has no result; `code` is its phase's, or `timed_out`, `cancelled`."""

    def __init__(self, session_id: str, code: str, message: str) -> None:
        super().__init__(f"session {session_id}: {code}{f': {message}' if message else ''}")
        self.session_id = session_id
        self.code = code
        self.message = message


class Result(Struct, frozen=True):
    """What a session has come to.

    Attributes:
        answer: any JSON, decoded.
        confidence: 0–1, if the agents said how sure they are.
        path: the agents in the order in which their phases ended.
        escalated: whether anything went to somebody above.
        took: seconds.
    """

    answer: Any
    confidence: float | None
    path: list[str]
    escalated: bool
    phases: list[PhaseTime]
    took: float


class Session(Entity):
    """One session."""

    async def run(self) -> None:
        """Begin the first phase."""
        await self._send(RunSession())

    async def pause(self, reason: str | None = None) -> None:
        await self._send(PauseSession(reason))

    async def resume(self, reason: str | None = None) -> None:
        await self._send(ResumeSession(reason))

    async def cancel(self, reason: str | None = None) -> None:
        await self._send(CancelSession(reason))

    async def join(self, agent: str | None = None, *, role: str | None = None, when: str | None = None) -> None:
        """An agent comes or comes back; the client's principal by default."""
        await self._send(JoinSession(agent, role, when))

    async def leave(self, agent: str | None = None, reason: str | None = None) -> None:
        await self._send(LeaveSession(agent, reason))

    async def get(self) -> SessionDetail:
        """All that is known of it.

        Raises:
            QueryFailed, ServiceUnavailable
        """
        answer = await self._client.query(GetSession(session_id=self.id, fresh=True))
        return answer.session

    async def result(self, timeout: float | None = None) -> Result:
        """Wait until it is over.

        Raises:
            SessionOver: it has failed, was cancelled, or its time was up.
            TimeoutError: after `timeout` seconds; without one, never.
            ServiceUnavailable
        """
        match await self.first(*SESSION_CLOSING, timeout=timeout):
            case SessionCompleted() as done:
                answer = msgspec.json.decode(done.answer)
                return Result(answer, done.confidence, done.path, done.escalated, done.phases, done.took)
            case SessionFailed() as failed:
                raise SessionOver(self.id, failed.code, failed.message)
            case SessionCancelled() as cancelled:
                raise SessionOver(self.id, "cancelled", cancelled.reason or "")
            case _:
                raise SessionOver(self.id, "timed_out", "its time was up")


class Sessions(Collection[Session]):
    """`client.sessions`."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, Session)

    async def create(
        self,
        goal: str,
        agents: Sequence[str | Mapping[str, Any]],
        *,
        id: str | None = None,
        **options: Unpack[SessionOptions],
    ) -> Session:
        """Create a session; with an id of your own the same twice is one. Others as for `Client.send`.

        Args:
            agents: names, or objects with `agent`, `role`, `when`; the first leads.
            options: such as `strategy="pipeline"`, `rules=[…]`, `run=True`; see `CreateSession`.

        Raises:
            CommandRefused: `unknown_agent`, `session_exists`, `bad_condition` and so on.
        """
        id = id or new_id("session")
        command = new_command(CreateSession, {"goal": goal, "agents": list(agents), **options})
        loop = asyncio.get_running_loop()
        end = loop.time() + _AGENT_PATIENCE
        while True:
            try:
                await self._client.send("collaboration", id, command)
            except CommandRefused as refused:
                if refused.code != "unknown_agent" or loop.time() > end:
                    raise
                await asyncio.sleep(_AGAIN)
            else:
                return Session(self._client, id)

    async def list(
        self, *, state: SessionState | None = None, agent: str | None = None, limit: int = 50
    ) -> Sequence[SessionRow]:
        """The newest first."""
        answer = await self._client.query(ListSessions(state=state, agent=agent, limit=limit, fresh=True))
        return answer.sessions
