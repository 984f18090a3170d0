"""One run of the breaker suite: a node under open-loop load while its payment provider falls ill
and recovers, with everything that can be seen of it written down."""

import json
import sqlite3
import time
from dataclasses import dataclass, field as data_field

from . import node, rpc, tools, wire
from .load import Sampler, Stream
from .wire import field, first

# The provider takes so many charges at once, each for so long: 250 charges a second, far from what
# a node can do, so that it is the provider that is overloaded and not the machine.
PLACES = 50
LATENCY_MS = 200
CAPACITY_PER_S = PLACES * 1000 / LATENCY_MS
# Beyond those it lets charges wait, as real ones do, and works for callers who have given up.
QUEUE = 1000
# Before the bulkhead wait no more than get a place within a tenth of a second: a longer queue only
# makes those wait who are turned away in the end.
QUEUED = 25
# Beside the orders: calls that need no payment.
READS_PER_S = 50
CANCELS_PER_S = 5

CONFIG = """\
node:
  name: bench
deadlines:
  payment_parked_s: {parked_s}
  payment_unknown_s: 120
  ask_again_s: 5
  attempt_silent_s: 5
payment:
  simulator: {{latency_ms: 0, capacity: {places}, queue: {queue}}}
{guard}
log:
  level: warning
"""
# The defaults, but that no more is sent to the provider than it takes at once.
GUARDED = """\
  breaker: {{open_wait_max_s: {open_wait_max_s}}}
  bulkhead: {{concurrent: {places}, queued: {queued}}}"""
# A breaker that never has seen enough, and a bulkhead that everything fits into.
UNGUARDED = """\
  breaker: {{minimum_calls: 1000000}}
  bulkhead: {{concurrent: 100000, queued: 100000, queue_timeout_ms: 600000}}"""

STATES = {0: "closed", 1: "closed", 2: "open", 3: "half-open", 4: "forced open",
          5: "forced closed", 6: "disabled"}


@dataclass
class Plan:
    """How long each phase lasts, in seconds."""
    healthy: float
    slow: float
    failing: float
    dead: float
    settle: float  # after the breaker has closed again
    back_max: float
    parked_s: int  # a parked order expires after that
    open_wait_max_s: int


@dataclass
class Phase:
    name: str
    began_ns: int
    ended_ns: int = 0


@dataclass
class Cell:
    """What was seen of one run; instants are nanoseconds of CLOCK_MONOTONIC."""
    factor: float
    guarded: bool
    phases: list = data_field(default_factory=list)
    load_ended_ns: int = 0
    ended_ns: int = 0
    samples: list = data_field(default_factory=list)
    orders: list = data_field(default_factory=list)   # records of PlaceOrder
    reads: list = data_field(default_factory=list)    # of GetOrder
    cancels: list = data_field(default_factory=list)  # of CancelOrder
    events: list = data_field(default_factory=list)   # of orders: instant, order, type
    audit: dict = data_field(default_factory=dict)
    loadgen: dict = data_field(default_factory=dict)


class Operator:
    """What the benchmark says to the node while it runs."""

    def __init__(self, port):
        self.client = wire.Client(port)

    def set_provider(self, latency_ms=LATENCY_MS, unknown_per_mille=0, down=0):
        self.client.call(
            "baedal.payment.v1.PaymentService/SetSimulator",
            field(1, latency_ms) + field(2, PLACES) + field(4, unknown_per_mille)
            + field(5, down) + field(6, QUEUE))

    def sample(self):
        """Breaker, bulkhead and provider now."""
        now = time.monotonic_ns()
        listed = self.client.call("baedal.admin.v1.AdminService/ListBreakers", b"")
        breaker = first(listed, 1)
        provider = first(
            self.client.call("baedal.payment.v1.PaymentService/GetSimulator", b""), 7)
        return {
            "at_ns": now, "state": STATES.get(first(breaker, 2, 0), "closed"),
            "retry_after_ms": first(breaker, 3, 0), "inside": first(breaker, 12, 0),
            "queued": first(breaker, 13, 0), "turned_away": first(first(breaker, 11), 8, 0),
            "under_way": first(provider, 1, 0), "waiting": first(provider, 2, 0),
            "under_way_max": first(provider, 3, 0), "waiting_max": first(provider, 4, 0),
            "charges": first(provider, 5, 0), "refused": first(provider, 6, 0),
            "approved": first(provider, 7, 0), "late": first(provider, 8, 0)}


