"""The library changes the standard library when it is imported: no process of podium's own may do that."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORTIONS = sorted(path.parent for path in ROOT.glob("*/podium/*/__init__.py") if path.parent.name != "eventstore")

IMPORT_ALL = """
import dataclasses, importlib, pkgutil, sys
before = dataclasses._process_class
package = importlib.import_module(sys.argv[1])
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
assert "eventsourcing" not in sys.modules, "eventsourcing is imported"
assert "podium.eventstore" not in sys.modules, "podium.eventstore is imported"
assert dataclasses._process_class is before, "dataclasses are patched"
"""


@pytest.mark.parametrize("portion", PORTIONS, ids=lambda path: path.name)
def test_no_module_of_podium_brings_the_library_along(portion: Path):
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, f"podium.{portion.name}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_import_rules_name_the_library():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rule = next(contract for contract in contracts if contract["id"] == "eventsourcing")
    assert rule["forbidden_modules"] == ["eventsourcing"]
    assert rule["source_modules"] == ["podium.*"]
    assert {line.split(" -> ")[0] for line in rule["ignore_imports"]} == {"podium.eventstore.*"}
