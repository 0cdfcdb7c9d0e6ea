"""When schedules begin runs, and what becomes of times that were missed, or came while a run was open."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.contracts.schedules import ScheduleSkipped, ScheduleTriggered
from podium.contracts.timing import After, At, BadTiming, Cron, Every, between, following, latest, settled, ticks
from tests.rules.scenario import START, code, command, names
from tests.workflows.flows import Flow

EVERY_MINUTE = {"kind": "every", "seconds": 60}


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def local(times: Any, zone: str) -> list[str]:
    return [datetime.fromtimestamp(time, ZoneInfo(zone)).isoformat() for time in times]


class Clockwork(Flow):
    """A router with one workflow of one step and schedules of it."""

    def __init__(self) -> None:
        super().__init__(start_timeout=None, finish_timeout=None)
        self.define({"id": "a", "input": "${run.due}"}, output="${steps.a.output}")

    def schedule(self, name: str = "s", timing: Any = EVERY_MINUTE, **body: Any) -> Any:
        decided = self.when(command("schedule_workflow", **{"workflow": "w", "timing": timing, **body}), entity=name)
        self.reacts()
        return decided

    def begun(self) -> list[float]:
        """The times that runs stand for, in seconds since the schedule was made."""
        return [emit.event.due - START for _, _, emit in self.events if isinstance(emit.event, ScheduleTriggered)]

    def skipped(self) -> list[tuple[float, str, int]]:
        return [
            (emit.event.due - START, emit.event.reason, emit.event.count)
            for _, _, emit in self.events
            if isinstance(emit.event, ScheduleSkipped)
        ]

    def wait(self, seconds: float) -> None:
        """Time passes as it does where nothing stands still."""
        until = self.now + seconds
        while (due := self.decider.due(self.state)) is not None and due <= until:
            self.now = max(self.now, due)
            self.reacts()
        self.now = until


# Times


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        # The clock goes from 2:00 to 3:00: what would be due at 2:30 is due as it has gone.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00",
            ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        ),
        # The clock goes from 3:00 back to 2:00: once.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00",
            ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
        ),
        # What is due each half hour is due in each of the two hours.
        (
            "*/30 * * * *",
            "America/New_York",
            "2026-11-01T01:10",
            ["2026-11-01T01:30:00-04:00", "2026-11-01T01:00:00-05:00", "2026-11-01T01:30:00-05:00"],
        ),
        ("0 9 * * 1-5", "Asia/Kathmandu", "2026-05-01T10:00", ["2026-05-04T09:00:00+05:45"]),
        ("0 0 L 2 *", "UTC", "2027-12-31T00:00", ["2028-02-29T00:00:00+00:00"]),
    ],
)
def test_a_cron_expression_is_about_the_clocks_of_its_zone(expression: str, zone: str, after: str, expected: list[str]):
    timing = Cron(expression, zone)
    assert local(islice(ticks(timing, at(after, zone)), len(expected)), zone) == expected


TIMINGS = st.one_of(
    st.builds(
        Cron,
        st.sampled_from(["30 2 * * *", "*/15 1-3 * * *", "0 * * * *", "15 */2 * * 0", "0 0 1 * *", "5 4 31 * 1"]),
        st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"]),
    ),
    st.builds(Every, st.floats(1.0, 1e6), st.floats(0.0, 2e9)),
    st.builds(At, st.floats(1.7e9, 1.8e9)),
)


@settings(max_examples=60, deadline=None)
@given(TIMINGS, st.floats(1.7e9, 1.8e9), st.floats(0.0, 2e6), st.integers(1, 20))
def test_times_rise_and_do_not_depend_on_where_one_begins_to_look(timing: Any, start: float, span: float, most: int):
    found = list(islice(between(timing, start, start + span), 200))
    assert found == sorted(set(found))
    for before, after in zip([start, *found], found, strict=False):
        assert following(timing, before) == after
        assert following(timing, (before + after) / 2) == after
    if len(found) < 200:
        assert latest(timing, start, start + span, most) == found[-most:]


@pytest.mark.parametrize(
    ("timing", "field"),
    [
        (Cron("* * * *"), "expression"),
        (Cron("0 0 * * * *"), "expression"),
        (Cron("61 * * * *"), "expression"),
        (Cron("0 0 30 2 *"), "expression"),
        (Cron("0 0 * * *", "Europe/Atlantis"), "timezone"),
        (Cron("0 0 * * *", "../../etc/passwd"), "timezone"),
        (Cron("0 0 * * *", "/"), "timezone"),
        (Cron("0 0 * * *", ""), "timezone"),
        (At(5.0), "time"),
    ],
)
def test_what_is_no_time_is_told(timing: Any, field: str):
    with pytest.raises(BadTiming) as bad:
        settled(timing, 1e9)
    assert bad.value.field == field


def test_a_delay_and_an_interval_are_counted_from_the_command():
    assert settled(After(5.0), 1e9) == At(1e9 + 5.0)
    assert settled(Every(60.0), 1e9) == Every(60.0, 1e9)


# Runs


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
    assert [flow.output(run) - START for run in flow.state.flows.closed] == [60, 120, 180]


def test_a_run_may_take_the_place_of_the_one_before():
    flow = Clockwork()
    flow.schedule(overlap="cancel_previous")
    flow.wait(185)
    flow.finish()
    assert flow.begun() == [60, 120, 180]
    assert [closed.phase for closed in flow.state.flows.closed.values()] == ["cancelled", "cancelled", "completed"]
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
    assert len(flow.state.flows.closed) == 1


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
    (run,) = flow.state.flows.closed
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
