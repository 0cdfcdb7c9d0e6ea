"""A long random story from one seed. As a program it prints what came of it."""

from __future__ import annotations

import sys
from hashlib import blake2b
from random import Random
from typing import Any

import msgspec

from podium.contracts.outcomes import Refused
from tests.rules.scenario import RouterScenario, command, router, submit

SKILLS = ["echo", "parse", "imports", "lint", "count"]


def told(seed: int, steps: int = 300) -> RouterScenario:
    """What happens to a fleet of agents with many skills, of which some fail and some leave."""
    random, scenario = Random(seed), router(seed=seed)
    for step in range(steps):
        agent = f"a{random.randrange(8)}"
        match random.randrange(8):
            case 0:
                skills = {skill: random.random() for skill in random.sample(SKILLS, 3)}
                scenario.agent(agent, skills=skills, slots=random.randrange(3), heartbeat=random.choice([None, 1.0]))
            case 1:
                scenario.beats(agent, cpu=random.random())
            case 2:
                scenario.now += random.random() * 5
            case 3 if random.random() < 0.2:
                scenario.leaves(agent)
            case 4 | 5:
                task = submit(skills=random.sample(SKILLS, random.randrange(3)), priority=random.randrange(10))
                scenario.when(task, by=f"p{random.randrange(3)}", entity=f"t{step}")
            case _:
                _report(random, scenario)
        scenario.reacts()
    return scenario


def _report(random: Random, scenario: RouterScenario) -> None:
    held = [(agent, task) for agent, hands in sorted(scenario.state.book.hands.items()) for task in hands.tasks]
    if held:
        agent, task = random.choice(held)
        attempt = scenario.state.book.tasks[task].attempt
        body: dict[str, Any] = random.choice([{"name": "complete_task"}, {"name": "fail_task", "code": "c"}])
        outcome = scenario.when(command(**body, attempt=attempt), by=agent, entity=task)
        assert not isinstance(outcome, Refused)


def digest(scenario: RouterScenario) -> str:
    told = [(at, actor, emit.entity, emit.audience, emit.event) for at, actor, emit in scenario.events]
    return blake2b(msgspec.json.encode(told) + scenario.dump()).hexdigest()


if __name__ == "__main__":
    print(digest(told(int(sys.argv[1]))))
