"""What is remembered of commands that are done."""

from __future__ import annotations

from podium.kernel.outcomes import Done, OutcomeTable


def test_the_last_commands_are_remembered_however_old_they_are() -> None:
    table = OutcomeTable(commands=10, seconds=900)
    for number in range(10):
        table.add(f"c{number}", Done(number, ()), at=number * 10_000.0)
    assert all(table.get(f"c{number}") is not None for number in range(10))


def test_the_last_seconds_are_remembered_however_many_commands_they_bring() -> None:
    table = OutcomeTable(commands=10, seconds=900)
    for number in range(1000):
        table.add(f"c{number}", Done(number, ()), at=number * 0.5)
    assert table.get("c0") == Done(0, ())


def test_what_is_older_than_both_bounds_is_forgotten() -> None:
    table = OutcomeTable(commands=10, seconds=900)
    for number in range(1000):
        table.add(f"c{number}", Done(number, ()), at=number * 100.0)
    assert table.get("c0") is None
    assert len(table) <= 20


def test_a_rush_cannot_take_all_memory() -> None:
    table = OutcomeTable(commands=10, seconds=900, limit=100)
    for number in range(1000):
        table.add(f"c{number}", Done(number, ()), at=0.0)
    assert len(table) <= 100
    assert table.get("c999") is not None


def test_a_dump_restores_what_is_remembered() -> None:
    table = OutcomeTable(commands=10, seconds=900)
    for number in range(15):
        table.add(f"c{number}", Done(number, (("podium.x.v1", "e"),)), at=number * 100.0)
    restored = OutcomeTable()
    restored.restore(table.dump(), at=1500.0)
    assert restored.dump() == table.dump()
