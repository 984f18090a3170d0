#!/usr/bin/env python3
"""Draws what `baedal autoscale simulate --json` found: one SVG a run.

    baedal autoscale simulate --scenario step --json | benchmarks/harness/simulation_plot.py plots/
"""

import html
import json
import pathlib
import sys

WIDTH, PANEL, LEFT, TOP, GAP = 960, 170, 70, 50, 46
COLOURS = {"blue": "#1f77b4", "orange": "#d95f02", "grey": "#999999", "red": "#c0392b"}

# A panel's title, and its lines: a field of a point, its words, a colour, and whether it holds its
# value until the next point.
PANELS = [
    ("commands per second", [
        ("offered", "offered", "grey", False), ("completed", "completed", "blue", False),
        ("shed", "shed", "red", False)]),
    ("replicas", [
        ("needed", "needed", "grey", True), ("replicas", "wanted", "blue", True),
        ("ready", "ready", "orange", True)]),
    ("longest wait in the queue, ms", [("queue_wait_ms", "wait", "blue", False)]),
]


def line(points, field, holds, scale_x, scale_y):
    """The path of one line; a field that holds its value moves in steps."""
    parts = []
    before = None
    for point in points:
        x, y = scale_x(point["at_s"]), scale_y(point[field])
        if holds and before is not None:
            parts.append(f"L{x:.1f},{before:.1f}")
        parts.append(f"{'L' if parts else 'M'}{x:.1f},{y:.1f}")
        before = y
    return "".join(parts)


def label(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def panel(points, title, lines, top, end):
    """Axes, lines and words of one panel."""
    most = max([point[field] for point in points for field, *_ in lines] + [1e-9]) * 1.05
    width = WIDTH - LEFT - 20

    def scale_x(seconds):
        return LEFT + seconds / end * width

    def scale_y(value):
        return top + PANEL - value / most * PANEL

    yield f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{html.escape(title)}</text>'
    yield (f'<rect x="{LEFT}" y="{top}" width="{width}" height="{PANEL}" fill="none" '
           'stroke="#ccc"/>')
    for share in (0, 0.5, 1):
        value = most * share
        yield (f'<text x="{LEFT - 6}" y="{scale_y(value) + 4:.1f}" text-anchor="end">'
               f'{label(value)}</text>')
    for seconds in range(0, int(end) + 1, 120):
        yield (f'<text x="{scale_x(seconds):.1f}" y="{top + PANEL + 14}" '
               f'text-anchor="middle">{seconds} s</text>')
    for point in points:
        if any(metric.get("invalid") for metric in point["decision"]["metrics"]):
            yield (f'<rect x="{scale_x(point["at_s"]):.1f}" y="{top}" width="5" height="{PANEL}" '
                   'fill="#f5c6cb" opacity="0.5"/>')
    for index, (field, words, colour, holds) in enumerate(lines):
        path = line(points, field, holds, scale_x, scale_y)
        stroke = COLOURS[colour]
        yield f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="1.5"/>'
        yield (f'<text x="{WIDTH - 20 - 90 * (len(lines) - index - 1)}" y="{top - 8}" '
               f'text-anchor="end" fill="{stroke}">{words}</text>')


def draw(report):
    """The whole picture of one run."""
    points = report["points"]
    end = max(points[-1]["at_s"], 1)
    height = TOP + len(PANELS) * (PANEL + GAP)
    title = (
        f"{report['scenario']}, seed {report['seed']}: overshoot {report['overshoot']:.0%}, "
        f"settling {report['settling_s']:.1f} s, {report['direction_changes']} turns, "
        f"shed {report['shed_share']:.1%}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{html.escape(title)}</text>',
    ]
    for index, (words, lines) in enumerate(PANELS):
        parts += panel(points, words, lines, TOP + index * (PANEL + GAP), end)
    return "\n".join(parts + ["</svg>", ""])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for report in json.load(sys.stdin):
        path = folder / f"{report['scenario']}-{report['seed']}.svg"
        path.write_text(draw(report))
        print(path)


if __name__ == "__main__":
    main()
