#!/usr/bin/env python3
"""A payment provider on loopback that keeps books and misbehaves as told.

The API is served over TLS: confirm, billing, look up by order id, cancel, with Basic
authentication, idempotency keys and error objects. A second port, without TLS, is for the test:

  POST /behave {"charge": [...], "find": [...], "cancel": [...]}
      How the next requests of each kind are met, one entry a request; `normal` when none is left.
  POST /release    Lets every request go on that is held.
  POST /set {"orderId": ..., ...}    Changes what the books say about a payment.
  POST /forget     Forgets the answers kept under idempotency keys, as providers do after days.
  GET /books       Payments, captures by order id, every request that was read, how many are held,
                   how many were carried out or refused by the books.

Payment keys choose an outcome too: `expired…`, `declined…`, `later…` (503, not charged), `lost…`
(charged, answer lost).

Prints one line, {"api": port, "control": port}, and ends when its standard input does, or after
`--seconds`.
"""

import argparse
import base64
import http.server
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse

HUGE = 1 << 20


class Books:
    """What a real provider would know."""

    def __init__(self, secret, path):
        self.lock = threading.Lock()
        self.authorization = "Basic " + base64.b64encode(f"{secret}:".encode()).decode()
        self.path = path
        self.payments = {}
        self.captures = {}
        self.kept = {}
        self.requests = []
        self.modes = {"charge": [], "find": [], "cancel": []}
        self.held = []
        self.handshakes_failed = 0
        self.cancels = 0
        self.acted = 0

    def view(self):
        return {
            "payments": self.payments,
            "captures": self.captures,
            "requests": self.requests,
            "held": len(self.held),
            "acted": self.acted,
            "handshakesFailed": self.handshakes_failed,
        }

    def write(self):
        """With the lock held."""
        if self.path:
            with open(self.path + ".new", "w") as file:
                json.dump(self.view(), file)
            os.replace(self.path + ".new", self.path)

    def next_mode(self, kind):
        with self.lock:
            return self.modes[kind].pop(0) if self.modes[kind] else "normal"

    def hold(self):
        """Waits until it is released."""
        gate = threading.Event()
        with self.lock:
            self.held.append(gate)
        gate.wait()

    def release(self):
        with self.lock:
            held, self.held = self.held, []
        for gate in held:
            gate.set()

    def once(self, name, act):
        """The answer kept under this idempotency key, or that of `act`."""
        with self.lock:
            self.acted += 1
            if name[-1] and name in self.kept:
                return self.kept[name]
            answer = act()
            if name[-1]:
                self.kept[name] = answer
            self.write()
            return answer

    def charge(self, order, amount, key, spent):
        if key.startswith("expired"):
            return refusal(404, "NOT_FOUND_PAYMENT_SESSION", "결제 시간이 만료되었습니다.")
        if key.startswith("declined"):
            return refusal(403, "REJECT_CARD_PAYMENT", "한도초과 혹은 잔액부족입니다.")
        known = [one for one in self.payments.values() if one["paymentKey"] == key]
        if order in self.payments or known:
            return refusal(400, spent, "이미 처리된 결제입니다.")
        self.payments[order] = {
            "paymentKey": key, "orderId": order, "status": "DONE", "totalAmount": amount,
            "balanceAmount": amount, "currency": "KRW", "cancels": None,
        }
        self.captures[order] = self.captures.get(order, 0) + 1
        return 200, dict(self.payments[order])

    def find(self, order):
        if order not in self.payments:
            return refusal(404, "NOT_FOUND_PAYMENT", "존재하지 않는 결제입니다.")
        return 200, self.payments[order]

    def cancel(self, key, body):
        payment = next((one for one in self.payments.values() if one["paymentKey"] == key), None)
        if payment is None:
            return refusal(404, "NOT_FOUND_PAYMENT", "존재하지 않는 결제입니다.")
        if payment["status"] == "CANCELED":
            return refusal(400, "ALREADY_CANCELED_PAYMENT", "이미 취소된 결제입니다.")
        amount = body.get("cancelAmount", payment["balanceAmount"])
        if body.get("refundableAmount", payment["balanceAmount"]) != payment["balanceAmount"]:
            return refusal(400, "NOT_MATCHES_REFUNDABLE_AMOUNT", "잔액이 일치하지 않습니다.")
        if amount > payment["balanceAmount"]:
            return refusal(403, "NOT_CANCELABLE_AMOUNT", "취소할 수 없는 금액입니다.")
        self.cancels += 1
        payment["balanceAmount"] -= amount
        payment["status"] = "PARTIAL_CANCELED" if payment["balanceAmount"] else "CANCELED"
        payment["cancels"] = (payment["cancels"] or []) + [
            {
                "cancelAmount": amount, "cancelReason": body["cancelReason"],
                "transactionKey": f"TX{self.cancels:06}",
            }
        ]
        return 200, json.loads(json.dumps(payment))


