"""A client of a Baedal node in another language, written from proto/README.md: generated messages
and a socket, nothing else.

    client.py HOST PORT [CA_FILE]

With CA_FILE it speaks TLS and trusts the authorities in that PEM file.

Opens a store, places an order, watches it on the dashboard while owner and rider do their work, and
tries what has to fail. Prints each step that the order itself takes; ends with 0 if it was
delivered.
"""

import socket
import ssl
import struct
import sys
import time

from baedal.admin.v1 import admin_pb2 as admin
from baedal.dashboard.v1 import dashboard_pb2 as dashboard
from baedal.delivery.v1 import delivery_pb2 as delivery
from baedal.health.v1 import health_pb2 as health
from baedal.order.v1 import order_pb2 as order
from baedal.store.v1 import store_pb2 as store
from baedal.wire.v1 import wire_pb2 as wire

DEADLINE_S = 60
STORE, RIDER, AREA = "py-store", "py-rider", "역삼동"
REPLIES = {
    "HealthService/Check": health.HealthCheckResponse,
    "OrderService/PlaceOrder": order.PlaceOrderResponse,
    "OrderService/GetOrder": order.GetOrderResponse,
    "AdminService/Audit": admin.AuditResponse,
    "DashboardService/WatchOrder": dashboard.OrderUpdate,
    "StoreService/RegisterStore": store.StoreResponse,
    "StoreService/PutMenuItem": store.StoreResponse,
    "StoreService/GetTicket": store.TicketResponse,
    "StoreService/AcceptTicket": store.TicketResponse,
    "StoreService/StartCooking": store.TicketResponse,
    "StoreService/FinishCooking": store.TicketResponse,
    "DeliveryService/RegisterRider": delivery.RiderResponse,
    "DeliveryService/GoOnline": delivery.RiderResponse,
    "DeliveryService/GetDelivery": delivery.DeliveryResponse,
    "DeliveryService/ListDeliveries": delivery.ListDeliveriesResponse,
    "DeliveryService/ClaimDelivery": delivery.DeliveryResponse,
    "DeliveryService/StartDelivery": delivery.DeliveryResponse,
    "DeliveryService/PickUp": delivery.DeliveryResponse,
    "DeliveryService/CompleteDelivery": delivery.DeliveryResponse,
}


class CallFailed(Exception):
    def __init__(self, status):
        super().__init__(f"{wire.Code.Name(status.code)}: {status.message}")
        self.code = status.code
        self.details = status.details


