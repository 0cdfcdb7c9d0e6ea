"""Rows of schedules: the same however their events were cut into batches, and as the router's own book has them."""

from __future__ import annotations

import msgspec
import pytest

from podium.projections.schedules import Schedule, Schedules
from tests.projections.folding import received, rows
from tests.rules.scenario import START
from tests.workflows.clockwork import Clockwork


def story() -> Clockwork:
    flow = Clockwork()
    flow.schedule("often", overlap="queue", catch_up="all", catch_up_limit=2)
    flow.schedule("seldom", timing={"kind": "cron", "expression": "0 * * * *"})
    flow.schedule("once", timing={"kind": "after", "seconds": 90})
    flow.schedule("gone")
    flow.wait(150)
    flow.ask("remove_schedule", run="gone")
    flow.ask("pause_schedule", run="seldom")
    flow.after(600)
    flow.ask("backfill_schedule", run="often", since=START + 600, until=flow.now)
    flow.schedule("often", overlap="queue", input=7)
    flow.ask("backfill_schedule", run="often", since=START + 600, until=flow.now)
    return flow


@pytest.mark.parametrize("size", [1, 2, 7])
def test_any_cut_gives_the_same_rows(size: int):
    found = received(story())
    assert rows(Schedules, found, size) == rows(Schedules, found, 1000)


def test_rows_say_what_the_router_knows():
    flow = story()
    found = rows(Schedules, received(flow), 5)
    schedules = {row[0]: Schedule(*row) for row in found["schedules"]}
    assert {name: row.phase for name, row in schedules.items()} == {
        "often": "active",
        "seldom": "paused",
        "once": "finished",
        "gone": "removed",
    }
    for name, kept in flow.state.schedules.kept.items():
        row = schedules[name]
        assert row.handled == kept.handled
        assert msgspec.json.decode(row.queue) == [waiting.due for waiting in kept.queue]
    assert len(msgspec.json.decode(schedules["often"].queue)) > 1
    assert schedules["gone"].runs == 1
    assert {row[0] for row in found["schedule_runs"] if row[1] == "often"} >= set(
        flow.state.schedules.kept["often"].open
    )
