"""What health did about agents that were lost: each cause once, each recovery to its end, and every task as well."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field

from podium.client import Client
from podium.contracts.health import AgentLost
from podium.contracts.recovery import Cause, RecoveryEnded, RecoveryStarted, RecoveryStepTaken
from podium.contracts.tasks import CLOSING, TaskSubmitted
from tests.chaos.log import stored


class Told(Struct):
    """What health's log says.

    Attributes:
        lost: agents, one for each loss, and the tasks that they had then.
        started: recovery → what it was about: cause, and each attempt.
        steps: recovery → the numbers of its steps, as they were taken.
        ended: recovery → how often it did.
    """

    lost: list[str] = field(default_factory=list[str])
    tasks: set[str] = field(default_factory=set[str])
    started: dict[str, tuple[Cause, list[tuple[str, int]]]] = field(
        default_factory=dict[str, tuple[Cause, list[tuple[str, int]]]]
    )
    steps: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    ended: Counter[str] = field(default_factory=Counter[str])


async def told(client: Client) -> Told:
    found = Told()
    types = (AgentLost, RecoveryStarted, RecoveryStepTaken, RecoveryEnded)
    for entity, event in await stored(client, *types, service="health"):
        match event:
            case AgentLost():
                found.lost.append(entity)
                found.tasks.update(event.tasks)
            case RecoveryStarted():
                attempts = [(charge.task, charge.attempt) for charge in event.charges]
                found.started[entity] = event.cause, attempts
            case RecoveryStepTaken():
                found.steps.setdefault(entity, []).append(event.number)
            case RecoveryEnded():
                found.ended[entity] += 1
            case _:
                pass
    return found


async def faults(client: Client, health: Told) -> list[str]:
    """What is wrong, by the logs alone: a sentence for each."""
    open_, wrong = set[str](), list[str]()
    for entity, event in await stored(client, TaskSubmitted, *CLOSING, service="router"):
        (open_.add if isinstance(event, TaskSubmitted) else open_.discard)(entity)
    wrong += [f"{task}, which a lost agent had, has not ended" for task in sorted(health.tasks & open_)]
    saved = Counter((cause, *attempt) for cause, attempts in health.started.values() for attempt in attempts)
    for (cause, task, attempt), times in saved.items():
        if times != 1:
            wrong.append(f"attempt {attempt} of {task} was saved {times} times because of {cause}")
    for recovery in health.started:
        if health.ended[recovery] != 1:
            wrong.append(f"{recovery} has ended {health.ended[recovery]} times")
        steps = health.steps.get(recovery, [])
        if steps != list(range(1, len(steps) + 1)):
            wrong.append(f"{recovery} took the steps {steps}")
    return wrong
