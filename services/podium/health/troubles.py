"""What is wrong, as health sees it, and the alert of each trouble. Pure.

Each trouble has its alert, and each of health's own alerts its trouble. Only those are looked at of which something was
heard, so that it costs the same however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import cast

from msgspec import Struct

from podium.contracts.alerts import AlertRaised, AlertResolved
from podium.contracts.health import AgentLost, AgentRecovered
from podium.contracts.predictions import Measure
from podium.contracts.recovery import HoldLifted, HoldPlaced, RecoveryEnded, RecoveryStepTaken, Severity
from podium.contracts.thresholds import ThresholdCleared, ThresholdCrossed
from podium.kernel.decider import Emit

from .book import HoldKey, MetricKey
from .desk import KIND, Alert
from .foresight import FORESEEN
from .parts import Parts

Key = tuple[str, str, str]
"""Kind, scope and name. The kind is `agent_lost`, a metric, `breaker`, `emergency`, `recovery`, or `drift`, which has a
measure for a scope."""

Trouble = tuple[str, Severity, dict[str, str]]
"""Title, severity, labels."""

_OF_HOLDS = ("breaker", "emergency")


def trouble(parts: Parts, key: Key) -> Trouble | None:
    """What is wrong now; None if nothing is."""
    book, (kind, scope, name) = parts.book, key
    labels = {KIND: kind, "scope": scope, "name": name}
    match kind:
        case "drift":
            if (name, cast(Measure, scope)) not in parts.drifts:
                return None
            labels = {KIND: kind, "scope": "kind", "name": name, "measure": scope}
            return f"{scope} of {name} is not what it was", "warning", labels
        case "agent_lost":
            standing = book.standings.get(name)
            is_lost = standing is not None and standing.lost_at is not None
            return (f"agent {name} is lost", "warning", labels) if is_lost else None
        case "breaker" | "emergency":
            hold = book.holds.get(cast(HoldKey, (scope, name, kind)))
            severity: Severity = "critical" if kind == "emergency" else "warning"
            return None if hold is None else (f"{scope} {name} is held: {hold.reason}", severity, labels)
        case "recovery":
            escalation = book.escalations.get(name)
            return None if escalation is None else (f"{name}: {escalation[1]}", escalation[0], labels)
        case _:
            level = book.crossed.get(cast(MetricKey, (scope, name, kind)))
            whom = "everything" if scope == "all" else f"{scope} {name}"
            return None if level is None else (f"{kind} of {whom} is beyond its limit", level, labels)


def known(parts: Parts) -> Iterator[Key]:
    """Every trouble that may be there, and every one that has an alert."""
    book = parts.book
    yield from (("drift", measure, kind) for kind, measure in parts.drifts)
    yield from (("agent_lost", "agent", agent) for agent in book.standings)
    yield from ((metric, scope, name) for scope, name, metric in book.crossed)
    yield from ((cause, scope, name) for scope, name, cause in book.holds if cause in _OF_HOLDS)
    yield from (("recovery", "recovery", name) for name in book.escalations)
    yield from (key for alert in book.desk.alerts.values() if (key := key_of(alert)) is not None)


def touched(entity: str, event: Struct) -> Key | None:
    """The trouble that may have begun or ended with one of health's events; of alerts, `key_of` says it."""
    match event:
        case AgentLost() | AgentRecovered():
            return "agent_lost", "agent", entity
        case ThresholdCrossed() | ThresholdCleared():
            return event.metric, event.scope, entity
        case HoldPlaced() | HoldLifted() if event.cause in _OF_HOLDS:
            return event.cause, event.scope, entity
        case RecoveryStepTaken() | RecoveryEnded():
            return "recovery", "recovery", entity
        case _:
            return None


def key_of(alert: Alert) -> Key | None:
    """The trouble of one of health's own alerts; None if it is not one of these."""
    labels = alert.labels
    kind = labels.get(KIND, "")
    if not alert.by_health or kind in FORESEEN:
        return None
    return kind, labels["measure"] if kind == "drift" else labels["scope"], labels["name"]


def reconcile(parts: Parts, key: Key, now: float) -> Iterator[Emit]:
    """The trouble has its alert, and the alert its trouble."""
    name, found = _name(key), trouble(parts, key)
    alert = parts.book.desk.alerts.get(name)
    if found is not None:
        title, severity, labels = found
        if alert is None or (alert.by_health and alert.severity != severity):
            yield Emit(name, AlertRaised(title, severity, labels))
    elif alert is not None and alert.by_health:
        yield Emit(name, AlertResolved("it is so no more", round(max(0.0, now - alert.since), 3)))


def _name(key: Key) -> str:
    """A name that is the same for the same trouble, however long the names in it are."""
    kind, _, name = key
    parts = (kind, name) if kind in ("agent_lost", "recovery") else key
    return f"{kind}-{blake2b('/'.join(parts).encode(), digest_size=6).hexdigest()}"
