"""What a run of the peers measured, as it stands in a file of results."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

Systems = dict[str, dict[str, dict[str, Any]]]
"""System → name of a figure → the figure."""


def read(results: Path) -> tuple[dict[str, Any], Systems]:
    """The whole report, and the figures of each system in it."""
    report = json.loads(results.read_text())
    peers = next(result for result in report["results"] if result["name"] == "peers")
    systems: Systems = defaultdict(dict)
    for figure in peers["figures"]:
        if figure["system"]:
            systems[figure["system"]][figure["name"]] = figure
    return report, systems
