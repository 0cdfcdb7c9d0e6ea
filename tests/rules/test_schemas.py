"""Schemas of inputs and outputs: what they hold back, and what they must not be able to do."""

from __future__ import annotations

import pytest

from podium.contracts.outcomes import Refused
from podium.contracts.tasks import AttemptFailed
from tests.rules.scenario import code, command, event_of, names, router, submit

NUMBERS = {"type": "object", "properties": {"x": {"items": {"type": "integer"}}}, "required": ["x"]}


def refused(**spec) -> Refused:
    outcome = router("a1").when(submit(**spec))
    assert isinstance(outcome, Refused), outcome
    return outcome


def test_an_input_that_fits_is_taken():
    assert names(router("a1").when(submit(input={"x": [1, 2]}, input_schema=NUMBERS))) == ["task_submitted"]


@pytest.mark.parametrize(
    ("given", "path"),
    [({"x": [1, "a"]}, "$.input.x[1]"), ({}, "$.input"), (None, "$.input")],
)
def test_an_input_that_does_not_fit_is_refused_with_its_place(given, path):
    outcome = refused(input=given, input_schema=NUMBERS)
    assert outcome.code == "input_does_not_fit"
    assert outcome.details["path"] == path
    assert outcome.message.startswith(f"{path}: ")


def test_the_place_in_a_batch_is_named_whole():
    task = {"kind": "k", "input": {"x": ["a"]}, "input_schema": NUMBERS}
    outcome = router().when(command("submit_tasks", tasks=[{"task_id": "t1", "task": task}]), entity="b")
    assert isinstance(outcome, Refused)
    assert outcome.details["path"] == "$.tasks[0].task.input.x[0]"


@pytest.mark.parametrize("field", ["input_schema", "output_schema"])
@pytest.mark.parametrize(
    ("schema", "below"),
    [
        ({"type": "objekt"}, ".type"),
        ({"properties": {"a": {"minimum": "1"}}}, ".properties.a.minimum"),
        ({"pattern": "("}, ".pattern"),
        ({"$ref": "#/$defs/none"}, ".$ref"),
        ({"$ref": "https://example.org/schema"}, ".$ref"),
        ({"items": {"$ref": "file:///etc/passwd"}}, ".items.$ref"),
        ({"$defs": {"a": {"$id": "other"}}}, ".$defs.a.$id"),
    ],
)
def test_what_is_no_usable_schema_is_refused_with_its_place(field, schema, below):
    outcome = refused(**{field: schema})
    assert outcome.code == "bad_schema"
    assert outcome.details["path"] == f"$.{field}{below}"


@pytest.mark.parametrize("pattern", ["^(?=a)b", r"(a)\1"])
def test_a_pattern_that_could_take_for_ever_is_refused(pattern):
    assert refused(input_schema={"pattern": pattern}).code == "bad_schema"


def test_a_pattern_that_takes_others_for_ever_is_matched_at_once():
    outcome = refused(input="a" * 50_000 + "b", input_schema={"pattern": "^(a+)+$"})
    assert outcome.code == "input_does_not_fit"
    assert len(outcome.message) < 400


def test_a_schema_that_multiplies_is_refused():
    defs = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)} | {"a40": {"type": "null"}}
    outcome = refused(input_schema={"$defs": defs, "$ref": "#/$defs/a0"})
    assert outcome.code == "bad_schema"
    assert "parts" in outcome.message


def test_a_chain_of_references_has_an_end():
    defs = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(3000)} | {"a3000": {"type": "null"}}
    outcome = refused(input_schema={"$defs": defs, "$ref": "#/$defs/a0"})
    assert outcome.code == "bad_schema"
    assert "deeper" in outcome.message


@pytest.mark.parametrize(
    "schema", [{"$ref": "#"}, {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}]
)
def test_a_schema_that_refers_to_itself_for_ever_does_no_harm(schema):
    outcome = router().when(submit(input={"x": 1}, input_schema=schema))
    assert isinstance(outcome, list) or outcome.code == "input_does_not_fit"


def test_a_schema_may_describe_a_tree():
    tree = {"properties": {"below": {"items": {"$ref": "#"}}, "name": {"type": "string"}}}
    assert names(router().when(submit(input={"below": [{"name": "x"}]}, input_schema=tree))) == ["task_submitted"]
    outcome = refused(input={"below": [{"below": [{"name": 1}]}]}, input_schema=tree)
    assert outcome.details["path"] == "$.input.below[0].below[0].name"


def test_a_reference_finds_names_with_signs():
    schema = {"$defs": {"a/b c": {"type": "integer"}}, "$ref": "#/$defs/a~1b%20c"}
    assert refused(input="x", input_schema=schema).code == "input_does_not_fit"


def test_properties_may_be_named_like_keywords():
    schema = {"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}}
    assert names(router().when(submit(input={"$ref": "x"}, input_schema=schema))) == ["task_submitted"]


def test_an_output_that_fits_completes():
    scenario = router("a1")
    scenario.asked(submit(output_schema=NUMBERS))
    complete = command("complete_task", attempt=1, output={"x": [1]})
    assert names(scenario.when(complete, by="a1")) == ["task_started", "task_completed"]


def test_an_output_that_does_not_fit_is_a_failed_attempt_that_is_tried_again():
    scenario = router("a1")
    scenario.asked(submit(output_schema=NUMBERS))
    complete = command("complete_task", attempt=1, output={"x": ["one"]})
    emits = scenario.when(complete, by="a1")
    assert names(emits) == ["attempt_failed"]
    event = event_of(emits, AttemptFailed)
    assert (event.code, event.message) == ("output_does_not_fit", '$.output.x[0]: "one" is not of type "integer"')
    assert event.retry_at is not None
    assert emits[0].audience == "a1", "it believes that it is done"
    assert scenario.when(complete, by="a1") == []


def test_an_output_that_never_fits_fails_the_task():
    scenario = router("a1")
    scenario.asked(submit(output_schema=NUMBERS, retry={"max_attempts": 1}))
    complete = command("complete_task", attempt=1, output=None)
    assert names(scenario.when(complete, by="a1")) == ["attempt_failed", "task_failed"]
    assert scenario.when(complete, by="a1") == []
    assert code(scenario.when(command("start_task", attempt=1), by="a1")) == "stale_attempt"
