"""The wire protocol (proto/README.md) with a socket and nothing else: for set-up and probes."""

import socket
import struct


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    """One protobuf field: an int becomes a varint, text and bytes are length-delimited."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(data):
    """Pairs of field number and value (int or bytes), in their order."""
    at = 0

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = take()
        if tag & 7 == 0:
            yield tag >> 3, take()
            continue
        size = {1: 8, 5: 4}.get(tag & 7) or take()
        yield tag >> 3, data[at:at + size]
        at += size


def first(data, number, default=b""):
    return next((value for found, value in fields(data) if found == number), default)


class Failed(Exception):
    """A call that ended in a status."""


class Client:
    """One connection; one call at a time."""

    def __init__(self, port, role="operator", id="bench", timeout_s=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.calls = 0
        self.left = b""
        who = field(1, role) + field(2, id)
        self.send(field(1, field(1, 1) + field(2, 1) + field(4, who) + field(5, "benchmarks")))
        kind, body = self.receive()
        if kind != 2:
            raise Failed(f"no hello reply but {kind}: {body!r}")

    def send(self, frame):
        self.socket.sendall(struct.pack(">I", len(frame)) + frame)

    def exactly(self, count):
        while len(self.left) < count:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the server hung up")
            self.left += more
        out, self.left = self.left[:count], self.left[count:]
        return out

    def receive(self):
        (size,) = struct.unpack(">I", self.exactly(4))
        return next(fields(self.exactly(size)))

    def call(self, method, payload):
        """The answer's payload, or Failed."""
        self.calls += 1
        self.send(field(3, field(1, self.calls) + field(2, method) + field(3, payload)))
        while True:
            kind, body = self.receive()
            if kind == 9:
                self.send(field(10, field(1, first(body, 1, 0))))
            elif kind == 4:
                return first(body, 2)
            elif kind in (6, 11):
                status = first(body, 2)
                text = first(status, 2).decode(errors="replace")
                raise Failed(f"{method}: status {first(status, 1, 0)}: {text}")

    def close(self):
        self.socket.close()
