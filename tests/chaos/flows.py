"""Runs of a workflow on bad days: each must end exactly once, and with the output that its input makes."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from podium.audit.heard import Sent
from podium.client import Client, PodiumError, workflows
from podium.contracts.definitions import to_json
from podium.contracts.workflow_queries import ListRuns
from podium.contracts.workflows import (
    RUN_CLOSING,
    DefineWorkflow,
    StepCompleted,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowStarted,
)
from tests.chaos.heard import Heards

OPEN: Final = 100
"""So many runs are open at a time, from when so many have been started: each waits for a signal to end."""

AT_ONCE: Final = 5
"""So many are begun at the same time, until so many are open, and let go at the end."""

PAUSE: Final = 0.12
"""Seconds between two starts at the most, until so many are open."""

PACE: Final = 1.0
"""Seconds until another run is let go and takes a new one's place, at the most: each is some sixty events."""

_PATIENT: Final[dict[str, Any]] = {
    "skills": ["echo"],
    "retry": {"max_attempts": 50, "backoff": "fixed", "initial_delay": 0.2},
}


_STEPS: Final = frozenset({"first", "many", "odd", "again", "go", "last"})


def chaotic() -> workflows.Workflow:
    """A step, a list, a condition, a join, a loop, a signal; agents give back what they get."""
    flow = workflows.Workflow("chaotic", output="${steps.last.output.echo}")
    first = flow.step("first", input="${input}", **_PATIENT)
    many = flow.step("many", after=[first], for_each="[1, 2, 3]", concurrency=2, input="${item * input}", **_PATIENT)
    odd = flow.step("odd", after=[first], when="input % 2 == 1", input="odd", **_PATIENT)
    again = flow.step("again", after=[first], max_iterations=2, input="${iteration}", **_PATIENT)
    go = flow.step("go", after=[first], wait_for="go")
    together = "${steps.many.output.map(x, x.echo)}"
    wired = {"first": "${steps.first.output.echo}", "many": together, "odd": "${steps.odd.state}"}
    rounds = "${steps.again.output.echo}"
    wired |= {"rounds": rounds, "go": "${steps.go.output}"}
    flow.step("last", after=[many, odd, again, go], input=wired, **_PATIENT)
    return flow


def expected(number: int) -> Any:
    """The output of a run that was started with this number."""
    many = [number * item for item in (1, 2, 3)]
    odd = "completed" if number % 2 else "skipped"
    return {"first": number, "many": many, "odd": odd, "rounds": 2, "go": _told(number)}


def _told(number: int) -> dict[str, int]:
    """What comes with its signal."""
    return {"told": number}


class Ends(Struct):
    """What the log says of one run."""

    starts: int = 0
    outputs: list[bytes] = []
    others: list[str] = []
    steps: Counter[str] = msgspec.field(default_factory=Counter[str])


class Flows:
    """Starts runs, and lets them go.

    Attributes:
        runs: their names → the numbers that they were started with, whatever was heard of them.
        waiting: those that were not let go yet, the oldest first.
    """

    def __init__(self, heards: Heards, seed: int) -> None:
        self.runs: dict[str, int] = {}
        self.waiting: dict[str, None] = {}
        self._accepted: set[str] = set()
        self._heards = heards
        self._random = random.Random(seed)

    async def define(self, client: Client) -> None:
        definition = chaotic().definition()
        body = DefineWorkflow(msgspec.Raw(to_json(definition)))
        while await self._heards.send(client, "router", definition.id, body) != "accepted":
            await asyncio.sleep(PAUSE)

    async def start(self, client: Client) -> None:
        """One more run; now and then twice at once, as an impatient client does."""
        number = len(self.runs) + 1
        run = f"run-{number}"
        self.runs[run] = number
        self.waiting[run] = None
        command = ("start_workflow", {"workflow": "chaotic", "input": number})
        times = 2 if self._random.random() < 0.1 else 1
        heard = await asyncio.gather(*(self._heards.send(client, "router", run, command) for _ in range(times)))
        if "accepted" in heard:
            self._accepted.add(run)

    async def let_go(self, clients: Sequence[Client]) -> None:
        """The oldest run gets the signal that it waits for. One that is not there may be there later."""
        run = next(iter(self.waiting))
        sent = await self._signal(clients, run)
        del self.waiting[run]
        if sent.outcome == "refused":
            self.waiting[run] = None

    async def finish(self, clients: Sequence[Client]) -> None:
        """All that are there are let go."""
        left = list(self.waiting)
        for place in range(0, len(left), AT_ONCE):
            await asyncio.gather(*(self._signal(clients, run) for run in left[place : place + AT_ONCE]))

    async def _signal(self, clients: Sequence[Client], run: str) -> Sent:
        command = ("signal_workflow", {"signal": "go", "payload": _told(self.runs[run])})
        return await self._heards.settle(clients, 0, "router", run, command)

    @staticmethod
    async def left(client: Client) -> list[str]:
        """Runs that are open. Raises: PodiumError"""
        answer = await client.query(ListRuns(phase="running", limit=5, fresh=True, wait=2))
        return [run.run_id for run in answer.runs]

    async def faults(self, client: Client, patience: float) -> list[str]:
        """What is wrong, by the log alone: a sentence for each."""
        async with asyncio.timeout(patience):
            ends = await self._read(client)
        found = [f"{run} was accepted, and is not in the log" for run in sorted(self._accepted - ends.keys())]
        for run, end in sorted(ends.items()):
            if end.starts != 1:
                found.append(f"{run} was started {end.starts} times")
            if len(end.outputs) + len(end.others) != 1:
                found.append(f"{run} has ended {len(end.outputs) + len(end.others)} times")
            if end.others:
                found.append(f"{run}: {end.others[0]}")
            if any(msgspec.json.decode(output) != expected(self.runs[run]) for output in end.outputs):
                found.append(f"{run} gave {end.outputs[0].decode()}")
            found += [f"{step} of {run} was completed {n} times" for step, n in end.steps.items() if n != 1]
            steps = _STEPS if self.runs[run] % 2 else _STEPS - {"odd"}
            found += [f"{step} of {run} was not completed" for step in sorted(steps - end.steps.keys())]
        return found

    async def _read(self, client: Client) -> dict[str, Ends]:
        while True:
            try:
                return await self._ends(client)
            except PodiumError:
                await asyncio.sleep(PAUSE)

    async def _ends(self, client: Client) -> dict[str, Ends]:
        types = (WorkflowStarted, StepCompleted, *RUN_CLOSING)
        found: dict[str, Ends] = {}
        async for event in client.events(service="router", types=types, follow=False):
            run, data = event.envelope.subject, event.data
            if run not in self.runs or not isinstance(data, WorkflowEvent):
                continue
            end = found.setdefault(run, Ends())
            match data:
                case WorkflowStarted():
                    end.starts += 1
                case StepCompleted():
                    end.steps[data.step] += 1
                case WorkflowCompleted():
                    end.outputs.append(bytes(data.output))
                case _:
                    end.others.append(f"{data}")
        return found
