"""What it costs that payment runs on another node, beside everything on one."""

from . import node, report, rpc, tools

# Calls in flight as connections × in flight on each.
SHAPES = {16: (16, 1), 64: (16, 4)}
PASSED_ON = "baedal.payment.v1.PaymentService/GetSimulator"
NEAR = "order, store, delivery, dashboard"
NOTE = """\
One node runs everything; two nodes run payment on the second, reached by plain TCP on 127.0.0.1.
On one machine distance adds no time on the way: what is seen is the work of sending. The CPU per
order of two nodes is that of both processes; besides the charge it has the following of journals
between them. The remote call itself is measured by calls that the near node passes on to the far
one (GetSimulator: nothing but the call): the near node is server once and client once for each,
and what it spends is held against what the `rpc` suite's server spends, in the same run and shape.
The request passed on is empty, that of `rpc` has 104 bytes, so the near node has less to decode.
Each run begins once the nodes are quiet.
16 in flight are 16 connections with one call each, 64 are 16 with four each."""


def node_config(name, services, peer, port, theirs):
    text = node.CONFIG.replace("name: bench", f"name: {name}\n  services: [{services}]")
    return text + f"peers: {{{peer}: {{address: '127.0.0.1:{port}', services: [{theirs}]}}}}\n"


class Suite:
    def __init__(self, quick):
        self.scratch = tools.Scratch()
        self.loadgen = tools.build_bench("loadgen")
        self.baedal = tools.build_main("baedal")
        self.rpc_server = tools.build_main("benchmark-server")
        self.seconds = 3 if quick else 10
        self.next_number = 0

    def start(self, turn, is_far):
        """The nodes, the one that is called first."""
        directory = self.scratch.path / f"{'two' if is_far else 'one'}-{turn}"
        if not is_far:
            started = [node.Node(self.baedal, directory)]
        else:
            near, far = tools.free_port(), tools.free_port()
            started = [
                node.Node(self.baedal, directory / "near", port=near, config=node_config(
                    "near", NEAR, "far", far, "payment")),
                node.Node(self.baedal, directory / "far", port=far, config=node_config(
                    "far", "payment", "near", near, NEAR)),
            ]
        for one in started:
            one.wait_until_ready()
        return started

    def load(self, nodes, in_flight, **arguments):
        connections, each = SHAPES[in_flight]
        node.wait_until_quiet(nodes)
        before = sum(n.process.cpu_us() for n in nodes)
        taken = tools.load(
            self.loadgen, port=nodes[0].port, connections=connections, in_flight=each,
            seconds=self.seconds, warmup=0, server_pid=nodes[0].pid, **arguments)
        spent = sum(n.process.cpu_us() for n in nodes) - before
        return taken | {"all_cpu_us_per_call": report.divided(spent, taken["calls"])}

    def orders(self, turn, is_far):
        nodes = self.start(turn, is_far)
        requests = node.register_stores(nodes[0].port)
        payloads = tools.write_payloads(self.scratch.path / "orders.bin", requests)
        node.wait_for_menus(nodes[0].port, requests)
        taken = {}
        for in_flight in SHAPES:
            self.next_number += 10_000_000
            taken[in_flight] = self.load(
                nodes, in_flight, payloads=payloads, method=rpc.METHOD, role="customer",
                id="customer-@@@@", expect="1.4=4", first_number=self.next_number)
        if is_far:
            empty = tools.write_payloads(self.scratch.path / "empty.bin", [b""])
            taken["passed on"] = self.load(
                nodes, 64, payloads=empty, method=PASSED_ON, role="operator", id="bench")
        for one in nodes:
            one.stop()
        return taken

    def plain(self):
        """The `rpc` suite's server, driven in the same shape."""
        port = tools.free_port()
        server = tools.Process([self.rpc_server, port])
        server.wait_for_line("ready", timeout_s=120)
        connections, each = SHAPES[64]
        taken = tools.load(
            self.loadgen, port=port, connections=connections, in_flight=each,
            seconds=self.seconds, warmup=1, server_pid=server.pid, method=rpc.METHOD,
            expect="1.4=4",
            payloads=tools.write_payloads(self.scratch.path / "rpc.bin", [rpc.request()]))
        server.stop()
        return taken


def main(quick):
    suite = Suite(quick)
    rounds = 1 if quick else 5
    one, two, plain = [], [], []
    host = tools.host(quick)
    for turn in range(rounds):
        tools.say(f"round {turn + 1}/{rounds}")
        one.append(suite.orders(turn, False))
        two.append(suite.orders(turn, True))
        plain.append(suite.plain())
    return publish(host, rounds, one, two, plain)


def publish(host, rounds, one, two, plain):
    def median(taken, key):
        return tools.medians([r[key] for r in taken])

    near = {n: median(one, n) for n in SHAPES}
    far = {n: median(two, n) for n in [*SHAPES, "passed on"]}
    base = tools.medians(plain)
    head = ["", "calls/s", "p50 ms", "p99 ms", "CPU us/call, all nodes", "CPU us/call, called node",
            "errors"]

    def row(name, r):
        return [name, r["calls_per_s"], report.ms(r["p50_us"]), report.ms(r["p99_us"]),
                r.get("all_cpu_us_per_call", r["server_cpu_us_per_call"]),
                r["server_cpu_us_per_call"], tools.failed(r)]

    rows = []
    for n in SHAPES:
        rows += [row(f"PlaceOrder, one node, {n} in flight", near[n]),
                 row(f"PlaceOrder, payment on another, {n} in flight", far[n])]
    rows += [row("GetSimulator, passed on to another node, 64 in flight", far["passed on"]),
             row("rpc's server, 64 in flight", base)]
    goals = [
        report.goal("CPU of the near node per call passed on, times rpc's server's",
                    report.divided(far["passed on"]["server_cpu_us_per_call"],
                                   base["server_cpu_us_per_call"]), 2, True),
        report.failed_goal([*(s for r in one + two for s in r.values()), *plain]),
    ]
    data = {"suite": "distance", "host": host, "rounds": rounds,
            "one_node": near, "two_nodes": {str(k): v for k, v in far.items()}, "rpc": base,
            "every_round": {"one_node": one, "two_nodes": two, "rpc": plain}}
    return report.write("distance", data, [NOTE, report.table(head, rows)], goals)
