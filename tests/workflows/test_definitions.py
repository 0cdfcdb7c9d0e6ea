"""A definition is whole, or all that is wrong with it is told at once, each with its place."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from podium.contracts.definitions import BadDefinition, json_schema, read_text, read_value, to_json
from podium.contracts.definitions.graph import cycle_in, dependencies_of, in_order, levels, upward_ranks

PAPER = """
id: paper
roles: {editor: [ann, bob]}
input_schema: {type: object, properties: {topic: {type: string}}, required: [topic]}
tasks:
  - id: fetch
    skills: [search]
    input: {q: "${input.topic}"}
    output_schema: {type: object, properties: {hits: {type: array}, n: {type: integer}}, additionalProperties: false}
  - id: read-all
    for_each: steps.fetch.output.hits
    input: "${item}"
    dependencies: [fetch]
  - id: write
    type: sequential
    when: steps.fetch.output.n > 0
    input: {text: '${steps["read-all"].output}'}
  - id: ok
    approve: {roles: [editor]}
    dependencies: [write]
"""


def faults(*steps: Any, **definition: Any) -> dict[str, str]:
    """Path → message of all faults of a definition with these steps."""
    with pytest.raises(BadDefinition) as bad:
        read_value({"id": "w", "tasks": list(steps), **definition})
    return {fault.path: fault.message for fault in bad.value.faults}


def test_a_whole_definition_is_read_and_written_the_same():
    definition = read_text(PAPER)
    assert [step.id for step in definition.tasks] == ["fetch", "read-all", "write", "ok"]
    assert read_text(to_json(definition).decode()) == definition
    assert to_json(read_value(json.loads(to_json(definition)))) == to_json(definition)


def test_words_of_yaml_that_look_like_something_else_stay_words():
    definition = read_text("id: w\ntasks:\n- id: 'no'\n  name: off\n  metadata: {day: 2026-01-01, v: 1.0, n: 010}")
    assert definition.tasks[0].name == "off"
    assert definition.tasks[0].metadata == {"day": "2026-01-01", "v": 1.0, "n": 10}


def test_all_faults_are_told_at_once_with_their_lines():
    text = PAPER.replace("${input.topic}", "${input.topic").replace("n > 0", "n + 'x'").replace("[write]", "[wrote]")
    with pytest.raises(BadDefinition) as bad:
        read_text(text.replace("    type: sequential", "    colour: red\n    type: sequential"))
    assert [(fault.path, fault.line) for fault in bad.value.faults] == [
        ("$.tasks[0].input.q", 8),
        ("$.tasks[2].colour", 15),
        ("$.tasks[2].when", 17),
        ("$.tasks[3].dependencies[0]", 21),
    ]


def test_lines_are_told_of_json_too():
    with pytest.raises(BadDefinition) as bad:
        read_text('{"id": "w",\n "tasks": [\n  {"id": "a",\n   "when": "1 +"}]}')
    assert [(fault.path, fault.line, fault.column) for fault in bad.value.faults] == [("$.tasks[0].when", 4, 4)]


@pytest.mark.parametrize(
    "text", ["", "[", "id: x\n\tb: 1", "a: &a [*a]", "&a [*a, *a]", "{1: {2: 3}", "id: !!python/object:x.y {}", "- 1"]
)
def test_what_is_no_definition_at_all_is_told(text: str):
    with pytest.raises(BadDefinition):
        read_text(text)


def test_circles_are_told_each():
    steps = [{"id": name, "dependencies": [other]} for name, other in ("ab", "ba", "cd", "de", "ec", "fa")]
    found = faults(*steps)
    assert len(found) == 2
    assert all("in a circle" in message for message in found.values())
    assert "cannot wait for itself" in faults({"id": "a", "dependencies": ["a"]})["$.tasks[0].dependencies[0]"]


def test_expressions_may_only_name_what_is_there_by_then():
    found = faults(
        {"id": "a", "when": "steps.b.output == 1", "input": "${item}"},
        {"id": "b", "when": "size(steps) > 0", "input": "${steps.read.output}", "until": "last == 1"},
        {"id": "read-all", "when": "false"},
    )
    assert "a does not wait for b" in found["$.tasks[0].when"]
    assert "there is no item here" in found["$.tasks[0].input"]
    assert "followed by the name of a step" in found["$.tasks[1].when"]
    assert 'steps["read-all"]' in found["$.tasks[1].input"]
    assert "there is no last here" in found["$.tasks[1].until"]
    assert "never" in found["$.tasks[2].when"]


def test_kinds_that_can_never_fit_are_told():
    whole = {"type": "object", "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}}
    exact = whole | {"additionalProperties": False, "required": ["n"]}
    found = faults(
        {"id": "a", "output_schema": exact},
        {"id": "b", "dependencies": ["a"], "when": "steps.a.output.n"},
        {"id": "c", "dependencies": ["a"], "for_each": "steps.a.output.s", "input": "${index.x}"},
        {"id": "d", "dependencies": ["a"], "input": "${steps.a.output.zz}"},
        {"id": "e", "dependencies": ["a"], "input": {"n": "${steps.a.output.s}", "z": 1}, "input_schema": exact},
        {"id": "f", "dependencies": ["a"], "when": "steps.a.outcome == 1", "until": "output < 'x' && iteration > 'y'"},
        input_schema=whole,
        output="${input.n.x}",
    )
    assert found.keys() == {
        "$.tasks[1].when",
        "$.tasks[2].for_each",
        "$.tasks[2].input",
        "$.tasks[3].input",
        "$.tasks[4].input.n",
        "$.tasks[4].input.z",
        "$.tasks[5].when",
        "$.tasks[5].until",
        "$.output",
    }


@pytest.mark.parametrize(
    ("step", "field", "message"),
    [
        ({"workflow": "x", "wait_for": "y"}, "wait_for", "do not go together"),
        ({"wait_for": "y", "skills": ["a"]}, "skills", "are for agents"),
        ({"approve": {"roles": ["r"]}, "for_each": "[1]"}, "for_each", "for_each does not go with approve"),
        ({"wait_for": "x", "compensate": {}}, "compensate", "compensate does not go with wait_for"),
        ({"for_each": "[1]", "until": "true"}, "for_each", "child workflow"),
        ({"until": "true", "cache": {}}, "cache", "cache does not go with a loop"),
        ({"concurrency": 1}, "concurrency", "concurrency is of for_each"),
        ({"type": "loop"}, "type", "needs until or max_iterations"),
        ({"type": "conditional"}, "type", "needs when"),
        ({"type": "parallel", "until": "true"}, "type", "of type loop"),
    ],
)
def test_what_does_not_go_together_is_told(step: dict[str, Any], field: str, message: str):
    assert message in faults({"id": "a", **step}, roles={"r": ["ann"]})[f"$.tasks[0].{field}"]


def test_no_fault_hides_another_whatever_its_kind():
    """Shapes, contradictions and meanings: a step without an id, one that is none, and what else is wrong elsewhere."""
    found = faults(
        {"id": "a", "timeout": -3, "dependencies": ["z"]},
        {"type": "loop", "concurrency": 2},
        5,
        {"id": "b", "dependencies": [1]},
        {"id": "c", "dependencies": ["b"], "when": "1 +"},
        {"id": "d", "approve": {"roles": ["boss"], "count": 3}},
    )
    assert found.keys() == {
        "$.tasks[0].timeout",
        "$.tasks[0].dependencies[0]",
        "$.tasks[1]",
        "$.tasks[2]",
        "$.tasks[3].dependencies[0]",
        "$.tasks[4].when",
        "$.tasks[5].approve.roles[0]",
    }
    assert found["$.tasks[1]"] == "id is missing"


def test_roles_schemas_limits_and_names_are_looked_at():
    found = faults(
        {"id": "a", "approve": {"roles": ["r"], "count": 2}},
        {"id": "a", "input_schema": {"type": "nothing"}, "output_schema": {"$ref": "https://x.y/z"}},
        {"id": "c", "synthesis": {"method": "all"}},
        limits={"max_tasks": 2},
    )
    assert found.keys() == {
        "$.tasks[1].id",
        "$.tasks",
        "$.tasks[0].approve.roles[0]",
        "$.tasks[1].input_schema.type",
        "$.tasks[1].output_schema",
        "$.tasks[2].synthesis",
    }


def test_the_schema_for_editors_says_the_same():
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.check_schema(json_schema())
    assert validator.is_valid(json.loads(to_json(read_text(PAPER))))
    assert not validator.is_valid({"id": "w", "tasks": []})
    assert not validator.is_valid({"id": "w", "tasks": [{"id": "a", "colour": "red"}]})


def test_a_sequential_step_that_names_nobody_waits_for_the_one_before_it():
    steps = read_value(
        {
            "id": "w",
            "tasks": [{"id": "a"}, {"id": "b", "type": "sequential"}, {"id": "c"}, {"id": "d", "type": "sequential"}],
        }
    ).tasks
    assert dependencies_of(steps) == {"a": (), "b": ("a",), "c": (), "d": ("c",)}


def test_a_chain_may_be_long_and_wide():
    chain = {f"s{n}": (f"s{n - 1}",) if n else () for n in range(20_000)}
    assert len(in_order(chain)) == 20_000
    assert cycle_in(chain) == []
    assert levels(chain)["s19999"] == 19_999
    assert upward_ranks(chain, dict.fromkeys(chain, 2.0))["s0"] == 40_000.0
    steps: list[dict[str, Any]] = [
        {"id": "s0"},
        *({"id": f"s{n}", "dependencies": [f"s{n - 1}"]} for n in range(1, 3000)),
    ]
    steps[-1]["input"] = "${steps.s0.output}"
    assert len(read_value({"id": "w", "tasks": steps}).tasks) == 3000
