"""What is sealed goes through a run as it is: it is handed on whole, and whoever would have to look into it fails."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from podium.contracts.expressions import EvaluationError, IsSealed, hidden, parse_expression, parse_template
from podium.contracts.personal import bound, part_of, read_sealed
from podium.contracts.schedules import ScheduleTriggered
from podium.contracts.tasks import TaskSubmitted
from podium.router.schemas import Schemas
from tests.workflows.clockwork import Clockwork
from tests.workflows.flows import Flow, after


def sealed(content: str, entity: str = "r", field: str = "input") -> str:
    """As a sender's SDK makes it; nobody here has a key to look."""
    return f"{bound('ada', 'router', entity, field)}{content}"


NAME, AGE = sealed("name"), sealed("age")
SEEN = {"input": hidden({"name": NAME, "age": AGE, "none": None, "room": 7}), "all": hidden([NAME, AGE])}


def test_parts_of_a_sealed_input_are_handed_on_to_tasks_lists_child_runs_and_the_output():
    flow = Flow(lambda task: sealed("output", task["task"], "output"))
    flow.define({"id": "look", "input": "${input}"}, id="child")
    flow.define(
        {"id": "a", "input": {"who": "${input.name}", "room": 7}},
        {"id": "each", "for_each": "[input.name, input.age]", "input": "${item}", **after("a")},
        {"id": "again", "for_each": "steps.each.output", "input": "${item}", **after("each")},
        {"id": "below", "workflow": "child", "input": {"age": "${input.age}"}},
        {"id": "any", "synthesis": {"method": "first"}, **after("a", "below")},
        output={"a": "${steps.a.output}", "below": "${steps.below.output}", "age": "${input.age}"},
    )
    flow.start(input={"name": NAME, "age": AGE})
    flow.finish()
    inputs = {
        emit.entity: json.loads(bytes(emit.event.input))
        for _, _, emit in flow.events
        if isinstance(emit.event, TaskSubmitted)
    }
    assert inputs["r-a"] == {"who": NAME, "room": 7}
    assert (inputs["r-each-0"], inputs["r-each-1"]) == (NAME, AGE)
    assert inputs["r-again-1"] == sealed("output", "r-each-1", "output")
    assert inputs["r-below-look"] == {"age": AGE}
    below = {"look": sealed("output", "r-below-look", "output")}
    assert flow.output() == {"a": sealed("output", "r-a", "output"), "below": below, "age": AGE}


LOOKS: list[dict[str, Any]] = [
    {"for_each": "input.name"},
    {"when": "input.age > 18"},
    {"when": "input.name"},
    {"when": "input.name != 'Ada'"},
    {"input": "for ${input.name}"},
    {"when": "input.name.first == 'Ada'"},
    {"for_each": "input.name[0]"},
    {"input": "${input.name + '!'}"},
    {"until": "output.age > 18", "max_iterations": 3, "input": "${input.age}"},
]


@pytest.mark.parametrize("step", LOOKS)
def test_a_step_that_would_have_to_look_into_it_says_so(step: dict[str, Any]):
    flow = Flow(lambda task: sealed("output", task["task"], "output"))
    flow.define({"id": "a", **step})
    flow.start(input={"name": NAME, "age": AGE})
    flow.finish()
    assert (flow.failure().code, flow.failure().step) == ("sealed", "a")
    assert "the value is sealed (" in flow.failure().message
    assert "for ada): it can be handed on" in flow.failure().message


@pytest.mark.parametrize(("said", "ends"), [("${error.message}", "completed"), ("it was ${error.message}", "failed")])
def test_a_fallback_hands_on_what_was_said_of_it_and_makes_no_text_of_it(said: str, ends: str):
    flow = Flow()
    flow.define({"id": "a", "fallback": {"output": said}, "on_failure": "continue"})
    flow.start()
    message = sealed("why", "r-a", "message")
    flow.ask("fail_task", "r-a", "worker", attempt=1, code="c", message=message, retryable=False)
    assert flow.done() == {"a": ends}
    assert flow.output() == ({"a": message} if ends == "completed" else None)


@pytest.mark.parametrize("method", ["best", "majority"])
def test_results_that_are_sealed_are_not_compared(method: str):
    flow = Flow(lambda task: sealed("output", task["task"], "output"))
    flow.define({"id": "a"}, {"id": "b"}, {"id": "c", "synthesis": {"method": method}, **after("a", "b")})
    flow.start()
    flow.finish()
    assert (flow.failure().code, flow.failure().step) == ("sealed", "c")


