"""What was recorded, played to the router's rules with other settings."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from podium.contracts.subjects import Service, Subjects
from podium.contracts.tasks import AttemptFailed, SubmitTask, TaskCompleted
from podium.router.settings import RouterSettings
from podium.router.whatif.comparing import compare
from podium.router.whatif.main import BadPolicy, in_words, read_policy, what_if
from podium.router.whatif.recording import Recording, Told, Try, record
from podium.router.whatif.simulation import Simulation
from podium.runtime.pull import Stored
from tests.projections.feed import Event, Feed, assigned, attempt_failed, completed, registered, started, submitted

SUBJECTS = Subjects()


def recorded(tasks: int = 4, slots: int = 1) -> Recording:
    """A good agent and one that is less so; each task took a minute and was done by the good one."""
    events: list[Event] = [submitted(f"t{number}") for number in range(tasks)]
    for number in range(tasks):
        events += [assigned(f"t{number}", "good"), started(f"t{number}", "good"), completed(f"t{number}", "good")]
    facts = [registered("good", {"echo": 0.9}, slots=slots, heartbeat=2.0), registered("fair", {"echo": 0.3}, slots=3)]
    service: Service = "registry"
    heard: list[tuple[Service, Stored]] = [(service, stored) for stored in Feed(service, SUBJECTS).messages(facts)]
    recording = record(Feed("router", SUBJECTS).messages(events), heard)
    for tries in recording.tries.values():
        tries[0].pickup, tries[0].work = 0.5, 60.0
    return recording


def test_a_recording_has_what_was_asked_and_how_it_went():
    recording = record(
        Feed("router", SUBJECTS).messages(
            [
                submitted("t1", priority=7),
                assigned("t1", "a1"),
                started("t1", "a1"),
                attempt_failed("t1", "a1", retry_at=9e9),
                assigned("t1", "a2", attempt=2),
                completed("t1", "a2", attempt=2),
            ]
        ),
        [],
    )
    (asked,) = recording.asked
    assert isinstance(asked.command, SubmitTask)
    assert (asked.principal, asked.task, asked.command.priority) == ("ops", "t1", 7)
    first, second = recording.tries["t1"]
    assert first.pickup == pytest.approx(0.001, abs=1e-5)
    assert first.work == pytest.approx(0.001, abs=1e-5)
    assert isinstance(second.ending, TaskCompleted)
    assert recording.attempt("t1", 3) is second
    assert recording.tasks["t1"].agents == ["a1", "a2"]
    assert recording.tasks["t1"].phase == "completed"


def test_every_task_ends_as_it_did_and_takes_as_long():
    told = Simulation(recorded(), RouterSettings()).run()
    assert {name: task.phase for name, task in told.items()} == {f"t{number}": "completed" for number in range(4)}
    alone = told["t0"]
    assert alone.ended is not None
    assert alone.started is not None
    assert alone.ended - alone.started == pytest.approx(60.0)


def test_time_goes_on_whatever_the_fractions_of_a_second():
    """Some times cannot be written in microseconds without becoming earlier."""
    recording = recorded(300, slots=300)
    source = random.Random(1)
    for (attempt,) in recording.tries.values():
        attempt.pickup, attempt.work = source.random(), source.random()
    told = Simulation(recording, RouterSettings()).run()
    assert {task.phase for task in told.values()} == {"completed"}


def test_a_history_is_the_same_each_time():
    runs = [Simulation(recorded(), RouterSettings()).run() for _ in range(2)]
    assert runs[0] == runs[1]


def test_another_strategy_gives_the_work_to_others():
    skill = Simulation(recorded(4, slots=4), RouterSettings(skill_weight=1.0)).run()
    turns = Simulation(recorded(4, slots=4), RouterSettings(strategy="round_robin")).run()
    assert [task.agents for task in skill.values()] == [["good"]] * 4
    assert sorted(task.agents for task in turns.values()) == [["fair"], ["fair"], ["good"], ["good"]]


def test_a_failure_that_was_retried_is_retried():
    recording = recorded(1)
    failed = AttemptFailed("good", 1, "torn", retry_at=1.0)
    recording.tries["t0"] = [Try(0.5, 5.0, failed), Try(0.5, 60.0, recording.tries["t0"][0].ending)]
    told = Simulation(recording, RouterSettings()).run()["t0"]
    assert told.phase == "completed"
    assert len(told.agents) == 2


def test_what_nobody_can_do_waits_for_ever():
    recording = recorded(1)
    recording.facts.clear()
    assert Simulation(recording, RouterSettings()).run()["t0"].phase == "open"


def test_histories_are_set_side_by_side():
    compared = what_if(recorded(8), RouterSettings(strategy="round_robin"), 3)
    assert list(compared.histories) == ["recorded", "as set now", "as in the file"]
    assert all(outcome.phases == {"completed": 8} for outcome in compared.histories.values())
    assert len(compared.otherwise) == 3
    said = in_words(compared)
    assert any("attempts by fair" in line for line in said)
    assert all(line.endswith(" s") for line in said if line.startswith(("wait", "turnaround", "makespan")))
    one, two = (Told(at, "k", at + 1.0, at + 2.0, "completed", ["a"]) for at in (0.0, 5.0))
    assert compare({"one": {"t": one}, "two": {"t": two}}, 10).otherwise == []


@pytest.mark.parametrize(
    "text", ["strategy: round_robin", '{"strategy": "round_robin"}', "# so\nPODIUM_ROUTER_STRATEGY=round_robin\n"]
)
def test_a_policy_is_a_file_of_settings(tmp_path: Path, text: str):
    (tmp_path / "policy").write_text(text)
    assert read_policy(tmp_path / "policy").strategy == "round_robin"


@pytest.mark.parametrize("text", ["", "3", "strategy: luck", "speed: 3", "[1", "load_cpu: 0.9"])
def test_what_is_no_policy_is_told(tmp_path: Path, text: str):
    (tmp_path / "policy").write_text(text)
    with pytest.raises(BadPolicy, match="policy: "):
        read_policy(tmp_path / "policy")
    with pytest.raises(BadPolicy, match="No such file"):
        read_policy(tmp_path / "nothing")
