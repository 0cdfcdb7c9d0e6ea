"""Recordings of people at the keyboard, in the two formats of editing-traces (https://github.com/josephg/editing-traces).

A position counts Unicode code points in the text as its writer saw it: in a sequential recording what all before it
left, in a concurrent one what its parents' versions give together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType


class BadRecording(Exception):
    """What was read is no recording; the message says why."""


class Patch(Struct, frozen=True, array_like=True, gc=False):
    """One keystroke, or what was pasted: at `position`, first `deleted` characters go, then `inserted` comes."""

    position: int
    deleted: int
    inserted: str


class _Transaction(Struct, frozen=True):
    patches: list[Patch]
    parents: list[int] | UnsetType = UNSET
    agent: int = 0


class _File(Struct, frozen=True, rename="camel"):
    end_content: str
    txns: list[_Transaction]
    start_content: str = ""
    num_agents: int = 1
    kind: Any = "sequential"


class Run(Struct, frozen=True):
    """What one writer did without another one's work coming in or going out between.

    Attributes:
        parents: indexes of the runs whose versions together are the text before it.
    """

    agent: int
    parents: list[int]
    patches: list[Patch]


class Recording(Struct, frozen=True):
    """A whole recording.

    Attributes:
        agents: how many writers.
        keystrokes: how many patches, the starting text not counted.
        runs: each behind all of its parents; the text before a run without parents is empty.
        has_wide: a character of two UTF-16 units occurs.
    """

    is_concurrent: bool
    agents: int
    keystrokes: int
    end: str
    runs: list[Run]
    has_wide: bool = False


def read_recording(content: bytes) -> Recording:
    """
    Raises:
        BadRecording: it is no recording, or contradicts itself.
    """
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecording(f"it is no recording: {error}") from error
    is_concurrent = file.kind == "concurrent" or any(one.parents is not UNSET for one in file.txns)
    started = [_Transaction([Patch(0, 0, file.start_content)], [])] if file.start_content else []
    first = len(started)
    transactions = list(started)
    for number, one in enumerate(file.txns):
        _check(one, number, file.num_agents)
        if not is_concurrent:
            parents = [number + first - 1] if number + first else []
        else:
            named = [] if one.parents is UNSET else one.parents
            parents = [parent + first for parent in named] or list(range(first))
        transactions.append(_Transaction(one.patches, parents, one.agent))
    texts = (patch.inserted for one in transactions for patch in one.patches)
    return Recording(
        is_concurrent,
        max(1, file.num_agents),
        sum(len(one.patches) for one in file.txns),
        file.end_content,
        list(_runs(transactions)),
        any(not text.isascii() and max(text) > "\uffff" for text in texts),
    )


def _check(one: _Transaction, number: int, agents: int) -> None:
    parents: Iterable[int] = () if one.parents is UNSET else one.parents
    for parent in parents:
        if not 0 <= parent < number:
            raise BadRecording(f"$.txns[{number}].parents: {parent} is not before it")
    if not 0 <= one.agent < max(1, agents):
        raise BadRecording(f"$.txns[{number}].agent: there is no writer {one.agent} among {agents}")
    for place, patch in enumerate(one.patches):
        if patch.position < 0 or patch.deleted < 0:
            raise BadRecording(f"$.txns[{number}].patches[{place}]: a position and a length are not negative")


def _runs(transactions: list[_Transaction]) -> Iterator[Run]:
    """Transactions joined to runs, by their first transaction; so each run comes behind its parents."""
    children = [0] * len(transactions)
    for one in transactions:
        for parent in one.parents or ():
            children[parent] += 1
    runs: list[Run] = []
    run_of: list[int] = []
    for one in transactions:
        parents = one.parents or []
        only = parents[0] if len(parents) == 1 else None
        if only is not None and children[only] == 1 and transactions[only].agent == one.agent:
            run_of.append(run_of[only])
            runs[run_of[only]].patches.extend(one.patches)
        else:
            run_of.append(len(runs))
            runs.append(Run(one.agent, [run_of[parent] for parent in parents], list(one.patches)))
    return iter(runs)