def refusal(status, code, message):
    return status, {"code": code, "message": message}


class API(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    books = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.serve("GET", {})

    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        text = self.rfile.read(length)
        if len(text) < length:
            self.close_connection = True
            return
        self.serve("POST", json.loads(text))

    def serve(self, method, body):
        books = self.books
        key = self.headers.get("Idempotency-Key", "")
        isKnown = self.headers.get("Authorization") == books.authorization
        with books.lock:
            books.requests.append(
                {"method": method, "path": self.path, "key": key, "body": body, "known": isKnown})
            books.write()
        if not isKnown:
            return self.answer(*refusal(401, "UNAUTHORIZED_KEY", "인증되지 않은 키입니다."))
        kind, act = self.operation(method, body)
        if kind is None:
            return self.answer(*refusal(404, "NOT_FOUND", "없는 주소입니다."))
        mode = books.next_mode(kind)
        if kind == "charge":
            paymentKey = body.get("paymentKey", "")
            mode = "reset-after" if paymentKey.startswith("lost") else mode
            mode = "503" if paymentKey.startswith("later") else mode
        self.meet(mode, act, (method, self.path, key), body)

    def operation(self, method, body):
        path = [urllib.parse.unquote(part) for part in self.path.split("/")]
        books = self.books
        if method == "POST" and path == ["", "v1", "payments", "confirm"]:
            return "charge", lambda: books.charge(
                body["orderId"], body["amount"], body["paymentKey"], "ALREADY_PROCESSED_PAYMENT")
        if method == "POST" and path[:3] == ["", "v1", "billing"] and len(path) == 4:
            if not body["customerKey"] or not body["orderName"]:
                return "charge", lambda: refusal(400, "INVALID_REQUEST", "잘못된 요청입니다.")
            return "charge", lambda: books.charge(
                body["orderId"], body["amount"], "pay_" + body["orderId"], "DUPLICATED_ORDER_ID")
        if method == "GET" and path[:4] == ["", "v1", "payments", "orders"] and len(path) == 5:
            return "find", lambda: books.find(path[4])
        if method == "POST" and path[:3] == ["", "v1", "payments"] and path[4:] == ["cancel"]:
            return "cancel", lambda: books.cancel(path[3], body)
        return None, None

    def meet(self, mode, act, name, body):
        books = self.books
        if mode == "hold-before":
            books.hold()
        elif mode == "reset-before":
            return self.reset()
        elif mode == "500-before":
            return self.answer(
                *refusal(500, "FAILED_INTERNAL_SYSTEM_PROCESSING", "처리에 실패했습니다."))
        elif mode == "429":
            return self.answer(
                *refusal(429, "TOO_MANY_REQUESTS", "잠시 후에"), headers={"Retry-After": "7"})
        elif mode == "503":
            return self.answer(*refusal(503, "PROVIDER_ERROR", "잠시 후에 다시 시도해주세요."))
        elif mode == "503-plain":
            return self.raw(503, b"<html>busy</html>")
        elif mode == "redirect":
            return self.raw(307, b"", {"Location": "/v1/elsewhere"})
        elif mode.startswith("code:"):
            # A refusal of the provider itself, kept like any other answer.
            _, status, code = mode.split(":")
            return self.answer(
                *books.once(name, lambda: refusal(int(status), code, "거절되었습니다.")))
        elif mode == "echo":
            return self.answer(
                *refusal(403, "REJECT_CARD_PAYMENT", "거절 " + self.headers["Authorization"][6:]))
        elif mode == "captures-less":
            body["amount"] -= 1000
        status, answer = books.once(name, act)
        answer = dict(answer)
        if mode == "hold-after":
            books.hold()
        elif mode == "reset-after":
            return self.reset()
        elif mode == "500-after":
            status, answer = refusal(500, "UNKNOWN_PAYMENT_ERROR", "알 수 없는 오류입니다.")
        elif mode == "already":
            status, answer = refusal(400, "ALREADY_PROCESSED_PAYMENT", "이미 처리된 결제입니다.")
        elif mode == "canceled-already":
            status, answer = refusal(400, "ALREADY_CANCELED_PAYMENT", "이미 취소된 결제입니다.")
        elif mode == "garbage":
            return self.raw(200, b"<html>ok</html>")
        elif mode == "truncated":
            return self.raw(200, json.dumps(answer).encode()[:-7], claim=7, close=True)
        elif mode == "huge":
            answer["padding"] = "x" * HUGE
        elif mode == "wrong-amount":
            answer["totalAmount"] += 1
        elif mode == "wrong-order":
            answer["orderId"] = "another"
        elif mode == "wrong-key":
            answer["paymentKey"] = "another"
        elif mode == "in-progress":
            answer["status"] = "IN_PROGRESS"
        elif mode == "twice":
            self.answer(status, answer)
        self.answer(status, answer)

    def answer(self, status, body, headers=None):
        self.raw(status, json.dumps(body).encode(), headers)

    def raw(self, status, body, headers=None, claim=0, close=False):
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body) + claim))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True
        if close:
            self.close_connection = True

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


