"""What one module's source says about it. Pure: source in, findings out; nothing is imported or run."""

from __future__ import annotations

import ast
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from .findings import AnyFinding, Complexity, Documentation, Function, Imports, Outline, Unreadable

SHOWN: Final = 20
"""The most functions or names that one finding lists, so that it stays small."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

PREDICATES: Final = (ast.If, ast.IfExp, ast.While, ast.For, ast.AsyncFor, ast.Assert, ast.ExceptHandler)
"""What branches in two, whatever else it holds."""

BLOCKS: Final = (ast.stmt, ast.ExceptHandler, ast.match_case)
"""What may hold definitions."""

UNPARSABLE: Final = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What the parser raises for what is not Python; MemoryError when brackets nest too deeply."""


_parser: Final = threading.Lock()
"""CPython 3.11 counts how deep its parser is once for all threads: two at a time end in a SystemError."""


def outline(module: str, source: bytes, is_package: bool) -> Outline | Unreadable:
    """Count lines, classes and functions, and time the parser."""
    began = time.thread_time()
    try:
        tree = _parse(source)
    except UNPARSABLE as error:
        return _unreadable(module, error, began)
    parsed = time.thread_time()
    kinds = [type(node) for node in ast.walk(tree)]
    return Outline(
        module=module,
        seconds=time.thread_time() - began,
        lines=len(source.splitlines()),
        bytes=len(source),
        classes=kinds.count(ast.ClassDef),
        functions=kinds.count(ast.FunctionDef) + kinds.count(ast.AsyncFunctionDef),
        parsing=parsed - began,
    )


def complexity(module: str, source: bytes, is_package: bool) -> Complexity | Unreadable:
    """The cyclomatic complexity of every function.

    It is the number of binary predicates plus one (T. J. McCabe, "A Complexity Measure", IEEE Transactions on
    Software Engineering SE-2(4), 1976, pp. 308-320, section VI), where a compound predicate counts once for each of its
    conditions. Predicates are those of `if`, `while`, `for`, `assert`, conditional expressions, `except`, the parts of
    comprehensions, and every `case` that can fail to match. A nested function is a graph of its own; a lambda belongs
    to the function around it.
    """
    began = time.thread_time()
    try:
        tree = _parse(source)
    except UNPARSABLE as error:
        return _unreadable(module, error, began)
    functions = _functions(tree)
    worst = sorted(functions, key=lambda function: (-function.complexity, function.line))[:SHOWN]
    return Complexity(
        module=module,
        seconds=time.thread_time() - began,
        functions=len(functions),
        total=sum(function.complexity for function in functions),
        worst=worst,
    )


def docstrings(module: str, source: bytes, is_package: bool) -> Documentation | Unreadable:
    """How much of what is public has a docstring.

    Public is what has no leading underscore in its name nor in the name of anything around it, its module included, and
    is not within a function. Overloads and the setters of properties need none.
    """
    began = time.thread_time()
    try:
        tree = _parse(source)
    except UNPARSABLE as error:
        return _unreadable(module, error, began)
    public: list[tuple[str, bool]] = []
    if not any(part.startswith("_") for part in module.split(".")):
        public.append((module, ast.get_docstring(tree, clean=False) is not None))
        public += _public(tree, "")
    missing = [name for name, documented in public if not documented]
    return Documentation(
        module=module,
        seconds=time.thread_time() - began,
        public=len(public),
        documented=len(public) - len(missing),
        missing=missing[:SHOWN],
    )


