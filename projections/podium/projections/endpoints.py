"""The queries as NATS micro endpoints: a request comes in, an answer or a fault goes out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, cast

import msgspec
import nats.errors
import nats.micro
from nats.aio.client import Client
from nats.micro.request import Request
from nats.micro.service import EndpointConfig, ServiceConfig
from nats.micro.service import Service as MicroService

from podium.contracts.queries import QUERIES, Answer, Fault, Query, QueryError
from podium.contracts.query import AsOf
from podium.contracts.subjects import Subjects
from podium.runtime.wire import settle

from .answer_agents import get_agent, list_agents
from .answer_alerts import (
    get_alert,
    list_alerts,
    list_channels,
    list_hooks,
    list_notifications,
    list_routes,
    list_silences,
)
from .answer_asks import open_asks
from .answer_audit import list_commands
from .answer_critical import get_critical
from .answer_decisions import ANSWERS as DECISION_ANSWERS
from .answer_diagnosis import diagnose
from .answer_documents import document_history, document_updates, get_document, list_documents
from .answer_health import agent_health, health_overview, list_plans, list_recoveries
from .answer_learning import find_similar, get_calibration, get_prediction, list_insights
from .answer_list import list_tasks
from .answer_messages import list_groups, list_messages, open_messages
from .answer_migration import list_migration
from .answer_overview import system_overview
from .answer_policies import get_policy, list_policies
from .answer_pools import list_pools
from .answer_relationships import get_relationship, list_relationships
from .answer_schedules import get_schedule, list_schedules
from .answer_sessions import get_session, list_sessions
from .answer_statistics import workflow_statistics
from .answer_tasks import get_task, open_work, task_history
from .answer_teams import get_team, get_team_plan, list_teams
from .answer_why import why_task
from .answer_workflows import get_definition, get_run, list_runs, list_steps, list_workflows
from .past import Past
from .sources import Failed, Sources

_log = logging.getLogger(__name__)

VERSION: Final = "0.1.0"
AT_ONCE: Final = 256
"""How many queries are worked on at the same time; the others wait."""

_encode = msgspec.json.Encoder().encode

ANSWERS: Final[Mapping[str, Callable[[Sources, Any], Awaitable[Answer]]]] = {
    "tasks.get": get_task,
    "tasks.list": list_tasks,
    "tasks.history": task_history,
    "tasks.why": why_task,
    "agents.work": open_work,
    "asks.open": open_asks,
    "agents.get": get_agent,
    "agents.list": list_agents,
    "system.overview": system_overview,
    "health.overview": health_overview,
    "health.agent": agent_health,
    "health.diagnose": diagnose,
    "pools.list": list_pools,
    "recoveries.list": list_recoveries,
    "plans.list": list_plans,
    "alerts.list": list_alerts,
    "alerts.get": get_alert,
    "notifications.list": list_notifications,
    "channels.list": list_channels,
    "routes.list": list_routes,
    "silences.list": list_silences,
    "hooks.list": list_hooks,
    "documents.get": get_document,
    "documents.list": list_documents,
    "documents.history": document_history,
    "documents.updates": document_updates,
    "workflows.list": list_workflows,
    "workflows.definition": get_definition,
    "runs.list": list_runs,
    "runs.get": get_run,
    "runs.steps": list_steps,
    "runs.migration": list_migration,
    "runs.critical": get_critical,
    "workflows.stats": workflow_statistics,
    "audit.list": list_commands,
    "schedules.list": list_schedules,
    "schedules.get": get_schedule,
    "sessions.get": get_session,
    "sessions.list": list_sessions,
    "predictions.get": get_prediction,
    "experience.similar": find_similar,
    "calibration.get": get_calibration,
    "insights.list": list_insights,
    **DECISION_ANSWERS,
    "messages.open": open_messages,
    "messages.list": list_messages,
    "groups.list": list_groups,
    "teams.get": get_team,
    "teams.list": list_teams,
    "teams.plan": get_team_plan,
    "policies.get": get_policy,
    "policies.list": list_policies,
    "relationships.get": get_relationship,
    "relationships.list": list_relationships,
}
"""The one table of queries: name on the wire → what answers it."""


class Endpoints:
    """Answers queries; replicas share the work.

    Args:
        database: what the service says of itself as to where its read model is.
    """

    def __init__(self, nc: Client, subjects: Subjects, sources: Sources, past: Past, database: str) -> None:
        self._nc = nc
        self._subjects = subjects
        self._sources = sources
        self._past = past
        self._database = database
        self._service: MicroService | None = None
        self._free = asyncio.Semaphore(AT_ONCE)
        self._working: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        config = ServiceConfig(
            name=f"{self._subjects.prefix}-queries",
            version=VERSION,
            description="Answers queries from podium's read models",
            queue_group=self._subjects.query_group(),
            metadata={"database": self._database},
        )
        half_typed: Any = nats.micro
        self._service = service = cast(MicroService, await half_typed.add_service(self._nc, config))
        for name in QUERIES:
            await service.add_endpoint(
                EndpointConfig(
                    name=name.replace(".", "-"),
                    subject=self._subjects.query(name),
                    handler=self._handler(name),
                    metadata={},
                )
            )
        await settle(self._nc)

    async def close(self, seconds: float) -> None:
        """Take no more queries, and finish those in hand within `seconds`."""
        if self._service is not None:
            if not self._nc.is_closed:
                await self._service.stop()
            self._service = None
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=seconds)
            for task in late:
                task.cancel()

    def _handler(self, name: str) -> Callable[[Request], Awaitable[None]]:
        async def handle(request: Request) -> None:
            # One that waits for a position must not keep the others waiting.
            await self._free.acquire()
            task = asyncio.create_task(self._respond(name, request))
            self._working.add(task)
            task.add_done_callback(self._done)

        return handle

    def _done(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        self._free.release()

    async def _respond(self, name: str, request: Request) -> None:
        try:
            payload = await self.answer(name, request.data)
            await request.respond(payload)
        except Failed as failed:
            fault = _encode(Fault(QueryError(failed.code, failed.message)))
            description = " ".join(failed.message.split())[:512]
            await request.respond_error(failed.code, description, fault)
        except (nats.errors.Error, ValueError) as error:
            _log.warning("the answer to a query of %s could not be sent: %s", name, error)

    async def answer(self, name: str, body: bytes) -> bytes:
        """The answer's JSON.

        Raises:
            Failed
        """
        query = read_query(QUERIES[name], body)
        try:
            if query.as_of is None:
                await self._sources.wait(query)
                answer = _encode(await ANSWERS[name](self._sources, query))
            else:
                answer = _encode(await self._answer_as_of(name, query, query.as_of))
        except Failed:
            raise
        except Exception as error:
            _log.exception("a query of %s has failed", name)
            raise Failed("internal", "the query met a fault of the program; it is in the log") from error
        if len(answer) > self._nc.max_payload:
            raise Failed(
                "too_large",
                f"the answer has {len(answer)} bytes, more than a message may have: ask for its parts (tasks.history)",
            )
        return answer

    async def _answer_as_of(self, name: str, query: Query, as_of: AsOf) -> Answer:
        """Raises: Failed"""
        sources = await self._past.enter(as_of)
        try:
            return await ANSWERS[name](sources, query)
        finally:
            self._past.leave(sources)


def read_query(type: type[Query], body: bytes) -> Query:
    """The query in a request's body; an empty one is `{}`.

    Raises:
        Failed: with the path of the fault.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=type)
    except msgspec.ValidationError as error:
        text, _, path = str(error).replace("`", "").partition(" - at ")
        raise Failed("invalid", f"{path or '$'}: {text}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failed("not_json", f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise Failed("invalid", "$: nested too deeply") from error
