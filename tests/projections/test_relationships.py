"""Who gets on with whom, as rows: what was said last of two agents holds, and either may be asked for."""

from __future__ import annotations

from sqlalchemy import create_engine

from podium.contracts.relationships import Relationship, RelationshipsChanged, Tie
from podium.projections.received import Received
from podium.projections.relationships import Relationships


def changed(number: int, agent: str, **strengths: float) -> Received:
    others = [Relationship(name, value, 0.8, 0.6, 0.9, {"vote": Tie(2.0, 1.0)}) for name, value in strengths.items()]
    event = RelationshipsChanged(half_life=1.0, relationships=others)
    return Received(number, agent, "", float(number), "optimizer", event)


def test_the_newest_word_holds_and_the_strongest_come_first():
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        rows = Relationships("a", engine.dialect)
        rows.metadata.create_all(connection)
        rows.apply(connection, "optimizer", [changed(1, "a", b=0.1, c=0.5), changed(2, "b", c=0.3)])
        rows.apply(connection, "optimizer", [changed(3, "a", b=0.4)])

        def listed(agent: str | None = None, least: float = 0.0, limit: int = 10) -> list[tuple[str, str]]:
            return [(row.agent, row.other) for row in rows.list(connection, agent=agent, least=least, limit=limit)]

        assert listed() == [("a", "c"), ("a", "b"), ("b", "c")]
        assert listed("b") == [("a", "b"), ("b", "c")]
        assert listed(least=0.4) == [("a", "c"), ("a", "b")]
        assert listed(limit=1) == [("a", "c")]
        known = rows.find(connection, "b", "a")
        assert known is not None
        assert (known.agent, known.strength, known.at) == ("a", 0.4, 3.0)
        assert known.deeds == {"vote": Tie(2.0, 1.0)}
        assert rows.find(connection, "a", "d") is None
