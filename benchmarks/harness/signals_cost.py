"""What the signals cost: two whole nodes at once, one that measures and one that does not, in turns
under the same load; their own CPU clocks for each order."""

import random
import statistics

from . import node, report, rpc, tools

RATE = 1000  # orders a second: far from any limit, so that both do the same
OFF = node.CONFIG + "signals:\n  enabled: 0\n"
CONFIGS = {"off": OFF, "on": node.CONFIG}
LIMIT_PERCENT = 1
RESAMPLES = 10_000


def main(quick):
    scratch = tools.Scratch()
    loadgen = tools.build_bench("loadgen")
    baedal = tools.build_main("baedal")
    nodes, payloads = {}, {}
    for name, config in CONFIGS.items():
        nodes[name] = node.Node(baedal, scratch.path / name, config)
        nodes[name].wait_until_ready()
        requests = node.register_stores(nodes[name].port)
        payloads[name] = tools.write_payloads(scratch.path / f"{name}.bin", requests)
        node.wait_for_menus(nodes[name].port, requests)
    rounds, seconds = (6, 4) if quick else (24, 10)
    taken = {name: [] for name in nodes}
    host = tools.host(quick)
    for turn in range(rounds):
        # Now this one first, now that one.
        for name in list(nodes) if turn % 2 == 0 else reversed(list(nodes)):
            tools.say(f"round {turn + 1}/{rounds}: signals {name}")
            taken[name].append(tools.load(
                loadgen, port=nodes[name].port, connections=4, in_flight=16, seconds=seconds,
                warmup=1, server_pid=nodes[name].pid, payloads=payloads[name], method=rpc.METHOD,
                role="customer", id="customer-@@@@", expect="1.4=4",
                first_number=(turn + 1) * 10_000_000, rate=RATE))
    for started in nodes.values():
        started.stop()
    return publish(host, rounds, taken)


def interval(ratios):
    """In what 95 % of the medians lie that other rounds of the same kind might have given: those of
    the pairs drawn anew, with replacement (bootstrap). The seed is fixed: the same rounds give the
    same."""
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios)))
                     for _ in range(RESAMPLES))
    return medians[RESAMPLES // 40], medians[-RESAMPLES // 40]


def publish(host, rounds, taken):
    cpu = {name: [r["server_cpu_us_per_call"] for r in rows] for name, rows in taken.items()}
    if None in cpu["off"] + cpu["on"]:
        raise SystemExit("benchmarks: a round without a single order")
    median = {name: statistics.median(figures) for name, figures in cpu.items()}
    # Of each pair, so that what a round was like is in both.
    ratios = [on / off for off, on in zip(cpu["off"], cpu["on"])]
    percent, least, most, low, high = (
        100 * (ratio - 1) for ratio in (
            statistics.median(ratios), min(ratios), max(ratios), *interval(ratios)))
    rows = [[f"signals {name}", median[name], min(cpu[name]), max(cpu[name]),
             sum(map(tools.failed, taken[name]))] for name in taken]
    page = report.table(["", "CPU us/order, median", "least", "most", "errors"], rows)
    page += (f"\n\nOn beside off, by pairs: {percent:+.2f} % in the median, which lies from "
             f"{low:+.2f} to {high:+.2f} % (95 %, bootstrap); least {least:+.2f}, most {most:+.2f} %. "
             "The upper end is held against the limit; if the lower end keeps it and the upper does "
             f"not, it is undecided. {RATE} orders a second, every service in one node.")
    data = {"suite": "signals-cost", "host": host, "rounds": rounds, "percent": percent,
            "interval_percent": [low, high], "least_percent": least, "most_percent": most,
            "every_round": taken}
    cost = report.goal("signals, % of an order's CPU, upper end of the interval", high,
                       LIMIT_PERCENT, True)
    cost["is_undecided"] = low <= LIMIT_PERCENT < high
    goals = [cost, report.failed_goal(r for rows in taken.values() for r in rows)]
    return report.write("signals-cost", data, [page], goals)
