"""Rows of shared documents: the same however their events were cut into batches."""

from __future__ import annotations

import msgspec
import pytest

from podium.collaboration.service import Collaboration
from podium.contracts.document_queries import DocumentDetail, RevisionRow
from podium.contracts.documents import DocumentClosed, DocumentCreated
from podium.projections.documents import Documents
from podium.projections.received import Received
from tests.documents.writers import Writer
from tests.projections.folding import received, rows
from tests.rules.scenario import Scenario, command


def events() -> list[Received]:
    """Of a text that is edited and restored, a structure, and a name that is used again."""
    scenario, ann = Scenario(Collaboration()), Writer(7)
    scenario.asked(command("create_document", title="N", content="a"), by="ann", entity="notes")
    ann.hears(*scenario.state.documents.open["notes"].updates())
    scenario.asked(ann.types("hello", at=1), by="ann", entity="notes")
    scenario.asked(command("join_document"), by="bob", entity="notes")
    scenario.asked(command("restore_document", revision=1), by="bob", entity="notes")
    scenario.asked(command("grant_document", principal="bob", role="none"), by="ann", entity="notes")
    scenario.asked(command("create_document", kind="structure"), by="ann", entity="plan")
    scenario.asked(command("edit_structure", path=["a"], operation="set", value=1), by="ann", entity="plan")
    scenario.given(DocumentClosed("done"), entity="plan", actor="ann")
    again = DocumentCreated("text", None, {"eve": "owner"}, "editor", 5, 60.0, 4096)
    scenario.given(again, entity="plan", actor="eve")
    scenario.asked(Writer(9).types("new"), by="eve", entity="plan")
    return received(scenario)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_any_cut_gives_the_same_rows(size: int):
    found = events()
    assert rows(Documents, found, size) == rows(Documents, found, 3)


def test_a_document_and_its_revisions_are_told():
    told = rows(Documents, events(), 5)
    notes, plan = (msgspec.json.decode(row[-1], type=DocumentDetail) for row in told["documents"])
    assert (notes.revision, notes.participants, notes.roles) == (3, ["ann"], {"ann": "owner", "bob": "none"})
    assert (plan.kind, plan.revision, plan.closed, plan.participants) == ("text", 1, False, ["eve"])
    revisions = [(row[0], msgspec.json.decode(row[2], type=RevisionRow)) for row in told["document_updates"]]
    assert [(name, row.revision, row.change, row.by) for name, row in revisions] == [
        ("notes", 1, "edited", "ann"),
        ("notes", 2, "edited", "ann"),
        ("notes", 3, "restored", "bob"),
        ("plan", 1, "edited", "eve"),
    ]
    assert revisions[2][1].to == 1
    assert notes.bytes == sum(row.bytes for name, row in revisions if name == "notes")
