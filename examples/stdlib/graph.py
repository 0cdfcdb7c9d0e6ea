"""The graph of which module imports which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from .findings import Imports

Graph = Mapping[str, frozenset[str]]
"""module → the modules of the same set that it imports."""


def import_graph(modules: Iterable[str], found: Iterable[Imports]) -> Graph:
    """The imports among `modules`; what is imported from elsewhere is left out."""
    known = frozenset(modules)
    edges = {imports.module: known.intersection(imports.names) - {imports.module} for imports in found}
    return {module: edges.get(module, frozenset()) for module in known}


def most_imported(graph: Graph, count: int) -> list[tuple[str, int]]:
    """The modules that the most others import, with their number."""
    importers = Counter(target for targets in graph.values() for target in targets)
    return sorted(importers.items(), key=lambda entry: (-entry[1], entry[0]))[:count]


def cycles(graph: Graph) -> list[list[str]]:
    """The sets of two or more modules that all reach each other, the largest first.

    They are the strongly connected components (R. Tarjan, "Depth-First Search and Linear Graph Algorithms", SIAM
    Journal on Computing 1(2), 1972), without recursion.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in sorted(graph):
        if root in index:
            continue
        path = [(root, iter(sorted(graph[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while path:
            module, targets = path[-1]
            target = next(targets, None)
            if target is None:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[module])
                if low[module] == index[module]:
                    at = stack.index(module)
                    component = stack[at:]
                    del stack[at:]
                    on_stack.difference_update(component)
                    if len(component) > 1:
                        found.append(sorted(component))
            elif target not in index:
                index[target] = low[target] = len(index)
                stack.append(target)
                on_stack.add(target)
                path.append((target, iter(sorted(graph[target]))))
            elif target in on_stack:
                low[module] = min(low[module], index[target])
    return sorted(found, key=lambda component: (-len(component), component))
