"""Who goes first: priority, then turns between principals, then age; and deadlines that come near."""

from __future__ import annotations

from msgspec import Struct

from tests.rules.scenario import START, RouterScenario, agents_of, command, names, router, submit, tasks_of


def done(scenario: RouterScenario, task: str, agent: str = "a1", attempt: int = 1):
    return scenario.asked(command("complete_task", attempt=attempt), by=agent, entity=task)


def order(*waiting: tuple[str, Struct] | tuple[str, Struct, str], **settings) -> list[str]:
    """The order in which one agent gets what waits."""
    scenario = router("a1", **settings)
    scenario.asked(submit(), entity="first")
    for name, task, *principal in waiting:
        scenario.asked(task, by=principal[0] if principal else "ops", entity=name)
    served: list[str] = []
    emits = done(scenario, "first")
    while tasks_of(emits):
        served += tasks_of(emits)
        emits = done(scenario, served[-1])
    return served


def test_a_free_agent_gets_the_task_at_once():
    scenario = router("a1")
    assert agents_of(scenario.asked(submit())) == ["a1"]
    assert agents_of(scenario.asked(submit(), entity="t2")) == []
    assert tasks_of(done(scenario, "t1")) == ["t2"]


def test_a_new_agent_takes_what_waits():
    scenario = router()
    scenario.asked(submit())
    assert agents_of(scenario.agent("a1").reacts()) == ["a1"]


def test_an_agent_that_learns_a_skill_takes_what_waits_for_it():
    scenario = router("a1")
    scenario.asked(submit(skills=["parse"]))
    assert agents_of(scenario.agent("a1", "echo", "parse").reacts()) == ["a1"]


def test_more_slots_take_more():
    scenario = router("a1")
    for name in ("t1", "t2", "t3"):
        scenario.asked(submit(), entity=name)
    assert tasks_of(scenario.agent("a1", slots=3).reacts()) == ["t2", "t3"]


def test_fewer_slots_take_nothing_away():
    scenario = router().agent("a1", slots=2)
    for name in ("t1", "t2", "t3"):
        scenario.asked(submit(), entity=name)
    assert scenario.agent("a1", slots=1).reacts() == []
    assert tasks_of(done(scenario, "t1")) == []
    assert tasks_of(done(scenario, "t2")) == ["t3"]


def test_the_higher_priority_goes_first_and_the_older_among_equals():
    tasks = [("low", submit(priority=1)), ("old", submit()), ("new", submit()), ("high", submit(priority=9))]
    assert order(*tasks) == ["high", "old", "new", "low"]


def test_principals_take_turns():
    many = [(f"a{number}", submit(), "ann") for number in range(4)]
    few = [(f"b{number}", submit(), "bob") for number in range(2)]
    assert order(*many, *few) == ["a0", "b0", "a1", "b1", "a2", "a3"]


def test_who_was_idle_has_no_claim_to_what_it_missed():
    scenario = router("a1")
    for number in range(6):
        scenario.asked(submit(), by="ann", entity=f"a{number}")
    for number in range(3):
        done(scenario, f"a{number}")
    for number in range(3):
        scenario.asked(submit(), by="bob", entity=f"b{number}")
    served = ["a3"]
    while tasks := tasks_of(done(scenario, served[-1])):
        served += tasks
    assert served == ["a3", "b0", "a4", "b1", "a5", "b2"]


def test_priorities_have_turns_of_their_own():
    many = [(f"a{number}", submit(priority=7), "ann") for number in range(2)]
    assert order(*many, ("a2", submit(), "ann"), ("b0", submit(), "bob")) == ["a0", "a1", "a2", "b0"]


def test_what_was_cancelled_does_not_cost_a_turn():
    scenario = router("a1")
    scenario.asked(submit(), by="cat", entity="first")
    for number in range(5):
        scenario.asked(submit(), by="ann", entity=f"a{number}")
    for number in range(5):
        scenario.asked(command("cancel_task"), by="ann", entity=f"a{number}")
    scenario.asked(submit(), by="ann", entity="new")
    for number in range(3):
        scenario.asked(submit(), by="bob", entity=f"b{number}")
    assert tasks_of(done(scenario, "first")) == ["new"]


