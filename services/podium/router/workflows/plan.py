"""A definition as the rules use it: who waits for whom, every expression read, the way to the end measured."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final

import msgspec

from podium.contracts.definitions import Definition, Step, to_json
from podium.contracts.definitions.graph import dependencies_of, in_order, successors_of, upward_ranks
from podium.contracts.definitions.migration import Shape
from podium.contracts.definitions.model import Fallback, Work
from podium.contracts.expressions import Expression, Template, parse_expression, parse_template
from podium.contracts.tasks import Constraints, Retry, Timeouts

GUESSED_SECONDS: Final = 1.0
"""How long a step is expected to take that does not say."""

COMPILED: Final = 256

Slots = tuple[tuple[str, int], ...]
"""Lanes, and how many slots the agents have that can do their steps."""


class WorkPlan:
    """What an agent is asked to do for a step.

    Attributes:
        lane: equal for work that the same agents can do.
    """

    __slots__ = ("constraints", "input", "kind", "lane", "retry", "skills", "timeouts")

    def __init__(self, step: Step, work: Work) -> None:
        self.kind = work.kind or step.kind or step.id
        self.skills = list(work.skills or step.skills)
        agent = work.agent or (None if work.skills else step.agent)
        self.constraints = Constraints(agents=[agent] if agent else [])
        self.input: Template = parse_template(work.input)
        self.timeouts = Timeouts(finish=step.timeout)
        self.retry = Retry()
        if step.retry is not None:
            retry = step.retry
            self.retry = Retry(retry.max_attempts, retry.backoff, retry.initial_delay, retry.max_delay, retry.jitter)
        self.lane = f"{','.join(sorted(self.skills))}/{agent or ''}/{step.priority}"


class StepPlan:
    """One step.

    Attributes:
        number: its place in the definition.
        needed: the steps that it waits for.
        is_first: it waits for the first result of these alone.
        lane: equal for steps that the same agents can do.
    """

    def __init__(self, step: Step, number: int, needed: tuple[str, ...]) -> None:
        self.step = step
        self.id = step.id
        self.number = number
        self.needed = needed
        self.when = _expression(step.when)
        self.for_each = _expression(step.for_each)
        self.until = _expression(step.until)
        self.confidence = None if step.synthesis is None else _expression(step.synthesis.confidence)
        self.work = WorkPlan(step, step)
        self.fallback_output = None if step.fallback is None else parse_template(step.fallback.output)
        self.fallback = None if step.fallback is None or not _is_work(step.fallback) else WorkPlan(step, step.fallback)
        self.undo = None if step.compensate is None else WorkPlan(step, step.compensate)
        self.is_first = step.synthesis is not None and step.synthesis.method == "first"
        self.lane = self.work.lane if step.action == "task" else step.action


class Plan:
    """One version of a workflow.

    Attributes:
        last: the steps that nobody waits for.
        seconds: how long each step is expected to take.
        ranks: seconds from each step's start to the end of the run, by the longest way.
        orders: the same where agents are few, by how many slots there were for the steps of each lane.
    """

    def __init__(self, workflow: str, version: int, definition: Definition) -> None:
        self.workflow = workflow
        self.version = version
        self.definition = definition
        self.hash = hash_of(to_json(definition))
        self.needed = dependencies_of(definition.tasks)
        self.successors = successors_of(self.needed)
        self.seconds = {step.id: step.estimated_duration or GUESSED_SECONDS for step in definition.tasks}
        self.ranks = upward_ranks(self.needed, self.seconds)
        self.orders: dict[Slots, Mapping[str, float]] = {}
        self.steps: dict[str, StepPlan] = {
            step.id: StepPlan(step, number, self.needed[step.id]) for number, step in enumerate(definition.tasks)
        }
        self.last = tuple(step for step, following in self.successors.items() if not following)
        self.output = None if definition.output is None else parse_template(definition.output)

    @cached_property
    def is_estimated(self) -> bool:
        """Whether of all work it is said how long it takes."""
        return all(step.estimated_duration is not None for step in self.definition.tasks if step.action == "task")

    @cached_property
    def shape(self) -> Shape:
        """By which it is compared with other versions."""
        return Shape(self.definition)

    @cached_property
    def order(self) -> list[str]:
        return in_order(self.needed)

    def following(self, steps: Mapping[str, Any] | set[str]) -> set[str]:
        """These steps and all that wait for them, directly or not."""
        found: set[str] = set()
        todo = list(steps)
        while todo:
            step = todo.pop()
            if step not in found:
                found.add(step)
                todo.extend(self.successors[step])
        return found


class Plans:
    """Plans by their definitions' bytes, the last used ones kept.

    What is in the log was checked when it was defined. It is not checked again: that costs as much as all else here,
    and a definition must not become a fault because checks have become stricter since.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, str], Plan] = OrderedDict()

    def make(self, workflow: str, version: int, definition: bytes) -> Plan:
        key = (workflow, version, hash_of(definition))
        plan = self._kept.get(key)
        if plan is None:
            plan = Plan(workflow, version, Definition.model_validate(msgspec.json.decode(definition)))
            self._kept[key] = plan
            if len(self._kept) > COMPILED:
                self._kept.popitem(last=False)
        return plan

    def __iter__(self) -> Iterator[Plan]:
        return iter(self._kept.values())


def hash_of(definition: bytes) -> str:
    return blake2b(definition, digest_size=16).hexdigest()


def _expression(source: str | None) -> Expression | None:
    return None if source is None else parse_expression(source)


def _is_work(fallback: Fallback) -> bool:
    return bool(fallback.kind or fallback.skills or fallback.agent)
