"""What `podium doctor` says of clocks: the server's, the services', the agents', all beside this machine's."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

import msgspec

from podium.client import PodiumError, ServiceUnavailable
from podium.client import _jetstream as jetstream
from podium.client._asking import ask
from podium.client._connection import Connection
from podium.contracts.catalogue import COMMANDS, decode_envelope
from podium.contracts.queries import ListAgents
from podium.contracts.subjects import Subjects

from ._check import Check

SKEW: Final = 2.0
"""Seconds by which clocks may differ: deadlines and time-outs are then still about right."""

EVENTS: Final = 5
"""Of each service, that are looked at."""

AGENTS: Final = 500
"""Of so many agents the clocks are looked at."""

FRESH: Final = 60.0
"""A beat older than this says nothing of a clock now."""

_ADVICE: Final = "set the clocks by NTP: deadlines, leases and time-outs are compared across machines"


class _Stamped(msgspec.Struct):
    """`ts`: the server's own clock as it answers."""

    ts: str = ""


async def clocks(connection: Connection, subjects: Subjects) -> AsyncIterator[Check]:
    """The server's clock beside ours, the services' beside the server's, and the agents' beside the read models'."""
    yield await _server(connection, subjects)
    yield await _services(connection, subjects)
    yield await _agents(connection, subjects)


async def _server(connection: Connection, subjects: Subjects) -> Check:
    name = f"STREAM.INFO.{subjects.event_stream('registry')}"
    asked = time.time()
    try:
        stamp = msgspec.json.decode(await jetstream.call(connection, name), type=_Stamped).ts
    except ServiceUnavailable as error:
        return Check("server's clock", "warn", f"not known: {error}")
    heard = time.time()
    if not stamp:
        return Check("server's clock", "ok", "this server does not tell it")
    ahead = _seconds(stamp) - (asked + heard) / 2
    return _verdict("server's clock", {"the server": ahead}, "this machine's", slack=(heard - asked) / 2)


async def _services(connection: Connection, subjects: Subjects) -> Check:
    """What a service wrote as the times of its newest events, beside the server's stamps of those messages.

    An event has the time at which its round began, so that one which took long looks like a clock that is behind: of a
    few events the one that is least off counts.
    """
    ahead: dict[str, float] = {}
    for service in COMMANDS:
        stream = subjects.event_stream(service)
        try:
            state = (await _call(connection, f"STREAM.INFO.{stream}"))["state"]
            newest = range(max(state["first_seq"], state["last_seq"] - EVENTS + 1), state["last_seq"] + 1)
            off = [await _ahead(connection, stream, sequence) for sequence in newest if sequence]
        except ServiceUnavailable:
            continue
        if off:
            ahead[service] = min(off, key=abs)
    return _verdict("services' clocks", ahead, "the server's")


async def _ahead(connection: Connection, stream: str, sequence: int) -> float:
    """Seconds by which an event's time is ahead of the server's stamp. Raises: ServiceUnavailable."""
    message = (await _call(connection, f"STREAM.MSG.GET.{stream}", {"seq": sequence}))["message"]
    envelope = decode_envelope(msgspec.json.decode(f'"{message["data"]}"', type=bytes))
    return _seconds(envelope.time) - _seconds(message["time"])


async def _agents(connection: Connection, subjects: Subjects) -> Check:
    try:
        agents = (await ask(connection, subjects, ListAgents(limit=AGENTS))).agents
    except PodiumError as error:
        return Check("agents' clocks", "warn", f"not known: {error}")
    now = time.time()
    ahead = {
        agent.agent_id: agent.beat.at - agent.beat_at
        for agent in agents
        if agent.beat is not None and agent.beat.at is not None and agent.beat_at is not None
        if now - agent.beat_at < FRESH
    }
    return _verdict("agents' clocks", ahead, "the read models'")


def _verdict(name: str, ahead: dict[str, float], beside: str, slack: float = 0.0) -> Check:
    if not ahead:
        return Check(name, "ok", "nobody to ask yet")
    worst = max(ahead, key=lambda who: abs(ahead[who]))
    wrong = [who for who, seconds in ahead.items() if abs(seconds) > SKEW + slack]
    how = f"{abs(ahead[worst]):.3f} s {'ahead of' if ahead[worst] > 0 else 'behind'} {beside} at the most"
    if wrong:
        return Check(name, "warn", f"{how} ({worst}); wrong: {', '.join(sorted(wrong)[:10])}", _ADVICE)
    return Check(name, "ok", f"{len(ahead)} looked at, {how}")


def _seconds(stamp: str) -> float:
    """Of an RFC 3339 time; Python reads microseconds and no finer."""
    whole, dot, rest = stamp.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}{dot}{rest[:6]}+00:00").timestamp()


async def _call(connection: Connection, name: str, request: dict[str, Any] | None = None) -> dict[str, Any]:
    return msgspec.json.decode(await jetstream.call(connection, name, request), type=dict[str, Any])
