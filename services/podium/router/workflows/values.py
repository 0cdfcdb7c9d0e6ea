"""What expressions see, and what they give: inputs, conditions, outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from podium.contracts.envelope import MAX_BODY
from podium.contracts.expressions import EvaluationError, IsSealed, Template, hidden, read_json
from podium.contracts.expressions.values import is_list, kind_of
from podium.contracts.tasks import JSON_NULL
from podium.router.rules import Rules
from podium.router.schemas import BadSchema, schema_bytes

from .plan import StepPlan
from .runs import Completed, Failed, Run, Skipped

MOST_BYTES: Final = MAX_BODY
"""Of one input or output that podium itself puts together."""

_encode: Final = msgspec.json.Encoder().encode


class NoValue(Exception):
    """A value cannot be had.

    Attributes:
        code: why, for programs.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @staticmethod
    def of(error: EvaluationError, what: str) -> NoValue:
        """What an expression has that looks into something sealed, or that cannot be worked out."""
        return NoValue("sealed" if isinstance(error, IsSealed) else "bad_expression", f"{what}: {error}")


class _Steps(Mapping[str, Any]):
    """`steps` of an expression: each is looked at when it is named."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __getitem__(self, name: str) -> dict[str, Any]:
        done = self._run.facts.done.get(name)
        match done:
            case Completed():
                return {"output": self._run.output(name), "state": "completed", "error": None}
            case Failed():
                return {"output": None, "state": "failed", "error": error_of(done)}
            case Skipped():
                return {"output": None, "state": "skipped", "error": None}
            case None:
                if name not in self._run.plan.steps:
                    raise KeyError(name)
                return {"output": None, "state": "waiting", "error": None}

    def __iter__(self) -> Iterator[str]:
        return iter(self._run.plan.steps)

    def __len__(self) -> int:
        return len(self._run.plan.steps)


def error_of(failed: Failed) -> dict[str, Any]:
    """`error` of an expression; what it says may be sealed."""
    return {"code": failed.code, "message": hidden(failed.message)}


def variables(run: Run, **more: Any) -> dict[str, Any]:
    """What every expression of the run sees, and what only this one does."""
    facts = run.facts
    about = {"id": facts.id, "workflow": facts.workflow, "version": facts.version, "principal": facts.principal,
             "due": facts.due}  # fmt: skip
    return {"input": run.input, "steps": _Steps(run), "run": about, **more}


def of_activity(run: Run, step: StepPlan, index: int) -> dict[str, Any]:
    """What the work on one element, or in one round, sees besides."""
    if step.for_each is not None:
        return variables(run, item=elements(run, step)[index], index=index)
    if step.step.is_loop:
        active = run.facts.active.get(step.id)
        before = None if active is None else active.results.get(index - 1)
        last = read_json(before.output) if isinstance(before, Completed) else None
        return variables(run, iteration=index + 1, last=last)
    return variables(run)


def holds(run: Run, step: StepPlan) -> bool:
    """Whether the condition of a step that has one is true.

    Raises:
        NoValue
    """
    assert step.when is not None
    try:
        return step.when.holds(variables(run))
    except EvaluationError as error:
        raise NoValue.of(error, "when") from None


def elements(run: Run, step: StepPlan) -> list[Any]:
    """The list of a step that has one.

    Raises:
        NoValue
    """
    found = run.items.get(step.id)
    if found is None:
        assert step.for_each is not None
        try:
            value = step.for_each.evaluate(variables(run))
            if not is_list(value):
                raise EvaluationError(f"it needs a list, not {kind_of(value)}")
        except EvaluationError as error:
            raise NoValue.of(error, "for_each") from None
        found = run.items[step.id] = value
    return found


def filled(template: Template, values: Mapping[str, Any], what: str) -> bytes:
    """A template's value as JSON.

    Raises:
        NoValue
    """
    try:
        made = _encode(template.evaluate(values))
    except EvaluationError as error:
        raise NoValue.of(error, what) from None
    if len(made) > MOST_BYTES:
        raise NoValue("too_large", f"{what} has {len(made):,} bytes, more than {MOST_BYTES:,}")
    return made


def check_fit(value: bytes, schema: dict[str, Any] | None, what: str, rules: Rules) -> None:
    """Raises: NoValue: `input_does_not_fit` or `output_does_not_fit`, by what it is."""
    if schema is None:
        return
    try:
        misfit = rules.schemas.misfit(schema_bytes(schema), value)
    except BadSchema as bad:
        misfit = bad.misfit
    if misfit is not None:
        raise NoValue(f"{what}_does_not_fit", f"$.{what}{misfit.path}: {misfit.message}")


def output_of(run: Run) -> bytes:
    """A run's output: what its definition says, else the outputs of the last steps by id.

    Raises:
        NoValue
    """
    plan = run.plan
    if plan.output is not None:
        return filled(plan.output, variables(run), "output")
    done = run.facts.done
    outputs = {name: found.output for name in plan.last if isinstance(found := done[name], Completed)}
    if sum(map(len, outputs.values())) > MOST_BYTES:
        raise NoValue("too_large", f"the outputs of the last steps have more than {MOST_BYTES:,} bytes: say `output`")
    return _encode({name: msgspec.Raw(output) for name, output in outputs.items()} or JSON_NULL)