def imports(module: str, source: bytes, is_package: bool) -> Imports | Unreadable:
    """Which modules it imports, anywhere in it."""
    began = time.thread_time()
    try:
        tree = _parse(source)
    except UNPARSABLE as error:
        return _unreadable(module, error, began)
    modules: set[str] = set()
    names: set[str] = set()
    relative: set[str] = set()
    at_once: set[str] = set()
    for node, deferred in _imports(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
            names.update(targets)
        else:
            target = _target(node, module, is_package)
            targets = [target]
            names.update((target, *(f"{target}.{alias.name}" for alias in node.names if alias.name != "*")))
            if node.level:
                relative.add(target)
        modules.update(targets)
        if not deferred:
            at_once.update(targets)
    return Imports(
        module=module,
        seconds=time.thread_time() - began,
        modules=sorted(modules),
        names=sorted(names),
        standard=sum(name.partition(".")[0] in sys.stdlib_module_names for name in modules),
        relative=len(relative),
        deferred=len(modules - at_once),
    )


Analysis = Callable[[str, bytes, bool], AnyFinding]
"""module's name, its source, whether it is a package's `__init__` → the finding."""

SKILLS: Final[dict[str, Analysis]] = {
    "parse": outline,
    "complexity": complexity,
    "docstrings": docstrings,
    "imports": imports,
}
"""What an agent may be able to do, by the skill's name."""


def _parse(source: bytes) -> ast.Module:
    with _parser:
        return ast.parse(source)


def _unreadable(module: str, error: BaseException, began: float) -> Unreadable:
    line = error.lineno if isinstance(error, SyntaxError) else None
    words = error.msg if isinstance(error, SyntaxError) else str(error)
    return Unreadable(
        module=module, seconds=time.thread_time() - began, error=f"{type(error).__name__}: {words}", line=line
    )


def _functions(tree: ast.Module) -> list[Function]:
    """Every function, wherever it is, with its qualified name and complexity."""
    found: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    names: list[str] = []
    predicates: list[int] = [0]  # the last one is the module's, which is no function
    waiting: list[tuple[ast.AST, str, int]] = [(tree, "", -1)]
    while waiting:
        node, around, function = waiting.pop()
        predicates[function] += _predicates(node)
        if isinstance(node, Definition):
            name, around = f"{around}{node.name}", f"{around}{node.name}."
            if not isinstance(node, ast.ClassDef):
                function = len(found)
                found.append(node)
                names.append(name)
                predicates.insert(function, 0)
        waiting.extend((child, around, function) for child in ast.iter_child_nodes(node))
    return [
        Function(name, node.lineno, count + 1) for name, node, count in zip(names, found, predicates[:-1], strict=True)
    ]


def _predicates(node: ast.AST) -> int:
    if isinstance(node, PREDICATES):
        return 1
    match node:
        case ast.BoolOp():
            return len(node.values) - 1
        case ast.comprehension():
            return 1 + len(node.ifs)
        case ast.match_case():
            always = isinstance(node.pattern, ast.MatchAs) and node.pattern.pattern is None
            return (not always) + (node.guard is not None)
        case _:
            return 0


def _public(scope: ast.Module | ast.ClassDef, around: str) -> Iterator[tuple[str, bool]]:
    """Name and whether it has a docstring, of all that is public in a module or class, also below `if` and `try`."""
    waiting: list[ast.AST] = list(reversed(scope.body))
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Definition):
            inside = [child for child in ast.iter_child_nodes(node) if isinstance(child, BLOCKS)]
            waiting.extend(reversed(inside))
        elif not node.name.startswith("_") and not _is_a_variant(node):
            name = f"{around}{node.name}"
            yield name, ast.get_docstring(node, clean=False) is not None
            if isinstance(node, ast.ClassDef):
                yield from _public(node, f"{name}.")


def _is_a_variant(node: Definition) -> bool:
    """Whether it only adds to another definition of the same name."""
    for decorator in node.decorator_list:
        match decorator:
            case ast.Name(id="overload") | ast.Attribute(attr="overload" | "setter" | "deleter"):
                return True
            case _:
                pass
    return False


def _imports(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Every import, and whether it stands in a function."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, deferred = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, deferred
        inside = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        waiting.extend((child, inside) for child in ast.iter_child_nodes(node))


def _target(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """The absolute name of what stands after `from` (PEP 328)."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = len(parts) - node.level + (1 if is_package else 0)
    return ".".join([*parts[: max(kept, 0)], *([node.module] if node.module else [])])
