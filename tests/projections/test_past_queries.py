"""Every query that there is may be asked of a moment and has the answer that it had then; two answers are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from podium.client import Client, Difference, QueryFailed
from podium.client._compare import compare
from podium.contracts.alerts import AlertsSilenced
from podium.contracts.catalogue import EVENT_UNIONS, decode_data
from podium.contracts.examples import EVENT_EXAMPLES, QUERY_EXAMPLES
from podium.contracts.queries import QUERIES, GetTask, ListTasks
from podium.contracts.subjects import Service, Subjects
from tests.nats_server import NatsServer
from tests.projections.feed import Event, StreamFeed, assigned, completed, started, submitted
from tests.projections.running import Refusal, Running

BY_THE_CLOCK: Final[dict[str, tuple[str, ...]]] = {
    "system.overview": ("lag", "completed_last_minute", "failed_last_minute"),
    "workflows.stats": ("since", "until"),
    "schedules.get": ("due",),
}
"""What an answer says of the time at which it is given."""

NOT_YET: Final = ["runs.migration", "runs.critical", "experience.similar"]
"""Of what these queries ask for the events before the moment tell nothing."""

ENDS: Final = re.compile(
    r"_(removed|unregistered|completed|failed|cancelled|withdrawn|lifted|cleared|resolved|ended|delivered|dropped|left|"
    r"dissolved|closed|agreed|deadlocked|finished|dead|acknowledged|out|forgotten|back|judged|skipped|resumed|rejected)\."
)
"""Types of events that end something: they come after the moment."""

EVENT: Final = re.compile(r"\[[^\]]*?([a-z]+)(?::|-0-)\d+\]")

ASKED: Final[dict[str, dict[str, Any]]] = {
    "conflicts.get": {"conflict": "plan-7-goals-1"},
    "predictions.get": {"task_id": "t2"},
    "experience.similar": {"kind": "echo"},
}
"""What is asked beside what must be said; of a list everything."""

CHANGED: Final = {
    "tasks.get": "task.phase task.updated_at task.message task.code",
    "tasks.list": (
        "tasks[t2].phase tasks[t2].updated_at tasks[t1].phase tasks[t1].updated_at tasks[t1].message tasks[t1].code"
    ),
    "tasks.history": "events[router]",
    "tasks.why": "phase summary",
    "agents.work": "work[t2]",
    "agents.get": "agent.registered agent.updated_at agent.open agent.completed agent.mean_duration",
    "agents.list": "agents[echo-1]",
    "system.overview": (
        "agents slots busy tasks.paused tasks.running tasks.completed tasks.failed kinds.echo.paused "
        "kinds.echo.running kinds.echo.completed kinds.echo.failed"
    ),
    "health.overview": "recoveries",
    "health.diagnose": "sampled kinds[echo]",
    "recoveries.list": "recoveries[recovery-1].outcome recoveries[recovery-1].ended_at recoveries[recovery-1].left",
    "plans.list": "plans[gpu-work]",
    "alerts.list": "alerts[disk-echo-1]",
    "alerts.get": "alert.acknowledged_by alert.note alert.resolved_at alert.reason",
    "notifications.list": (
        "notifications[notification-1].state notifications[notification-1].attempts notifications[notification-1].error"
    ),
    "channels.list": "channels[mail]",
    "routes.list": "routes[to-pager]",
    "silences.list": "silences[moving]",
    "hooks.list": "hooks[done]",
    "pools.list": "pools[parsers]",
    "documents.get": "document.updated_at document.participants document.closed document.reason",
    "documents.list": "documents[notes]",
    "workflows.list": "workflows[paper].running workflows[paper].completed workflows[paper].mean_duration",
    "runs.list": "runs[paper-7].phase runs[paper-7].updated_at runs[paper-7].message runs[paper-7].ended_at",
    "runs.get": "run.phase run.updated_at run.message run.ended_at output",
    "schedules.list": "schedules[daily]",
    "schedules.get": "schedule.phase schedule.updated_at schedule.queued schedule.skipped",
    "runs.migration": "workflow version current runs",
    "workflows.stats": "open completed mean p50 p95 longest",
    "audit.list": "commands[router]",
    "sessions.get": (
        "session.state session.until session.at_work session.away session.work[2].ended_at "
        "session.work[2].outcome session.work[2].output session.paused session.ended_at session.path "
        "session.confidence session.code session.message session.answer"
    ),
    "sessions.list": (
        "sessions[ticket-67890].state sessions[ticket-67890].until sessions[ticket-67890].at_work "
        "sessions[ticket-67890].ended_at sessions[ticket-67890].path sessions[ticket-67890].confidence "
        "sessions[ticket-67890].code sessions[ticket-67890].message"
    ),
    "ballots.get": (
        "ballot.voted ballot.result ballot.winner ballot.ended_at ballot.reason ballot.quorum ballot.count "
        "ballot.tie votes.ann waiting"
    ),
    "ballots.list": (
        "ballots[colour].voted ballots[colour].result ballots[colour].winner ballots[colour].ended_at "
        "ballots[colour].reason ballots[colour].quorum ballots[colour].tie"
    ),
    "proposals.get": "proposal.deadline proposal.accepted proposal.how proposal.ended_at",
    "proposals.list": (
        "proposals[style].deadline proposals[style].accepted proposals[style].how proposals[style].ended_at"
    ),
    "negotiations.get": (
        "negotiation.round negotiation.result negotiation.why negotiation.ended_at negotiation.assessment turn"
    ),
    "negotiations.list": (
        "negotiations[deal].round negotiations[deal].result negotiations[deal].why "
        "negotiations[deal].ended_at negotiations[deal].assessment"
    ),
    "conflicts.get": (
        "conflict.content conflict.how conflict.winner conflict.weights conflict.reason conflict.expected"
    ),
    "conflicts.list": (
        "conflicts[plan-7-goals-1].content conflicts[plan-7-goals-1].how conflicts[plan-7-goals-1].winner "
        "conflicts[plan-7-goals-1].weights conflicts[plan-7-goals-1].reason "
        "conflicts[plan-7-goals-1].expected"
    ),
    "tenders.get": "tender.bids tender.failed tender.result tender.reason tender.ended_at bids[ann]",
    "tenders.list": (
        "tenders[wall].bids tenders[wall].failed tenders[wall].result tenders[wall].reason tenders[wall].ended_at"
    ),
    "asks.open": "asks[collaboration]",
    "messages.open": "messages[planner-1/m-17]",
    "messages.list": "messages[planner-1/m-17].state messages[planner-1/m-17].ended_at messages[planner-1/m-17].note",
    "groups.list": "groups[operators]",
    "teams.get": "team.dissolved_at plans[report-7].state",
    "teams.list": "teams[reporters]",
    "teams.plan": "plan.state",
    "policies.get": "policy.stage policy.since policy.steps",
    "policies.list": "policies[learning-1].stage policies[learning-1].since policies[learning-1].steps",
    "predictions.get": "similar[t1] risks",
    "experience.similar": "cases[t2] cases[t1] looked_at",
    "calibration.get": "drifts[echo]",
    "insights.list": "insights[fails-more-1a2b3c4d5e6f]",
}
"""The paths of what differs between the moment and the end."""


async def write_examples(feeds: Mapping[Service, StreamFeed], ends: bool) -> None:
    """One event of each kind that ends something, or of each other kind; and of a task that is worked on."""
    silenced = Event("moving", AlertsSilenced({"kind": "disk"}, 9e9, "it moves"))
    begun = [replace(submitted("t2"), command="submit_task"), assigned("t2", "echo-1"), started("t2", "echo-1")]
    worked = [replace(completed("t2", "echo-1"), command="report_task")]
    for service, feed in feeds.items():
        examples = [e for e in EVENT_EXAMPLES.values() if f"/{service}/" in e.source]
        chosen = [e for e in examples if bool(ENDS.search(e.type)) == ends]
        events = [Event(e.subject, data, e.actor) for e in chosen if (data := decode_data(e))]
        more = {"router": worked} if ends else {"router": begun, "health": [silenced]}
        await feed.write_all(events + more.get(service, []))


async def answers(running: Running, **moment: Any) -> dict[str, Any]:
    """What is said to every query; of a fault its code and sentence."""
    said: dict[str, Any] = {}
    for name, query in QUERIES.items():
        required = {field.encode_name for field in msgspec.structs.fields(query) if field.required}
        example = msgspec.json.decode(msgspec.json.encode(QUERY_EXAMPLES[query][0]))
        body = {field: value for field, value in example.items() if field in required} | ASKED.get(name, {}) | moment
        try:
            answer = msgspec.json.decode(msgspec.json.encode(await running.ask(name, **body)))
            said[name] = {field: value for field, value in answer.items() if field not in BY_THE_CLOCK.get(name, ())}
        except Refusal as refusal:
            said[name] = {"code": refusal.error.code, "message": refusal.error.message}
    return said


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """As `Client.compare` has them: what was not there is nothing."""
    return compare(*({} if "code" in answer else answer for answer in (before, after)))


def paths(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Without `$.`; of events without their numbers, which other examples would change."""
    found = [EVENT.sub(r"[\1]", difference.path.removeprefix("$.")) for difference in differences(before, after)]
    return " ".join(dict.fromkeys(found))