class Run:
    def __init__(self, suite, plan, factor, guarded):
        self.suite, self.plan = suite, plan
        self.cell = Cell(factor=factor, guarded=guarded)
        self.directory = suite.scratch.path / f"{'with' if guarded else 'without'}-{factor}"
        guard = (GUARDED if guarded else UNGUARDED).format(
            places=PLACES, queued=QUEUED, open_wait_max_s=plan.open_wait_max_s)
        self.node = node.Node(suite.baedal, self.directory, CONFIG.format(
            parked_s=plan.parked_s, places=PLACES, queue=QUEUE, guard=guard))

    def go(self):
        self.node.wait_until_ready()
        port = self.node.port
        payloads = node.register_stores(port)
        node.wait_for_menus(port, payloads)
        self.prepare(port, payloads)
        self.operator = Operator(port)
        self.operator.set_provider()
        # Twenty times a second, on a connection of its own.
        sampler = Sampler(Operator(port).sample, self.cell.samples, 0.05)
        streams = self.start_load(port)
        self.play()
        self.cell.load_ended_ns = time.monotonic_ns()
        (self.cell.orders, self.cell.loadgen), (self.cell.reads, _), (self.cell.cancels, _) = (
            stream.end() for stream in streams)
        self.drain()
        sampler.stop()
        self.read_journal()
        self.cell.ended_ns = time.monotonic_ns()
        self.node.stop()
        self.cell.audit = self.audit()
        return self.cell

    def prepare(self, port, payloads):
        """Writes what is asked during the run: orders to place, and some to read and to cancel."""
        # Every fifth customer would rather hear that it cannot be paid now.
        wanted = [p + (field(8, 1) if i % 5 == 4 else b"") for i, p in enumerate(payloads)]
        tools.write_payloads(self.directory / "orders.bin", wanted)
        plan = self.plan
        longest = plan.healthy + plan.slow + plan.failing + plan.dead + plan.back_max
        client = wire.Client(port, role="customer", id="customer-9999")
        ids = []
        for number in range(int(longest * CANCELS_PER_S) + 1):
            request = payloads[number % len(payloads)].replace(b"@" * 4, b"9999")
            answer = client.call(rpc.METHOD, request.replace(b"#" * 16, b"%016d" % number))
            ids.append(first(first(answer, 1), 1))
        client.close()
        tools.write_payloads(self.directory / "ids.bin", [field(1, i) for i in ids])

    def start_load(self, port):
        def stream(name, **arguments):
            return Stream(self.suite.loadgen, self.directory / f"{name}.records", port=port,
                          role="customer", **arguments)
        orders = stream("place", method=rpc.METHOD, payloads=self.directory / "orders.bin",
                        rate=self.cell.factor * CAPACITY_PER_S, connections=16, in_flight=1000,
                        id="customer-@@@@", expect="1.4=4", first_number=1_000_000,
                        server_pid=self.node.pid)
        kept = self.directory / "ids.bin"
        reads = stream("get", method="baedal.order.v1.OrderService/GetOrder", payloads=kept,
                       rate=READS_PER_S, in_flight=1000, id="customer-9999", expect="1.4=4")
        cancels = stream("cancel", method="baedal.order.v1.OrderService/CancelOrder",
                         payloads=kept, rate=CANCELS_PER_S, in_flight=1000, id="customer-9999",
                         expect="1.4=13")
        return orders, reads, cancels

    def phase(self, name, seconds, **provider):
        self.operator.set_provider(**provider)
        now = time.monotonic_ns()
        if self.cell.phases:
            self.cell.phases[-1].ended_ns = now
        self.cell.phases.append(Phase(name, now))
        time.sleep(seconds)
        self.cell.phases[-1].ended_ns = time.monotonic_ns()

    def play(self):
        plan = self.plan
        self.phase("healthy", plan.healthy)
        self.phase("slow", plan.slow, latency_ms=2500)
        self.phase("failing", plan.failing, unknown_per_mille=800)
        self.phase("dead", plan.dead, down=1)
        self.phase("back", 0)
        give_up = time.monotonic() + plan.back_max - plan.settle
        while time.monotonic() < give_up and self.cell.samples[-1]["state"] != "closed":
            time.sleep(0.02)
        time.sleep(plan.settle if self.cell.guarded else plan.settle + 4)
        self.cell.phases[-1].ended_ns = time.monotonic_ns()

    def drain(self):
        """Until no order waits to be paid, or the time is over in which they should have ended."""
        with self.order_journal() as journal:
            give_up = time.monotonic() + self.plan.parked_s + 10
            while time.monotonic() < give_up:
                (waiting,) = journal.execute(
                    "SELECT count(*) FROM deadlines WHERE kind = 'paymentParked'").fetchone()
                if waiting == 0:
                    return
                time.sleep(0.5)

    def order_journal(self):
        (path,) = self.node.data.glob("**/order.db")
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def read_journal(self):
        """What was written down of the orders, which is the truth about them."""
        ahead_ns = time.time_ns() - time.monotonic_ns()
        with self.order_journal() as journal:
            rows = journal.execute(
                "SELECT recorded_at, stream, type FROM events WHERE type LIKE '%.Order%' "
                "AND stream IN (SELECT no FROM streams WHERE category = 'order') ORDER BY place")
            began = self.cell.phases[0].began_ns
            for recorded_ms, stream, kind in rows:
                at = recorded_ms * 1_000_000 - ahead_ns
                if at >= began:
                    self.cell.events.append((at, stream, kind.rsplit(".", 1)[-1]))

    def audit(self):
        """What the node's own audit says of the files it left."""
        done = tools.run_any([self.suite.baedal, "audit", "--json", "--data", self.node.data])
        return json.loads(done.stdout)
