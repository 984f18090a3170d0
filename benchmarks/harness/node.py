"""A whole node under measurement: the release binary on a fresh directory."""

import time

from . import tools, wire
from .wire import field, fields, first

STORES = 20
PLACE_ORDER = "baedal.order.v1.OrderService/PlaceOrder"
HEALTH = "baedal.health.v1.HealthService/Check"
SIGNALS = "baedal.signals.v1.SignalsService/GetSignals"

# The defaults, but for a payment provider that takes no time: what is measured is the node.
CONFIG = """\
node:
  name: bench
payment:
  simulator:
    latency_ms: 0
    capacity: 100000
log:
  level: warning
"""


class Node:
    def __init__(self, binary, directory, config=CONFIG, prefix=(), port=None):
        directory.mkdir(parents=True, exist_ok=True)
        self.data = directory / "data"
        file = directory / "node.yaml"
        file.write_text(config)
        self.port = port or tools.free_port()
        self.process = tools.Process(
            [*prefix, binary, "serve", "--config", file, "--data", self.data,
             "--listen", f"127.0.0.1:{self.port}"], log=directory / "node.log")
        self.pid = self.process.pid

    def wait_until_ready(self, timeout_s=60):
        """Seconds from the start of the process until health says SERVING."""
        deadline = self.process.began + timeout_s
        while time.monotonic() < deadline:
            try:
                client = wire.Client(self.port, timeout_s=5)
                while time.monotonic() < deadline:
                    answer = client.call(HEALTH, b"")
                    if first(answer, 1, 0) == 1:
                        client.close()
                        return time.monotonic() - self.process.began
                    time.sleep(0.001)
            except (OSError, wire.Failed):
                time.sleep(0.001)
            if self.process.child.poll() is not None:
                break
        raise SystemExit(f"benchmarks: the node is not ready; see {self.process.log.name}")

    def stop(self, wait_s=30):
        self.process.stop(wait_s)


QUIET_CPU_US_MAX = 50_000  # of all nodes, in a second
QUIET_S_MAX = 60


def wait_until_quiet(nodes):
    """Until followers and views have taken in the orders before: that is not the work of the calls
    after."""
    def cpu_us():
        return sum(n.process.cpu_us() for n in nodes)
    give_up = time.monotonic() + QUIET_S_MAX
    while time.monotonic() < give_up:
        before = cpu_us()
        time.sleep(1)
        if cpu_us() - before < QUIET_CPU_US_MAX:
            return
    raise SystemExit(f"benchmarks: no rest after {QUIET_S_MAX} s, what is measured next would pay "
                     "for what was before")


def lag_events(port):
    """Events that the follower furthest behind has still to take in, as the node's signals tell;
    None if they tell of no follower."""
    client = wire.Client(port)
    signals = client.call(SIGNALS, b"")
    client.close()
    return max((first(s, 3, 0) for number, s in fields(signals) if number == 5), default=None)


def register_stores(port):
    """Stores with two items each, always open. Gives a PlaceOrder request for each."""
    client = wire.Client(port, role="operator", id="bench")
    payloads = []
    for number in range(STORES):
        store = f"store-{number:04}"
        details = (field(1, store) + field(2, f"벤치 치킨 {number}호점") + field(3, "gangnam")
                   + field(4, 10000))
        client.call("baedal.store.v1.StoreService/RegisterStore", field(1, details))
        for item, name, price in (("item-07", "반반치킨", 18900), ("item-21", "콜라 500ml", 3000)):
            body = field(1, item) + field(2, name) + field(3, price)
            client.call("baedal.store.v1.StoreService/PutMenuItem",
                        field(1, store) + field(2, body))
        payloads.append(order(store))
    client.close()
    return payloads


def wait_for_menus(port, payloads):
    """Until the order service has its copy of every menu, and so takes orders."""
    deadline = time.monotonic() + 30
    client = wire.Client(port, role="customer", id="customer-0000")
    for number, payload in enumerate(payloads):
        request = payload.replace(b"@" * 4, b"0000").replace(b"#" * 16, b"%016d" % number)
        while True:
            try:
                client.call(PLACE_ORDER, request)
                break
            except wire.Failed:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
    client.close()


def order(store):
    """An order of two items, by the customer of the connection, with a key of its own."""
    lines = (field(4, field(1, "item-07") + field(2, 1) + field(3, 18900))
             + field(4, field(1, "item-21") + field(2, 1) + field(3, 3000)))
    return (field(1, "customer-@@@@") + field(2, "key-################") + field(3, store)
            + lines + field(5, "서울특별시 강남구 테헤란로 521") + field(6, "gangnam")
            + field(7, "card-1"))
