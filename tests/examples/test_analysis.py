"""What the demo's analysis finds in sources whose findings are known."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent

import pytest

from examples.stdlib.analysis import SHOWN, SKILLS, complexity, docstrings, imports, outline
from examples.stdlib.findings import Complexity, Documentation, Imports, Outline, Unreadable


def source(text: str) -> bytes:
    return dedent(text).encode()


def complexities(text: str) -> dict[str, int]:
    found = complexity("m", source(text), False)
    assert isinstance(found, Complexity)
    return {function.name: function.complexity for function in found.worst}


# Outline


def test_an_outline_counts_lines_bytes_classes_and_functions():
    text = source("""\
        class A:
            def m(self): ...
            async def n(self):
                def inner(): ...
        x = lambda: 0
        """)
    found = outline("m", text, False)
    assert isinstance(found, Outline)
    assert (found.lines, found.bytes, found.classes, found.functions) == (5, len(text), 1, 3)
    assert 0 <= found.parsing <= found.seconds


def test_an_empty_file_is_a_module():
    found = outline("m", b"", False)
    assert isinstance(found, Outline)
    assert (found.lines, found.bytes, found.classes, found.functions) == (0, 0, 0, 0)


# Complexity

EUCLID = """
    def euclid(m, n):
        if n > m:
            m, n = n, m
        r = m % n
        while r:
            m, n = n, r
            r = m % n
        return n
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("pass", 1),
        ("if a: pass", 2),
        ("if a: pass\n    else: pass", 2),
        ("if a: pass\n    elif b: pass\n    else: pass", 3),
        ("if a and b: pass", 3),
        ("if a and b or c: pass", 4),
        ("return a or b", 2),
        ("return a if b else c", 2),
        ("for x in y: pass\n    else: pass", 2),
        ("while a: break", 2),
        ("with a as b: pass", 1),
        ("assert a", 2),
        ("try: pass\n    finally: pass", 1),
        ("try: pass\n    except A: pass\n    except B: pass\n    else: pass", 3),
        ("return [x for x in y]", 2),
        ("return {x for x in y if x if z for w in x}", 5),
        ("return lambda x: x or y", 2),
        ("match a:\n        case 1: pass\n        case 2: pass", 3),
        ("match a:\n        case 1: pass\n        case _: pass", 2),
        ("match a:\n        case [x, *_] if x: pass\n        case other: pass", 3),
        ("match a:\n        case B() as b: pass", 2),
    ],
)
def test_complexity_is_the_number_of_predicates_plus_one(body: str, expected: int):
    assert complexities(f"def f(a, b, c, y, z):\n    {body}\n") == {"f": expected}


def test_the_complexity_of_euclids_algorithm_is_three():
    assert complexities(EUCLID) == {"euclid": 3}


def test_a_nested_function_is_a_graph_of_its_own():
    assert complexities("""
        class A:
            def outer(self):
                if self:
                    async def inner():
                        async for x in self:
                            if x: pass
        """) == {"A.outer": 2, "A.outer.inner": 3}


def test_what_a_module_and_a_class_do_belongs_to_no_function():
    found = complexity("m", source("if a:\n    class B:\n        x = 1 if a else 2\n        def f(self): ...\n"), False)
    assert isinstance(found, Complexity)
    assert (found.functions, found.total) == (1, 1)


def test_the_most_complex_come_first_and_not_all_are_listed():
    text = "".join(f"def f{n}(a):\n" + "    if a: pass\n" * n + "    return\n" for n in range(30))
    found = complexity("m", text.encode(), False)
    assert isinstance(found, Complexity)
    assert (found.functions, found.total) == (30, sum(range(1, 31)))
    assert [f.complexity for f in found.worst] == list(range(30, 30 - SHOWN, -1))
    assert found.worst[0].name == "f29"


# Docstrings


def documentation(text: str, module: str = "m") -> Documentation:
    found = docstrings(module, source(text), False)
    assert isinstance(found, Documentation)
    return found


