"""Expressions mean what CEL says, stop when they take too much work, and tell what they take from outside."""

from __future__ import annotations

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.contracts.expressions import (
    BadExpression,
    BadTemplate,
    EvaluationError,
    parse_expression,
    parse_template,
)

VARIABLES = {
    "input": {"n": 5, "x": 2.5, "name": "ada", "tags": ["a", "b"], "none": None, "yes": True},
    "steps": {"a": {"output": {"x": 1, "l": [3, 1, 2]}, "state": "completed"}},
}


def value(source: str) -> object:
    return parse_expression(source).evaluate(VARIABLES)


@pytest.mark.parametrize(
    "source",
    [
        *("1 + 2 * 3", "(1 + 2) * 3", "-7 / 2", "-7 % 2", "7 % -2", "1.5 * 2.0", "0x10", "1e3", "- -1", "2 - 1 - 1"),
        *("true && false || true", "!(1 < 2)", '"b" < "a"', "1 in [1, 2]", '"n" in input', "input.none == null"),
        *("input.n > 3 ? 'big' : 'small'", "true ? 1 : false ? 2 : 3", "[1, 2] + [3]", "'a' + 'b'", r"'\u00e4\n'"),
        *("steps.a.output.l[1]", 'steps["a"].output["x"]', "has(input.n)", "has(input.z)", "size(input.tags)"),
        *("input.tags.all(t, size(t) == 1)", "input.tags.exists(t, t == 'b')", "[1, 2, 2].exists_one(i, i == 2)"),
        *("[1, 2, 3].filter(i, i > 1)", "[1, 2, 3].map(i, i * i)", "[1, 2, 3].map(i, i > 1, i * i)"),
        *("{'a': 1, 'b': [2]}", "{'a': 1} == {'a': 1}", "[1, [2]] == [1, [2]]", "'abc'.matches('^a.c$')"),
        *("'abc'.contains('b')", "'abc'.startsWith('a')", "'abc'.endsWith('a')", "int('7')", "double('1.5')"),
        *("int(2.9)", "true || input.missing", "input.missing || true", "false && input.missing", "string(7)"),
        *("{'a': 1}.all(k, k == 'a')", "input.x >= 2.5", "1 == 1.0"),
    ],
)
def test_it_gives_what_another_evaluator_gives(source: str):
    assert value(source) == cel.evaluate(source, VARIABLES)


def test_an_error_counts_only_where_nothing_else_decides():
    assert value("[1, 2].exists(i, i / 0 == 1 || i == 2)") is True
    assert value("[1, 2].all(i, i / 0 == 1 && i == 2)") is False
    with pytest.raises(EvaluationError):
        value("[1].exists(i, i / 0 == 1)")


NUMBERS = st.integers(-100, 100).map(str) | st.sampled_from(["input.n", "size(input.tags)", "steps.a.output.x"])
ARITHMETIC = st.recursive(
    NUMBERS, lambda inner: st.tuples(inner, st.sampled_from("+-*/%"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
)


@given(ARITHMETIC, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), ARITHMETIC)
def test_integer_arithmetic_is_that_of_another_evaluator(left: str, symbol: str, right: str):
    source = f"{left} {symbol} {right}"
    try:
        expected = cel.evaluate(source, VARIABLES)
    except (ZeroDivisionError, OverflowError):
        with pytest.raises(EvaluationError):
            value(source)
    else:
        assert value(source) is expected


@pytest.mark.parametrize(
    ("source", "message", "place"),
    [
        ("1 +", "ends too early", 3),
        ("a ? 1", "':' is missing", 5),
        ("foo(1)", "no function foo", 0),
        ("'x'.size(1)", "wrong number", 4),
        ("has(1)", "takes a field", 0),
        ("a @ b", "'@' is not understood", 2),
        (r"'\q'", r"no escape \q", 1),
        ("99999999999999999999", "too large", 0),
        ("(" * 60 + "1" + ")" * 60, "deeper", 40),
        ("a" + ".b" * 60, "deeper", 81),
        ("if", "not expected", 0),
    ],
)
def test_what_is_no_expression_is_told_with_its_place(source: str, message: str, place: int):
    with pytest.raises(BadExpression, match=message.replace("\\", "\\\\")) as bad:
        parse_expression(source)
    assert bad.value.place == place


@pytest.mark.parametrize(
    "source",
    [
        *("1 + 'a'", "1 / 0", "1.0 / 0.0", "input.missing", "input.tags[2]", "input.tags['a']", "input.n.x", "!1"),
        *("9223372036854775807 + 1", "1e308 * 10.0", "'a' < 1", "1 in 2", "{1: 2}", "{'a': 1, 'a': 2}", "[].max()"),
        *("int('x')", "int(null)", "input.n ? 1 : 2", "'a'.matches('(')", "unknown", "[1].join()", "1 && true"),
    ],
)
def test_what_has_no_value_is_an_error(source: str):
    with pytest.raises(EvaluationError):
        value(source)


@pytest.mark.parametrize(
    "source",
    [
        "input.l.map(a, input.l.map(b, input.l.map(c, 1)))",
        "input.l.all(a, input.l.exists(b, false) || true)",
        "input.l.map(a, input.l + input.l)",
        "input.l.map(a, input.l == input.l)",
    ],
)
def test_too_much_work_is_an_error_and_not_a_standstill(source: str):
    with pytest.raises(EvaluationError, match="too much work"):
        parse_expression(source).evaluate({"input": {"l": list(range(2000))}})


def test_a_pattern_that_would_take_for_ever_does_not():
    assert parse_expression("input.matches('^(a+)+$')").evaluate({"input": "a" * 50_000 + "b"}) is False


def test_it_tells_what_it_takes_from_outside():
    found = parse_expression("steps.a.output + steps['b-c'].x + [1].map(steps, steps.no).size() + item.y + input[run]")
    assert found.steps == {"a", "b-c"}
    assert found.names == {"steps", "item", "input", "run"}


def test_a_template_keeps_the_kinds_of_values_and_fills_texts():
    template = parse_template(
        {"all": "${input.tags}", "text": 'n is ${input.n} and ${"}"}', "list": [1, "${input.x}"], "plain": "$${x} $5"}
    )
    assert template.evaluate(VARIABLES) == {
        "all": ["a", "b"],
        "text": "n is 5 and }",
        "list": [1, 2.5],
        "plain": "${x} $5",
    }
    assert [path for path, _ in template.expressions] == [".all", ".text", ".text", ".list[1]"]


def test_a_bad_template_tells_the_path():
    with pytest.raises(BadTemplate, match="no closing brace") as bad:
        parse_template({"a": [{"b": "x ${1"}]})
    assert (bad.value.path, bad.value.place) == (".a[0].b", 4)
