"""Results as JSON, and as a Markdown page with the goals beside the figures."""

import json

from . import tools


def number(value):
    if value is None:
        return "none"
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


def divided(figure, by):
    """None where either is not there, or `by` is 0."""
    return figure / by if figure is not None and by else None


def ms(us):
    return divided(us, 1e3)


def goal(text, figure, limit, at_most):
    """One goal: what it says, what was measured (None: nothing), and whether that is enough."""
    met = figure is not None and (figure <= limit if at_most else figure >= limit)
    return {"goal": text, "figure": figure, "limit": limit,
            "at_most": at_most, "met": bool(met)}


def failed_goal(samples):
    """Of every round and of the peers too: what fails is no figure to hold others against."""
    return goal("errors and unanswered calls, sum", sum(map(tools.failed, samples)), 0, True)


def verdict(held):
    if held.get("is_undecided"):
        return "undecided"
    return "met" if held["met"] else "not met"


def goal_table(goals):
    if not goals:
        return "No goals."
    return table(
        ["goal", "measured", "wanted", ""],
        [[g["goal"], g["figure"], ("≤ " if g["at_most"] else "≥ ") + number(g["limit"]),
          "met" if g["met"] else f"**{verdict(g)}**"] for g in goals])


def taken(rounds):
    return "one run of each" if rounds == 1 else f"medians of {rounds} interleaved rounds"


def heading(host):
    quick = "QUICK, " if host["quick"] else ""
    return (f"{host['taken']}, commit {host['commit']}, {quick}{host['cores']} × {host['cpu']}, "
            f"Linux {host['kernel']}, load average before {host['load_average_before']}")


def write(suite, data, sections, goals, how=None):
    """Writes results/SUITE.json and results/SUITE.md, and shows the page. `how` says what the figures
    are of, if not of interleaved rounds. Gives whether there are goals and all are met."""
    tools.RESULTS.mkdir(exist_ok=True)
    data["goals"] = goals
    (tools.RESULTS / f"{suite}.json").write_text(json.dumps(data, indent=2) + "\n")
    head = f"# {suite}\n\n{heading(data['host'])}, {how or taken(data['rounds'])}"
    page = "\n\n".join([head, *sections, goal_table(goals)]) + "\n"
    (tools.RESULTS / f"{suite}.md").write_text(page)
    print(page)
    return bool(goals) and all(g["met"] for g in goals)
