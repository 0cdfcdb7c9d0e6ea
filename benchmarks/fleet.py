"""The agents and tasks of every measurement: the same from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec

from podium.contracts.agents import RegisterAgent
from podium.contracts.tasks import SubmitTask

AGENTS = 1_000
SKILLS = 100
"""Different ones; each agent has one of them, so that ten agents are able to do a task."""

SLOTS = 16
INPUT = msgspec.Raw(msgspec.json.encode({"text": "x" * 89}))
"""100 bytes of JSON."""


def agents(count: int = AGENTS, *, skills: int = SKILLS, slots: int = SLOTS) -> Iterator[tuple[str, RegisterAgent]]:
    chance = random.Random(1)
    for number in range(count):
        level = round(chance.uniform(0.5, 1.0), 3)
        yield f"agent-{number}", RegisterAgent(skills={skill_name(number % skills): level}, slots=slots)


def task(number: int, *, skills: int = SKILLS) -> SubmitTask:
    """Neighbours demand different skills."""
    return SubmitTask(kind="bench", skills=[skill_name(number % skills)], input=INPUT)


def skill_name(number: int) -> str:
    return f"skill-{number}"
