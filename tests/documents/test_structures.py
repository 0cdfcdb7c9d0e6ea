"""Structures are changed by path and by replicas, and a workflow stays whole."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Map

from podium.collaboration.service import Collaboration
from podium.contracts.documents import StructureEdited
from tests.documents.begun import begun, content, edit
from tests.documents.writers import Writer
from tests.rules.scenario import Scenario, code, command, names

PAPER: dict[str, Any] = {"id": "paper", "tasks": [{"id": "write", "skills": ["write"], "retry": {"max_attempts": 3}}]}


@pytest.mark.parametrize(
    ("path", "operation", "value", "after"),
    [
        (["title"], "set", "B", {"title": "B", "steps": [{"id": "a"}, {"id": "b"}]}),
        (["n"], "insert", 3, {"title": "A", "n": 3, "steps": [{"id": "a"}, {"id": "b"}]}),
        (["steps", 1], "insert", {"id": "x", "w": [1, 2.5]},
         {"title": "A", "steps": [{"id": "a"}, {"id": "x", "w": [1, 2.5]}, {"id": "b"}]}),
        (["steps", "1", "id"], "set", "c", {"title": "A", "steps": [{"id": "a"}, {"id": "c"}]}),
        (["steps", 0, "id"], "set", None, {"title": "A", "steps": [{"id": None}, {"id": "b"}]}),
        (["steps", 0], "delete", ..., {"title": "A", "steps": [{"id": "b"}]}),
        (["steps"], "delete", ..., {"title": "A"}),
        ([], "set", {"k": [True]}, {"k": [True]}),
        ([], "delete", ..., {}),
    ],
)  # fmt: skip
def test_a_place_of_a_structure_is_changed(path, operation, value, after):
    scenario = begun(kind="structure", content={"title": "A", "steps": [{"id": "a"}, {"id": "b"}]})
    body = {"path": path, "operation": operation} | ({} if value is ... else {"value": value})
    (_, changed) = edit(scenario, command("edit_structure", **body))
    assert isinstance(changed.event, StructureEdited)
    assert content(scenario) == after
    if operation == "set":
        assert edit(scenario, command("edit_structure", **body)) == []


@pytest.mark.parametrize(
    ("path", "operation", "value", "refusal", "at"),
    [
        (["nothing", "x"], "set", 1, "bad_path", "$.path[0]"),
        (["title", "x"], "set", 1, "bad_path", "$.path[1]"),
        (["steps", 3], "insert", 1, "bad_path", "$.path[1]"),
        (["steps", "3"], "insert", 1, "bad_path", "$.path[1]"),
        (["steps", "x"], "set", 1, "bad_path", "$.path[1]"),
        ([0], "set", 1, "bad_path", "$.path[0]"),
        (["title"], "insert", 1, "bad_path", "$.path[0]"),
        (["gone"], "delete", ..., "bad_path", "$.path[0]"),
        ([], "insert", {}, "bad_path", "$.path"),
        ([], "set", 3, "invalid", "$.value"),
        (["title"], "set", ..., "invalid", "$.value"),
        (["title"], "delete", 1, "invalid", "$.value"),
        (["n"], "set", [2**60], "invalid", "$.value[0]"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_with_its_place(path, operation, value, refusal, at):
    scenario = begun(kind="structure", content={"title": "A", "steps": [1, 2]})
    body = {"path": path, "operation": operation} | ({} if value is ... else {"value": value})
    refused = edit(scenario, command("edit_structure", **body))
    assert (code(refused), refused.details["path"]) == (refusal, at)
    assert content(scenario) == {"title": "A", "steps": [1, 2]}


def test_a_structure_is_edited_by_replicas_and_by_path_at_the_same_time():
    scenario, bob = begun(kind="structure", content={"a": 1}), Writer(8, Map)
    bob.hears(*scenario.state.documents.open["notes"].updates())
    edit(scenario, command("edit_structure", path=["b"], operation="set", value={"c": 2}))
    edit(scenario, bob.puts("d", [1, "x"]), by="bob")
    assert content(scenario) == {"a": 1, "b": {"c": 2}, "d": [1, "x"]}
    edit(scenario, command("restore_document", revision=1))
    assert content(scenario) == {"a": 1}


def test_a_workflow_is_whole_at_all_times():
    assert code(Scenario(Collaboration()).when(command("create_document", kind="workflow"))) == "invalid"
    bad = command("create_document", kind="workflow", content={"id": "paper", "tasks": []})
    assert code(Scenario(Collaboration()).when(bad)) == "bad_definition"
    scenario, bob = begun(kind="workflow", content=PAPER), Writer(8, Map)
    check = {"id": "check", "skills": ["check"], "dependencies": ["write"]}
    assert names(edit(scenario, command("edit_structure", path=["tasks", 1], operation="insert", value=check))) == [
        "document_joined",
        "structure_edited",
    ]
    refused = edit(scenario, command("edit_structure", path=["tasks", 0], operation="delete"))
    assert code(refused) == "bad_definition"
    bob.hears(*scenario.state.documents.open["notes"].updates())
    assert code(edit(scenario, bob.puts("tasks", 3), by="bob")) == "bad_definition"
    assert content(scenario) == {"id": "paper", "tasks": [*PAPER["tasks"], check]}
