"""Which modules the demo finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.stdlib.modules import Module, find_modules, standard_library


def make(root: Path, *files: str) -> None:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(modules: list[Module]) -> list[str]:
    return [module.name for module in modules]


def test_modules_are_found_below_a_directory_and_named_after_their_place(tmp_path: Path):
    make(tmp_path, "a.py", "p/__init__.py", "p/q/r.py", "p/__pycache__/x.py", ".hidden/x.py", "p/data.txt", "test/t.py")
    found = find_modules(tmp_path)
    assert names(found) == ["a", "p", "p.q.r", "test.t"]
    assert [module.is_package for module in found] == [False, True, False, False]
    assert [module.package for module in found] == ["a", "p", "p.q", "test"]
    assert names(find_modules(tmp_path, skip=frozenset({"test"}))) == ["a", "p", "p.q.r"]


def test_the_modules_of_a_package_have_their_full_names(tmp_path: Path):
    make(tmp_path, "p/__init__.py", "p/q/__init__.py", "p/q/r.py")
    assert names(find_modules(tmp_path / "p" / "q")) == ["p.q", "p.q.r"]


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(NotADirectoryError):
        find_modules(tmp_path / "none")


def test_the_standard_library_is_there_without_its_tests():
    found = names(standard_library())
    assert {"json", "json.decoder", "asyncio.events", "ast"} <= set(found)
    assert not any(part in ("test", "tests") for name in found for part in name.split("."))
    assert len(found) == len(set(found)) > 400
