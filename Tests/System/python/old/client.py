"""An older client of a Baedal node: it knows less of the protocol than the node, and something that
the node has forgotten.

    client.py HOST PORT

Opens a store, orders, has the order accepted and looks at it in a state that it has no name for;
cancels another one. Ends with 0 if all of that went as it always did.
"""

import socket
import struct
import sys
import time

from baedal.order.v1 import order_pb2 as order
from baedal.store.v1 import store_pb2 as store
from baedal.wire.v1 import wire_pb2 as wire

STORE, AREA = "old-store", "역삼동"
NOT_FOUND, UNIMPLEMENTED = 5, 12
DEADLINE_S = 60


class CallFailed(Exception):
    def __init__(self, status):
        super().__init__(f"{status.code}: {status.message}")
        self.code = status.code


class Connection:
    def __init__(self, address, role, name):
        self.socket = socket.create_connection(address, timeout=DEADLINE_S)
        self.last_id = 0
        credentials = wire.Credentials(role=role, id=name)
        self.send(hello=wire.Hello(version_min=1, version_max=1, credentials=credentials))
        assert self.receive().hello_reply.version == 1

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
        (length,) = struct.unpack(">I", self.exactly(4))
        return wire.Frame.FromString(self.exactly(length))

    def call(self, method, request, answer):
        self.last_id += 1
        payload = request.SerializeToString()
        self.send(call=wire.Call(call_id=self.last_id, method=method, payload=payload))
        frame = self.receive()
        if frame.WhichOneof("kind") == "end":
            raise CallFailed(frame.end.status)
        assert frame.reply.call_id == self.last_id, frame
        return answer.FromString(frame.reply.payload)


def eventually(ask):
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            answer = ask()
            if answer:
                return answer
        except CallFailed as failure:
            # What has to come over by events is not there yet.
            if failure.code not in (NOT_FOUND, 9, 14):
                raise
        time.sleep(0.02)
    raise SystemExit(f"nothing within {DEADLINE_S} s")


def open_store(owner):
    service = "baedal.store.v1.StoreService"
    details = store.StoreDetails(store_id=STORE, name="옛날 분식", areas=[AREA])
    register = store.RegisterStoreRequest(details=details)
    owner.call(f"{service}/RegisterStore", register, store.StoreResponse)
    item = store.MenuItem(item_id="mandu", name="만두", price_won=5_000)
    put = store.PutMenuItemRequest(store_id=STORE, item=item)
    answer = owner.call(f"{service}/PutMenuItem", put, store.StoreResponse)
    assert [item.name for item in answer.store.items] == ["만두"]


def request(key):
    return order.PlaceOrderRequest(
        customer_id="old-customer",
        idempotency_key=key,
        store_id=STORE,
        lines=[order.CartLine(item_id="mandu", quantity=3)],
        delivery_address="테헤란로 1",
        area=AREA,
        payment_method="card-ok",
        coupon="half-price",
    )


def main(host, port):
    owner = Connection((host, int(port)), "store", STORE)
    customer = Connection((host, int(port)), "customer", "old-customer")
    open_store(owner)
    service = "baedal.order.v1.OrderService"

    def place(key):
        return customer.call(f"{service}/PlaceOrder", request(key), order.PlaceOrderResponse).order

    def get(order_id):
        asked = order.GetOrderRequest(order_id=order_id)
        return customer.call(f"{service}/GetOrder", asked, order.GetOrderResponse).order

    first = eventually(lambda: place("old-1"))
    assert first.state == order.ORDER_STATE_PLACED, first
    assert first.total_won == 15_000  # a coupon means nothing any more
    assert place("old-1").order_id == first.order_id

    accept = store.AcceptTicketRequest(order_id=first.order_id, eta_minutes=20)
    tickets = "baedal.store.v1.StoreService"
    eventually(lambda: owner.call(f"{tickets}/AcceptTicket", accept, store.TicketResponse))
    known = order.OrderState.values()
    accepted = eventually(lambda: [o for o in [get(first.order_id)] if o.state not in known])[0]
    assert accepted.lines[0].quantity == 3

    # What it does not know it carries along.
    copy = order.Order.FromString(accepted.SerializeToString())
    assert copy.ByteSize() == accepted.ByteSize() > 0
    accepted.DiscardUnknownFields()
    assert copy.ByteSize() > accepted.ByteSize(), "the node sent nothing new: keep less here"

    second = place("old-2")
    cancel = order.CancelOrderRequest(order_id=second.order_id)
    answer = customer.call(f"{service}/CancelOrder", cancel, order.CancelOrderResponse)
    assert answer.order.state == order.ORDER_STATE_CANCELLED, answer
    try:
        customer.call(f"{service}/QuoteOrder", request("old-3"), order.PlaceOrderResponse)
        raise SystemExit("a method that is gone was answered")
    except CallFailed as failure:
        assert failure.code == UNIMPLEMENTED, failure
    # The connection lives on.
    assert get(second.order_id).state == order.ORDER_STATE_CANCELLED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
