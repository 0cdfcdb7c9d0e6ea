"""When schedules begin runs, and what becomes of times that were missed, or came while a run was open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.scenario import START, code, command, names
from tests.workflows.clockwork import Clockwork


def test_a_schedule_begins_runs_that_know_their_time():
    flow = Clockwork()
    assert names(flow.schedule()) == ["workflow_scheduled"]
    flow.wait(59)
    assert flow.begun() == []
    flow.wait(2)
    assert flow.begun() == [60]
    flow.finish()
    name = f"s-{datetime.fromtimestamp(START + 60, UTC):%Y%m%dT%H%M%SZ}"
    assert flow.output(name) == START + 60
    flow.wait(60)
    assert flow.begun() == [60, 120]


def test_asked_for_again_a_schedule_stays_as_it_is():
    flow = Clockwork()
    flow.schedule()
    flow.wait(30)
    assert flow.schedule() == []
    flow.wait(31)
    assert flow.begun() == [60]
    assert names(flow.schedule(overlap="allow")) == ["workflow_scheduled"]
    assert names(flow.schedule(timing={"kind": "every", "seconds": 10})) == ["workflow_scheduled"]


@pytest.mark.parametrize("timing", [{"kind": "after", "seconds": 90}, {"kind": "at", "time": START + 90}])
def test_what_is_to_be_once_is_once_and_the_schedule_is_finished(timing: Any):
    flow = Clockwork()
    flow.schedule(timing=timing)
    flow.wait(1000)
    assert flow.begun() == [90]
    assert "schedule_finished" in names([emit for _, _, emit in flow.events])
    assert not flow.state.schedules.kept
    flow.finish()
    assert not flow.state.schedules.runs
    assert code(flow.ask("pause_schedule", run="s")) == "unknown_schedule"


def test_skip_lets_a_time_pass_while_a_run_is_open():
    flow = Clockwork()
    flow.schedule()
    flow.wait(130)
    assert (flow.begun(), flow.skipped()) == ([60], [(120, "overlap", 1)])
    flow.finish()
    flow.wait(60)
    assert flow.begun() == [60, 180]


def test_queue_lets_runs_follow_one_after_the_other():
    flow = Clockwork()
    flow.schedule(overlap="queue")
    flow.wait(185)
    assert flow.begun() == [60]
    flow.finish()
    assert flow.begun() == [60, 120, 180]
    assert [flow.output(run) - START for run in flow.state.flows.closed.ends] == [60, 120, 180]


def test_a_run_may_take_the_place_of_the_one_before():
    flow = Clockwork()
    flow.schedule(overlap="cancel_previous")
    flow.wait(185)
    flow.finish()
    assert flow.begun() == [60, 120, 180]
    assert [closed.phase for closed in flow.state.flows.closed.ends.values()] == ["cancelled", "cancelled", "completed"]
    assert flow.held() == []


def test_runs_may_be_open_beside_each_other():
    flow = Clockwork()
    flow.schedule(overlap="allow")
    flow.wait(185)
    assert len(flow.state.flows.runs) == 3


@pytest.mark.parametrize(
    ("body", "late", "begun", "skipped"),
    [
        ({"catch_up": "none"}, 30, [300], [(240, "missed", 4)]),
        ({"catch_up": "last"}, 30, [300], [(240, "missed", 4)]),
        ({"catch_up": "all"}, 30, [60, 120, 180, 240, 300], []),
        ({"catch_up": "all", "catch_up_limit": 2}, 30, [180, 240, 300], [(120, "missed", 2)]),
        # The newest is too long ago for one that is on time.
        ({"catch_up": "none", "grace": 10}, 30, [], [(300, "missed", 5)]),
        ({"catch_up": "last", "grace": 10}, 30, [300], [(240, "missed", 4)]),
        ({"catch_up": "all", "catch_up_limit": 2, "grace": 10}, 30, [240, 300], [(180, "missed", 3)]),
    ],
)
def test_what_was_missed_is_made_up_for_as_the_schedule_says(body: Any, late: float, begun: Any, skipped: Any):
    flow = Clockwork()
    flow.schedule(overlap="allow", **body)
    flow.after(300 + late)
    assert (flow.begun(), flow.skipped()) == (begun, skipped)
    assert flow.reacts() == []
    flow.wait(60)
    assert flow.begun() == [*begun, 360]


def test_after_years_of_standstill_it_goes_on_at_once():
    flow = Clockwork()
    flow.schedule(timing={"kind": "cron", "expression": "* * * * *", "timezone": "Europe/Berlin"}, catch_up="all")
    flow.after(10 * 365 * 86_400)
    assert len(flow.skipped()) == 1 + 100, "one for all that was missed, and the others met the first run"
    assert flow.skipped()[0][2] == 1_000


def test_a_restart_forgets_nothing():
    flow = Clockwork()
    flow.schedule(overlap="queue")
    flow.schedule("b", timing={"kind": "cron", "expression": "*/5 * * * *"}, overlap="allow")
    flow.wait(185)
    flow.ask("pause_schedule", run="b")
    again = flow.replayed()
    assert flow.decider.dump(again.state) == flow.decider.dump(flow.state)
    loaded = flow.decider.load(flow.decider.dump(flow.state))
    assert flow.decider.dump(loaded) == flow.decider.dump(flow.state)
    assert list(flow.decider.react(loaded, flow.now)) == []
    assert loaded.index.timers.get("#s") == START + 240
    assert loaded.index.timers.get("#b") is None
    flow.finish()
    assert flow.begun().count(120) == 1


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_what_a_crash_cut_off_is_done_by_the_next(lost: int):
    flow = Clockwork()
    flow.schedule()
    flow.wait(59)
    before = len(flow.events)
    flow.after(1)
    assert names([emit for _, _, emit in flow.events[before:]])[:3] == [
        *("schedule_triggered", "workflow_started", "step_started")
    ]
    flow.events = flow.events[: before + lost]
    flow = flow.replayed()
    flow.agent("worker", skills={"any": 1.0}, slots=4)
    flow.reacts()
    flow.finish()
    assert flow.begun() == [60]
    assert len(flow.state.flows.closed.ends) == 1


@pytest.mark.parametrize("what", ["remove_schedule", "define_workflow"])
def test_what_cannot_begin_after_a_crash_is_given_up(what: str):
    flow = Clockwork()
    flow.schedule(input=1)
    flow.wait(59)
    before = len(flow.events)
    flow.after(1)
    flow.events = flow.events[: before + 1]
    flow = flow.replayed()
    if what == "remove_schedule":
        assert names(flow.when(command(what), entity="s")) == ["schedule_removed"]
    else:
        flow.define({"id": "a"}, input_schema={"type": "object"})
    flow.reacts()
    assert not flow.state.schedules.runs
    assert not flow.state.flows.runs
    assert flow.decider.dump(flow.replayed().state) == flow.decider.dump(flow.state)


def test_a_repeated_run_stands_for_the_same_time():
    flow = Clockwork()
    flow.schedule()
    flow.wait(60)
    flow.finish()
    (run,) = flow.state.flows.closed.ends
    flow.rerun("again", run, step="a")
    flow.finish()
    assert flow.output("again") == START + 60


def test_a_pause_makes_up_for_nothing():
    flow = Clockwork()
    flow.schedule(catch_up="all", overlap="allow")
    assert names(flow.ask("pause_schedule", run="s")) == ["schedule_paused"]
    assert flow.ask("pause_schedule", run="s") == []
    flow.wait(200)
    assert names(flow.ask("resume_schedule", run="s")) == ["schedule_resumed"]
    assert flow.ask("resume_schedule", run="s") == []
    flow.wait(60)
    assert flow.begun() == [240]


def test_what_is_removed_begins_nothing_and_its_runs_go_on():
    flow = Clockwork()
    flow.schedule()
    flow.wait(61)
    assert names(flow.ask("remove_schedule", run="s")) == ["schedule_removed"]
    assert code(flow.ask("remove_schedule", run="s")) == "unknown_schedule"
    flow.wait(600)
    assert flow.begun() == [60]
    flow.schedule()
    flow.wait(61)
    assert flow.skipped() == [(720 + 1, "overlap", 1)], "the run of the first one is open"


def test_times_of_the_past_get_their_runs_one_after_the_other():
    flow = Clockwork()
    flow.schedule(timing={"kind": "every", "seconds": 60, "anchor": START})
    backfilled = flow.ask("backfill_schedule", run="s", since=START - 180, until=START - 60)
    assert names(backfilled) == ["schedule_backfilled"]
    assert flow.begun() == [-180]
    flow.finish()
    assert flow.begun() == [-180, -120, -60]
    flow.ask("backfill_schedule", run="s", since=START - 120, until=START - 60, overlap="allow")
    assert flow.begun()[3:] == [-120, -60], "once more, and at once"
    assert len(flow.state.flows.runs) == 2
    flow.finish()
    flow.wait(60)
    assert flow.begun()[-1] == 60
    assert code(flow.ask("backfill_schedule", run="s", since=START, until=START - 1)) == "bad_timing"
    assert code(flow.ask("backfill_schedule", run="s", since=START, until=START + 1e6)) == "bad_timing"
    assert code(flow.ask("backfill_schedule", run="s", since=0, until=START - 1)) == "quota_exceeded"


def test_a_workflow_that_does_not_take_the_input_any_more_is_passed_over_and_told():
    flow = Clockwork()
    assert code(flow.schedule(workflow="nobody")) == "unknown_workflow"
    assert code(flow.schedule(version=9)) == "unknown_workflow"
    refused = flow.schedule(timing={"kind": "cron", "expression": "x * * * *"})
    assert (code(refused), refused.details["path"]) == ("bad_timing", "$.timing.expression")
    flow.schedule(input=5)
    flow.define({"id": "a"}, input_schema={"type": "object"})
    flow.wait(61)
    assert flow.skipped() == [(60, "refused", 1)]
    flow.define({"id": "a"}, input_schema={"type": "integer"})
    flow.wait(60)
    assert flow.begun() == [120]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["skip", "queue", "cancel_previous", "allow"]),
    st.sampled_from(["none", "last", "all"]),
    st.lists(st.tuples(st.sampled_from(["wait", "jump", "finish", "pause", "resume", "load"]), st.integers(1, 400))),
)
def test_whatever_happens_each_time_is_dealt_with_once(overlap: str, catch_up: str, story: list[tuple[str, int]]):
    flow = Clockwork()
    flow.schedule(overlap=overlap, catch_up=catch_up)
    for what, seconds in story:
        match what:
            case "wait":
                flow.wait(seconds)
            case "jump":
                flow.after(seconds)
            case "finish":
                flow.finish()
            case "load":
                loaded = flow.decider.load(flow.decider.dump(flow.state))
                assert list(flow.decider.react(loaded, flow.now)) == []
            case _:
                flow.ask(f"{what}_schedule", run="s")
        open_runs = set(flow.state.flows.runs)
        schedule = flow.state.schedules.kept["s"]
        assert set(schedule.open) == set(flow.state.schedules.runs) == open_runs
        assert overlap == "allow" or len(open_runs) <= 1
    begun = flow.begun()
    assert len(begun) == len(set(begun))
    assert overlap == "queue" or begun == sorted(begun)
    assert all(due % 60 == 0 for due in begun)
    assert flow.decider.dump(flow.replayed().state) == flow.decider.dump(flow.state)