def test_a_blocked_kind_does_not_block_another():
    scenario = router("a1")
    scenario.asked(submit(skills=["fly"], priority=9), entity="t1")
    assert tasks_of(scenario.asked(submit(priority=0), entity="t2")) == ["t2"]


def test_a_freed_agent_takes_the_best_it_can_do():
    scenario = router().agent("a1", "echo", "parse")
    scenario.asked(submit(), entity="first")
    scenario.asked(submit(skills=["fly"], priority=9), entity="fly")
    scenario.asked(submit(skills=["parse"], priority=3), entity="parse")
    scenario.asked(submit(skills=["echo", "parse"], priority=6), entity="both")
    scenario.asked(submit(skills=[], priority=4), entity="any")
    assert tasks_of(done(scenario, "first")) == ["both"]
    assert tasks_of(done(scenario, "both")) == ["any"]
    assert tasks_of(done(scenario, "any")) == ["parse"]
    assert tasks_of(done(scenario, "parse")) == []


def test_what_a_freed_agent_cannot_do_goes_on_waiting_for_another():
    scenario = router().agent("a1", skills={"echo": 0.5}).agent("a2", skills={"echo": 0.9})
    for agent in ("a1", "a2"):
        scenario.asked(submit(constraints={"agents": [agent]}), entity=f"with-{agent}")
    scenario.asked(submit(constraints={"min_level": 0.8}), entity="hard")
    assert tasks_of(done(scenario, "with-a1", "a1")) == []
    assert tasks_of(done(scenario, "with-a2", "a2")) == ["hard"]


def test_a_new_task_does_not_overtake_one_that_waits():
    scenario = router().agent("a1", "echo", "parse")
    scenario.asked(submit(), entity="first")
    scenario.asked(submit(skills=["parse"], priority=8), entity="old")
    scenario.when(command("complete_task", attempt=1), by="a1", entity="first")
    assert tasks_of(scenario.asked(submit(priority=7), entity="new")) == ["old"]


def test_a_task_for_agents_named_waits_for_them():
    scenario = router("a1")
    scenario.asked(submit(constraints={"agents": ["a2", "a3"]}))
    assert scenario.agent("a4").reacts() == []
    assert agents_of(scenario.agent("a3").reacts()) == ["a3"]


def test_a_cancelled_task_leaves_the_queue():
    scenario = router("a1")
    for name in ("first", "t1", "t2"):
        scenario.asked(submit(), entity=name)
    scenario.asked(command("cancel_task"), entity="t1")
    assert tasks_of(done(scenario, "first")) == ["t2"]
    assert len(scenario.state.index.queue) == 0


# Deadlines


def test_a_task_near_its_deadline_goes_before_all_others():
    tasks = [("high", submit(priority=9)), ("late", submit(priority=0, deadline=START + 60))]
    assert order(*tasks) == ["late", "high"]
    assert order(*tasks, urgency_window=59) == ["high", "late"]


def test_a_long_task_is_urgent_earlier():
    long = submit(priority=0, deadline=START + 100, estimated_duration=50)
    assert order(("high", submit(priority=9)), ("late", long)) == ["late", "high"]


def test_of_urgent_tasks_the_earliest_deadline_goes_first():
    tasks = [("t1", submit(deadline=START + 50)), ("t2", submit(deadline=START + 40, priority=0))]
    assert order(*tasks) == ["t2", "t1"]


def test_a_task_becomes_urgent_while_it_waits():
    scenario = router("a1", start_timeout=None, rebalance=False)
    scenario.asked(submit(), entity="first")
    scenario.asked(submit(priority=9), entity="high")
    scenario.asked(submit(priority=0, deadline=START + 100), entity="late")
    assert scenario.decider.due(scenario.state) == START + 40
    assert scenario.after(40) == []
    assert scenario.decider.due(scenario.state) == START + 100
    assert tasks_of(done(scenario, "first")) == ["late"]


def test_a_blocked_task_that_becomes_urgent_is_still_blocked():
    scenario = router()
    scenario.asked(submit(deadline=START + 100))
    assert scenario.after(40) == []
    assert scenario.decider.due(scenario.state) == START + 100
    assert names(scenario.after(60)) == ["task_failed"]
