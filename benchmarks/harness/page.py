"""The report of a suite with pictures as one file of HTML that needs nothing beside it."""

import base64
import html
import re

from . import report, tools

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


def draw(program, course):
    """Runs a program of this folder that draws what the file `course` holds; gives the pictures."""
    drawn = tools.run([PYTHON, tools.BENCH / "harness" / program, course, tools.RESULTS])
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
        color = "met" if goal["met"] else "missed"
        rows.append(
            f"<tr><td>{html.escape(goal['goal'])}</td><td>{report.number(goal['figure'])}</td>"
            f"<td>{sign} {report.number(goal['limit'])}</td>"
            f"<td class={color}>{report.verdict(goal)}</td></tr>")
    return ("<table><thead><tr><th>goal</th><th>measured</th><th>wanted</th><th></th></tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table>")


def image(path):
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<p><img alt="{path.stem}" src="data:image/png;base64,{data}"></p>'


def write(suite, title, host, goals, pictures, measured, tables, again):
    """Writes results/SUITE.html. The first picture shows it all; `tables` are title, head, rows."""
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(measured))
    words = re.sub(r"\*([^*]+)\*", r"<em>\1</em>", words)
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Baedal: {suite}</title>",
        f"<style>{STYLE}</style>", f"<h1>{html.escape(title)}</h1>",
        f"<p>{html.escape(report.heading(host))}</p>",
        "<h2>Goals</h2>", goal_rows(goals), "<h2>In one picture</h2>", image(pictures[0]),
        "<h2>What was measured</h2>", f"<p>{words}</p>", "<h2>Run by run</h2>",
        *(image(p) for p in pictures[1:]), "<h2>Figures</h2>",
        *(f"<h3>{html.escape(title)}</h3>{html_table(head, rows)}"
          for title, head, rows in tables),
        f"<h2>Again</h2><pre>{html.escape(again)}</pre></html>"]
    (tools.RESULTS / f"{suite}.html").write_text("\n".join(parts))
