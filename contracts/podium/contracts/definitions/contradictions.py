"""What of one step does not go together."""

from __future__ import annotations

from collections.abc import Iterator

from .model import Step


def contradictions(step: Step) -> Iterator[tuple[str, str]]:
    """All of them: a field that has a part in it, and what is wrong."""
    actions = [name for name in ("workflow", "wait_for", "approve", "synthesis") if getattr(step, name) is not None]
    work = [name for name in ("kind", "skills", "agent", "cache", "retry", "resources") if getattr(step, name)]
    if len(actions) > 1:
        yield actions[1], f"{' and '.join(actions)} do not go together"
    elif actions and work:
        yield work[0], f"{' and '.join(work)} are for agents, and {actions[0]} needs none"
    if actions and actions != ["workflow"]:
        several = [name for name in ("for_each", "until", "max_iterations") if getattr(step, name) is not None]
        if several:
            yield several[0], f"{several[0]} does not go with {actions[0]}"
        if step.compensate is not None:
            yield "compensate", f"compensate does not go with {actions[0]}"
    if step.for_each is not None and step.is_loop:
        yield "for_each", "for_each and a loop do not go together: put one of them into a child workflow"
    if step.cache is not None and step.is_loop:
        yield "cache", "cache does not go with a loop: each round would be the last one again"
    if step.concurrency is not None and step.for_each is None:
        yield "concurrency", "concurrency is of for_each"
    if step.type == "loop" and not step.is_loop:
        yield "type", "a loop needs until or max_iterations"
    if step.type in ("sequential", "parallel", "conditional") and step.is_loop:
        yield "type", f"until and max_iterations are of type loop, not {step.type}"
    if step.type == "conditional" and step.when is None:
        yield "type", "a conditional step needs when"