@pytest.mark.parametrize(
    "source",
    [
        *("input.name == input.name", "input.name == true", "[input.name] == ['x']", "input.name in ['x']"),
        *("input.name in input", "input[input.name]", "input.name[0] > 1", "has(input.name.first)", "size(input.name)"),
        *("type(input.name)", "string(input.age)", "int(input.age)", "-input.age", "!input.name", "input.name ? 1 : 2"),
        *("input.name.contains('a')", "[input.age].min()", "[input.age].sum()", "[input.name].join()", "input.age < 3"),
        *("input.name.exists(x, true)", "{input.name: 1}", "[1].exists(x, x == input.age)", "all == ['x', 'y']"),
    ],
)
def test_no_expression_sees_into_it(source: str):
    with pytest.raises(IsSealed, match=r"input of r, for ada"):
        parse_expression(source).evaluate(SEEN)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        *(("input.none == null", True), ("has(input.name)", True), ("'age' in input", True), ("size(all)", 2)),
        *(("input.room == 7 || input.age > 3", True), ("input.age > 3 || input.room == 7", True), ("size(input)", 4)),
    ],
)
def test_what_is_beside_it_is_seen(source: str, value: object):
    assert parse_expression(source).evaluate(SEEN) == value


def test_a_part_of_it_can_be_meant_and_is_as_sealed_as_the_whole():
    first, third = (parse_expression(f"input.name{way}").evaluate(SEEN) for way in (".of[0]", "['of'][2.0].x"))
    whole = read_sealed(NAME)
    assert whole is not None
    assert json.loads(bytes(first)) == part_of(whole, "of", 0)
    assert read_sealed(json.loads(bytes(third))) == structs.replace(whole, path=("of", 2, "x"))
    for way in ("[-1]", "[1.5]", "[true]", "[null]", "[[]]"):
        with pytest.raises(EvaluationError, match=r"no place"):
            parse_expression(f"input.name{way}").evaluate(SEEN)


def test_taking_parts_of_what_is_large_is_work_that_is_counted():
    """Else an expression could keep the router for minutes."""
    seen = {"places": list(range(100)), "large": hidden(sealed("A" * 400_000))}
    with pytest.raises(EvaluationError, match=r"too much work"):
        parse_expression("places.map(place, large[place])").evaluate(seen)
    assert len(parse_expression("places.filter(place, place < 9).map(place, large[place])").evaluate(seen)) == 9


def test_what_only_looks_like_it_is_a_text():
    assert parse_expression("input.size() > 9").evaluate({"input": hidden("podium-sealed.1.ada")}) is True
    with pytest.raises(EvaluationError, match=r"no text"):
        parse_template("at ${input}").evaluate({"input": hidden({})})


def test_what_people_say_sealed_stays_so():
    flow = Flow()
    flow.define(
        {"id": "told", "wait_for": "told"},
        {"id": "check", "approve": {"roles": ["boss"]}, **after("told")},
        roles={"boss": ["ann"]},
        output="${steps.told.output.text}",
    )
    for run, answer in (("yes", "approve_step"), ("no", "reject_step")):
        flow.start(run)
        flow.ask("signal_workflow", run, signal="told", payload={"text": sealed("told", run, "payload")})
        flow.ask(answer, run, "ann", step="check", comment=sealed("comment", run, "comment"))
    assert flow.output("yes") == sealed("told", "yes", "payload")
    assert flow.failure("no").message == sealed("comment", "no", "comment")


def test_runs_of_a_schedule_and_repeated_runs_have_the_value_that_was_sealed_once():
    flow = Clockwork()
    flow.define({"id": "a", "input": "${input.name}"}, id="w")
    flow.schedule(input={"name": NAME})
    assert flow.schedule(input={"name": NAME}) == []
    flow.wait(61)
    flow.finish()
    (run,) = (emit.event.run for _, _, emit in flow.events if isinstance(emit.event, ScheduleTriggered))
    assert flow.output(run) == {"a": NAME}
    flow.rerun("again", run, step="a")
    flow.finish()
    assert flow.output("again") == {"a": NAME}


PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 5}, "age": {"type": "integer"}, "room": {"type": "integer"}},
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "value", "path"),
    [
        (PERSON, {"name": NAME, "age": AGE, "room": 7}, None),
        (PERSON, NAME, None),
        (PERSON, {"age": AGE}, ""),
        (PERSON, {"name": NAME, "mood": AGE}, ""),
        (PERSON, {"name": NAME, "room": "x"}, ".room"),
        ({"type": "array"}, {"name": NAME}, ""),
        ({"items": {"type": "integer"}, "maxItems": 1}, [AGE], None),
        ({"items": {"type": "integer"}, "maxItems": 1}, [AGE, AGE], ""),
        ({"anyOf": [{"required": ["a"]}, PERSON]}, {"name": NAME}, None),
        ({"not": {"properties": {"name": {"type": "string"}}}}, {"name": NAME}, None),
        ({"enum": [{"name": "Ada"}]}, {"name": NAME}, None),
        ({"if": {"properties": {"age": {"const": 1}}}, "else": {"required": ["b"]}}, {"age": AGE}, None),
        ({"if": {"required": ["age"]}, "then": {"properties": {"b": {"const": 1}}}}, {"age": 1, "b": 2}, ".b"),
    ],
)
def test_of_what_is_sealed_only_that_is_a_misfit_which_surely_is(schema: Any, value: Any, path: str | None):
    misfit = Schemas().misfit(json.dumps(schema).encode(), json.dumps(value).encode())
    assert (None if misfit is None else misfit.path) == path
