"""Durable PlaceOrder with every service running, beside PostgreSQL doing the same order."""

from . import layers, node, report, rpc, tools
from .postgres import Postgres

# Calls in flight as connections × in flight on each.
CLOSED = {1: (1, 1), 16: (16, 1), 64: (16, 4), 256: (16, 16)}
OPEN_SHARES = (0.25, 0.5, 0.8)  # of the closed loop's peak
SYNCED = """\
Synced before each answer: Baedal – the order as submitted (order journal), the payment's intent
and its outcome (payment journal), the order as placed (order journal); each is an SQLite
transaction in WAL mode with synchronous=FULL (fdatasync of the WAL), shared by whatever waits.
PostgreSQL – the WAL up to the commit (fdatasync), shared in the same way. Baedal's store,
delivery and dashboard take every order in meanwhile, and their CPU and fsyncs are in the figure;
PostgreSQL's outbox rows are written and read by nobody."""


class Suite:
    def __init__(self, quick):
        self.scratch = tools.Scratch()
        self.loadgen = tools.build_bench("loadgen")
        self.baedal = tools.build_main("baedal")
        self.seconds = 3 if quick else 10
        self.next_number = 0

    def place(self, port, server, payloads, in_flight, seconds, rate=None):
        """One run of the generator; the keys of its orders are nobody else's."""
        connections, each = CLOSED[in_flight]
        self.next_number += 10_000_000
        return tools.load(
            self.loadgen, port=port, connections=connections, in_flight=each, seconds=seconds,
            warmup=1, server_pid=server, payloads=payloads, method=rpc.METHOD, role="customer",
            id="customer-@@@@", expect="1.4=4", first_number=self.next_number, rate=rate)

    def node(self, name):
        started = node.Node(self.baedal, self.scratch.path / name)
        started.wait_until_ready()
        requests = node.register_stores(started.port)
        payloads = tools.write_payloads(self.scratch.path / "orders.bin", requests)
        node.wait_for_menus(started.port, requests)
        return started, payloads

    def closed_round(self, turn):
        started, payloads = self.node(f"closed-{turn}")
        taken = {n: self.place(started.port, started.pid, payloads, n, self.seconds)
                 for n in CLOSED}
        started.stop()
        return taken

    def open_round(self, turn, rates):
        started, payloads = self.node(f"open-{turn}")
        taken = {share: self.place(started.port, started.pid, payloads, 256, self.seconds, rate)
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


def main(quick, only):
    host = tools.host()
    suite = Suite(quick)
    postgres = Postgres(suite.scratch)
    rounds = 2 if quick else 5
    closed, sql = [], {1: [], 32: []}
    for turn in range(rounds):
        tools.say(f"round {turn + 1}/{rounds}: baedal, closed loop")
        closed.append(suite.closed_round(turn))
        for clients in sql:
            tools.say(f"round {turn + 1}/{rounds}: PostgreSQL, {clients} clients")
            sql[clients].append(postgres.orders(clients, suite.seconds, suite.scratch))
    settings = postgres.settings()
    postgres.stop()
    result = {n: tools.medians([r[n] for r in closed]) for n in CLOSED}
    peak = max(r["calls_per_s"] for r in result.values())
    rates = {share: peak * share for share in OPEN_SHARES}
    opened = []
    for turn in range(rounds):
        tools.say(f"round {turn + 1}/{rounds}: baedal, open loop up to {rates[0.8]:.0f}/s")
        opened.append(suite.open_round(turn, rates))
    return publish(
        host, rounds, result, {n: tools.medians(r) for n, r in sql.items()}, settings, rates,
        {s: tools.medians([r[s] for r in opened]) for s in rates}, suite.by_layer(rates[0.8]))


def publish(host, rounds, closed, sql, settings, rates, opened, by_layer):
    head = ["", "orders/s", "p50 ms", "p99 ms", "p99.9 ms", "server CPU us/order", "errors"]

    def row(name, r):
        return [name, r["calls_per_s"], r["p50_us"] / 1e3, r["p99_us"] / 1e3,
                r["p999_us"] / 1e3, r["server_cpu_us_per_call"],
                r.get("errors", 0) + r.get("unanswered", 0)]

    rows = [row(f"baedal, closed loop, {n} in flight", r) for n, r in closed.items()]
    rows += [row(f"PostgreSQL {settings['server_version']}, {n} clients", r)
             for n, r in sql.items()]
    rows += [row(f"baedal, open loop at {rates[s]:,.0f}/s ({s:.0%} of the peak)", r)
             for s, r in opened.items()]
    shares, us_per_order = by_layer
    broken_down = "CPU by layer: not taken, perf is not here (apt: linux-perf)."
    if shares:
        broken_down = "CPU by layer at 80 % of the peak:\n\n" + report.table(
            *layers.table_rows(shares, us_per_order))
    peak = max(r["calls_per_s"] for r in closed.values())
    goals = [
        report.goal("orders/s, times PostgreSQL's (32 clients, pipelined)",
                    peak / sql[32]["calls_per_s"], 1.5, False),
        report.goal("p99 at 80 % of the peak, ms", opened[0.8]["p99_us"] / 1e3, 25, True),
    ]
    data = {"suite": "orders", "host": host, "rounds": rounds, "closed": closed,
            "postgres": sql, "postgres_settings": settings, "open_rates": rates, "open": opened,
            "cpu_by_layer": [[*key, share * us_per_order] for key, share in shares.items()]}
    return report.write("orders", data, [SYNCED, report.table(head, rows), broken_down], goals)
