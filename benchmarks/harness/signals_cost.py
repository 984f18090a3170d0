"""What the signals cost: two whole nodes at once, one that measures and one that does not, in turns
under the same load; their own CPU clocks for each order."""

import statistics

from . import node, report, rpc, tools

RATE = 1000  # orders a second: far from any limit, so that both do the same
OFF = node.CONFIG + "signals:\n  enabled: 0\n"
CONFIGS = {"off": OFF, "on": node.CONFIG}


def main(quick, only):
    host = tools.host()
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


def publish(host, rounds, taken):
    cpu = {name: [r["server_cpu_us_per_call"] for r in rows] for name, rows in taken.items()}
    median = {name: statistics.median(figures) for name, figures in cpu.items()}
    # Of each pair, so that what a round was like is in both.
    ratios = sorted(on / off for off, on in zip(cpu["off"], cpu["on"]))
    percent = 100 * (statistics.median(ratios) - 1)
    spread = [100 * (ratios[len(ratios) // 4] - 1), 100 * (ratios[-len(ratios) // 4] - 1)]
    rows = [[f"signals {name}", median[name], min(cpu[name]), max(cpu[name]),
             sum(r.get("errors", 0) for r in taken[name])] for name in taken]
    page = report.table(["", "CPU us/order, median", "least", "most", "errors"], rows)
    page += (f"\n\nOn beside off, by pairs: {percent:+.2f} % in the median, half of the pairs from "
             f"{spread[0]:+.2f} to {spread[1]:+.2f} %. {RATE} orders a second, every service in one "
             "node.")
    data = {"suite": "signals-cost", "host": host, "rounds": rounds, "percent": percent,
            "quartiles_percent": spread, "every_round": taken}
    goals = [report.goal("signals, % of an order's CPU", percent, 1, True)]
    return report.write("signals-cost", data, [page], goals)
