"""What follows a failed attempt. Pure: the jitter is a hash, so the same attempt always waits as long."""

from __future__ import annotations

from hashlib import blake2b

from podium.contracts.tasks import AttemptFailed, Retry, TaskFailed
from podium.kernel.decider import Emit

from .phases import Assigned, Running
from .rules import Rules


def fail(
    task: Assigned | Running,
    code: str,
    message: str,
    now: float,
    rules: Rules,
    *,
    retryable: bool = True,
    at_once: bool = False,
    tell: bool = False,
) -> list[Emit]:
    """The attempt in hand is over without a result; so is the task, if no other attempt is left.

    Args:
        at_once: the next attempt need not wait.
        tell: the agent does not know it.
    """
    job, failures = task.job, task.trail.failures + 1
    delay = retry_delay(job.retry, failures, rules.settings.seed, job.id) if retryable else None
    retry_at = None if delay is None else now + (0.0 if at_once else delay)
    waited = max(0.0, task.since - job.submitted)
    event = AttemptFailed(
        task.agent, task.attempt, code, message, retry_at, job.kind, len(job.input), waited, task.learned
    )
    failed = Emit(job.id, event, task.agent if tell else None)
    if retry_at is not None:
        return [failed]
    return [failed, Emit(job.id, TaskFailed(code, message, task.attempt, task.agent))]


def retry_delay(retry: Retry, failures: int, seed: int, task: str) -> float | None:
    """Seconds until the next attempt, or None if there is none.

    Args:
        failures: how many attempts have failed, this one included.
    """
    if failures >= retry.max_attempts:
        return None
    delay = retry.delay
    if retry.backoff == "exponential":
        delay *= 2.0 ** (failures - 1)
    return min(delay, retry.max_delay) * (1.0 + retry.jitter * _swing(seed, task, failures))


def _swing(seed: int, task: str, failures: int) -> float:
    """-1 to 1, evenly spread over tasks and attempts."""
    digest = blake2b(f"{seed}/{task}/{failures}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / (1 << 63) - 1.0