class Control(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    books = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        with self.books.lock:
            self.answer(self.books.view())

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
        books = self.books
        if self.path == "/release":
            books.release()
        with books.lock:
            if self.path == "/forget":
                books.kept.clear()
            elif self.path == "/behave":
                for kind, modes in body.items():
                    books.modes[kind] += modes
            elif self.path == "/set":
                order = body["orderId"]
                books.payments.setdefault(order, {
                    "paymentKey": "pk_" + order, "orderId": order, "status": "READY",
                    "totalAmount": 0, "balanceAmount": 0, "currency": "KRW", "cancels": None,
                }).update(body)
            books.write()
        self.answer({})

    def answer(self, body):
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    tls = None
    books = None

    def finish_request(self, request, client_address):
        if self.tls is None:
            return super().finish_request(request, client_address)
        try:
            connection = self.tls.wrap_socket(request, server_side=True)
        except (ssl.SSLError, OSError):
            with self.books.lock:
                self.books.handshakes_failed += 1
            return
        try:
            self.RequestHandlerClass(connection, client_address, self)
        finally:
            connection.close()

    def handle_error(self, request, client_address):
        """A client that breaks off is no news."""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--books", default="", help="a file that always holds what GET /books says")
    parser.add_argument("--seconds", type=int, default=0)
    options = parser.parse_args()
    books = Books(os.environ["STAND_IN_SECRET"], options.books)
    API.books = Control.books = books
    api = Server(("127.0.0.1", 0), API)
    api.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    api.tls.load_cert_chain(options.certificate, options.key)
    api.books = books
    control = Server(("127.0.0.1", 0), Control)
    for server in (api, control):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"api": api.server_port, "control": control.server_port}), flush=True)
    if options.seconds:
        time.sleep(options.seconds)
    else:
        sys.stdin.read()
    os._exit(0)


main()
