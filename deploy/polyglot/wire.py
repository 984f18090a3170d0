"""Baedal's wire protocol on asyncio and generated messages: frames, statuses, and the client. The
rules are those of proto/README.md; the server is in server.py.
"""

import asyncio
import contextlib
import itertools
import struct

from google.protobuf.message import DecodeError

from baedal.wire.v1 import wire_pb2 as wire

FRAME_BYTES_MAX = 4 << 20
UNSENT_BYTES_MAX = 256 << 10
CONNECT_S, FRAME_S, SILENCE_S, PONG_S = 3, 30, 30, 10
# Of streams that this side reads: granted at first, and again when half of them are read.
CREDIT = 16


class Failed(Exception):
    """How a call ended, when not well. `unprocessed`: nothing of it was begun."""

    def __init__(self, code, message, retry_after_ms=0, unprocessed=False):
        super().__init__(f"{wire.Code.Name(code)}: {message}")
        self.code, self.message = code, message
        self.retry_after_ms, self.unprocessed = retry_after_ms, unprocessed

    @property
    def status(self):
        return wire.Status(
            code=self.code, message=self.message, retry_after_ms=self.retry_after_ms)

    @staticmethod
    def of(status, unprocessed):
        known = status.code if status.code in wire.Code.values() else wire.CODE_UNKNOWN
        return Failed(known, status.message, status.retry_after_ms, unprocessed)


class Violation(Failed):
    """What makes a connection senseless: told in a go-away, then hung up."""

    def __init__(self, message, code=wire.CODE_INVALID_ARGUMENT):
        super().__init__(code, message)


class Frames:
    """A connection as frames, of either side."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.frame_bytes_max = FRAME_BYTES_MAX  # of the other side
        self.nonces = itertools.count(1)
        writer.transport.set_write_buffer_limits(UNSENT_BYTES_MAX)

    def send(self, **kind):
        """Sends one frame, `kind=message`; refuses one that the other side does not take."""
        data = wire.Frame(**kind).SerializeToString()
        if len(data) > self.frame_bytes_max:
            raise Failed(wire.CODE_RESOURCE_EXHAUSTED, f"a frame of {len(data)} bytes is too long")
        self.writer.write(struct.pack(">I", len(data)) + data)

    async def receive(self):
        """The next frame, whatever it is, as its kind and its message."""
        first = await self._sign_of_life()
        try:
            async with asyncio.timeout(FRAME_S):
                length, = struct.unpack(">I", first + await self.reader.readexactly(3))
                if length > FRAME_BYTES_MAX:
                    raise Violation("the frame is too long", wire.CODE_RESOURCE_EXHAUSTED)
                data = await self.reader.readexactly(length)
        except TimeoutError:
            raise Violation("the frame never ended", wire.CODE_DEADLINE_EXCEEDED) from None
        try:
            frame = wire.Frame.FromString(data)
        except DecodeError:
            raise Violation("this is not a frame") from None
        kind = frame.WhichOneof("kind")
        if kind is None:
            raise Violation("a frame of no known kind")
        return kind, getattr(frame, kind)

    async def listen(self):
        """The frames that concern calls; pings are answered on the way."""
        while True:
            kind, body = await self.receive()
            if kind == "ping":
                self.send(pong=wire.Pong(nonce=body.nonce))
            elif kind != "pong":
                yield kind, body
            # Whoever does not take our answers is not listened to meanwhile.
            await self.writer.drain()

    async def _sign_of_life(self):
        try:
            async with asyncio.timeout(SILENCE_S):
                return await self.reader.readexactly(1)
        except TimeoutError:
            self.send(ping=wire.Ping(nonce=next(self.nonces)))
        async with asyncio.timeout(PONG_S):
            return await self.reader.readexactly(1)


GONE = (OSError, EOFError, TimeoutError)  # the other side hung up, or is silent


class Client:
    """A server that is called, over one connection, made when it is first needed."""

    def __init__(self, host, port, role, id, token=b"", context=None):
        self.address, self.context = (host, port), context
        self.hello = wire.Hello(
            version_min=1, version_max=1, node=id,
            credentials=wire.Credentials(role=role, id=id, token=token))
        self.connection, self.connecting = None, asyncio.Lock()

    async def call(self, service, method, request, timeout_s):
        """One answer; `service` is a generated service's descriptor."""
        answer = service.methods_by_name[method].output_type._concrete_class
        try:
            async with asyncio.timeout(timeout_s):
                connection = await self._connected()
                with connection.begin(service, method, request, timeout_s, credit=0) as inbox:
                    kind, body = await inbox.get()
        except TimeoutError:
            raise Failed(wire.CODE_DEADLINE_EXCEEDED, "no answer in time") from None
        if kind == "failed":
            raise body
        return answer.FromString(body)

    async def stream(self, service, method, request):
        """The messages of a stream until it ends, or until nobody reads on."""
        answer = service.methods_by_name[method].output_type._concrete_class
        connection = await self._connected()
        with connection.begin(service, method, request, None, CREDIT) as inbox:
            unread = CREDIT
            while True:
                kind, body = await inbox.get()
                if kind == "failed":
                    raise body
                if kind == "end":
                    return
                yield answer.FromString(body)
                unread -= 1
                if unread <= CREDIT // 2:
                    connection.grant(inbox, CREDIT - unread)
                    unread = CREDIT

    async def close(self):
        if self.connection:
            self.connection.writer.close()

    async def _connected(self):
        async with self.connecting:
            if not (self.connection and self.connection.is_open):
                self.connection = await ClientConnection.open(
                    self.address, self.hello, self.context)
            return self.connection


