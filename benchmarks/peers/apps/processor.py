"""Where the processor's time for a life goes: `python -m apps.processor RESULTS.json PICTURE.png`."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from .figures import read

UNIT = "µs of processor a life"
LEAST = 0.02
"""Of the widest bar: a part that is smaller has no number."""


def main(results: Path, picture: Path) -> None:
    report, systems = read(results)
    costs = {
        name: {
            part.removeprefix("· "): f["median"] for part, f in figures.items() if part[0] == "·" and f["unit"] == UNIT
        }
        for name, figures in systems.items()
    }
    costs = {name: parts for name, parts in reversed(costs.items()) if parts}
    widest = max(sum(parts.values()) for parts in costs.values())
    processes = list(dict.fromkeys(part for parts in reversed(costs.values()) for part in parts))
    figure, axis = plt.subplots(figsize=(12, 0.45 * len(costs) + 2), layout="constrained")
    begin = dict.fromkeys(costs, 0.0)
    for number, process in enumerate(processes):
        widths = [parts.get(process, 0.0) for parts in costs.values()]
        bars = axis.barh(
            list(costs), widths, left=list(begin.values()), color=plt.get_cmap("tab20")(number % 20), label=process
        )
        axis.bar_label(
            bars, [f"{w:,.0f}" if w > LEAST * widest else "" for w in widths], label_type="center", fontsize=8
        )
        for name, width in zip(costs, widths, strict=True):
            begin[name] += width
    axis.set(xlabel="microseconds of processor time for a life, all processes")
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.grid(axis="x", alpha=0.3)
    axis.set_axisbelow(True)
    axis.margins(x=0.02)
    figure.legend(loc="outside lower center", ncols=8, frameon=False, fontsize=8)
    when, cores, rounds = report["started"][:10], report["machine"]["cores"], report["rounds"]
    figure.suptitle(f"Where the time goes ({when}, {cores} cores, medians of {rounds})", fontsize=10)
    figure.savefig(picture, dpi=130)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