class Connection:
    """One caller's connection. Reads frames when an answer is waited for."""

    def __init__(self, address, role, name, ca_file=None):
        self.socket = socket.create_connection(address, timeout=DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if ca_file:
            tls = ssl.create_default_context(cafile=ca_file)
            tls.set_alpn_protocols(["baedal/1"])
            self.socket = tls.wrap_socket(self.socket, server_hostname=address[0])
            assert self.socket.selected_alpn_protocol() == "baedal/1"
        self.last_id = 0
        self.answers = {}  # call id -> frames not yet looked at
        self.send(
            hello=wire.Hello(
                version_min=1,
                version_max=1,
                credentials=wire.Credentials(role=role, id=name),
                node="python",
            )
        )
        kind = self.receive()
        if kind != "hello_reply":
            raise SystemExit(f"no hello_reply but {kind}")

    def send(self, **kind):
        data = wire.Frame(**kind).SerializeToString()
        self.socket.sendall(struct.pack(">I", len(data)) + data)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError("the node hung up")
            data += more
        return data

    def receive(self):
        """Reads one frame; answers of calls are put where their callers look."""
        frame = wire.Frame.FromString(self.exactly(struct.unpack(">I", self.exactly(4))[0]))
        kind = frame.WhichOneof("kind")
        if kind == "ping":
            self.send(pong=wire.Pong(nonce=frame.ping.nonce))
        elif kind in ("reply", "item", "end"):
            self.answers.setdefault(getattr(frame, kind).call_id, []).append(frame)
        elif kind == "go_away":
            raise CallFailed(frame.go_away.status)
        return kind

    def begin(self, method, request, credit=0):
        self.last_id += 1
        package = method[: method.index("Service/")].lower()
        self.send(
            call=wire.Call(
                call_id=self.last_id,
                method=f"baedal.{package}.v1.{method}",
                payload=request.SerializeToString(),
                timeout_us=DEADLINE_S * 1_000_000,
                credit=credit,
            )
        )
        return self.last_id

    def next_answer(self, call_id):
        while not self.answers.get(call_id):
            self.receive()
        return self.answers[call_id].pop(0)

    def result(self, call_id, method):
        frame = self.next_answer(call_id)
        if frame.WhichOneof("kind") == "end":
            raise CallFailed(frame.end.status)
        return REPLIES[method].FromString(frame.reply.payload)

    def call(self, method, request):
        return self.result(self.begin(method, request), method)

    def stream(self, method, request):
        """Yields the messages; grants one more credit for each that was read."""
        call_id = self.begin(method, request, credit=2)
        while True:
            frame = self.next_answer(call_id)
            if frame.WhichOneof("kind") == "end":
                if frame.end.status.code != wire.CODE_OK:
                    raise CallFailed(frame.end.status)
                return
            yield REPLIES[method].FromString(frame.item.payload)
            self.send(credit=wire.Credit(call_id=call_id, messages=1))


def eventually(what, ask):
    """Asks until there is an answer; what is not there yet is no error."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            answer = ask()
            if answer:
                return answer
        except CallFailed as failure:
            passing = (wire.CODE_NOT_FOUND, wire.CODE_UNAVAILABLE, wire.CODE_ABORTED)
            if failure.code not in passing:
                raise
        time.sleep(0.02)
    raise SystemExit(f"no {what} within {DEADLINE_S} s")


def fails(code, ask):
    try:
        ask()
    except CallFailed as failure:
        assert failure.code == code, failure
        return failure
    raise SystemExit(f"no error where {wire.Code.Name(code)} was due")


def open_store(owner):
    details = store.StoreDetails(store_id=STORE, name="파이썬 분식", areas=[AREA])
    owner.call("StoreService/RegisterStore", store.RegisterStoreRequest(details=details))
    item = store.MenuItem(item_id="tteokbokki", name="떡볶이", price_won=6_500)
    owner.call("StoreService/PutMenuItem", store.PutMenuItemRequest(store_id=STORE, item=item))


def go_online(rider):
    profile = delivery.RiderProfile(rider_id=RIDER, name="김파이", areas=[AREA])
    rider.call("DeliveryService/RegisterRider", delivery.RegisterRiderRequest(profile=profile))
    rider.call("DeliveryService/GoOnline", delivery.RiderRequest(rider_id=RIDER))


def request(seen_won=6_500):
    return order.PlaceOrderRequest(
        customer_id="py-customer",
        idempotency_key=f"py-{seen_won}",
        store_id=STORE,
        lines=[order.CartLine(item_id="tteokbokki", quantity=2, seen_unit_price_won=seen_won)],
        delivery_address="테헤란로 1",
        area=AREA,
        payment_method="card-ok",
    )


def place(customer):
    """The menu comes over by events: until it has, a made-up price is not even compared."""

    def menu_has_come():
        try:
            customer.call("OrderService/PlaceOrder", request(seen_won=1))
        except CallFailed as failure:
            return any(d.type_url == "baedal.order.v1.PriceChanged" for d in failure.details)

    eventually("menu", menu_has_come)
    placed = customer.call("OrderService/PlaceOrder", request()).order
    again = customer.call("OrderService/PlaceOrder", request()).order
    assert again.order_id == placed.order_id
    assert placed.state == order.ORDER_STATE_PLACED, placed
    assert placed.total_won == 13_000
    return placed.order_id


def cook(owner, order_id):
    ticket = store.TicketRequest(order_id=order_id)

    def has_reached(state):
        return lambda: owner.call("StoreService/GetTicket", ticket).ticket.state == state

    eventually("ticket", has_reached(store.TICKET_STATE_RECEIVED))
    accept = store.AcceptTicketRequest(order_id=order_id, eta_minutes=20)
    owner.call("StoreService/AcceptTicket", accept)
    eventually("confirmation", has_reached(store.TICKET_STATE_CONFIRMED))
    owner.call("StoreService/StartCooking", ticket)
    owner.call("StoreService/FinishCooking", ticket)


def deliver(rider, order_id):
    mine = delivery.DeliveryRequest(order_id=order_id, rider_id=RIDER)
    waiting = delivery.ListDeliveriesRequest(rider_id=RIDER)

    def is_ready():
        listed = rider.call("DeliveryService/ListDeliveries", waiting).deliveries
        return any(d.order_id == order_id and d.food_ready for d in listed)

    eventually("delivery", is_ready)
    for step in ("ClaimDelivery", "StartDelivery", "PickUp", "CompleteDelivery"):
        rider.call(f"DeliveryService/{step}", mine)


def main(host, port, ca_file=None):
    def connect(role, name):
        return Connection((host, int(port)), role, name, ca_file)

    customer, watcher = connect("customer", "py-customer"), connect("customer", "py-customer")
    owner, rider = connect("store", STORE), connect("rider", RIDER)
    answer = customer.call("HealthService/Check", health.HealthCheckRequest())
    assert answer.status == health.SERVING_STATUS_SERVING, answer
    open_store(owner)
    go_online(rider)
    order_id = place(customer)

    # The answer to a call that is begun later may be read first.
    get = order.GetOrderRequest(order_id=order_id)
    calls = [customer.begin("OrderService/GetOrder", get) for _ in range(10)]
    for call_id in reversed(calls):
        assert customer.result(call_id, "OrderService/GetOrder").order.order_id == order_id

    watching = watcher.stream(
        "DashboardService/WatchOrder", dashboard.WatchOrderRequest(order_id=order_id)
    )
    assert not next(watching).HasField("step")
    cook(owner, order_id)
    deliver(rider, order_id)
    for update in watching:
        if update.step.service == "order":
            print(update.step.event)

    stranger = connect("customer", "py-stranger")
    fails(wire.CODE_NOT_FOUND, lambda: stranger.call("OrderService/GetOrder", get))
    fails(wire.CODE_UNIMPLEMENTED, lambda: stranger.call("OrderService/Steal", get))
    auditor = connect("operator", "py-auditor")
    assert not auditor.call("AdminService/Audit", admin.AuditRequest()).violations
    last = customer.call("OrderService/GetOrder", get).order
    return 0 if last.state == order.ORDER_STATE_DELIVERED else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
