"""Many results become one: the first, all of them, the one that is surest, what most of them say."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, assert_never

import msgspec
from msgspec import Raw

from podium.contracts.expressions import EvaluationError, IsSealed
from podium.contracts.personal import SEALED

from .plan import StepPlan
from .runs import Completed, Run
from .values import MOST_BYTES, NoValue

_SEALED: Final = SEALED.encode()

_canonical: Final = msgspec.json.Encoder(order="deterministic").encode


def synthesise(run: Run, step: StepPlan, now: float) -> bytes:
    """`{value, confidence, path, time}`: the value, how sure it is (0 to 1), the steps that it is from, and the
    seconds from the run's start to it, as JSON.

    Raises:
        NoValue: no step has a result, or what would have to be compared is sealed.
    """
    synthesis = step.step.synthesis
    assert synthesis is not None
    found = [name for name in run.facts.done if name in step.needed and isinstance(run.facts.done[name], Completed)]
    if not found:
        raise NoValue("nothing_to_combine", "no step that it depends on has a result")
    sure = {name: _confidence(run, step, name, synthesis.method) for name in found}
    value: Any
    match synthesis.method:
        case "first":
            chosen, value = [found[0]], run.output(found[0])
            confidence = sure[found[0]]
        case "best":
            best = max(found, key=lambda name: sure[name])
            chosen, value, confidence = [best], run.output(best), sure[best]
        case "all":
            chosen, value = found, {name: run.output(name) for name in step.needed if name in sure}
            confidence = min(sure.values())
        case "majority":
            said = {name: _canonical(run.output(name)) for name in found}
            if any(_SEALED in output for output in said.values()):
                raise NoValue("sealed", "synthesis: what the steps say is sealed, and cannot be compared here")
            winner, count = Counter(said.values()).most_common(1)[0]
            chosen = [name for name in found if said[name] == winner]
            value, confidence = run.output(chosen[0]), count / len(found)
        case _:
            assert_never(synthesis.method)
    made = _canonical(
        {"value": value, "confidence": confidence, "path": chosen, "time": max(0.0, now - run.facts.started)}
    )
    if len(made) > MOST_BYTES:
        raise NoValue("too_large", f"the result has {len(made):,} bytes, more than {MOST_BYTES:,}")
    return made


def _confidence(run: Run, step: StepPlan, name: str, method: str) -> float:
    """Raises: NoValue: it is sealed, and the best is to be found by it."""
    assert step.confidence is not None
    try:
        value: Any = step.confidence.evaluate({"output": run.output(name), "step": name})
        if isinstance(value, Raw):
            raise IsSealed(value)
    except IsSealed as sealed:
        if method == "best":
            raise NoValue.of(sealed, "synthesis.confidence") from None
        return 0.5
    except EvaluationError:
        # What says nothing of its confidence may well be no object at all.
        return 0.5
    return min(max(float(value), 0.0), 1.0) if isinstance(value, int | float) else 0.5
