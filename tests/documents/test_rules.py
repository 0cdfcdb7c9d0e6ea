"""What may be done to shared documents, and what that leads to."""

from __future__ import annotations

from random import Random

import pytest

from podium.contracts.documents import (
    DocumentEdited,
    DocumentJoined,
    DocumentLeft,
    DocumentRestored,
    EditDocument,
)
from podium.contracts.outcomes import Refused
from tests.documents.begun import begun, content, edit
from tests.documents.writers import Writer
from tests.rules.scenario import code, command, names


def test_edits_of_two_at_the_same_time_are_merged():
    scenario, ann, bob = begun(), Writer(7), Writer(8)
    assert names(edit(scenario, ann.types("hello"))) == ["document_joined", "document_edited"]
    assert names(edit(scenario, bob.types("😀 "), by="bob")) == ["document_joined", "document_edited"]
    assert content(scenario) == "hello😀 "
    ann.hears(bob.doc.get_update())
    assert str(ann.root) == content(scenario)


def test_an_edit_says_what_is_new_in_it():
    scenario, ann = begun(), Writer(7)
    (_, edited) = edit(scenario, ann.types("hello"))
    assert isinstance(edited.event, DocumentEdited)
    assert (edited.event.revision, edited.event.clients, edited.event.inserted) == (1, [7], 5)


def test_an_edit_that_is_there_already_is_not_made_again():
    scenario, ann = begun(), Writer(7)
    hello = ann.types("hello")
    edit(scenario, hello)
    assert edit(scenario, hello) == []
    assert names(edit(scenario, EditDocument(ann.doc.get_update()))) == []


def test_an_edit_that_builds_on_missing_ones_is_refused_until_they_are_there():
    scenario, ann = begun(), Writer(7)
    first, second = ann.types("hello"), ann.types(" there", at=5)
    assert code(edit(scenario, second)) == "edits_missing"
    edit(scenario, first)
    edit(scenario, second)
    assert content(scenario) == "hello there"


def test_an_edit_beside_what_is_missing_is_refused():
    scenario, ann, bob = begun(), Writer(7), Writer(8)
    hello = ann.types("hello")
    bob.hears(hello.update)
    beside = bob.types("!", at=5)
    assert code(edit(scenario, beside, by="bob")) == "edits_missing"
    edit(scenario, hello)
    edit(scenario, beside, by="bob")
    assert content(scenario) == "hello!"


@pytest.mark.parametrize(
    "update",
    [
        b"",
        b"\x00",
        b"hello",
        b"\x01\x01\x07\x00\x04\x01\x07content\x05hel",
        b"\x01\x01\x07\x00\x28\x01\x07content\x01k\x01" + b"\x75\x01" * 90_000 + b"\x7e\x00",
        b"\x01\x01\x07\x00\x09\x01\x07content\x00\x00",
        b"\xff" * 20,
    ],
)
def test_what_is_no_update_is_refused_and_harms_nothing(update):
    scenario, ann = begun(), Writer(7)
    edit(scenario, ann.types("hello"))
    assert code(edit(scenario, EditDocument(update))) == "bad_update"
    edit(scenario, ann.types(" there", at=5))
    assert content(scenario) == "hello there"


def test_whatever_comes_the_document_is_as_the_log_says():
    """Updates with some bytes changed: refused, or taken by all alike."""
    random, scenario, ann = Random(1), begun(), Writer(7)
    updates = [ann.types(f"word{i} ", at=random.randrange(i * 4 + 1)).update for i in range(10)]
    taken = 0
    for _ in range(1500):
        broken = bytearray(random.choice(updates))
        for _ in range(random.randint(1, 3)):
            broken[random.randrange(len(broken))] = random.randrange(256)
        taken += isinstance(edit(scenario, EditDocument(bytes(broken))), list)
    assert taken > 0
    live = scenario.state.documents.replicas.of("notes", scenario.state.documents.open["notes"])
    assert live.content() == content(scenario)


def test_nobody_writes_as_somebody_else():
    scenario, ann, bob = begun(), Writer(7), Writer(7)
    edit(scenario, ann.types("hello"))
    bob.hears(ann.doc.get_update())
    refused = edit(scenario, bob.types("!", at=5), by="bob")
    assert code(refused) == "not_allowed"
    assert refused.details == {"path": "$.update", "client": 7}
    assert code(edit(scenario, Writer(1).types("x"))) == "not_allowed"
    edit(scenario, ann.types("?", at=5))
    assert content(scenario) == "hello?"


def test_readers_read_and_owners_say_who_may_write():
    scenario, bob = begun(others="reader"), Writer(8)
    assert code(edit(scenario, bob.types("x"), by="bob")) == "not_allowed"
    assert names(edit(scenario, command("join_document"), by="bob")) == ["document_joined"]
    grant = command("grant_document", principal="bob", role="editor")
    assert code(edit(scenario, grant, by="bob")) == "not_allowed"
    assert names(edit(scenario, grant)) == ["document_granted"]
    assert edit(scenario, grant) == []
    assert names(edit(scenario, Writer(9).types("x"), by="bob")) == ["document_edited"]
    gone = edit(scenario, command("grant_document", principal="bob", role="none"))
    assert [emit.event for emit in gone][1:] == [DocumentLeft("bob", "removed")]
    assert code(edit(scenario, command("join_document"), by="bob")) == "not_allowed"
    assert code(edit(scenario, command("grant_document", principal="ann", role="reader"))) == "not_allowed"


