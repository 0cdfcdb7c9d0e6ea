"""A short run on one server and one on three: every kind of fault that fits in, and the verdict of the audit.

`PODIUM_SEED=<seed>` runs another one; `make chaos SECONDS=600 SEED=<seed>` runs for longer.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.chaos.archived import CUT
from tests.chaos.run import run

PATIENCE = 90.0
"""Seconds in which something must happen: other tests run at the same time."""

RUNS = 20
"""Of a workflow, open at any time; a hundred in a long run."""

FAULTS = 5
"""At least."""

SEED = int(os.environ.get("PODIUM_SEED", "1"))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("nodes", "seconds"), [(1, 15.0), (3, 8.0)])
async def test_nothing_is_lost_doubled_or_stuck(tmp_path: Path, nodes: int, seconds: float):
    result = await run(
        tmp_path, SEED, seconds, nodes, without=[CUT], patience=PATIENCE, runs=RUNS, least=FAULTS
    )  # which long runs have
    assert result.findings == []
    assert result.stuck is None
    assert result.wrong == []
    assert result.runs > 5
    assert result.ballots > 0
    assert result.letters > 20
    assert result.talks > 0
    assert result.moments > 0
    assert result.good
    assert result.commands["accepted"] > 100
    assert len(result.faults) >= FAULTS
