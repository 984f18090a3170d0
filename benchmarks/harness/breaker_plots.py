#!/usr/bin/python3
"""Draws the course of the runs of the breaker suite. A program of its own, because it needs
matplotlib (Debian: python3-matplotlib) and nothing else here does.

  breaker_plots.py TIMELINES.json DIRECTORY

Prints the names of the pictures, the one that shows it all first."""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402

ANSWERS = {"placed": "#2e7d32", "parked": "#f9a825", "unavailable": "#90a4ae",
           "unknown": "#8e24aa", "error": "#c62828", "unanswered": "#212121"}
STATES = {"closed": "#a5d6a7", "open": "#ef9a9a", "half-open": "#ffe082",
          "forced open": "#b71c1c", "forced closed": "#1b5e20", "disabled": "#e0e0e0"}
WITH = {True: "with breaker and bulkhead", False: "without"}


def bands(axes, run):
    """Phases as lines with names, the breaker's state as a strip along the foot."""
    for name, began, ended in run["phases"]:
        axes.axvline(began, color="#555", linewidth=0.6, linestyle=":")
        axes.text(began + 0.2, 0.99, name, transform=axes.get_xaxis_transform(), va="top",
                  fontsize=7, color="#333")
    axes.axvline(run["load_ended"], color="#555", linewidth=0.6, linestyle=":")
    axes.text(run["load_ended"] + 0.2, 0.99, "drain", transform=axes.get_xaxis_transform(),
              va="top", fontsize=7, color="#333")
    samples = run["samples"]
    begin = 0
    for at in range(1, len(samples) + 1):
        if at < len(samples) and samples[at]["state"] == samples[begin]["state"]:
            continue
        end = samples[min(at, len(samples) - 1)]["at"]
        axes.axvspan(samples[begin]["at"], end, ymin=0, ymax=0.03, linewidth=0,
                     color=STATES[samples[begin]["state"]])
        begin = at
    axes.set_xlim(0, run["seconds"][-1])


def smooth(values, over=4):
    """Means over a second: the provider answers in batches, a fifth of a second apart."""
    return [sum(values[max(0, i - over + 1):i + 1]) / min(over, i + 1)
            for i in range(len(values))]


def answers(axes, run, capacity, top):
    axes.stackplot(run["seconds"], *(smooth(run[k]) for k in ANSWERS), colors=ANSWERS.values(),
                   linewidth=0, alpha=0.85)
    axes.plot(run["seconds"], run["offered"], color="#000", linewidth=0.8)
    axes.plot(run["seconds"], smooth(run["paid"]), color="#00e676", linewidth=1.2)
    axes.plot(run["seconds"], smooth(run["settled"]), color="#ea80fc", linewidth=0.8)
    axes.axhline(capacity, color="#1565c0", linewidth=0.8, linestyle="--")
    axes.set_ylim(0, top)
    bands(axes, run)


def latency(axes, run):
    for key, color, name in (("p99_ms", "#c62828", "order p99"),
                             ("p50_ms", "#ef6c00", "order p50"),
                             ("reads_p99_ms", "#1565c0", "reading p99")):
        points = [(t, v) for t, v in zip(run["seconds"], run[key]) if v is not None]
        if points:
            axes.plot(*zip(*points), color=color, linewidth=0.9, label=name)
    axes.axhline(10, color="#999", linewidth=0.7, linestyle="--")
    axes.set_yscale("log")
    axes.set_ylim(0.1, 20_000)
    bands(axes, run)


def provider(axes, run):
    at = [s["at"] for s in run["samples"]]
    for key, color, name in (("under_way", "#2e7d32", "under way at the provider"),
                             ("waiting", "#c62828", "waiting at the provider"),
                             ("inside", "#1565c0", "inside the bulkhead"),
                             ("queued", "#90a4ae", "waiting at the bulkhead")):
        axes.plot(at, [s[key] for s in run["samples"]], color=color, linewidth=0.9, label=name)
    axes.set_yscale("symlog", linthresh=10)
    axes.set_ylim(0, 2000)
    bands(axes, run)


def legend(figure, height):
    handles = [Patch(color=c, label=k) for k, c in ANSWERS.items()]
    handles += [Patch(color="#000", label="offered"),
                Patch(color="#00e676", label="paid by a charge, drain too"),
                Patch(color="#ea80fc", label="paid, found out by asking"),
                Patch(color="#1565c0", label="the provider's capacity")]
    handles += [Patch(color=STATES[k], label=f"breaker {k}")
                for k in ("closed", "open", "half-open")]
    box = figure.legend(handles=handles, loc="upper center", ncol=7, fontsize=8, frameon=False,
                        bbox_to_anchor=(0.5, 1 - 0.35 / height))
    box.set_in_layout(False)


def overview(runs, capacity, path):
    factors = sorted({r["factor"] for r in runs})
    height = 1.3 + 2.6 * len(factors)
    figure, grid = pyplot.subplots(len(factors), 2, figsize=(14, height), squeeze=False)
    for row, factor in zip(grid, factors):
        for axes, guarded in zip(row, (False, True)):
            (run,) = (r for r in runs if r["factor"] == factor and r["guarded"] is guarded)
            answers(axes, run, capacity, 1.45 * max(factor, 1) * capacity)
            axes.set_title(f"{factor}× capacity, {WITH[guarded]}", fontsize=9)
            axes.set_ylabel("orders/s", fontsize=8)
    for axes in grid[-1]:
        axes.set_xlabel("seconds", fontsize=8)
    finish(figure, height, path,
           "Orders while the payment provider is slow, failing, dead and back")


def one_load(runs, factor, capacity, path):
    height = 9.5
    figure, grid = pyplot.subplots(3, 2, figsize=(14, height), squeeze=False)
    for column, guarded in enumerate((False, True)):
        (run,) = (r for r in runs if r["factor"] == factor and r["guarded"] is guarded)
        answers(grid[0][column], run, capacity, 1.45 * max(factor, 1) * capacity)
        latency(grid[1][column], run)
        provider(grid[2][column], run)
        grid[0][column].set_title(WITH[guarded], fontsize=10)
        grid[2][column].set_xlabel("seconds", fontsize=8)
    for axes, text in zip(grid[:, 0], ("answers/s", "ms since due", "charges")):
        axes.set_ylabel(text, fontsize=8)
    for row in grid[1:]:
        for axes in row:
            axes.legend(fontsize=7, loc="center right", framealpha=0.7)
    finish(figure, height, path, f"{factor}× the provider's capacity")


def finish(figure, height, path, title):
    for axes in figure.axes:
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=12, y=1 - 0.12 / height).set_in_layout(False)
    legend(figure, height)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.85 / height))
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main():
    data = json.loads(Path(sys.argv[1]).read_text())
    out = Path(sys.argv[2])
    runs, capacity = data["runs"], data["capacity_per_s"]
    names = ["breaker.png"]
    overview(runs, capacity, out / names[0])
    for factor in sorted({r["factor"] for r in runs}):
        names.append(f"breaker-{factor}x.png")
        one_load(runs, factor, capacity, out / names[-1])
    print("\n".join(names))


if __name__ == "__main__":
    main()
