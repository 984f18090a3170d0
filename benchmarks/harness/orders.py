"""Durable PlaceOrder with every service running, beside PostgreSQL doing the same order."""

from . import layers, node, report, rpc, tools
from .postgres import Postgres

# Calls in flight as connections × in flight on each.
CLOSED = {1: (1, 1), 16: (16, 1), 64: (16, 4), 256: (16, 16)}
OPEN_SHARES = (0.25, 0.5, 0.8)  # of the closed loop's peak
SQL_CLIENTS = (1, 8, 32, 64)
NOTE = """\
Synced before each answer: Baedal – the order as submitted (order journal), the payment's intent
and its outcome (payment journal), the order as placed (order journal); each is an SQLite
transaction in WAL mode with synchronous=FULL (fdatasync of the WAL), shared by whatever waits.
PostgreSQL – the WAL up to the commit (fdatasync), shared in the same way. Baedal's store,
delivery and dashboard take every order in meanwhile: what of that falls into the window is in the
figures of the window, and each window begins once the node is quiet. *With what was left* is the CPU
from the window's begin until the node was quiet again (a last second of rest included), for each
order of the window. *Lag* is how many events the follower furthest behind had still to take in when
the load ended, as the node's signals told, which look every 2 s. PostgreSQL's outbox rows are written
and read by nobody; its tables are empty and a checkpoint is done before each run, and both have had a
second of warm-up."""


class Suite:
    def __init__(self, quick):
        self.scratch = tools.Scratch()
        self.loadgen = tools.build_bench("loadgen")
        self.baedal = tools.build_main("baedal")
        self.seconds = 3 if quick else 10
        self.next_number = 0
        self.every_run = []

    def place(self, port, server, payloads, in_flight, seconds, rate=None):
        """One run of the generator; the keys of its orders are nobody else's."""
        connections, each = CLOSED[in_flight]
        self.next_number += 10_000_000
        taken = tools.load(
            self.loadgen, port=port, connections=connections, in_flight=each, seconds=seconds,
            warmup=1, server_pid=server, payloads=payloads, method=rpc.METHOD, role="customer",
            id="customer-@@@@", expect="1.4=4", first_number=self.next_number, rate=rate)
        self.every_run.append(taken)
        return taken

    def place_and_rest(self, started, payloads, in_flight, rate=None):
        """One run, and what the node had left to do when it ended."""
        taken = self.place(started.port, started.pid, payloads, in_flight, self.seconds, rate)
        taken["lag_events"] = node.lag_events(started.port)
        node.wait_until_quiet([started])
        spent = started.process.cpu_us() - taken["server_cpu_at_begin_us"]
        taken["cpu_with_left_us_per_call"] = report.divided(spent, taken["calls"])
        return taken

    def node(self, name):
        started = node.Node(self.baedal, self.scratch.path / name)
        started.wait_until_ready()
        requests = node.register_stores(started.port)
        payloads = tools.write_payloads(self.scratch.path / "orders.bin", requests)
        node.wait_for_menus(started.port, requests)
        node.wait_until_quiet([started])
        return started, payloads

    def closed_round(self, turn):
        started, payloads = self.node(f"closed-{turn}")
        taken = {n: self.place_and_rest(started, payloads, n) for n in CLOSED}
        started.stop()
        return taken

    def open_round(self, turn, rates):
        started, payloads = self.node(f"open-{turn}")
        taken = {share: self.place_and_rest(started, payloads, 256, rate)
                 for share, rate in rates.items()}
        started.stop()
        return taken

    def by_layer(self, rate):
        """CPU by layer at a steady rate. A run of its own: sampling costs something too."""
        started, payloads = self.node("layers")
        sampler = layers.Sampler(started.pid, self.scratch)
        taken = self.place(started.port, started.pid, payloads, 256, self.seconds, rate)
        shares = sampler.stop()
        started.stop()
        return shares, taken["server_cpu_us_per_call"]


