"""Random papers, in the form in which the oracle is asked and in ours."""

from __future__ import annotations

import random
from typing import Any

from podium.collaboration.counting.profile import Paper, Profile

KINDS = ("soc", "soi", "toc", "toi")


def random_profile(source: random.Random) -> dict[str, Any]:
    """Two to six options and up to forty papers: small enough for ties of every kind to be common."""
    kind = source.choice(KINDS)
    options = source.randint(2, 6)
    return {"options": options, "orders": [_order(source, options, kind) for _ in range(source.randint(1, 8))]}


def as_profile(asked: dict[str, Any]) -> Profile:
    names = [str(index) for index in range(asked["options"])]
    return Profile(names, [Paper(tuple(map(tuple, groups)), count) for groups, count in asked["orders"]])


def _order(source: random.Random, options: int, kind: str) -> list[Any]:
    listed = source.sample(range(options), source.randint(1, options) if kind in ("soi", "toi") else options)
    groups: list[list[int]] = []
    for option in listed:
        if groups and kind in ("toc", "toi") and source.random() < 0.35:
            groups[-1].append(option)
        else:
            groups.append([option])
    return [groups, source.randint(1, 5)]
