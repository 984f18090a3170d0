"""From exec to ready, and resident memory: on an empty directory, with a million events, with a
million orders."""

import sqlite3
import time

from . import node, orders, report, tools

EVENTS = 1_000_000
ORDERS = 1_000_000
FILL_S_MAX = 2400
FILLED_STARTS = 3


def start_once(binary, directory):
    started = node.Node(binary, directory)
    ready = started.wait_until_ready()
    time.sleep(1)
    sample = {"ready_ms": ready * 1e3, "rss_mib": started.process.status_kib("VmRSS") / 1024,
              "peak_rss_mib": started.process.status_kib("VmHWM") / 1024}
    started.stop()
    return sample


def starts(binary, directories):
    return [start_once(binary, directory) for directory in directories]


def count_events(data):
    """Events in all journals; views have no table of that name."""
    return count(data, "SELECT count(*) FROM events")


def count_orders(data):
    """All that were ever submitted, warm-up and all."""
    return count(data, "SELECT count(*) FROM streams WHERE category = 'order'", "order.db")


def count(data, query, files="*.db"):
    total = 0
    for file in data.glob(f"**/{files}"):
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
            total += database.execute(query).fetchone()[0]
        database.close()
    return total


class Fill:
    """A node that takes orders until there are enough."""

    def __init__(self, suite):
        self.suite = suite
        self.give_up = time.monotonic() + FILL_S_MAX
        self.node, self.payloads = suite.node("full")

    def until(self, is_enough):
        while not is_enough():
            sample = self.suite.place(self.node.port, self.node.pid, self.payloads, 256, 5)
            if sample["calls"] == 0 or time.monotonic() > self.give_up:
                raise SystemExit("benchmarks: the node does not take the orders that fill it")
        return self.node.process.status_kib("VmRSS") / 1024

    def reopen(self):
        self.node = node.Node(self.suite.baedal, self.suite.scratch.path / "full")
        self.node.wait_until_ready()


def main(quick):
    suite = orders.Suite(quick)
    rounds = 3 if quick else 9
    share = 20 if quick else 1
    host = tools.host(quick)
    every = {"empty directory": starts(
        suite.baedal, [suite.scratch.path / f"empty-{n}" for n in range(rounds)])}
    fill = Fill(suite)
    full = suite.scratch.path / "full"
    data = full / "data"
    tools.say(f"placing orders until there are {EVENTS // share:,} events")
    fill.until(lambda: count_events(data) >= EVENTS // share)
    fill.node.stop(wait_s=60)
    events = f"{count_events(data):,} events"
    every[events] = starts(suite.baedal, [full] * FILLED_STARTS)
    fill.reopen()
    tools.say(f"placing orders until there are {ORDERS // share:,}")
    loaded = fill.until(lambda: count_orders(data) >= ORDERS // share)
    fill.node.stop(wait_s=60)
    stored = f"{count_orders(data):,} orders"
    every[stored] = starts(suite.baedal, [full] * FILLED_STARTS)
    return publish(host, rounds, every, suite.every_run, events, stored, loaded)


def publish(host, rounds, every, fill, events, stored, loaded):
    result = {label: tools.medians(taken) for label, taken in every.items()}
    empty = result["empty directory"]
    rows = [[label, r["ready_ms"], r["rss_mib"], r["peak_rss_mib"]]
            for label, r in result.items()]
    page = report.table(["", "ready after ms", "RSS idle MiB", "peak RSS MiB"], rows)
    page += f"\n\nResident while the last of {stored} were taken: {loaded:.0f} MiB."
    goals = [
        report.goal("ready on an empty directory, ms", empty["ready_ms"], 150, True),
        report.goal("resident idle, empty, MiB", empty["rss_mib"], 60, True),
        report.goal(f"ready with {events}, ms", result[events]["ready_ms"], 2000, True),
        report.goal(f"resident with {stored}, MiB", max(loaded, result[stored]["rss_mib"]), 400,
                    True),
        report.failed_goal(fill),
    ]
    data = {"suite": "start", "host": host, "rounds": rounds, "result": result,
            "rss_after_load_mib": loaded, "every_round": every, "fill": fill}
    how = (f"medians of {rounds} starts one after the other, each on an empty directory of its own, "
           f"and of {FILLED_STARTS} on each filled one")
    return report.write("start", data, [page], goals, how)
