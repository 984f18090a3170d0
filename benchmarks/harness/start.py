"""From exec to ready, and memory: on an empty directory and with a million events."""

import time

from . import node, orders, report, tools

EVENTS = 1_000_000
EVENTS_PER_ORDER = 4  # a placed order leaves at least so many, over all journals


def start_once(binary, directory):
    started = node.Node(binary, directory)
    ready = started.wait_until_ready()
    time.sleep(1)
    sample = {"ready_ms": ready * 1e3, "rss_mib": started.process.status_kib("VmRSS") / 1024,
              "peak_rss_mib": started.process.status_kib("VmHWM") / 1024}
    started.stop()
    return sample


def main(quick, only):
    host = tools.host()
    suite = orders.Suite(quick)
    rounds = 3 if quick else 9
    empty = [start_once(suite.baedal, suite.scratch.path / f"empty-{n}") for n in range(rounds)]
    result = {"empty directory": tools.medians(empty)}
    wanted = EVENTS // EVENTS_PER_ORDER // (10 if quick else 1)
    tools.say(f"placing {wanted:,} orders")
    started, payloads = suite.node("full")
    placed, began = 0, time.monotonic()
    while placed < wanted:
        sample = suite.place(started.port, started.pid, payloads, 256, 5)
        if sample["calls"] == 0 or time.monotonic() - began > 1200:
            raise SystemExit("benchmarks: the node does not take the orders that fill it")
        placed += sample["calls"] - sample["errors"]
    loaded = started.process.status_kib("VmRSS") / 1024
    started.stop(wait_s=60)
    full = [start_once(suite.baedal, suite.scratch.path / "full") for _ in range(3)]
    name = f"{placed:,} orders"
    result[name] = tools.medians(full)
    rows = [[label, r["ready_ms"], r["rss_mib"], r["peak_rss_mib"]]
            for label, r in result.items()]
    page = report.table(["", "ready after ms", "RSS idle MiB", "peak RSS MiB"], rows)
    goals = [
        report.goal("ready on an empty directory, ms", result["empty directory"]["ready_ms"],
                    150, True),
        report.goal("resident idle, empty, MiB", result["empty directory"]["rss_mib"], 60, True),
        report.goal(f"ready with {name}, ms", result[name]["ready_ms"], 2000, True),
        report.goal(f"resident with {name}, MiB", max(loaded, result[name]["rss_mib"]), 400, True),
    ]
    data = {"suite": "start", "host": host, "rounds": rounds, "result": result,
            "orders": placed, "rss_after_load_mib": loaded}
    return report.write("start", data, [page], goals)
