"""The demo's agents, one process each: `python -m examples.stdlib.agents reader-1`."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from podium.client import Agent, PodiumError, Task

from .analysis import SKILLS
from .findings import AnyFinding, Unreadable
from .modules import Module

HEARTBEAT: Final = 0.5
PATIENCE: Final = 30.0
"""Seconds that an agent waits for podium to come up."""

GRACE: Final = 3.0
"""Seconds that its running tasks have to end when it stops."""


class Role(Struct, frozen=True):
    """What agents of one title can do: level by skill, and how many tasks at the same time."""

    title: str
    levels: Mapping[str, float]
    slots: int


ROLES: Final = (
    Role("generalist", dict.fromkeys(SKILLS, 0.6), 2),
    Role("reader", {"parse": 0.9, "imports": 0.8}, 4),
    Role("surveyor", {"complexity": 0.95}, 4),
    Role("librarian", {"docstrings": 0.9, "imports": 0.7}, 3),
)
"""The first can do everything, so any number of agents, taken in this order, can do all of the work."""


def roster(count: int) -> dict[str, Role]:
    """The first `count` agents, by name; the second of a title is a little less good than the first, and so on."""
    agents: dict[str, Role] = {}
    for number in range(count):
        generation, place = divmod(number, len(ROLES))
        role = ROLES[place]
        levels = {skill: round(max(0.1, level - 0.1 * generation), 2) for skill, level in role.levels.items()}
        agents[f"{role.title}-{generation + 1}"] = Role(role.title, levels, role.slots)
    return agents


def make_agent(name: str, role: Role) -> Agent:
    agent = Agent(name, slots=role.slots, heartbeat=HEARTBEAT, name=f"{role.title} of Python modules")
    for skill, level in role.levels.items():
        agent.skill(skill, level=level)(analyse)
    return agent


def analyse(task: Task) -> AnyFinding:
    """Read the module of the task and apply the analysis that is the task's kind. Runs in a thread."""
    module = msgspec.json.decode(task.raw, type=Module)
    try:
        source = Path(module.path).read_bytes()
    except OSError as error:
        return Unreadable(module=module.name, seconds=0.0, error=f"{type(error).__name__}: {error.strerror}")
    return SKILLS[task.kind](module.name, source, module.is_package)


def main() -> int:
    """0 after a drain, 1 if podium cannot be reached, 2 for a name that no agent has."""
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    title, _, generation = name.rpartition("-")
    role = roster(len(ROLES) * int(generation)).get(name) if title and generation.isdecimal() else None
    if role is None:
        titles = ", ".join(f"{role.title}-1" for role in ROLES)
        print(
            f"usage: python -m examples.stdlib.agents NAME\n\nNAME is one of {titles}, …-2 and so on", file=sys.stderr
        )
        return 2
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    warnings.simplefilter("ignore")  # what other people's sources deserve to be warned of
    try:
        make_agent(name, role).run(patience=PATIENCE, grace=GRACE)
    except PodiumError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
