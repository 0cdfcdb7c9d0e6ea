"""How deep a body nests is told right, whatever its strings hold."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from podium.contracts.envelope import MAX_DEPTH
from podium.contracts.outcomes import Refused
from podium.kernel.commands import read_body

LEAVES = st.one_of(st.text(alphabet='ab[]{}"\\,:é\n', max_size=8), st.integers(-9, 9), st.none())


def nested(leaf: Any, shells: list[str]) -> Any:
    """The leaf inside one array or object for each shell; the shell's text stands beside it."""
    for shell in shells:
        leaf = {shell: leaf, "]": [shell]} if len(shell) % 2 else [shell, leaf, []]
    return leaf


def depth(value: Any) -> int:
    match value:
        case dict():
            return 1 + max(map(depth, value.values()), default=0)
        case list():
            return 1 + max(map(depth, value), default=0)
        case _:
            return 0


@given(LEAVES, st.lists(st.text(alphabet='x[]{}"\\', max_size=3), min_size=MAX_DEPTH - 4, max_size=MAX_DEPTH + 4))
def test_a_body_is_too_deep_exactly_beyond_the_limit(leaf: Any, shells: list[str]):
    task = {"kind": "echo", "metadata": {"m": nested(leaf, shells)}}
    read = read_body("router", "submit_task", json.dumps(task, ensure_ascii=False).encode())
    assert (isinstance(read, Refused) and read.code == "too_deep") == (depth(task) > MAX_DEPTH)


@given(st.lists(LEAVES, min_size=40, max_size=90))
def test_a_broad_body_is_not_deep(leaves: list[Any]):
    body = json.dumps({"kind": "echo", "metadata": {"m": [[leaf] for leaf in leaves]}}).encode()
    assert not isinstance(read_body("router", "submit_task", body), Refused)
