"""Anything may be asked in any order, at any time, with agents coming and going."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from podium.contracts.outcomes import Refused
from podium.kernel.decider import Request
from tests.rules.invariants import History, check_book, check_index
from tests.rules.scenario import RouterScenario, command, submit

AGENTS = st.sampled_from(["a1", "a2", "a3"])
TASKS = st.integers(0, 9)
"""Counts back from the newest task."""

PRINCIPALS = st.sampled_from(["ann", "bob"])
ATTEMPTS = st.integers(1, 3)
REPORTS = st.sampled_from(
    [
        {"name": "start_task"},
        {"name": "complete_task", "output": 1},
        {"name": "complete_task", "output": "x"},
        {"name": "fail_task", "code": "c"},
        {"name": "fail_task", "code": "c", "retryable": False},
    ]
)
SKILLS = st.lists(st.sampled_from(["echo", "parse"]), unique=True)
SPECS = st.fixed_dictionaries(
    {
        "skills": SKILLS,
        "priority": st.sampled_from([0, 5, 9]),
        "retry": st.fixed_dictionaries(
            {"max_attempts": st.integers(1, 3), "delay": st.sampled_from([0, 1, 20]), "jitter": st.just(0)}
        ),
    },
    optional={
        "strategy": st.sampled_from(["round_robin", "least_loaded", "best_score"]),
        "resources": st.just({"r": 0.1}),
        "timeouts": st.fixed_dictionaries({}, optional=dict.fromkeys(("start", "finish", "heartbeat"), st.just(5))),
        "constraints": st.sampled_from(
            [
                {"agents": ["a1"]},
                {"min_level": 0.8},
                {"required_model": "m"},
                {"max_response_time": 2},
                {"min_reliability": 0.6},
            ]
        ),
        "output_schema": st.just({"type": "integer"}),
    },
)
PROFILES = st.fixed_dictionaries(
    {"skills": st.dictionaries(st.sampled_from(["echo", "parse"]), st.sampled_from([0.5, 0.9]))},
    optional={
        "slots": st.integers(0, 3),
        "heartbeat": st.sampled_from([1.0, 5.0]),
        "model": st.just("m"),
        "resources": st.sampled_from([{"r": 0.2}, {"r": 0.05}]),
    },
)


class RouterMachine(RuleBasedStateMachine):
    """After every step everything that should hold does, and nothing happens when it is asked again."""

    @initialize(
        agents=st.dictionaries(AGENTS, PROFILES, min_size=1),
        running=st.sampled_from([None, 1, 2]),
        strategy=st.sampled_from(["round_robin", "least_loaded", "best_score"]),
    )
    def begin(self, agents, running, strategy):
        self.scenario = RouterScenario(
            principal_running_limit=running, strategy=strategy, queue_limit=12, urgency_window=5, closed_kept=50
        )
        self.history = History()
        self.specs: list[Any] = []
        for agent, profile in agents.items():
            self.registered(agent, profile)

    def ask(self, asked, by: str, entity: str) -> None:
        scenario = self.scenario
        decided = scenario.when(asked, by=by, entity=entity)
        if isinstance(decided, Refused):
            again = scenario.decider.decide(scenario.state, Request(by, entity, asked), scenario.now)
            assert again == decided
        else:
            self.history.add(decided, scenario)
            assert scenario.when(asked, by=by, entity=entity) == []
        self.react()

    def react(self) -> None:
        scenario = self.scenario
        self.history.add(scenario.reacts(), scenario)
        assert scenario.reacts() == []
        due = scenario.decider.due(scenario.state)
        assert due is None or due > scenario.now

    @rule(agent=AGENTS, profile=PROFILES)
    def registered(self, agent, profile):
        self.scenario.agent(agent, **profile)
        self.react()

    @rule(agent=AGENTS)
    def left(self, agent):
        self.scenario.leaves(agent)
        self.react()

    @rule(agent=AGENTS, cpu=st.sampled_from([0.0, 0.5, 1.0]))
    def beat(self, agent, cpu):
        self.scenario.beats(agent, cpu=cpu)
        self.react()

    @rule(by=PRINCIPALS, spec=SPECS, patience=st.sampled_from([None, None, 3, 30]))
    def submitted(self, by, spec, patience):
        self.specs.append(spec | ({} if patience is None else {"deadline": self.scenario.now + patience}))
        self.ask(submit(**self.specs[-1]), by, self.name(0))

    @rule(by=PRINCIPALS, specs=st.lists(SPECS, min_size=1, max_size=4))
    def submitted_together(self, by, specs):
        first = len(self.specs)
        self.specs += specs
        entries = [{"task_id": f"t{first + n}", "task": {"kind": "k", **spec}} for n, spec in enumerate(specs)]
        self.ask(command("submit_tasks", tasks=entries), by, "batch")

    @precondition(lambda self: self.specs)
    @rule(by=PRINCIPALS, task=TASKS)
    def submitted_again(self, by, task):
        self.ask(submit(**self.specs[max(0, len(self.specs) - 1 - task)]), by, self.name(task))

    def name(self, task: int) -> str:
        return f"t{max(0, len(self.specs) - 1 - task)}"

    @precondition(lambda self: self.specs)
    @rule(task=TASKS, by=AGENTS, attempt=ATTEMPTS, report=REPORTS)
    def reported_by_anyone(self, task, by, attempt, report):
        self.ask(command(**report, attempt=attempt), by, self.name(task))

    @precondition(lambda self: self.history.live)
    @rule(which=st.integers(0, 5), report=REPORTS)
    def reported_by_who_has_it(self, which, report):
        live = list(self.history.live.items())
        task, held = live[which % len(live)]
        self.ask(command(**report, attempt=held.attempt), held.agent, task)

    @precondition(lambda self: len(self.history.live) > 1)
    @rule(report=REPORTS)
    def reported_together(self, report):
        """All that one agent has; each may be refused for itself, but none is here."""
        agent = next(iter(self.history.live.values())).agent
        held = {task: live.attempt for task, live in self.history.live.items() if live.agent == agent}
        body = {"command" if key == "name" else key: value for key, value in report.items()}
        reports = [{"task_id": task, "report": {**body, "attempt": attempt}} for task, attempt in held.items()]
        self.ask(command("report_tasks", reports=reports), agent, agent)

    @precondition(lambda self: self.specs)
    @rule(task=TASKS, name=st.sampled_from(["cancel_task", "pause_task", "resume_task"]), by=PRINCIPALS)
    def ordered(self, task, name, by):
        self.ask(command(name), by, self.name(task))

    @rule(seconds=st.sampled_from([0.1, 1, 4, 10, 40]))
    def time_passed(self, seconds):
        """Nothing is due before it is said to be."""
        scenario = self.scenario
        due = scenario.decider.due(scenario.state)
        until = scenario.now + seconds
        if due is None or due > until:
            scenario.now = until
            assert scenario.reacts() == []
        else:
            scenario.now = due - 1e-6
            assert scenario.reacts() == []
            scenario.now = max(due, scenario.now)
            self.react()
            scenario.now = until
        self.react()

    @rule()
    def restarted(self):
        """What was observed is observed again, what was sensed is gone."""
        scenario = self.scenario
        profiles = {name: known.agent for name, known in scenario.state.parts.profiles.items()}
        left = list(scenario.state.parts.left)
        scenario.state = scenario.decider.load(scenario.dump())
        for name, profile in profiles.items():
            scenario.given_profile(name, profile)
        for name in left:
            scenario.agent(name).leaves(name)
        self.react()

    @invariant()
    def holds(self):
        check_book(self.scenario)
        check_index(self.scenario)
        for task in self.scenario.state.book.tasks:
            why = self.scenario.why(task)
            assert why.reasons
            assert why.phase not in ("completed", "failed", "cancelled")


RouterMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestRouter = RouterMachine.TestCase