def main(quick):
    suite = Suite(quick)
    postgres = Postgres(suite.scratch)
    rounds = 2 if quick else 5
    closed, sql = [], {n: [] for n in SQL_CLIENTS}
    host = tools.host(quick)
    for turn in range(rounds):
        tools.say(f"round {turn + 1}/{rounds}: baedal, closed loop")
        closed.append(suite.closed_round(turn))
        for clients in sql:
            tools.say(f"round {turn + 1}/{rounds}: PostgreSQL, {clients} clients")
            sql[clients].append(postgres.orders(clients, suite.seconds, suite.scratch))
    settings = postgres.settings()
    postgres.stop()
    peak = max(r["calls_per_s"] for r in by_shape(closed).values())
    if peak == 0:
        raise SystemExit("benchmarks: not one order was placed")
    rates = {share: peak * share for share in OPEN_SHARES}
    opened = []
    for turn in range(rounds):
        tools.say(f"round {turn + 1}/{rounds}: baedal, open loop up to {rates[0.8]:.0f}/s")
        opened.append(suite.open_round(turn, rates))
    data = {"suite": "orders", "host": host, "rounds": rounds, "postgres_settings": settings,
            "open_rates": rates,
            "every_round": {"closed": closed, "postgres": sql, "open": opened}}
    by_layer = suite.by_layer(rates[0.8])
    return publish(data, rates, by_layer, report.failed_goal(suite.every_run))


def by_shape(rounds):
    """The medians of each shape over rounds that hold all of them."""
    return {shape: tools.medians([r[shape] for r in rounds]) for shape in rounds[0]}


HEAD = ["", "orders/s", "p50 ms", "p99 ms", "p99.9 ms", "server CPU us/order",
        "CPU us/order with what was left", "lag at the end, events", "errors"]


def row(name, r):
    return [name, r["calls_per_s"], report.ms(r["p50_us"]), report.ms(r["p99_us"]),
            report.ms(r["p999_us"]), r["server_cpu_us_per_call"],
            r.get("cpu_with_left_us_per_call", "–"), r.get("lag_events", "–"), tools.failed(r)]


def publish(data, rates, by_layer, failed):
    every, settings = data["every_round"], data["postgres_settings"]
    closed, opened = by_shape(every["closed"]), by_shape(every["open"])
    sql = {n: tools.medians(taken) for n, taken in every["postgres"].items()}
    rows = [row(f"baedal, closed loop, {n} in flight", r) for n, r in closed.items()]
    rows += [row(f"PostgreSQL {settings['server_version']}, {n} clients", r)
             for n, r in sql.items()]
    rows += [row(f"baedal, open loop at {rates[s]:,.0f}/s ({s:.0%} of the peak)", r)
             for s, r in opened.items()]
    shares, us_per_order = by_layer
    shares = shares if us_per_order else {}
    broken_down = "CPU by layer: not taken, perf is not here (apt: linux-perf)."
    if shares:
        broken_down = "CPU by layer at 80 % of the peak:\n\n" + report.table(
            *layers.table_rows(shares, us_per_order))
    peak = max(r["calls_per_s"] for r in closed.values())
    clients = max(sql, key=lambda n: sql[n]["calls_per_s"])
    goals = [
        report.goal(f"orders/s, best of Baedal, times best of PostgreSQL ({clients} clients, "
                    "pipelined)", report.divided(peak, sql[clients]["calls_per_s"]), 1.5, False),
        report.goal("p99 at 80 % of the peak, ms", report.ms(opened[0.8]["p99_us"]), 25, True),
        failed,
    ]
    data |= {"closed": closed, "postgres": sql, "open": opened,
             "cpu_by_layer": [[*key, share * us_per_order] for key, share in shares.items()]}
    set_as = "PostgreSQL's settings: " + ", ".join(f"{k} {v}" for k, v in settings.items()) + "."
    return report.write(
        "orders", data, [NOTE, report.table(HEAD, rows), set_as, broken_down], goals)
