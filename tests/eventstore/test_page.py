"""The example of `docs/eventstore.md` does what the page says, and its table of settings is whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from eventsourcing.utils import Environment

from podium.eventstore import settings

PAGE = (Path(__file__).parents[2] / "docs" / "eventstore.md").read_text()


def test_the_example_prints_what_the_page_says(environment: Environment, tmp_path: Path):
    code, printed = re.findall(r"^```(?:python)?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, script], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed


def test_every_setting_is_on_the_page():
    keys = {value for name, value in vars(settings).items() if name.isupper() and name == value}
    assert keys
    assert keys <= set(re.findall(r"`([A-Z_]+)`", PAGE))
