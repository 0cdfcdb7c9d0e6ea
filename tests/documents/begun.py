"""A document that was begun, edits of it, and what the log says that it holds."""

from __future__ import annotations

from typing import Any

from podium.collaboration.documents.replicas import Replica
from podium.collaboration.service import Collaboration
from tests.rules.scenario import Scenario, command


def begun(**body: Any) -> Scenario:
    scenario = Scenario(Collaboration())
    scenario.asked(command("create_document", **body), by="ann", entity="notes")
    return scenario


def content(scenario: Scenario) -> Any:
    """As the log has it, and not as a live document may."""
    return Replica(scenario.replayed().state.documents.open["notes"]).content()


def edit(scenario: Scenario, asked: Any, by: str = "ann") -> Any:
    return scenario.when(asked, by=by, entity="notes")
