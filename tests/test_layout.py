"""The namespace `podium` is spread over several folders; every tool has to know the same ones."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TOOL = PYPROJECT["tool"]
FOLDERS = set(TOOL["hatch"]["build"]["dev-mode-dirs"])
LOCKS = ["requirements.lock", "requirements-build.lock", "requirements-dev.lock"]


def portions():
    """Each package of ours that lies directly under the namespace."""
    return [path for path in ROOT.glob("*/podium/*") if path.is_dir() and any(path.glob("*.py"))]


@pytest.mark.parametrize(
    "told",
    [
        {path.removesuffix("/podium") for path in TOOL["hatch"]["build"]["targets"]["wheel"]["only-include"]},
        set(TOOL["hatch"]["build"]["targets"]["wheel"]["sources"]),
        set(TOOL["pytest"]["ini_options"]["pythonpath"]) - {"."},
        {path.removeprefix("$MYPY_CONFIG_FILE_DIR/") for path in TOOL["mypy"]["mypy_path"]},
        set(TOOL["pyright"]["extraPaths"]),
        set(TOOL["ruff"]["src"]) - {"."},
        {path.removesuffix("/podium") for path in TOOL["ruff"]["namespace-packages"]},
    ],
    ids=["wheel", "sources", "pytest", "mypy", "pyright", "ruff", "ruff namespaces"],
)
def test_every_tool_knows_the_same_folders(told):
    assert told == FOLDERS


def test_every_folder_with_a_portion_is_listed():
    assert {path.parent.parent.name for path in portions()} <= FOLDERS


def test_the_namespace_itself_is_no_package():
    assert list(ROOT.glob("*/podium/__init__.py")) == []


@pytest.mark.parametrize("portion", portions(), ids=lambda path: path.name)
def test_a_package_is_typed_and_held_by_the_import_rules(portion: Path):
    assert (portion / "__init__.py").exists()
    assert (portion / "py.typed").exists()
    layers = " ".join(layer for contract in TOOL["importlinter"]["contracts"] for layer in contract.get("layers", ()))
    assert f"podium.{portion.name}" in re.findall(r"[\w.]+", layers)


@pytest.mark.parametrize("lock", [*LOCKS, "benchmarks/peers/requirements.lock", "tests/votes/oracle/requirements.lock"])
def test_a_lock_names_no_address(lock):
    told = [line for line in (ROOT / lock).read_text().splitlines() if re.search(r"://|@ |file:|^\s*-[-if]|\s/", line)]
    assert [line for line in told if not re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?", line)] == []


def pins(lock: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+==\S+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_the_locks_agree(lock):
    assert pins(lock)
    assert pins(lock) <= pins("requirements-dev.lock")


@pytest.mark.parametrize(
    ("lock", "extras"), [("requirements.lock", ["postgres"]), ("requirements-dev.lock", ["postgres", "dev"])]
)
def test_a_lock_has_what_the_project_asks_for(lock, extras):
    project = PYPROJECT["project"]
    asked = project["dependencies"] + [line for extra in extras for line in project["optional-dependencies"][extra]]
    names = {re.split(r"[\[<>=]", line)[0].lower() for line in asked}
    assert names <= {pin.split("==")[0] for pin in pins(lock)}


def test_no_file_is_committed_that_a_tool_makes():
    committed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    assert [path for path in committed if re.search(r"__pycache__|\.egg-info|^\.venv|_cache/|\.py[co]$", path)] == []
