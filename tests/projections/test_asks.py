"""What waits for whose word, folded and asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from podium.collaboration.service import Collaboration
from podium.contracts.catalogue import decode_data, event_type, wire_name
from podium.projections.asks import Asks
from podium.projections.database import Database
from podium.projections.received import Received
from tests.projections.feed import Event
from tests.projections.running import Running
from tests.rules.scenario import START, Scenario, command

in_session = pytest.mark.asyncio(loop_scope="session")


def played() -> Scenario:
    """Much is asked: of ann it is all answered or over, of bob all is open."""
    scenario = Scenario(Collaboration())

    def ask(entity: str, name: str, by: str = "ops", **body: Any) -> None:
        scenario.asked(command(name, **body), by=by, entity=entity)

    both = ["ann", "bob"]
    ask("colour", "open_ballot", question="?", options=["blue", "red"], voters={"ann": 1, "bob": 1})
    ask("colour", "cast_vote", "ann", choice="red")
    ask("gone", "open_ballot", question="?", options=["blue", "red"], voters={"ann": 1, "bob": 1})
    ask("gone", "cancel_ballot", reason="?")
    ask("style", "open_proposal", text="Tabs.", members=both)
    for member in both:
        ask("style", "take_stand", member, stand="object")  # and the second round begins
    ask("style", "take_stand", "ann", stand="accept")
    ask("deal", "open_negotiation", about="?", issues={"price": ["low", "high"]}, parties={"ann": None, "bob": None})
    ask("deal", "make_offer", "ann", offer={"price": "low"})
    ask("wall", "announce_task", task="paint it", deadline=START + 60, bidders=both)
    ask("wall", "place_bid", "ann", price=10)
    ask("roof", "announce_task", task="mend it", deadline=START + 60, bidders=both, manual=True)
    ask("roof", "place_bid", "bob", price=10)
    ask("roof", "award_bid", bidder="bob")
    ask("gpu", "claim_resource", "ann")
    ask("gpu", "claim_resource", "bob")
    ask("cpu", "claim_resource", "bob")
    ask("cpu", "claim_resource", "ann")
    ask("cpu-1", "accept_resolution", "ann")
    ask("gpu", "release_resource", "ann")
    return scenario


BOBS = [
    *[("vote_asked", "colour"), ("stand_asked", "style"), ("turn_asked", "deal"), ("bid_asked", "wall")],
    *[("contract_awarded", "roof"), ("claim_granted", "cpu"), ("claim_granted", "gpu")],
]


def received(scenario: Scenario) -> list[Received]:
    return [
        Received(number, emit.entity, event_type(emit.event), at, actor, emit.event)
        for number, (at, actor, emit) in enumerate(scenario.events, 1)
    ]


def test_what_is_answered_or_over_waits_no_more_however_events_are_cut(database: Database):
    events = received(played())
    asks = Asks("a", database.dialect)

    def fold(parts: Sequence[Sequence[Received]]) -> set[tuple[Any, ...]]:
        with database.write() as connection:
            asks.metadata.drop_all(connection)
            asks.metadata.create_all(connection)
            for part in parts:
                asks.apply(connection, "collaboration", part)
            return {tuple(row) for row in connection.execute(select(asks.rows))}

    rows = fold([events])
    assert rows == fold([[event] for event in events])
    assert rows == fold([events[:7], events[7:]])
    assert {row[0] for row in rows} == {"bob"}
    names = {event.sequence: wire_name(event.data) for event in events if event.data is not None}
    assert {(names[sequence], entity) for _, _, entity, sequence in rows} == set(BOBS)


@in_session
async def test_an_agent_is_told_page_by_page_what_waits_for_it(running: Running):
    events = [Event(emit.entity, emit.event, actor, emit.audience) for _, actor, emit in played().events]
    await running.feed("collaboration").write(*events)
    found: list[tuple[str, str]] = []
    cursor: str | None = None
    while True:
        page = await running.ask("asks.open", agent="bob", limit=3, **({"cursor": cursor} if cursor else {}))
        found += [(wire_name(data), ask.subject) for ask in page.asks if (data := decode_data(ask)) is not None]
        cursor = page.next
        if cursor is None:
            break
    assert found == BOBS
    assert (await running.ask("asks.open", agent="ann")).asks == []
    assert (await running.ask("asks.open", agent="nobody")).asks == []
