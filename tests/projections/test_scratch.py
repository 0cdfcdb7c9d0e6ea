"""Temporary directories go with their process, however that ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from podium.projections.scratch import Scratch

KILLED = """
import os, signal, sys, tempfile
from podium.projections.scratch import Scratch
tempfile.tempdir = sys.argv[1]
(Scratch("past").directory() / "large").touch()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_has_left_is_removed_by_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.glob("*/*/large")
    others, living, next_one = tmp_path / "past-others", Scratch("past"), Scratch("past")
    others.mkdir()

    kept = living.directory()
    assert not left.exists()
    assert len({kept, living.directory(), next_one.directory()}) == 3
    assert kept.exists()
    living.close()
    next_one.close()
    assert list(tmp_path.iterdir()) == [others]