@pytest.mark.asyncio(loop_scope="session")
async def test_every_query_has_the_answer_of_then(shared_nats: NatsServer, subjects: Subjects, tmp_path: Path):
    async with Running(shared_nats.url, subjects, f"sqlite:///{tmp_path / 'read-model.db'}") as running:
        before = await answers(running)
        feeds: dict[Service, StreamFeed] = {service: running.feed(service) for service in EVENT_UNIONS}
        await write_examples(feeds, ends=False)
        positions = (await running.ask("system.overview")).positions
        then = await answers(running)
        await write_examples(feeds, ends=True)
        later = await answers(running)
        assert [name for name in QUERIES if not paths(before[name], then[name])] == NOT_YET
        assert {name: found for name in QUERIES if (found := paths(then[name], later[name]))} == CHANGED
        assert await answers(running, as_of=positions) == then
        nothing = dict.fromkeys(positions, 0)
        assert await answers(running, as_of=nothing) == before

        async with Client(shared_nats.url, prefix=subjects.prefix) as client:
            assert await client.compare(ListTasks(), positions, positions) == []
            assert await client.compare(ListTasks(), positions) == differences(then["tasks.list"], later["tasks.list"])
            [made] = await client.compare(GetTask(task_id="t2"), nothing, positions)
            assert (made.path, made.before, made.after["phase"]) == ("$.task", None, "running")
            with pytest.raises(QueryFailed, match="not_found"):
                await client.compare(GetTask(task_id="t2"), nothing, nothing)


def test_what_one_name_is_given_to_is_told_apart_by_the_next_word():
    sent = [{"id": "m-1", "receiver": receiver, "state": "open"} for receiver in ("ann", "bob")]
    read = [sent[0], sent[1] | {"state": "read"}]
    assert compare({"messages": sent}, {"messages": read}) == [Difference("$.messages[m-1,bob].state", "open", "read")]
    assert compare({"names": ["a", "b"]}, {"names": ["a"]}) == [Difference("$.names", ["a", "b"], ["a"])]
    assert compare({"moves": [{"round": 1, "by": 2}] * 2}, {"moves": []})[0].path == "$.moves"
