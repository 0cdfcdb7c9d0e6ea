"""The graph of a definition's steps: who waits for whom, in what order, and how far it is to the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .model import Step


def dependencies_of(steps: Sequence[Step]) -> dict[str, tuple[str, ...]]:
    """Step → the steps that it waits for, each once. A sequential one that names none waits for the one before it."""
    found: dict[str, tuple[str, ...]] = {}
    before: str | None = None
    for step in steps:
        if step.dependencies is not None:
            found[step.id] = tuple(dict.fromkeys(step.dependencies))
        else:
            found[step.id] = (before,) if step.type == "sequential" and before is not None else ()
        before = step.id
    return found


def successors_of(dependencies: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {step: [] for step in dependencies}
    for step, needed in dependencies.items():
        for other in needed:
            if other in found:
                found[other].append(step)
    return found


def in_order(dependencies: Mapping[str, Iterable[str]]) -> list[str]:
    """Steps, each behind all that it waits for; those on a cycle, or behind one, are not among them."""
    successors = successors_of(dependencies)
    missing = {step: sum(other in dependencies for other in needed) for step, needed in dependencies.items()}
    ordered = [step for step, count in missing.items() if count == 0]
    for step in ordered:
        for other in successors[step]:
            missing[other] -= 1
            if missing[other] == 0:
                ordered.append(other)
    return ordered


def cycle_in(dependencies: Mapping[str, Iterable[str]]) -> list[str]:
    """The steps of one cycle in order, the first one again at the end; none if there is no cycle."""
    ordered = set(in_order(dependencies))
    left = [step for step in dependencies if step not in ordered]
    if not left:
        return []
    # Each step that is left waits for another that is left: going back must lead in a circle.
    path: dict[str, int] = {}
    step = left[0]
    while step not in path:
        path[step] = len(path)
        step = next(other for other in dependencies[step] if other in dependencies and other not in ordered)
    circle = list(path)[path[step] :]
    return [step, *reversed(circle)]


def levels(dependencies: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Step → the length of the longest way to it, 0 for those that wait for nobody."""
    found: dict[str, int] = {}
    for step in in_order(dependencies):
        found[step] = max((found[other] + 1 for other in dependencies[step] if other in found), default=0)
    return found


def upward_ranks(dependencies: Mapping[str, Iterable[str]], weights: Mapping[str, float]) -> dict[str, float]:
    """Step → its weight and that of the heaviest way from it to an end, in seconds.

    The order of HEFT, without costs of communication. Source: Topcuoglu, Hariri, Wu, "Performance-effective and
    low-complexity task scheduling for heterogeneous computing" (IEEE TPDS 13, 2002).
    """
    successors = successors_of(dependencies)
    ranks: dict[str, float] = {}
    for step in reversed(in_order(dependencies)):
        ranks[step] = weights[step] + max((ranks[other] for other in successors[step]), default=0.0)
    return ranks