def test_public_modules_classes_functions_and_methods_want_a_docstring():
    found = documentation('''
        """Module."""
        class A:
            """Class."""
            def f(self): ...
            def g(self):
                "Method."
            def _h(self): ...
            def __init__(self): ...
            class B:
                def i(self): ...
        class _C:
            def f(self): ...
        def j():
            def inner(): ...
        ''')
    assert (found.public, found.documented) == (7, 3)
    assert found.missing == ["A.f", "A.B", "A.B.i", "j"]


def test_definitions_below_conditions_are_public_too():
    found = documentation("try:\n    import x\nexcept ImportError:\n    def f(): ...\nelse:\n    def g(): ...\n")
    assert found.missing == ["m", "f", "g"]


def test_overloads_and_setters_want_none():
    found = documentation("""
        "Module."
        class A:
            "Class."
            @property
            def x(self): "Reads."
            @x.setter
            def x(self, v): ...
            @typing.overload
            def f(self): ...
            @overload
            def f(self, a): ...
        """)
    assert (found.public, found.missing) == (3, [])


@pytest.mark.parametrize("module", ["_private", "a._b.c", "a.__main__"])
def test_nothing_in_a_private_module_is_public(module: str):
    assert documentation("def f(): ...", module).public == 0


# Imports


def imported(text: str, module: str = "a.b.c", is_package: bool = False) -> Imports:
    found = imports(module, source(text), is_package)
    assert isinstance(found, Imports)
    return found


def test_imports_are_modules_and_names_that_may_be_modules():
    found = imported(
        """
        import os.path, json as j
        from email import message
        def f():
            import json, requests
            from os import path
        """
    )
    assert found.modules == ["email", "json", "os", "os.path", "requests"]
    assert found.names == ["email", "email.message", "json", "os", "os.path", "requests"]
    assert (found.standard, found.relative, found.deferred) == (4, 0, 2)


@pytest.mark.parametrize(
    ("statement", "is_package", "modules", "names"),
    [
        ("from . import x", False, ["a.b"], ["a.b", "a.b.x"]),
        ("from . import x", True, ["a.b.c"], ["a.b.c", "a.b.c.x"]),
        ("from .. import x", False, ["a"], ["a", "a.x"]),
        ("from .d import x", False, ["a.b.d"], ["a.b.d", "a.b.d.x"]),
        ("from ..d.e import *", True, ["a.b.d.e"], ["a.b.d.e"]),
    ],
)
def test_relative_imports_are_resolved(statement: str, is_package: bool, modules: list[str], names: list[str]):
    found = imported(statement, is_package=is_package)
    assert (found.modules, found.names, found.relative, found.deferred) == (modules, names, 1, 0)


# What is not Python


@pytest.mark.parametrize("skill", SKILLS)
@pytest.mark.parametrize(
    "text",
    [b"def f(:\n", b"x = 1\x00", b"\xff\xfe", b"# coding: no-such\n", b"(" * 5000, b"-" * 200_000 + b"1", b"print 1"],
    ids=["syntax", "null", "not UTF-8", "unknown coding", "brackets", "depth", "Python 2"],
)
def test_what_is_not_python_is_a_finding_too(skill: str, text: bytes):
    found = SKILLS[skill]("m", text, False)
    assert isinstance(found, Unreadable)
    assert ": " in found.error


def test_the_place_of_a_syntax_error_is_told():
    found = outline("m", b"x = 1\ndef f(:\n", False)
    assert isinstance(found, Unreadable)
    assert found.line == 2


def test_a_source_may_say_its_coding():
    found = docstrings("m", "# coding: latin-1\n'''ä'''\n".encode("latin-1"), False)
    assert isinstance(found, Documentation)
    assert found.documented == 1


@pytest.fixture
def threads_switch_while_garbage_is_collected() -> Iterator[None]:
    def switch(*_: object) -> None:
        time.sleep(0)

    gc.callbacks.append(switch)
    yield
    gc.callbacks.remove(switch)


@pytest.mark.usefixtures("threads_switch_while_garbage_is_collected")
def test_several_threads_may_analyse_at_once():
    text = b"def f(a):\n" + b"    if a:\n        x = [[a + 1] for b in a if b and (a, {b: [a]})]\n" * 200
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(complexity, ["m"] * 12, [text] * 12, [False] * 12))
    assert {type(of) for of in found} == {Complexity}
