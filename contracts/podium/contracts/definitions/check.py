"""What a definition's parts mean together: all faults, each with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from jsonschema_rs import Draft202012Validator, ReferencingError, RegexOptions, ValidationError
from msgspec import Struct

from podium.contracts.expressions import (
    BadExpression,
    BadTemplate,
    EvaluationError,
    Expression,
    parse_expression,
    parse_template,
)
from podium.contracts.expressions.walk import free_names, step_uses

from .contradictions import contradictions
from .faults import Fault
from .graph import cycle_in, dependencies_of, in_order
from .model import Definition, Step
from .types import Scope, clash, clash_with_schema

EVERYWHERE: Final = frozenset({"input", "steps", "run"})
"""What every expression sees."""


class _Place(Struct, frozen=True):
    """An expression's place, what it may name, and what it must give."""

    path: str
    names: frozenset[str]
    step: Step | None
    gives: str = "any"


def faults_in(definition: Definition) -> list[Fault]:
    """In the order of the definition."""
    return [*_Check(definition).faults()]


class _Check:
    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._steps = {step.id: step for step in definition.tasks}
        self._needed = dependencies_of(definition.tasks)
        self._ancestors = _Ancestors(self._needed)

    def faults(self) -> Iterator[Fault]:
        definition = self._definition
        yield from self._names()
        yield from self._graph()
        if len(definition.tasks) > definition.limits.max_tasks:
            message = (
                f"there are {len(definition.tasks):,} steps, and limits.max_tasks is {definition.limits.max_tasks:,}"
            )
            yield Fault("$.tasks", message)
        for name in ("input_schema", "output_schema"):
            yield from _schema(getattr(definition, name), f"$.{name}")
        for number, step in enumerate(definition.tasks):
            yield from self._step(step, f"$.tasks[{number}]")
        yield from self._template(definition.output, _Place("$.output", EVERYWHERE, None))

    def _names(self) -> Iterator[Fault]:
        seen: dict[str, int] = {}
        for number, step in enumerate(self._definition.tasks):
            if step.id in seen:
                yield Fault(f"$.tasks[{number}].id", f"{step.id} is the id of tasks[{seen[step.id]}], too")
            seen.setdefault(step.id, number)

    def _graph(self) -> Iterator[Fault]:
        for number, step in enumerate(self._definition.tasks):
            counts = Counter(step.dependencies or ())
            for place, other in enumerate(step.dependencies or ()):
                path = f"$.tasks[{number}].dependencies[{place}]"
                if other not in self._steps:
                    yield Fault(path, f"there is no step {other}")
                elif other == step.id:
                    yield Fault(path, f"{other} cannot wait for itself")
                elif counts[other] > 1 and place > (step.dependencies or []).index(other):
                    yield Fault(path, f"{other} is there twice")
        needed = {step: others for step, others in self._needed.items() if step not in others}
        while circle := cycle_in(needed):
            number = next(n for n, step in enumerate(self._definition.tasks) if step.id == circle[1])
            message = f"it can never begin: {' → '.join(reversed(circle))} wait for each other in a circle"
            yield Fault(f"$.tasks[{number}].dependencies", message)
            needed = {step: others for step, others in needed.items() if step not in circle}

    def _step(self, step: Step, path: str) -> Iterator[Fault]:
        for field, message in contradictions(step):
            yield Fault(f"{path}.{field}", message)
        inner = EVERYWHERE | {"item", "index"} if step.for_each is not None else EVERYWHERE
        inner = inner | {"iteration", "last"} if step.is_loop else inner
        for field, names, gives in (
            ("when", EVERYWHERE, "bool"),
            ("for_each", EVERYWHERE, "list"),
            ("until", EVERYWHERE | {"output", "iteration"}, "bool"),
        ):
            yield from self._cel(getattr(step, field), _Place(f"{path}.{field}", names, step, gives))
        yield from self._template(step.input, _Place(f"{path}.input", inner, step), step.input_schema)
        if step.fallback is not None:
            after = inner | {"error"}
            yield from self._template(step.fallback.input, _Place(f"{path}.fallback.input", after, step))
            output = _Place(f"{path}.fallback.output", after, step)
            yield from self._template(step.fallback.output, output, step.output_schema)
            if step.fallback.output is not None and (step.fallback.skills or step.fallback.agent or step.fallback.kind):
                yield Fault(f"{path}.fallback", "a fallback is either an output or other work")
        if step.compensate is not None:
            undo = _Place(f"{path}.compensate.input", EVERYWHERE | {"output"}, step)
            yield from self._template(step.compensate.input, undo)
        yield from self._action(step, path)
        for name in ("input_schema", "output_schema"):
            yield from _schema(getattr(step, name), f"{path}.{name}")

    def _action(self, step: Step, path: str) -> Iterator[Fault]:
        if step.approve is not None:
            for place, role in enumerate(step.approve.roles):
                if role not in self._definition.roles:
                    yield Fault(f"{path}.approve.roles[{place}]", f"there is no role {role} in $.roles")
            people = {p for role in step.approve.roles for p in self._definition.roles.get(role, ())}
            if len(people) < step.approve.count and all(role in self._definition.roles for role in step.approve.roles):
                message = f"{step.approve.count} must approve, and only {len(people)} may"
                yield Fault(f"{path}.approve.count", message)
        if step.synthesis is not None:
            names = frozenset({"output", "step"})
            sure = _Place(f"{path}.synthesis.confidence", names, step)
            yield from self._cel(step.synthesis.confidence, sure)
            if not self._needed[step.id]:
                yield Fault(f"{path}.synthesis", "it depends on no step whose output it could use")

    def _cel(self, source: str | None, place: _Place) -> Iterator[Fault]:
        if source is None:
            return
        try:
            yield from self._uses(parse_expression(source), place)
        except BadExpression as bad:
            yield Fault(place.path, f"{bad} (character {bad.place + 1})")

    def _template(self, value: Any, place: _Place, schema: Mapping[str, Any] | None = None) -> Iterator[Fault]:
        try:
            template = parse_template(value)
        except BadTemplate as bad:
            yield Fault(place.path + bad.path, f"{bad} (character {bad.place + 1})")
            return
        found = False
        for below, expression in template.expressions:
            for fault in self._uses(expression, _Place(place.path + below, place.names, place.step)):
                found = True
                yield fault
        if schema is not None and not found and value is not None:
            for below, message in clash_with_schema(value, schema, self._scope(place)):
                yield Fault(place.path + below, message)

    def _uses(self, expression: Expression, place: _Place) -> Iterator[Fault]:
        found = False
        for name in free_names(expression.node):
            if name.name not in place.names:
                found = True
                known = ", ".join(sorted(place.names))
                yield Fault(place.path, f"there is no {name.name} here, only {known} (character {name.place + 1})")
        for step, at in step_uses(expression.node):
            message = self._misuse(step, expression, place) if "steps" in place.names else None
            if message is not None:
                found = True
                yield Fault(place.path, f"{message} (character {at + 1})")
        if not found and place.path.endswith(".when") and not expression.names and _is_false(expression):
            yield Fault(place.path, "it is never true, so the step can never begin")
        elif not found:
            message = clash(expression, place.gives, self._scope(place))
            if message is not None:
                yield Fault(place.path, message)

    def _misuse(self, step: str | None, expression: Expression, place: _Place) -> str | None:
        if step is None:
            return 'steps is followed by the name of a step: steps.x or steps["x"]'
        if step not in self._steps:
            longer = next((name for name in self._steps if name.startswith(f"{step}-")), None)
            hint = f'; for {longer} write steps["{longer}"]' if longer else ""
            return f"there is no step {step}{hint}"
        if place.step is not None and not self._ancestors.has(place.step.id, step):
            return f"{place.step.id} does not wait for {step}: add it to its dependencies"
        return None

    def _scope(self, place: _Place) -> Scope:
        return Scope(self._definition.input_schema, self._steps, place.step)


