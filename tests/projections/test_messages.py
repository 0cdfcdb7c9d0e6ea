"""Messages and groups folded and asked."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from podium.contracts.messages import GroupJoined, GroupLeft, Message, MessagesAcknowledged, MessagesDead, MessagesSent
from tests.projections.feed import Event
from tests.projections.running import Running

in_session = pytest.mark.asyncio(loop_scope="session")


def message(number: int, priority: int, **fields: Any) -> Message:
    return Message(f"a/{number}", "a", Raw(b'{"x":1}'), priority, 2e9, **fields)


@in_session
async def test_open_messages_come_the_most_urgent_first_and_others_by_what_became_of_them(running: Running):
    await running.feed("collaboration").write(
        Event("b", MessagesSent([message(1, 5), message(2, 9), message(3, 5), message(4, 1, group="g")]), "a"),
        Event("b", MessagesSent([message(5, 9)]), "a"),
        Event("c", MessagesSent([message(1, 5)]), "a"),
        Event("b", MessagesAcknowledged(["a/3"]), "b"),
        Event("b", MessagesDead(["a/4"], "rejected", "what?"), "b"),
        Event("g", GroupJoined("b"), "b"),
        Event("g", GroupJoined("c"), "c"),
        Event("h", GroupJoined("c"), "c"),
        Event("g", GroupLeft("b"), "b"),
    )
    first = await running.ask("messages.open", receiver="b", limit=2)
    second = await running.ask("messages.open", receiver="b", limit=2, cursor=first.next)
    assert [row.id for row in (*first.messages, *second.messages)] == ["a/2", "a/5", "a/1"]
    assert second.next is None
    dead = await running.ask("messages.list", receiver="b", state="rejected")
    assert [(row.id, row.group, row.note, bytes(row.body)) for row in dead.messages] == [
        ("a/4", "g", "what?", b'{"x":1}')
    ]
    page = await running.ask("messages.list", sender="a", limit=4)
    rest = await running.ask("messages.list", sender="a", limit=4, cursor=page.next)
    assert [(row.receiver, row.id) for row in (*page.messages, *rest.messages)] == [
        *(("c", "a/1"), ("b", "a/5")),
        *(("b", f"a/{number}") for number in (4, 3, 2, 1)),
    ]
    groups = await running.ask("groups.list")
    assert [(row.group, row.members) for row in groups.groups] == [("g", ["c"]), ("h", ["c"])]
    assert (await running.ask("groups.list", agent="b")).groups == []
