"""Where the processor's time for a life goes: `python -m apps.processor RESULTS.json PICTURE.png`."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from .figures import read

UNIT = "µs of processor a life"
REACH = 6.0
"""How far the picture goes, times what podium takes; of a longer bar the number is told."""

LEAST = 0.035
"""Of the picture's width: a part that is smaller has no number."""


def main(results: Path, picture: Path) -> None:
    report, systems = read(results)
    costs = {
        name: {p.removeprefix("· "): f["median"] for p, f in figures.items() if p[0] == "·" and f["unit"] == UNIT}
        for name, figures in reversed(systems.items())
        if not name.endswith(", default")
    }
    costs = {name: parts for name, parts in costs.items() if parts}
    totals = [sum(parts.values()) for parts in costs.values()]
    reach = REACH * totals[-1]
    processes = list(dict.fromkeys(part for parts in reversed(costs.values()) for part in parts))
    figure, axis = plt.subplots(figsize=(12, 0.45 * len(costs) + 2), layout="constrained")
    begin = [0.0] * len(costs)
    for number, process in enumerate(processes):
        widths = [min(parts.get(process, 0.0), reach - at) for parts, at in zip(costs.values(), begin, strict=True)]
        bars = axis.barh(list(costs), widths, left=begin, color=plt.get_cmap("tab20")(number % 20), label=process)
        numbers = [
            f"{parts.get(process, 0.0):,.0f}" if width > LEAST * reach else ""
            for parts, width in zip(costs.values(), widths, strict=True)
        ]
        axis.bar_label(bars, numbers, label_type="center", fontsize=8)
        begin = [at + width for at, width in zip(begin, widths, strict=True)]
    for row, (total, end) in enumerate(zip(totals, begin, strict=True)):
        axis.text(end + 0.005 * reach, row, f"{'… ' if total > reach else ''}{total:,.0f}", va="center", weight="bold")
    axis.set(xlabel="microseconds of processor time for a life, all processes", xlim=(0, 1.1 * reach))
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.grid(axis="x", alpha=0.3)
    axis.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=8, frameon=False, fontsize=8)
    when, cores, rounds = report["started"][:10], report["machine"]["cores"], report["rounds"]
    figure.suptitle(f"Where the time goes ({when}, {cores} cores, medians of {rounds})", fontsize=10)
    figure.savefig(picture, dpi=130)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
