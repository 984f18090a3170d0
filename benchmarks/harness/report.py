"""Results as JSON, and as a Markdown page with the goals beside the figures."""

import json

from . import tools


def number(value):
    if isinstance(value, str):
        return value
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    if isinstance(value, int) or value == 0:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(number(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def goal(text, figure, limit, at_most):
    """One goal: what it says, what was measured, and whether that is enough."""
    met = figure <= limit if at_most else figure >= limit
    return {"goal": text, "figure": figure, "limit": limit,
            "at_most": at_most, "met": bool(met)}


def goal_table(goals):
    return table(
        ["goal", "measured", "wanted", ""],
        [[g["goal"], g["figure"], ("≤ " if g["at_most"] else "≥ ") + number(g["limit"]),
          "met" if g["met"] else "**not met**"] for g in goals])


def taken(rounds):
    return "one run of each" if rounds == 1 else f"medians of {rounds} interleaved rounds"


def write(suite, data, sections, goals):
    """Writes results/SUITE.json and results/SUITE.md, and shows the page."""
    tools.RESULTS.mkdir(exist_ok=True)
    host = data["host"]
    data["goals"] = goals
    (tools.RESULTS / f"{suite}.json").write_text(json.dumps(data, indent=2) + "\n")
    head = (f"# {suite}\n\n{host['taken']}, {host['cores']} × {host['cpu']}, Linux "
            f"{host['kernel']}, load average before {host['load_average_before']}, "
            f"{taken(data['rounds'])}\n")
    page = "\n\n".join([head.strip(), *sections, goal_table(goals)]) + "\n"
    (tools.RESULTS / f"{suite}.md").write_text(page)
    print(page)
    return all(g["met"] for g in goals)
