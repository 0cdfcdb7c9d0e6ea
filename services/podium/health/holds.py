"""What keeps work from an agent, a skill or everything: maintenance, quarantine, breakers, the emergency stop. Pure.

The breaker is that of Nygard, "Release It!" (2007): closed, it counts; open, it lets nothing through; half open, it
lets one task through and closes or opens again by what becomes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from podium.contracts.outcomes import Refused
from podium.contracts.recovery import (
    HoldCause,
    HoldLifted,
    HoldPlaced,
    HoldWork,
    LiftStop,
    ResumeWork,
    Scope,
    StopAll,
)
from podium.kernel.decider import Emit

from .book import Book, HoldKey
from .results import Ended
from .settings import HealthSettings
from .state import HealthState
from .watch import HOLD

ALL: Final = "all"
"""The entity of what is about everything."""

HoldCommand = HoldWork | ResumeWork | StopAll | LiftStop

_LIFTED_BY_HAND: Final[tuple[HoldCause, ...]] = ("maintenance", "quarantine", "breaker")


def decide(book: Book, entity: str, command: HoldCommand, now: float) -> list[Emit] | Refused:
    scope: Scope = command.scope if isinstance(command, HoldWork | ResumeWork) else "all"
    if scope == "all" and entity != ALL:
        return Refused("bad_scope", f"what is about everything has the entity {ALL}, not {entity}", {"path": "$.scope"})
    match command:
        case HoldWork():
            known = book.holds.get((scope, entity, "maintenance"))
            until = None if command.seconds is None else now + command.seconds
            if known is not None and known.reason == command.reason and until is None and known.until is None:
                return []
            return [_placed(entity, scope, "maintenance", command.reason, until)]
        case ResumeWork():
            held: list[HoldCause] = [cause for cause in _LIFTED_BY_HAND if (scope, entity, cause) in book.holds]
            return [_lifted(entity, scope, cause, command.reason) for cause in held]
        case StopAll():
            is_so = ("all", ALL, "emergency") in book.holds
            return [] if is_so else [_placed(ALL, "all", "emergency", command.reason)]
        case LiftStop():
            is_so = ("all", ALL, "emergency") in book.holds
            return [_lifted(ALL, "all", "emergency", command.reason)] if is_so else []


def expire(book: Book, key: HoldKey, now: float) -> Iterator[Emit]:
    """A hold's time is up; of a breaker, it is tried whether it is well again."""
    hold = book.holds.get(key)
    if hold is None or hold.until is None or hold.until > now:
        return
    scope, name, cause = key
    if cause == "breaker":
        yield _placed(name, scope, cause, "tried with one task at a time", probe=True)
    else:
        yield _lifted(name, scope, cause, "its time is up")


def judge(state: HealthState, ended: Ended, settings: HealthSettings, now: float) -> Iterator[Emit]:
    """Attempts of an agent or a skill have ended: whether its breaker opens, closes, or opens again."""
    scope, name = ended.scope, ended.name
    hold = state.book.holds.get((scope, name, "breaker"))
    if hold is None:
        if not ended.has_failed:
            return
        since = max(now - settings.breaker_window, state.book.closed_at.get((scope, name), 0.0))
        total, failed, agents = ended.attempts(since)
        least = settings.breaker_failures if scope == "agent" else 2 * settings.breaker_failures
        few = scope == "skill" and agents < 2  # one bad agent is not a bad skill
        if failed < least or failed < settings.breaker_share * total or few:
            return
        reason = f"{failed} of {total} attempts failed within {settings.breaker_window:g} s"
        yield _placed(name, scope, "breaker", reason, now + settings.breaker_open)
    elif hold.probe:
        total, failed, _ = ended.attempts(hold.since)
        if failed:
            again = min(settings.breaker_open * 2.0 ** (hold.times + 1), settings.breaker_longest)
            yield _placed(name, scope, "breaker", "the attempt that was let through failed", now + again)
        elif total:
            yield _lifted(name, scope, "breaker", "the attempt that was let through succeeded")


def key_of(timer: str) -> HoldKey:
    """The hold that a timer is about."""
    key: HoldKey = msgspec.convert(tuple(timer.removeprefix(HOLD).split(":")), HoldKey)
    return key


def quarantined(agent: str, seconds: float, reason: str, now: float) -> Emit:
    return _placed(agent, "agent", "quarantine", reason, now + seconds)


def _placed(
    name: str, scope: Scope, cause: HoldCause, reason: str, until: float | None = None, probe: bool = False
) -> Emit:
    return Emit(name, HoldPlaced(scope=scope, cause=cause, reason=reason, until=until, probe=probe))


def _lifted(name: str, scope: Scope, cause: HoldCause, reason: str) -> Emit:
    return Emit(name, HoldLifted(scope=scope, cause=cause, reason=reason))
