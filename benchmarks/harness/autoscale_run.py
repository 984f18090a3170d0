"""One run of the autoscale suite: a node under open-loop load whose payment pool is what limits it,
with the replicas it had at every moment written down."""

import json
import sqlite3
import time
from dataclasses import dataclass, field as data_field

from . import node, rpc, tools, wire
from .load import Sampler, Stream
from .wire import field, fields, first

# A replica of payment works on so many charges at once, and each takes so long at the provider: what
# limits the node is how many replicas payment has, not the machine.
PER_REPLICA = 4
LATENCY_MS = 200
REPLICA_PER_S = PER_REPLICA * 1000 / LATENCY_MS
LEAST, MOST = 1, 16
CAPACITY_PER_S = MOST * REPLICA_PER_S
# 1× of the step; 10× of it is what the most replicas carry with room to spare.
BASE_PER_S = 20
PEAK_FACTOR = 10
OVERLOAD_FACTOR = 4
# Beside the orders, so that they are paid when the load is over.
CANCELS_PER_S = 10

CONFIG = """\
node:
  name: bench
pools:
  payment:
    replicas_min: {least}
    replicas_max: {most}
    capacity_per_replica: {per_replica}
    mailbox_max: 64
autoscale:
  evaluation_ms: 1000
  down_window_s: {down_window_s}
payment:
  simulator: {{latency_ms: {latency_ms}, capacity: 100000}}
  drain: {{per_second: 0}}
log:
  level: warning
"""


@dataclass
class Plan:
    """Phases of one run: name, how many orders a second, for how many seconds."""
    phases: list
    down_window_s: int


@dataclass
class Phase:
    name: str
    per_s: float
    began_ns: int
    ended_ns: int = 0


@dataclass
class Course:
    """What was seen of one run; instants are nanoseconds of CLOCK_MONOTONIC."""
    name: str
    least: int
    most: int
    phases: list = data_field(default_factory=list)
    samples: list = data_field(default_factory=list)
    orders: list = data_field(default_factory=list)   # records of PlaceOrder
    cancels: list = data_field(default_factory=list)  # of CancelOrder
    refunds: list = data_field(default_factory=list)  # cancelled, asked for, paid back: ns each
    audit: dict = data_field(default_factory=dict)
    decisions: list = data_field(default_factory=list)  # lines, the oldest first


def pool_sample(client):
    """The payment pool's signals now."""
    now = time.monotonic_ns()
    answer = client.call(node.SIGNALS, field(1, "payment"))
    (pool,) = (p for number, p in fields(answer) if number == 3 and first(p, 1) == b"payment")
    return {
        "at_ns": now, "replicas": first(pool, 2, 0), "in_flight": first(pool, 7, 0),
        "waiting": first(pool, 8, 0), "wait_p99_ms": first(first(pool, 10, b""), 3, 0) / 1000,
        "shed": first(pool, 13, 0), "offered": first(first(pool, 14, b""), 1, 0) / 1000}


class Run:
    def __init__(self, suite, plan, name, least, most):
        self.suite, self.plan = suite, plan
        self.course = Course(name=name, least=least, most=most)
        self.directory = suite.scratch.path / name.replace(" ", "-")
        self.node = node.Node(suite.baedal, self.directory, CONFIG.format(
            least=least, most=most, per_replica=PER_REPLICA, latency_ms=LATENCY_MS,
            down_window_s=plan.down_window_s))

    def go(self):
        self.node.wait_until_ready()
        port = self.node.port
        payloads = node.register_stores(port)
        node.wait_for_menus(port, payloads)
        self.prepare(port, payloads)
        # Ten times a second, on a connection of its own.
        client = wire.Client(port)
        sampler = Sampler(lambda: pool_sample(client), self.course.samples, 0.1)
        cancels = Stream(
            self.suite.loadgen, self.directory / "cancel.records", port=port, role="customer",
            id="customer-9999", method="baedal.order.v1.OrderService/CancelOrder",
            payloads=self.directory / "ids.bin", rate=CANCELS_PER_S, in_flight=1000,
            expect="1.4=13")
        self.play(port)
        self.course.cancels, _ = cancels.end()
        time.sleep(2)
        sampler.stop()
        client.close()
        self.explain(port)
        self.node.stop()
        self.read_journals()
        done = tools.run_any([self.suite.baedal, "audit", "--json", "--data", self.node.data])
        self.course.audit = json.loads(done.stdout)
        return self.course

    def prepare(self, port, payloads):
        """Writes what is asked during the run: orders, and ids of paid ones to cancel."""
        # Nobody is parked: an order is paid at once or it is not made.
        tools.write_payloads(self.directory / "orders.bin", [p + field(8, 1) for p in payloads])
        seconds = sum(s for _, _, s in self.plan.phases)
        client = wire.Client(port, role="customer", id="customer-9999", timeout_s=30)
        operator = wire.Client(port)
        # The orders to cancel are paid quickly, then the provider is as slow as it is to be.
        self.set_latency(operator, 0)
        ids = []
        for number in range(int(seconds * CANCELS_PER_S) + 2 * CANCELS_PER_S):
            request = payloads[number % len(payloads)].replace(b"@" * 4, b"9999")
            answer = client.call(rpc.METHOD, request.replace(b"#" * 16, b"%016d" % number))
            ids.append(first(first(answer, 1), 1))
        client.close()
        self.set_latency(operator, LATENCY_MS)
        operator.close()
        tools.write_payloads(self.directory / "ids.bin", [field(1, i) for i in ids])

    @staticmethod
    def set_latency(operator, latency_ms):
        operator.call("baedal.payment.v1.PaymentService/SetSimulator",
                      field(1, latency_ms) + field(2, 100_000))

    def play(self, port):
        for number, (name, per_s, seconds) in enumerate(self.plan.phases):
            stream = Stream(
                self.suite.loadgen, self.directory / f"place-{number}.records", port=port,
                role="customer", method=rpc.METHOD, payloads=self.directory / "orders.bin",
                rate=per_s, connections=16, in_flight=1000, id="customer-@@@@", expect="1.4=4",
                first_number=(number + 1) * 1_000_000)
            phase = Phase(name, per_s, time.monotonic_ns())
            time.sleep(seconds)
            phase.ended_ns = time.monotonic_ns()
            records, _ = stream.end()
            self.course.orders += records
            self.course.phases.append(phase)

    def explain(self, port):
        client = wire.Client(port)
        answer = client.call("baedal.signals.v1.SignalsService/ExplainScaling",
                             field(1, "payment") + field(2, 1000))
        client.close()
        self.course.decisions = [first(d, 8).decode() for n, d in fields(answer) if n == 1][::-1]

    def read_journals(self):
        """When a cancelled order's money was asked back and when it was there."""
        ahead_ns = time.time_ns() - time.monotonic_ns()
        cancelled, asked, paid_back = {}, {}, {}
        for journal, kinds in (("order", {"OrderCancelled": cancelled}),
                               ("payment", {"PaymentRefundRequested": asked,
                                            "PaymentRefunded": paid_back})):
            (path,) = self.node.data.glob(f"**/{journal}.db")
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as opened:
                rows = opened.execute(
                    "SELECT recorded_at, coalesce(correlation, streams.id), type FROM events "
                    "JOIN streams ON streams.no = events.stream")
                for recorded_ms, order, kind in rows:
                    into = kinds.get(kind.rsplit(".", 1)[-1])
                    if into is not None:
                        into[order] = recorded_ms * 1_000_000 - ahead_ns
        self.course.refunds = [
            (at, asked.get(order, 0), paid_back.get(order, 0)) for order, at in cancelled.items()]
