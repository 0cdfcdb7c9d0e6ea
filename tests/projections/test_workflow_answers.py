"""What is said of workflows, runs and schedules, over a real server with both databases."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest

from podium.client.cli._timeline import show
from tests.projections.feed import Event
from tests.projections.running import Refusal, Running
from tests.workflows.clockwork import Clockwork
from tests.workflows.flows import Broken, Flow, after, fails

pytestmark = pytest.mark.asyncio(loop_scope="session")


def events_of(flow: Flow) -> list[Event]:
    return [Event(emit.entity, emit.event, actor, emit.audience) for _, actor, emit in flow.events]


def nearest(lengths: list[float], share: float) -> float:
    return sorted(lengths)[ceil(share * len(lengths)) - 1]


def seven_runs() -> Flow:
    """Of two branches; one fails, one is open."""

    def work(task: dict[str, Any]) -> Any:
        if task["input"] == "bad":
            raise Broken("no_luck")
        return task["input"]

    flow = Flow(work)
    flow.define(
        {"id": "a"},
        {"id": "b", "dependencies": ["a"], "input": "${input}"},
        {"id": "c", "dependencies": ["a"], "when": "input != 2"},
        {"id": "d", "dependencies": ["b", "c"]},
    )
    for number in range(5):
        flow.start(f"r{number}", input=number)
    flow.finish()
    flow.start("bad", input="bad")
    flow.finish()
    flow.start("open")
    flow.do("open-a")
    return flow


async def test_statistics_are_what_one_would_count(running: Running):
    await running.router.write(*events_of(seven_runs()))
    answer = await running.ask("workflows.stats", workflow="w", since=0.0, until=4e9)
    assert (answer.open, answer.completed, answer.failed, answer.cancelled) == (1, 5, 1, 0)
    assert answer.codes == {"no_luck": 1}
    runs = (await running.ask("runs.list", workflow="w", phase="completed")).runs
    lengths = [run.ended_at - run.started_at for run in runs]
    assert (answer.p50, answer.p95, answer.longest) == (nearest(lengths, 0.5), nearest(lengths, 0.95), max(lengths))
    assert answer.mean == pytest.approx(sum(lengths) / 5)
    found = {step.step: step for step in answer.steps}
    assert {name: (step.completed, step.failed, step.skipped) for name, step in found.items()} == {
        "a": (6, 0, 0),
        "b": (5, 1, 0),
        "c": (4, 1, 1),
        "d": (5, 0, 0),
    }
    assert sum(step.share for step in answer.steps) == pytest.approx(1.0)
    took: dict[str, list[float]] = {}
    for run in [*(run.run_id for run in runs), "bad"]:
        for step in (await running.ask("runs.steps", run_id=run)).steps:
            if step.phase == "completed":
                took.setdefault(step.step, []).append(step.ended_at - step.started_at)
    assert {name: (step.p50, step.p95) for name, step in found.items()} == {
        name: (nearest(times, 0.5), nearest(times, 0.95)) for name, times in took.items()
    }
    only = await running.ask("workflows.stats", workflow="w", since=0.0, until=4e9, slowest=1)
    assert only.steps == answer.steps[:1]
    assert (await running.ask("workflows.stats", workflow="w", since=0.0, until=1.0)).completed == 0
    assert (await running.ask("workflows.stats", workflow="w")).completed == 5
    with pytest.raises(Refusal, match="there is no workflow nobody"):
        await running.ask("workflows.stats", workflow="nobody")


async def test_of_a_run_that_has_failed_it_is_told_what_was_undone(running: Running):
    flow = Flow(fails("c"))
    undo = {"skills": ["any"], "kind": "undo"}
    steps = [{"id": "a", "compensate": undo}, {"id": "b", "compensate": undo, **after("a")}, {"id": "c", **after("b")}]
    flow.define(*steps, id="u")
    flow.start("undone", "u")
    flow.finish()
    await running.router.write(*events_of(flow))
    answer = await running.ask("runs.get", run_id="undone")
    assert (answer.run.phase, answer.run.step, answer.undone) == ("failed", "c", ("b", "a"))


async def test_the_chain_that_took_so_long_is_told(running: Running):
    await running.router.write(*events_of(seven_runs()))
    answer = await running.ask("runs.critical", run_id="r0")
    steps = {step.step: step for step in (await running.ask("runs.steps", run_id="r0")).steps}
    slower = max(("b", "c"), key=lambda name: steps[name].ended_at)
    assert [step.step for step in answer.path] == ["a", slower, "d"]
    for step, before in zip(answer.path[1:], answer.path, strict=False):
        assert step.ready_at == before.ended_at
        assert step.ready_at <= step.started_at < step.worked_at < step.ended_at
    assert answer.work + answer.waited == pytest.approx(answer.path[-1].ended_at - answer.run.started_at, abs=1e-5)
    still = await running.ask("runs.critical", run_id="open")
    assert still.path[0].step == "a"
    assert still.path[-1].ended_at is None
    show(answer, list(steps.values()))


async def test_runs_that_can_move_to_another_version_are_told_from_those_that_cannot(running: Running):
    flow = seven_runs()
    flow.start("early", input=1)
    # What is open has done `a`, and has begun `b` and `c`.
    flow.define(
        {"id": "a"},
        {"id": "b", "dependencies": ["a"], "input": "${input}"},
        {"id": "c", "dependencies": ["a"], "when": "input != 3"},
        {"id": "e", "dependencies": ["b"]},
    )
    flow.start("new", input=1)
    await running.router.write(*events_of(flow))
    answer = await running.ask("runs.migration", workflow="w")
    assert (answer.version, answer.current) == (2, 1)
    assert {run.run_id: run.obstacles for run in answer.runs} == {
        "open": ["c has begun, and is another in the version"],
        "early": [],
    }
    first = await running.ask("runs.migration", workflow="w", version=2, limit=1)
    second = await running.ask("runs.migration", workflow="w", version=2, limit=1, cursor=first.next)
    assert [*first.runs, *second.runs] == answer.runs
    assert (await running.ask("runs.migration", workflow="w", version=1)).current == 2
    with pytest.raises(Refusal, match="no version 9"):
        await running.ask("runs.migration", workflow="w", version=9)
    for run in answer.runs:
        decided = flow.ask("migrate_workflow", run=run.run_id, version=2)
        assert isinstance(decided, list) == (not run.obstacles), "the router judges as the answer does"


async def test_schedules_are_told_with_their_times_and_runs(running: Running):
    flow = Clockwork()
    flow.schedule("often")
    flow.schedule("seldom", timing={"kind": "cron", "expression": "0 4 * * *", "timezone": "Europe/Berlin"})
    flow.schedule("once", timing={"kind": "after", "seconds": 30})
    flow.wait(150)
    flow.ask("pause_schedule", run="often")
    await running.router.write(*events_of(flow))
    answer = await running.ask("schedules.list")
    assert {row.schedule: row.phase for row in answer.schedules} == {"often": "paused", "seldom": "active"}
    assert len((await running.ask("schedules.list", open=None)).schedules) == 3
    assert (await running.ask("schedules.list", workflow="v")).schedules == []
    first = await running.ask("schedules.list", limit=1)
    second = await running.ask("schedules.list", limit=1, cursor=first.next)
    assert [*first.schedules, *second.schedules] == answer.schedules
    often = await running.ask("schedules.get", schedule="often")
    assert (often.due, len(often.runs), often.schedule.runs, often.schedule.skipped) == ([], 1, 1, 1)
    assert often.runs[0].run_id == often.schedule.last_run
    seldom = await running.ask("schedules.get", schedule="seldom", count=3)
    assert len(seldom.due) == 3
    assert [late - soon for soon, late in zip(seldom.due, seldom.due[1:], strict=False)] == pytest.approx(
        [86_400.0] * 2, abs=3_600.0
    )
    with pytest.raises(Refusal, match="there is no schedule nobody"):
        await running.ask("schedules.get", schedule="nobody")