class _Ancestors:
    """Who waits for whom, also by way of others: a bit for each step, worked out when first asked for."""

    def __init__(self, needed: Mapping[str, tuple[str, ...]]) -> None:
        self._needed = needed

    def has(self, step: str, other: str) -> bool:
        """Whether `step` waits for `other`; also true where a circle makes it meaningless."""
        if other in self._needed[step]:
            return True
        bits, before = self._bits
        return step not in before or other not in bits or bool(before[step] & bits[other])

    @cached_property
    def _bits(self) -> tuple[dict[str, int], dict[str, int]]:
        bits: dict[str, int] = {}
        before: dict[str, int] = {}
        for number, step in enumerate(in_order(self._needed)):
            bits[step] = 1 << number
            before[step] = 0
            for other in self._needed[step]:
                before[step] |= before.get(other, 0) | bits.get(other, 0)
        return bits, before


def _is_false(expression: Expression) -> bool:
    try:
        return expression.evaluate({}) is False
    except EvaluationError:
        return False


def _schema(schema: dict[str, Any] | None, path: str) -> Iterator[Fault]:
    if schema is None:
        return
    try:
        Draft202012Validator(schema, pattern_options=RegexOptions(), offline=True)
    except ValidationError as error:
        below = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
        yield Fault(f"{path}{below}", f"it is no JSON Schema: {error.message[:300]}")
    except ReferencingError as error:
        yield Fault(path, f"it is no JSON Schema of its own: {str(error)[:300]}")
