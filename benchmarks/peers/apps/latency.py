"""Latency against load, of all systems of a run: `python -m apps.latency RESULTS.json PICTURE.png`."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import NullFormatter

from .figures import read

PLACES = ("50/s", "50%", "80%")
QUANTILES = (("p50", "p50"), ("p99", "p99"))
MARKERS = "osD^vP*X"


def main(results: Path, picture: Path) -> None:
    report, systems = read(results)
    shown = {name: figures for name, figures in systems.items() if f"rate at {PLACES[0]}" in figures}
    figure, axes = plt.subplots(1, 2, figsize=(12, 5.5), sharey=True, layout="constrained")
    for axis, (quantile, title) in zip(axes, QUANTILES, strict=True):
        for number, (name, figures) in enumerate(shown.items()):
            measured = [place for place in PLACES if f"rate at {place}" in figures]
            places = sorted(measured, key=lambda place: figures[f"rate at {place}"]["median"])
            rates = [figures[f"rate at {place}"]["median"] for place in places]
            rows = [figures[f"{quantile} at {place}"] for place in places]
            middle = [row["median"] for row in rows]
            spread = [
                [row["median"] - min(row["values"]) for row in rows],
                [max(row["values"]) - row["median"] for row in rows],
            ]
            ours = name.startswith("podium")
            axis.errorbar(
                rates,
                middle,
                yerr=spread,
                label=f"{name} (at most {figures['lives']['median']:,.0f}/s)",
                marker=MARKERS[number % len(MARKERS)],
                color=f"C{number}",
                linewidth=2.5 if ours else 1.3,
                capsize=3,
                zorder=3 if ours else 2,
            )
        axis.set(xscale="log", yscale="log", title=f"{title}, submission to result", xlabel="tasks a second, open loop")
        axis.grid(which="major", alpha=0.35)
        axis.grid(which="minor", alpha=0.12)
    axes[0].set_ylabel("milliseconds")
    axes[0].yaxis.set_major_formatter("{x:,.0f}")
    for axis in axes:
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.xaxis.set_minor_formatter(NullFormatter())
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    machine = report["machine"]
    figure.suptitle(
        f"Latency against load, everything fsynced, {machine['cores']} cores for server, workers and submitter "
        f"({report['started'][:10]}); bars: least and greatest of {report['rounds']}",
        fontsize=10,
    )
    figure.savefig(picture, dpi=130)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
