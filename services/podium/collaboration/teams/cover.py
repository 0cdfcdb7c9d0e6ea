"""Who makes up a team: the cheapest agents that together have all skills. Pure.

Weighted set cover with a bound on the size and a bonus for pairs: an integer programme (HiGHS), exact, where there are
few agents; else the greedy choice, at most H(n) times as dear as the best, where n is the most skills that one agent
brings (Chvátal, A greedy heuristic for the set-covering problem, 1979).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from operator import itemgetter
from typing import Any, Final, Literal

from msgspec import Struct

EXACT_AGENTS: Final = 200
EXACT_PAIRS: Final = 2_000
EXACT_SECONDS: Final = 0.5
"""Above these the greedy choice is made: a partition's loop must not wait for a programme that is hard."""

PREFERENCE: Final = 1e-6
"""What a whole level is worth, in the unit of the costs: of two that are equally dear the better one is taken."""

Pair = tuple[str, str]


class Candidate(Struct, frozen=True):
    """`covers`: the needed skills that the agent is good enough at; `level`: how good, 0–1, in the mean."""

    agent: str
    covers: tuple[str, ...]
    cost: float
    level: float = 1.0


class Choice(Struct, frozen=True):
    """`worth`: of the pairs that are in it; `bound`: see the module."""

    agents: list[str]
    cost: float
    worth: float
    method: Literal["exact", "greedy"]
    bound: float


def choose(
    candidates: Sequence[Candidate], skills: Sequence[str], size: int, worth: Mapping[Pair, float]
) -> Choice | None:
    """The team; None if there is none so small, or the greedy choice finds none.

    Args:
        worth: of two agents, by name, that they are both in it; in the unit of the costs.
    """
    names = {one.agent for one in candidates}
    pairs = {pair: value for pair, value in worth.items() if value and pair[0] in names and pair[1] in names}
    if len(candidates) <= EXACT_AGENTS and len(pairs) <= EXACT_PAIRS:
        solved, is_final = _exact(candidates, skills, size, pairs)
        if solved is not None or is_final:
            return solved
    return _greedy(candidates, skills, size, pairs)


def _exact(
    candidates: Sequence[Candidate], skills: Sequence[str], size: int, pairs: Mapping[Pair, float]
) -> tuple[Choice | None, bool]:
    """The best team, and whether that is the last word: a programme that is too hard has none."""
    import numpy as np

    optimize: Any = import_module("scipy.optimize")  # it has no types
    sparse: Any = import_module("scipy.sparse")
    count, place = len(candidates), {one.agent: number for number, one in enumerate(candidates)}
    total = count + len(pairs)
    rows = len(skills) + 1 + 3 * len(pairs)
    matrix: Any = sparse.lil_matrix((rows, total))
    lower, upper = np.full(rows, -np.inf), np.full(rows, np.inf)
    for row, skill in enumerate(skills):
        lower[row] = 1.0
        for number, one in enumerate(candidates):
            if skill in one.covers:
                matrix[row, number] = 1.0
    row = len(skills)
    matrix[row, :count] = 1.0
    upper[row] = size
    for both, (first, second) in enumerate(pairs, count):
        for agent in (first, second):  # both only if each is
            row += 1
            matrix[row, both], matrix[row, place[agent]], upper[row] = 1.0, -1.0, 0.0
        row += 1  # and then for certain
        matrix[row, both], lower[row] = 1.0, -1.0
        matrix[row, place[first]] = matrix[row, place[second]] = -1.0
    objective = np.array(
        [*(one.cost + PREFERENCE * (1.0 - one.level) for one in candidates), *(-value for value in pairs.values())]
    )
    found: Any = optimize.milp(
        objective,
        integrality=np.ones(total),
        bounds=optimize.Bounds(0.0, 1.0),
        constraints=optimize.LinearConstraint(matrix.tocsr(), lower, upper),
        options={"time_limit": EXACT_SECONDS, "mip_rel_gap": 0.0},
    )
    if found.status == 2:  # there is none
        return None, True
    if found.status != 0:
        return None, False
    agents = [one.agent for number, one in enumerate(candidates) if found.x[number] > 0.5]
    return _choice(agents, candidates, pairs, "exact", 1.0), True


def _greedy(
    candidates: Sequence[Candidate], skills: Sequence[str], size: int, pairs: Mapping[Pair, float]
) -> Choice | None:
    """Whoever brings what is missing at the least cost for each skill; of equals who gets on best with the others."""
    missing, agents = set(skills), list[str]()
    while missing:
        if len(agents) == size:
            return None

        prices = [
            (
                one.cost / brings,
                -one.level - sum(pairs.get(_pair(one.agent, other), 0.0) for other in agents),
                one.agent,
                one,
            )
            for one in candidates
            if (brings := len(missing.intersection(one.covers)))
        ]
        if not prices:
            return None
        best = min(prices, key=itemgetter(0, 1, 2))[3]
        agents.append(best.agent)
        missing.difference_update(best.covers)
    most = max(len(one.covers) for one in candidates)
    return _choice(agents, candidates, pairs, "greedy", sum(1.0 / number for number in range(1, most + 1)))


def _choice(
    agents: Sequence[str],
    candidates: Sequence[Candidate],
    pairs: Mapping[Pair, float],
    method: Literal["exact", "greedy"],
    bound: float,
) -> Choice:
    chosen = set(agents)
    cost = sum((one.cost for one in candidates if one.agent in chosen), 0.0)
    worth = sum((value for (first, second), value in pairs.items() if first in chosen and second in chosen), 0.0)
    return Choice(sorted(agents), round(cost, 9), round(worth, 9), method, round(bound, 6))


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)
