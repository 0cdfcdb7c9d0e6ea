"""Health at work: agents that promise beats and send them, or not, and a router that gives them tasks."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, Self, get_args

import msgspec

from podium.contracts.agents import AgentProfile, AgentRegistered, AgentUnregistered
from podium.contracts.catalogue import wire_name
from podium.contracts.envelope import Beat, Progress
from podium.contracts.health import LivenessEvent
from podium.contracts.outcomes import Refused
from podium.contracts.tasks import AttemptFailed, TaskAssigned, TaskCompleted, TaskSubmitted, Timeouts
from podium.health import ledger, runs
from podium.health.service import Health
from podium.health.settings import HealthSettings
from podium.health.watch import TICK
from tests.rules.scenario import DECISION, Scenario, names

INTERVAL = 0.5
NULL = msgspec.Raw(b"null")
FOLLOWED = (*ledger.FOLLOWED, *runs.FOLLOWED)
NAMED = {wire_name(event) for event in FOLLOWED}
_facts = msgspec.json.Decoder(reduce(or_, FOLLOWED))  # as the kernel reads them


class HealthScenario(Scenario):
    """Health with agents; time passes tick by tick, as it does in a process."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(Health(HealthSettings(**settings)))
        self.timeouts: dict[str, Timeouts] = {}
        self.reacts()

    def agent(self, name: str, **profile: Any) -> Self:
        """An agent is registered or has changed; it promises beats if nothing else is said."""
        profile.setdefault("heartbeat", INTERVAL)
        profile.setdefault("skills", {"echo": 0.9})
        fact = AgentRegistered(msgspec.convert(profile, AgentProfile))
        self.decider.observe(self.state, name, fact, self.now)
        return self

    def leaves(self, name: str) -> Self:
        self.decider.observe(self.state, name, AgentUnregistered(), self.now)
        return self

    def router_says(self, task: str, fact: msgspec.Struct) -> Self:
        if wire_name(fact) in NAMED:
            self.decider.observe(self.state, task, _facts.decode(msgspec.json.encode(fact)), self.now)
        return self

    def submitted(self, task: str = "t1", **spec: Any) -> Self:
        fact = msgspec.convert({"kind": "k", "skills": ["echo"], **spec}, TaskSubmitted)
        self.timeouts[task] = fact.timeouts
        return self.router_says(task, fact)

    def gives(self, agent: str, task: str = "t1", attempt: int = 1) -> Self:
        own = self.timeouts.get(task, Timeouts())
        fact = TaskAssigned(
            *(agent, attempt, "k", ["echo"], NULL, DECISION),
            progress_within=own.progress,
            heartbeat_within=own.heartbeat,
        )
        return self.router_says(task, fact)

    def completed(self, agent: str, task: str = "t1", attempt: int = 1, duration: float = 1.0) -> Self:
        return self.router_says(task, TaskCompleted(agent, attempt, NULL, duration))

    def failed(self, agent: str, task: str = "t1", attempt: int = 1, code: str = "broken") -> Self:
        return self.router_says(task, AttemptFailed(agent, attempt, code, "", self.now))

    def beats(self, *agents: str, **beat: Any) -> Self:
        for agent in agents:
            self.decider.sense(self.state, (agent,), Beat(interval=INTERVAL, **beat), self.now)
        return self

    def tells(self, agent: str, task: str = "t1", attempt: int = 1, **progress: Any) -> Self:
        self.decider.sense(self.state, (agent, task), Progress(attempt, **progress), self.now)
        return self

    def passes(self, seconds: float, *beating: str) -> list[Any]:
        """So much time, while these agents beat; what followed."""
        end, found = self.now + seconds, []
        due = dict.fromkeys(beating, self.now + INTERVAL)
        while self.now < end:
            found += self.reacts()
            wake = None if beating else self.decider.due(self.state)
            least, most = self.now + TICK / 10, self.now + TICK
            self.now = min(end, least if wake is None else max(least, min(wake, most)))
            for agent in beating:
                if due[agent] <= self.now:
                    self.beats(agent)
                    due[agent] += INTERVAL
        return found + self.reacts()

    def restarted(self) -> Self:
        """The same with what outlives the process, and no ears before now."""
        other = self.replayed()
        assert other.dump() == self.dump()
        return other


def health(*agents: str, **settings: Any) -> HealthScenario:
    """Health with these agents, which have beaten for a while."""
    scenario = HealthScenario(**settings)
    for agent in agents:
        scenario.agent(agent)
    scenario.beats(*agents)
    assert scenario.passes(5.0, *agents) == []
    return scenario


def doubts(emits: list[Any]) -> list[Any]:
    """What was said of agents, without what is done about it."""
    return [emit for emit in emits if isinstance(emit.event, get_args(LivenessEvent))]


def entities(emits: list[Any]) -> list[str]:
    return [emit.entity for emit in emits]


def done(emits: list[Any] | Refused) -> list[str]:
    """What was done, without what it makes of anybody's state and who is told."""
    return [name for name in names(emits) if name != "health_changed" and not name.startswith("alert_")]
