"""The report of the breaker suite as one file of HTML that needs nothing beside it."""

import base64
import html
import re

from . import report, tools
from .breaker_run import (
    CANCELS_PER_S, CAPACITY_PER_S, LATENCY_MS, PLACES, QUEUE, QUEUED, READS_PER_S)

# Debian's own, for which python3-matplotlib is.
PYTHON = "/usr/bin/python3"

STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 78em; padding: 0 1em;
       color: #222; background: #fff; }
table { border-collapse: collapse; margin: 1em 0; font-size: 13px; display: block;
        overflow-x: auto; }
th, td { border: 1px solid #ddd; padding: .25em .6em; text-align: right; }
th:first-child, td:first-child { text-align: left; }
th { background: #f4f4f4; font-weight: 600; }
td.met { color: #186a3b; } td.missed { color: #a93226; font-weight: 600; }
img { max-width: 100%; } pre { background: #f4f4f4; padding: .8em; overflow-x: auto; }
"""


def measured(plan):
    """What was done, in words."""
    return f"""\
One node with every service and the defaults of `baedal config show`, but the payment provider – the
built-in simulator – takes {PLACES} charges at once and {LATENCY_MS} ms for each, which is a
capacity of {CAPACITY_PER_S:.0f} charges a second; {QUEUE} more wait for a place, and are carried
out even if their caller has given up meanwhile, as at a real one. A call to it times out after 3 s.
PlaceOrder calls are due at fixed instants (open loop), and the time of each counts from when it was
due. Every fifth customer would rather hear UNAVAILABLE than be parked. Beside them somebody
reads {READS_PER_S} and cancels {CANCELS_PER_S} orders a second, which needs no payment.
The provider is healthy for {plan.healthy:.0f} s, slow (2.5 s a charge) for {plan.slow:.0f} s,
failing (of ten answers eight are lost; half of those have charged) for {plan.failing:.0f} s, dead
(refuses at once) for {plan.dead:.0f} s, and back. Then the load ends, and parked orders are paid
or, {plan.parked_s} s after they were placed, expire. *With*: bulkhead of {PLACES} charges, and
{QUEUED} that wait; breaker of the defaults (its longest open wait {plan.open_wait_max_s} s).
*Without*: a breaker that never opens, a bulkhead that everything fits into.
*paid/s* is taken from the journal, over the second half of a phase; the kinds are answers, by when
the call was due. *Full goodput after* counts from the first probe the breaker allowed after the
provider was back to the first second with 95 % of what was offered or of the capacity; *charges
for nobody* are those the provider worked on after their caller had given up; *beyond capacity* are
those since it was back that found no place."""


def draw(course):
    """Pictures as PNG beside the file that holds the course of the runs."""
    drawn = tools.run([PYTHON, tools.BENCH / "harness" / "breaker_plots.py", course,
                       tools.RESULTS])
    return [tools.RESULTS / line for line in drawn.split()]


def html_table(head, rows):
    def cells(tag, row):
        return "".join(f"<{tag}>{html.escape(report.number(cell))}</{tag}>" for cell in row)
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"


def goal_rows(goals):
    rows = []
    for goal in goals:
        sign = "≤" if goal["at_most"] else "≥"
        met = ("met", "met") if goal["met"] else ("missed", "not met")
        rows.append(
            f"<tr><td>{html.escape(goal['goal'])}</td><td>{report.number(goal['figure'])}</td>"
            f"<td>{sign} {report.number(goal['limit'])}</td>"
            f"<td class={met[0]}>{met[1]}</td></tr>")
    return ("<table><thead><tr><th>goal</th><th>measured</th><th>wanted</th><th></th></tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table>")


def image(path):
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<p><img alt="{path.stem}" src="data:image/png;base64,{data}"></p>'


def write(host, plan, tables, goals, pictures):
    """Writes results/breaker.html."""
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(measured(plan)))
    words = re.sub(r"\*([^*]+)\*", r"<em>\1</em>", words)
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Baedal: breaker</title>",
        f"<style>{STYLE}</style>", "<h1>Baedal: payment that cannot hurt anyone</h1>",
        f"<p>{host['taken']}, {host['cores']} × {html.escape(host['cpu'])}, Linux "
        f"{html.escape(host['kernel'])}, load average before {host['load_average_before']}</p>",
        "<h2>Goals</h2>", goal_rows(goals), "<h2>In one picture</h2>", image(pictures[0]),
        "<h2>What was measured</h2>", f"<p>{words}</p>", "<h2>Load by load</h2>",
        *(image(p) for p in pictures[1:]), "<h2>Figures</h2>",
        *(f"<h3>{html.escape(title)}</h3>{html_table(head, rows)}"
          for title, head, rows in tables),
        "<h2>Again</h2><pre>benchmarks/run breaker            # all of it\n"
        "benchmarks/run breaker --quick    # two loads, shorter phases</pre></html>"]
    (tools.RESULTS / "breaker.html").write_text("\n".join(parts))
