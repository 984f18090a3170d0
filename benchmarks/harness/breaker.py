"""A whole node while its payment provider is slow, fails, is dead and comes back, at loads below and
far above what the provider takes: with circuit breaker and bulkhead, and without."""

import json

from . import breaker_page, report, tools
from .breaker_figures import KINDS, Figures
from .breaker_run import CAPACITY_PER_S, Plan, Run

FACTORS = (0.5, 1, 2, 4)
FULL = Plan(healthy=8, slow=6, failing=6, dead=8, settle=8, back_max=47, parked_s=20,
            open_wait_max_s=30)
QUICK = Plan(healthy=7, slow=5, failing=5, dead=5, settle=8, back_max=24, parked_s=10,
             open_wait_max_s=4)
PHASES = ["healthy", "slow", "failing", "dead", "back"]


class Suite:
    def __init__(self):
        self.scratch = tools.Scratch()
        self.loadgen = tools.build_bench("loadgen")
        self.baedal = tools.build_main("baedal")

    def run(self, plan, factor, guarded):
        cell = Run(self, plan, factor, guarded).go()
        figures = Figures(cell)
        return {
            "factor": factor, "guarded": guarded, "phases": figures.by_phase(),
            "answers": figures.answers(), "at_the_end_per_s": figures.at_the_end_per_s(),
            "recovery_s": figures.recovery_s(), "parked": figures.parked(),
            "over_capacity": figures.over_capacity(), "audit": cell.audit,
            "loadgen": cell.loadgen, "last_sample": cell.samples[-1]}, figures.timeline()


def main(quick):
    plan = QUICK if quick else FULL
    suite = Suite()
    host = tools.host(quick)
    runs, timelines = [], []
    for factor in (1, 4) if quick else FACTORS:
        for guarded in (False, True):
            tools.say(f"{factor}× the provider's capacity, {name(guarded)}")
            run, timeline = suite.run(plan, factor, guarded)
            runs.append(run)
            timelines.append({"factor": factor, "guarded": guarded, **timeline})
    return publish(host, plan, runs, timelines)


def name(guarded):
    return "with breaker and bulkhead" if guarded else "without"


def goals(runs):
    with_guard = [r for r in runs if r["guarded"]]
    most = max(runs, key=lambda r: r["factor"])["factor"]
    (top,) = (r for r in with_guard if r["factor"] == most)
    (bare,) = (r for r in runs if not r["guarded"] and r["factor"] == most)

    def worst(figures):
        # Missing, it never came.
        figures = list(figures)
        return None if None in figures else max(figures)

    def share(run):
        return run["phases"]["healthy"]["placed_per_s"] / CAPACITY_PER_S

    def share_at_the_end(run):
        return run["at_the_end_per_s"] / CAPACITY_PER_S

    def dead(key):
        return worst(r["phases"]["dead"][key] for r in with_guard)

    failed = sum(p["reads_failed"] + p["cancels_failed"]
                 for r in with_guard for p in r["phases"].values())
    violations = sum(len(r["audit"].get("violations", [])) for r in runs)
    return [
        report.goal(f"goodput at {most}× overload, share of the capacity", share(top), 0.95, False),
        report.goal("the same once the provider is back, drain and all, share",
                    share_at_the_end(top), 0.95, False),
        report.goal("provider dead: p99 of the answer, ms, at the worst load", dead("p99_ms"),
                    10, True),
        report.goal("provider dead: p99 of reading an order, ms", dead("reads_p99_ms"), 10, True),
        report.goal("provider dead: p99 of cancelling an order, ms", dead("cancels_p99_ms"), 10,
                    True),
        report.goal("calls that need no payment and failed, all phases", failed, 0, True),
        report.goal(
            "from the first probe allowed to full goodput that holds, s, at the worst load",
            worst(r["recovery_s"] for r in with_guard), 2, True),
        report.goal("parked orders neither paid nor over at the end",
                    sum(r["parked"]["left"] for r in with_guard), 0, True),
        report.goal("charges beyond the provider's capacity once it is back, drain and all",
                    sum(r["over_capacity"] for r in with_guard), 0, True),
        report.goal("violations the audit finds in what the nodes wrote", violations, 0, True),
        report.goal(f"without breaker and bulkhead: goodput at {most}×, share (the collapse)",
                    share(bare), 0.5, True),
    ]


def phase_rows(run):
    rows = []
    for phase in PHASES:
        figures = run["phases"][phase]
        rows.append([phase, figures["offered_per_s"], figures["placed_per_s"],
                     *(figures["answered_per_s"][k] for k in KINDS),
                     *(figures[k] if figures[k] is not None else "–" for k in (
                         "p50_ms", "p99_ms", "turned_away_p99_ms", "reads_p99_ms",
                         "cancels_p99_ms"))])
    return rows


PHASE_HEAD = ["provider", "offered/s", "paid/s", *(f"{k}/s" for k in KINDS), "p50 ms", "p99 ms",
              "p99 of those turned away, ms", "p99 reading, ms", "p99 cancelling, ms"]
END_HEAD = ["", "full goodput after, s", "paid/s at the end of the load", "unknown outcomes",
            "parked", "of them paid", "expired", "left", "charges beyond capacity",
            "charges for nobody", "violations"]


def end_row(run):
    parked, recovery = run["parked"], run["recovery_s"]
    return [f"{run['factor']}× {name(run['guarded'])}",
            "never" if recovery is None else recovery, run["at_the_end_per_s"],
            run["answers"]["unknown"], parked["parked"], parked["paid"], parked["expired"],
            parked["left"], run["over_capacity"], run["last_sample"]["late"],
            len(run["audit"].get("violations", []))]


def publish(host, plan, runs, timelines):
    tools.RESULTS.mkdir(exist_ok=True)
    course = tools.RESULTS / "breaker-timelines.json"
    course.write_text(json.dumps({"capacity_per_s": CAPACITY_PER_S, "runs": timelines}))
    pictures = breaker_page.draw(course)
    tables = [(f"{r['factor']}× the provider's capacity, {name(r['guarded'])}", PHASE_HEAD,
               phase_rows(r)) for r in runs]
    tables.append(("How it ended", END_HEAD, [end_row(r) for r in runs]))
    data = {"suite": "breaker", "host": host, "rounds": 1, "plan": vars(plan),
            "capacity_per_s": CAPACITY_PER_S, "runs": runs}
    held = goals(runs)
    breaker_page.write(host, plan, tables, held, pictures)
    sections = [breaker_page.measured(plan)]
    sections += [f"## {title}\n\n{report.table(head, rows)}" for title, head, rows in tables]
    sections.append("Pictures and the same page as one file: breaker.html.")
    return report.write("breaker", data, sections, held)
