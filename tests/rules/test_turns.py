"""Turns between principals: the arithmetic of it."""

from __future__ import annotations

from podium.router.fairness import Turns


def test_tags_of_one_principal_follow_one_another():
    turns = Turns()
    assert [turns.submitted(5, "ann") for _ in range(3)] == [0, 1, 2]
    assert turns.submitted(5, "bob") == 0
    assert turns.submitted(4, "ann") == 0


def test_a_line_that_ends_behind_the_clock_is_as_if_it_were_not():
    turns = Turns()
    turns.submitted(5, "ann")
    turns.submitted(5, "ann")
    turns.submitted(5, "bob")
    assert turns.ends() == [(5, "ann", 2), (5, "bob", 1)]
    turns.served(5, 1)
    assert turns.ends() == [(5, "ann", 2)]
    assert turns.submitted(5, "bob") == 1


def test_what_was_dropped_makes_no_difference():
    """However many principals come and go, and whether they were dropped or not."""
    turns, kept = Turns(), Turns()
    for number in range(5_000):
        tag = turns.submitted(5, f"p{number}")
        turns.served(5, tag + 1)
        kept._limit = 1 << 30
        assert kept.submitted(5, f"p{number}") == tag
        kept.served(5, tag + 1)
    assert len(turns._ends) < 1_100
    assert len(kept._ends) == 5_000
    assert turns.ends() == kept.ends()
    assert [turns.submitted(5, f"p{number}") for number in (7, 4_999)] == [5_000, 5_000]


def test_a_withdrawn_task_gives_its_turn_back():
    turns = Turns()
    for _ in range(3):
        turns.submitted(5, "ann")
    for _ in range(3):
        turns.withdrawn(5, "ann")
    assert turns.submitted(5, "ann") == 0
    turns.withdrawn(5, "nobody")
    assert turns.ends() == [(5, "ann", 1)]
