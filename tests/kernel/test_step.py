"""Which events of a round are stored together."""

from __future__ import annotations

import pytest

from podium.kernel.log import MAX_BATCH, Record
from podium.kernel.step import Round


def sizes(*groups: int) -> list[int]:
    """Of the batches in which groups of so many events are stored."""
    round = Round()
    for group in groups:
        round.records += [Record("podium.evt.registry.0.a.b", b"{}")] * group
        round.group()
    return [len(batch.records) for batch in round.batches()]


@pytest.mark.parametrize(
    ("groups", "batches"),
    [
        ([], []),
        ([1], [1]),
        ([1, 1, 1], [1, 1, 1]),
        ([4, 1], [5]),
        ([1, 4, 1, 1], [1, 6]),
        ([3, 3], [6]),
        ([1] * 8, [1] * 8),
        ([1] * 9, [9]),
        ([4, 5], [9]),
        ([600, 300, 300], [900, 300]),
        ([MAX_BATCH, 1], [MAX_BATCH, 1]),
    ],
)
def test_what_stands_alone_is_stored_alone_and_the_rest_with_as_few_batches_as_can_be(
    groups: list[int], batches: list[int]
):
    assert sizes(*groups) == batches
