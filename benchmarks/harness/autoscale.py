"""A whole node whose payment pool follows its load from 1× to 10× and back, beside pools of the fewest
and of the most replicas; and one far beyond what the most replicas carry."""

import json

from . import page, report, tools
from .autoscale_figures import Figures
from .autoscale_run import (
    BASE_PER_S, CANCELS_PER_S, CAPACITY_PER_S, LATENCY_MS, LEAST, MOST, OVERLOAD_FACTOR,
    PEAK_FACTOR, PER_REPLICA, Plan, Run)


def step(low, high, tail, down_window_s):
    peak = BASE_PER_S * PEAK_FACTOR
    return Plan([("1×", BASE_PER_S, low), (f"{PEAK_FACTOR}×", peak, high),
                 ("1× again", BASE_PER_S, tail)], down_window_s)


def beyond(low, plateau, over):
    return Plan([("1×", BASE_PER_S, low), ("at the maximum", CAPACITY_PER_S, plateau),
                 (f"{OVERLOAD_FACTOR}× the maximum", OVERLOAD_FACTOR * CAPACITY_PER_S, over)], 30)


FULL = (step(30, 60, 90, 20), beyond(5, 30, 40))
QUICK = (step(10, 20, 35, 8), beyond(3, 14, 14))
STEP_RUNS = (("autoscaled", LEAST, MOST), ("fixed minimum", LEAST, LEAST),
             ("fixed maximum", MOST, MOST))
HEAD = ["", "seconds", "offered/s", "completed/s", "turned away/s", "p50 ms", "p99 ms",
        "replicas, mean", "cancel p99 ms", "refund asked for, p99 ms", "refunded, p99 ms"]


def measured():
    return f"""\
One node with every service. A replica of payment works on {PER_REPLICA} charges at once, and each
takes {LATENCY_MS} ms at the built-in provider, so {MOST} replicas are a capacity of
{CAPACITY_PER_S:.0f} charges a second, far from what the machine can do. PlaceOrder calls are due at
fixed instants (open loop); their customers would rather hear UNAVAILABLE than be parked.
*Completed* are those answered as paid; their times count from when they were due. Beside them
{CANCELS_PER_S} paid orders a second are cancelled: *refund asked for* is from the order's
cancellation to the durable intent to pay back, *refunded* includes the provider's {LATENCY_MS} ms.
The load goes from {BASE_PER_S} a second to {BASE_PER_S * PEAK_FACTOR} and back, for a pool that may
have {LEAST} to {MOST} replicas and for pools of {LEAST} and of {MOST}; then, for the first, to what
the most replicas carry and to {OVERLOAD_FACTOR} times that."""


class Suite:
    def __init__(self):
        self.scratch = tools.Scratch()
        self.loadgen = tools.build_bench("loadgen")
        self.baedal = tools.build_main("baedal")


def main(quick):
    step_plan, beyond_plan = QUICK if quick else FULL
    suite = Suite()
    host = tools.host(quick)
    runs, timelines = [], []
    cells = [(step_plan, *cell) for cell in STEP_RUNS]
    cells.append((beyond_plan, "beyond the maximum", LEAST, MOST))
    for plan, name, least, most in cells:
        tools.say(f"{name}: {sum(s for _, _, s in plan.phases)} s")
        course = Run(suite, plan, name, least, most).go()
        figures = Figures(course)
        runs.append({
            "name": name, "phases": figures.by_phase(),
            "replica_seconds": figures.replica_seconds(figures.zero, figures.end),
            "direction_changes": figures.direction_changes(), "audit": course.audit,
            "decisions": course.decisions})
        timelines.append(figures.timeline())
    return publish(host, runs, timelines)


def goals(runs):
    auto, _, most, over = runs
    peak, top = f"{PEAK_FACTOR}×", f"{OVERLOAD_FACTOR}× the maximum"
    never = 1e9

    def worst(key):
        return min(never, over["phases"][top][key] or never)

    plateau = over["phases"]["at the maximum"]["settled_per_s"]
    violations = sum(len(r["audit"].get("violations", [])) for r in runs)
    return [
        report.goal(f"at {peak}: completed, share of what the fixed maximum completes",
                    auto["phases"][peak]["placed"] / max(1, most["phases"][peak]["placed"]), 0.95,
                    False),
        report.goal("replica-seconds, share of the fixed maximum's",
                    auto["replica_seconds"] / most["replica_seconds"], 0.6, True),
        report.goal("overload: p99 of cancelling, ms", worst("cancels_p99_ms"), 50, True),
        report.goal("overload: p99 of asking for a refund, ms", worst("refund_asked_p99_ms"), 50,
                    True),
        report.goal(f"goodput at {top}, share of the plateau",
                    over["phases"][top]["settled_per_s"] / max(1, plateau), 0.95, False),
        report.goal("the plateau, share of what the replicas can do", plateau / CAPACITY_PER_S,
                    0.9, False),
        report.goal("changes of direction over the step", auto["direction_changes"], 1, True),
        report.goal("violations the audit finds in what the nodes wrote", violations, 0, True),
    ]


def rows(run):
    return [[name, f["seconds"], f["offered_per_s"], f["placed_per_s"], f["turned_away_per_s"],
             *("–" if f[k] is None else "never" if f[k] == float("inf") else f[k]
               for k in ("p50_ms", "p99_ms")), f["replicas"],
             *("–" if f[k] is None else "never" if f[k] == float("inf") else f[k]
               for k in ("cancels_p99_ms", "refund_asked_p99_ms", "refunded_p99_ms"))]
            for name, f in run["phases"].items()]


def publish(host, runs, timelines):
    tools.RESULTS.mkdir(exist_ok=True)
    course = tools.RESULTS / "autoscale-timelines.json"
    course.write_text(json.dumps({"runs": timelines}))
    pictures = page.draw("autoscale_plots.py", course)
    tables = [(r["name"], HEAD, rows(r)) for r in runs]
    tables.append(("Replicas", ["", "replica-seconds", "changes of direction"],
                   [[r["name"], r["replica_seconds"], r["direction_changes"]] for r in runs]))
    held = goals(runs)
    page.write("autoscale", "Baedal: pools that follow their load", host, held, pictures,
               measured(), tables,
               "benchmarks/run autoscale            # all of it\n"
               "benchmarks/run autoscale --quick    # shorter phases")
    sections = [measured()]
    sections += [f"## {title}\n\n{report.table(head, body)}" for title, head, body in tables]
    sections.append("The picture and the same page as one file: autoscale.html.")
    return report.write("autoscale", {"suite": "autoscale", "host": host, "rounds": 1,
                                      "runs": runs}, sections, held)