class Inbox(asyncio.Queue):
    """What arrives for one call; a stream's credit bounds it."""

    id = 0


class ClientConnection(Frames):
    @classmethod
    async def open(cls, address, hello, context):
        self = None
        try:
            async with asyncio.timeout(CONNECT_S):
                self = cls(*await asyncio.open_connection(*address, ssl=context))
                self.send(hello=hello)
                kind, reply = await self.receive()
        except (*GONE, Failed) as error:
            if self:
                self.writer.close()
            raise Failed(
                wire.CODE_UNAVAILABLE, f"{address[0]}:{address[1]}: {error}",
                unprocessed=True) from None
        if kind != "hello_reply":
            self.writer.close()
            why = reply.status.message if kind == "go_away" else f"{kind} in place of a hello"
            raise Failed(wire.CODE_UNAVAILABLE, f"refused: {why}", unprocessed=True)
        self.frame_bytes_max = reply.limits.frame_bytes_max or FRAME_BYTES_MAX
        self.calls, self.last_id, self.is_open = {}, 0, True
        self.reading = asyncio.create_task(self._read())
        return self

    @contextlib.contextmanager
    def begin(self, service, method, request, timeout_s, credit):
        """Sends a call, gives what its answer arrives in, and cancels what is left unanswered."""
        if not self.is_open:
            raise Failed(wire.CODE_UNAVAILABLE, "the connection is closed", unprocessed=True)
        self.last_id += 1
        inbox = self.calls[self.last_id] = Inbox()
        inbox.id = self.last_id
        try:
            self.send(call=wire.Call(
                call_id=inbox.id, method=f"{service.full_name}/{method}", credit=credit,
                payload=request.SerializeToString(), timeout_us=int((timeout_s or 0) * 1e6)))
            yield inbox
        finally:
            if self.calls.pop(inbox.id, None) and not self.writer.is_closing():
                self.send(cancel=wire.CancelCall(call_id=inbox.id))

    def grant(self, inbox, messages):
        if inbox.id in self.calls:
            self.send(credit=wire.Credit(call_id=inbox.id, messages=messages))

    async def _read(self):
        lost = "the server hung up"
        try:
            async for kind, body in self.listen():
                self._take(kind, body)
                if not self.is_open and not self.calls:
                    break
        except Violation as broken:
            self.send(go_away=wire.GoAway(status=broken.status))
            lost = f"the server broke the protocol: {broken}"
        except GONE:
            pass
        finally:
            self.is_open = False
            self.writer.close()
            self._fail(0, Failed(wire.CODE_UNAVAILABLE, lost))

    def _take(self, kind, body):
        if kind == "go_away":
            self.is_open = False
            gone = Failed(wire.CODE_UNAVAILABLE, "the server is going away", unprocessed=True)
            return self._fail(body.last_call_id, gone)
        if kind not in ("reply", "item", "end") or body.call_id > self.last_id:
            raise Violation(f"{kind} is not for this client")
        if kind == "item":
            if inbox := self.calls.get(body.call_id):
                inbox.put_nowait(("item", body.payload))
        elif inbox := self.calls.pop(body.call_id, None):
            if kind == "reply":
                inbox.put_nowait(("reply", body.payload))
            elif body.status.code:
                inbox.put_nowait(("failed", Failed.of(body.status, body.unprocessed)))
            else:
                inbox.put_nowait(("end", None))

    def _fail(self, above, failed):
        for id in [id for id in self.calls if id > above]:
            self.calls.pop(id).put_nowait(("failed", failed))