def test_only_so_many_are_in_a_document():
    scenario = begun(max_participants=1)
    edit(scenario, command("join_document"))
    assert code(edit(scenario, command("join_document"), by="bob")) == "document_full"
    assert code(edit(scenario, Writer(8).types("x"), by="bob")) == "document_full"
    edit(scenario, command("leave_document"))
    assert edit(scenario, command("leave_document")) == []
    assert names(edit(scenario, Writer(8).types("x"), by="bob")) == ["document_joined", "document_edited"]


def test_who_does_nothing_for_long_is_no_longer_in_it():
    scenario, ann = begun(idle_timeout=100.0), Writer(7)
    edit(scenario, command("join_document"))
    edit(scenario, command("join_document"), by="bob")
    assert scenario.decider.due(scenario.state) == scenario.now + 100
    assert scenario.after(60) == []
    edit(scenario, ann.types("x"))
    assert edit(scenario, command("join_document"), by="ann") == []
    assert [emit.event for emit in scenario.after(40)] == [DocumentLeft("bob", "idle")]
    assert [emit.event for emit in edit(scenario, command("join_document"))] == [DocumentJoined("ann")]
    assert scenario.after(99) == []
    assert [emit.event for emit in scenario.after(1)] == [DocumentLeft("ann", "idle")]
    assert scenario.decider.due(scenario.state) is None


def test_a_text_is_restored_to_any_revision():
    scenario, ann = begun(content="é "), Writer(7)
    ann.hears(*scenario.state.documents.open["notes"].updates())
    edit(scenario, ann.types("hello", at=3))
    ann.hears(b"\x00\x00")
    ann.root.clear()
    edit(scenario, ann.command())
    assert content(scenario) == ""
    (restored,) = edit(scenario, command("restore_document", revision=2))
    assert isinstance(restored.event, DocumentRestored)
    assert (restored.event.revision, restored.event.to) == (4, 2)
    assert content(scenario) == "é hello"
    assert edit(scenario, command("restore_document", revision=4)) == []
    edit(scenario, command("restore_document", revision=1))
    assert content(scenario) == "é "
    edit(scenario, command("restore_document", revision=0))
    assert content(scenario) == ""
    refused = edit(scenario, command("restore_document", revision=9))
    assert code(refused) == "unknown_revision"
    assert refused.details["kept"] == "0 to 6"


def test_old_updates_are_put_together_where_there_are_too_many():
    scenario, ann = begun(max_bytes=4096), Writer(7)
    for number in range(50):
        edit(scenario, ann.types(f"{number:100d}", at=len(ann.root)))
    document = scenario.state.documents.open["notes"]
    assert document.revision == 50
    assert 0 < document.base_revision < 50
    assert content(scenario) == str(ann.root)
    assert code(edit(scenario, command("restore_document", revision=document.base_revision - 1))) == "unknown_revision"
    edit(scenario, command("restore_document", revision=document.base_revision))
    assert content(scenario) == str(ann.root)[: 100 * document.base_revision]


def test_a_document_does_not_grow_without_end():
    scenario, ann = begun(max_bytes=4096), Writer(7)
    outcomes = [edit(scenario, ann.types("x" * 500)) for _ in range(40)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert code(refused[0]) == "document_too_large"
    assert len(scenario.state.documents.open["notes"].base) <= 2 * 4096


def test_a_closed_document_stays_closed():
    scenario, ann = begun(), Writer(7)
    assert code(edit(scenario, command("close_document"), by="bob")) == "not_allowed"
    edit(scenario, command("close_document", reason="done"))
    assert edit(scenario, command("close_document")) == []
    assert code(edit(scenario, ann.types("x"))) == "document_closed"
    assert code(edit(scenario, command("create_document"))) == "document_exists"
    assert code(scenario.when(ann.types("x"), entity="other")) == "unknown_document"
    assert code(begun().when(command("create_document"), entity="notes")) == "document_exists"


def test_a_replay_and_a_snapshot_give_the_same_state():
    scenario, ann = begun(max_bytes=4096), Writer(7)
    edit(scenario, command("join_document"), by="bob")
    for number in range(30):
        edit(scenario, ann.types(f"{number:200d}", at=len(ann.root) // 2))
    edit(scenario, command("restore_document", revision=29))
    dumped = scenario.dump()
    assert scenario.replayed().dump() == dumped
    loaded = scenario.decider.load(dumped)
    assert scenario.decider.dump(loaded) == dumped
    assert scenario.decider.due(loaded) == scenario.decider.due(scenario.state)
