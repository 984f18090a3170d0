#!/usr/bin/python3
"""Draws the course of the runs of the autoscale suite. A program of its own, because it needs
matplotlib (Debian: python3-matplotlib) and nothing else here does.

  autoscale_plots.py TIMELINES.json DIRECTORY

Prints the name of the picture."""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

BLUE, GREEN, RED, GREY = "#1565c0", "#2e7d32", "#c62828", "#90a4ae"


def phases(axes, run):
    for name, began in run["phases"]:
        axes.axvline(began, color="#555", linewidth=0.6, linestyle=":")
        axes.text(began, 1.01, name, transform=axes.get_xaxis_transform(), va="bottom", fontsize=7,
                  color="#333")
    axes.set_xlim(0, run["seconds"][-1])


def orders(axes, run):
    for key, color, name in (("offered", "#000", "offered"), ("completed", GREEN, "completed"),
                             ("turned_away", RED, "turned away")):
        axes.plot(run["seconds"], run[key], color=color, linewidth=1, label=name)
    axes.set_ylabel("orders/s", fontsize=8)


def pool(axes, run, most):
    at = [s["at"] for s in run["samples"]]
    axes.step(at, [s["replicas"] for s in run["samples"]], where="post", color=BLUE,
              label="replicas")
    axes.axhline(most, color=GREY, linewidth=0.8, linestyle="--", label="the most")
    axes.set_ylim(0, most * 1.1)
    axes.set_ylabel("replicas of payment", fontsize=8)


def waits(axes, run):
    at = [s["at"] for s in run["samples"]]
    axes.plot(at, [s["wait_p99_ms"] for s in run["samples"]], color=BLUE, linewidth=0.9,
              label="wait in the queue, p99 ms")
    axes.plot(at, [s["waiting"] for s in run["samples"]], color=RED, linewidth=0.9,
              label="waiting")
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(0, 2000)


def main():
    runs = json.loads(Path(sys.argv[1]).read_text())["runs"]
    out = Path(sys.argv[2]) / "autoscale.png"
    figure, grid = pyplot.subplots(3, len(runs), figsize=(4.6 * len(runs), 8), squeeze=False)
    most = max(run["most"] for run in runs)
    for column, run in zip(zip(*grid), runs):
        orders(column[0], run)
        pool(column[1], run, most)
        waits(column[2], run)
        column[0].set_title(run["name"], fontsize=10, pad=14)
        column[2].set_xlabel("seconds", fontsize=8, loc="right")
        for axes in column:
            phases(axes, run)
            axes.tick_params(labelsize=7)
            axes.spines[["top", "right"]].set_visible(False)
        if run is not runs[0]:
            continue
        # Once a row, where nothing is drawn: below.
        for axes in column:
            axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(0, -0.1), ncols=3,
                        frameon=False)
    figure.suptitle("A pool that follows its load, beside pools of a fixed size", fontsize=12)
    figure.tight_layout()
    figure.savefig(out, dpi=110)
    print(out.name)


if __name__ == "__main__":
    main()
