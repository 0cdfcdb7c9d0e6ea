"""What the modules say, taken together: totals, and the extremes of each kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from .findings import AnyFinding, Complexity, Documentation, Imports, Outline, Unreadable
from .graph import cycles, import_graph, most_imported
from .modules import Module

TOP: Final = 10
"""How many of each kind are named."""

FEW: Final = 5
"""Packages with fewer public names are not ranked: a lone one without a docstring says nothing."""


class Slow(Struct, frozen=True):
    """`seconds`: processor time of all analyses of the module; `parsing`: of the parser alone, once."""

    module: str
    lines: int
    seconds: float
    parsing: float


class Complex(Struct, frozen=True):
    module: str
    function: str
    line: int
    complexity: int


class Undocumented(Struct, frozen=True):
    package: str
    public: int
    documented: int


class Broken(Struct, frozen=True):
    module: str
    error: str
    line: int | None


class Survey(Struct, frozen=True):
    """What the modules say. `cycle` is the largest set of modules that all import each other, by whatever way."""

    modules: int
    lines: int
    classes: int
    functions: int
    mean_complexity: float
    public: int
    documented: int
    imports: int
    most_imported: list[tuple[str, int]]
    cycles: int
    cycle: list[str]
    slowest: list[Slow]
    most_complex: list[Complex]
    least_documented: list[Undocumented]
    unreadable: list[Broken]


def survey(modules: Iterable[Module], found: Iterable[AnyFinding]) -> Survey:
    """Put the findings of all modules together."""
    outlines: list[Outline] = []
    complexities: list[Complexity] = []
    documents: list[Documentation] = []
    imports: list[Imports] = []
    broken: dict[str, Broken] = {}
    seconds: defaultdict[str, float] = defaultdict(float)
    for finding in found:
        seconds[finding.module] += finding.seconds
        match finding:
            case Outline():
                outlines.append(finding)
            case Complexity():
                complexities.append(finding)
            case Documentation():
                documents.append(finding)
            case Imports():
                imports.append(finding)
            case Unreadable():
                broken[finding.module] = Broken(finding.module, finding.error, finding.line)
    packages = {module.name: module.package for module in modules}
    functions = sum(finding.functions for finding in complexities)
    graph = import_graph(packages, imports)
    rings = cycles(graph)
    slowest = [Slow(of.module, of.lines, seconds[of.module], of.parsing) for of in outlines]
    worst = [Complex(of.module, f.name, f.line, f.complexity) for of in complexities for f in of.worst]
    return Survey(
        modules=len(packages),
        lines=sum(finding.lines for finding in outlines),
        classes=sum(finding.classes for finding in outlines),
        functions=functions,
        mean_complexity=sum(finding.total for finding in complexities) / max(functions, 1),
        public=sum(finding.public for finding in documents),
        documented=sum(finding.documented for finding in documents),
        imports=sum(len(targets) for targets in graph.values()),
        most_imported=most_imported(graph, TOP),
        cycles=len(rings),
        cycle=rings[0] if rings else [],
        slowest=sorted(slowest, key=lambda slow: (-slow.seconds, slow.module))[:TOP],
        most_complex=sorted(worst, key=lambda of: (-of.complexity, of.module, of.line))[:TOP],
        least_documented=_least_documented(packages, documents),
        unreadable=sorted(broken.values(), key=lambda of: of.module),
    )


def _least_documented(packages: Mapping[str, str], documents: Iterable[Documentation]) -> list[Undocumented]:
    """Packages with the lowest share of documented names; of equal shares, the larger package first."""
    public: Counter[str] = Counter()
    documented: Counter[str] = Counter()
    for finding in documents:
        public[packages[finding.module]] += finding.public
        documented[packages[finding.module]] += finding.documented
    rows = [Undocumented(package, count, documented[package]) for package, count in public.items() if count >= FEW]
    return sorted(rows, key=lambda row: (row.documented / row.public, -row.public, row.package))[:TOP]
