"""What the demo makes of many findings, and its graph of imports."""

from __future__ import annotations

from examples.stdlib.analysis import SKILLS
from examples.stdlib.graph import cycles, import_graph, most_imported
from examples.stdlib.modules import Module
from examples.stdlib.survey import Survey, Undocumented, survey

SOURCES = {
    "p": b'"Package."\nfrom . import a\n',
    "p.a": b"import p.b\ndef f(x):\n    return x or 1\n",
    "p.b": b"from p import a, c\nclass C:\n    def g(self): ...\n",
    "p.c": b"import os\n",
    "q": b'"Alone."\ndef f(x, y):\n    "Says."\n    return x if x and y else y\n',
    "r": b"def broken(:\n",
    "s": b'"Of five."\ndef a():\n "A."\ndef b():\n "B."\ndef c():\n "C."\ndef d(): pass\n',
}


def surveyed() -> Survey:
    modules = [Module(name, f"/s/{name.replace('.', '/')}.py") for name in SOURCES if name != "p"]
    modules.append(Module("p", "/s/p/__init__.py"))
    return survey(
        modules, [analyse(of.name, SOURCES[of.name], of.is_package) for analyse in SKILLS.values() for of in modules]
    )


def test_totals_are_those_of_all_modules():
    found = surveyed()
    assert (found.modules, found.lines, found.classes, found.functions) == (7, 21, 1, 7)
    assert (found.public, found.documented) == (14, 7)
    assert found.mean_complexity == (2 + 1 + 3 + 4) / 7


def test_the_most_complex_functions_come_first():
    assert [(of.module, of.function, of.complexity) for of in surveyed().most_complex][:3] == [
        ("q", "f", 3),
        ("p.a", "f", 2),
        ("p.b", "C.g", 1),
    ]


def test_packages_are_ranked_by_the_share_of_names_with_a_docstring_unless_they_have_few():
    assert surveyed().least_documented == [Undocumented("p", 7, 1), Undocumented("s", 5, 4)]


def test_what_is_not_python_is_named_once():
    [broken] = surveyed().unreadable
    assert (broken.module, broken.line) == ("r", 1)
    assert broken.error.startswith("SyntaxError: ")


def test_the_slowest_are_those_that_took_the_most_processor_time():
    slowest = surveyed().slowest
    assert {of.module for of in slowest} == set(SOURCES) - {"r"}
    assert [of.seconds for of in slowest] == sorted((of.seconds for of in slowest), reverse=True)
    assert all(of.seconds >= of.parsing for of in slowest)


def test_the_import_graph_and_its_cycles():
    found = surveyed()
    assert found.imports == 5
    assert found.most_imported == [("p.a", 2), ("p", 1), ("p.b", 1), ("p.c", 1)]
    assert found.cycles == 1
    assert found.cycle == ["p", "p.a", "p.b"]


def test_nothing_found_is_a_survey_too():
    found = survey([], [])
    assert (found.modules, found.mean_complexity, found.cycle, found.most_imported) == (0, 0.0, [], [])


def graph(**targets: str) -> dict[str, frozenset[str]]:
    return {module: frozenset(names.split()) for module, names in targets.items()}


def test_cycles_are_the_strongly_connected_components_of_more_than_one():
    found = cycles(graph(a="b", b="c", c="a d", d="e", e="d", f="a f", g=""))
    assert found == [["a", "b", "c"], ["d", "e"]]


def test_a_long_chain_needs_no_recursion():
    chain = {f"m{n:05}": frozenset({f"m{(n + 1) % 5000:05}"}) for n in range(5000)}
    assert [len(component) for component in cycles(chain)] == [5000]


def test_of_equally_imported_modules_the_first_by_name_comes_first():
    assert most_imported(graph(a="c b", b="c", c="b"), 2) == [("b", 2), ("c", 2)]


def test_modules_without_findings_import_nothing():
    assert import_graph(["a"], []) == {"a": frozenset()}
