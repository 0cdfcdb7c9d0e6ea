"""Why a task has no agent, in words."""

from __future__ import annotations

import pytest

from podium.contracts.tasks import Waiting
from tests.rules.scenario import START, RouterScenario, command, router, submit


def reasons(scenario: RouterScenario, **spec) -> list[str]:
    scenario.asked(submit(**spec))
    why = scenario.why()
    assert why.phase == "queued"
    return list(why.reasons)


def test_nobody_knows_of_a_task_that_is_not_there():
    assert router().why() is None


def test_there_is_nobody():
    assert reasons(router()) == ["no agent is registered"]


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"skills": ["parse"]}, "no agent has skill parse"),
        ({"constraints": {"min_level": 0.95}}, "no agent has skill echo at 0.95 or more"),
        ({"constraints": {"required_model": "m-1"}}, "no agent has model m-1"),
        ({"constraints": {"agents": ["a7", "a8"]}}, "none of the agents named is registered"),
        ({"resources": {"memory_mb": 512}}, "no agent has 512 memory_mb"),
    ],
)
def test_nobody_is_able(spec, reason):
    assert reasons(router("a1"), **spec) == [reason]


def test_nobody_is_able_for_several_reasons():
    assert reasons(router("a1"), skills=["echo", "fly", "swim"]) == [
        "no agent has skill fly",
        "no agent has skill swim",
    ]


def test_nobody_has_all_skills():
    scenario = router().agent("a1", "parse").agent("a2", "imports")
    assert reasons(scenario, skills=["parse", "imports"]) == ["no agent has all of: imports, parse"]


def test_nobody_meets_all_demands():
    scenario = router("a1").agent("a2", "parse", model="m-1")
    said = "none of 2 agents meets all demands (model is not m-1: 1, lacks skill echo: 1)"
    assert reasons(scenario, constraints={"required_model": "m-1"}) == [said]


def test_everybody_is_busy():
    scenario = router("a1", "a2", "a3")
    for number in range(3):
        scenario.asked(submit(), entity=f"t0{number}")
    assert reasons(scenario) == ["3 able agents, 0 free slots"]


def test_some_are_silent_and_some_are_busy():
    scenario = router("a1")
    scenario.asked(submit(), entity="t0")
    for name in ("a2", "a3"):
        scenario.agent(name, heartbeat=1.0)
    scenario.after(10)
    assert reasons(scenario) == ["2 able agents are silent", "1 able agent, 0 free slots"]


def test_resources_are_in_use():
    scenario = router().agent("a1", slots=9, resources={"memory_mb": 1000})
    scenario.asked(submit(resources={"memory_mb": 600}), entity="t0")
    assert reasons(scenario, resources={"memory_mb": 512}) == [
        "no able agent has 512 memory_mb free",
        "1 able agent: less than 512 memory_mb free",
    ]


def test_a_principal_has_what_it_may():
    scenario = router(principal_running_limit=2).agent("a1", slots=9)
    for number in range(2):
        scenario.asked(submit(), entity=f"t0{number}")
    assert reasons(scenario) == ["principal ops runs 2 of its 2 tasks"]


def test_how_many_go_first():
    scenario = router()
    for number, priority in enumerate((5, 7, 5, 3)):
        scenario.asked(submit(priority=priority), entity=f"t{number}")
    scenario.asked(submit(skills=["parse"], priority=9), entity="other")
    assert [scenario.why(f"t{number}").ahead for number in range(4)] == [1, 0, 2, 3]
    scenario.asked(command("cancel_task"), entity="t0")
    assert scenario.why("t3").ahead == 2


def test_a_task_that_could_be_given_at_once():
    scenario = router("a1")
    scenario.when(submit())
    assert scenario.why().reasons == ["1 able agent can take it now"]


def test_what_is_not_waiting_says_what_it_is():
    scenario = router("a1")
    scenario.asked(submit(retry={"delay": 5, "jitter": 0}))
    assert scenario.why() == Waiting("assigned", ["a1 has attempt 1 and has not started it"], until=START + 30)
    scenario.asked(command("start_task", attempt=1), by="a1")
    assert scenario.why() == Waiting("running", ["a1 is at attempt 1"], until=START + 3600)
    scenario.asked(command("fail_task", attempt=1, code="rain"), by="a1")
    said = ["next attempt at 1970-01-12T13:46:45+00:00", "attempt 1 failed: rain"]
    assert scenario.why() == Waiting("delayed", said, until=START + 5)
    scenario.asked(command("pause_task", reason="later"))
    assert scenario.why() == Waiting("paused", ["paused: later"])
    scenario.asked(command("cancel_task"))
    assert scenario.why() == Waiting("cancelled", ["cancelled"])
    scenario.asked(submit(retry={"max_attempts": 1}), entity="t2")
    scenario.asked(command("fail_task", attempt=1, code="rain"), by="a1", entity="t2")
    assert scenario.why("t2") == Waiting("failed", ["failed: rain"])
    scenario.asked(submit(), entity="t3")
    scenario.asked(command("complete_task", attempt=1), by="a1", entity="t3")
    assert scenario.why("t3") == Waiting("completed", ["a1 completed it with attempt 1"])


def test_a_delay_that_is_over_counts_as_waiting():
    scenario = router("a1")
    scenario.asked(submit(retry={"delay": 5, "jitter": 0}))
    scenario.asked(command("fail_task", attempt=1, code="rain"), by="a1")
    scenario.leaves("a1")
    scenario.after(5)
    assert scenario.why() == Waiting("queued", ["no agent is registered"], ahead=0)
