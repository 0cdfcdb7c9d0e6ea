"""The library changes the standard library when it is imported: no process of podium's own may do that."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORTIONS = sorted(path.parent for path in ROOT.glob("*/podium/*/__init__.py") if path.parent.name != "eventstore")

IMPORT_ALL = """
import dataclasses, importlib, json, pkgutil, sys
before = dataclasses._process_class
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    faults = [f"{module} is imported" for module in ("eventsourcing", "podium.eventstore") if module in sys.modules]
    if dataclasses._process_class is not before:
        faults.append("dataclasses are patched")
    print(json.dumps(faults))
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    """What is wrong once all of a portion was imported, behind the ones before it in one process."""
    names = [portion.name for portion in PORTIONS]
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *(f"podium.{name}" for name in names)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(names, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("portion", PORTIONS, ids=lambda path: path.name)
def test_no_module_of_podium_brings_the_library_along(imported: dict[str, list[str]], portion: Path):
    assert imported[portion.name] == []


def test_the_import_rules_name_the_library():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rule = next(contract for contract in contracts if contract["id"] == "eventsourcing")
    assert rule["forbidden_modules"] == ["eventsourcing"]
    assert rule["source_modules"] == ["podium.*"]
    assert {line.split(" -> ")[0] for line in rule["ignore_imports"]} == {"podium.eventstore.*"}
