"""Baedal's wire protocol for services in Python: a server and a client on asyncio and generated
messages. The rules are those of proto/README.md; nothing here knows what a service does.
"""

import asyncio
import contextlib
import inspect
import itertools
import logging
import struct
from dataclasses import dataclass, field

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import DecodeError

from baedal.describe.v1 import describe_pb2 as describe
from baedal.health.v1 import health_pb2 as health
from baedal.wire.v1 import wire_pb2 as wire

FRAME_BYTES_MAX = 4 << 20
CALLS_IN_FLIGHT_MAX = 1024
METADATA_BYTES_MAX = 16 << 10
STREAM_CREDIT_MAX = 65_536
CONNECTIONS_MAX = 1024
UNSENT_BYTES_MAX = 256 << 10
HELLO_S, FRAME_S, SILENCE_S, PONG_S, CLOSE_S = 5, 30, 30, 10, 2
CONNECT_S = 3
# Of streams that this side reads: granted at first, and again when half of them are read.
CREDIT = 16

log = logging.getLogger("wire")


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

# --- Server -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """What a handler may know of the call it answers beside the request."""

    role: str
    id: str
    metadata: dict

    @property
    def traceparent(self):
        return self.metadata.get("traceparent", "")


@dataclass
class Running:
    """A call that is being answered."""

    credit: int
    task: asyncio.Task = None
    granted: asyncio.Event = field(default_factory=asyncio.Event)
    # What a call that is stopped ends with.
    stopped: Failed = field(default_factory=lambda: Failed(wire.CODE_CANCELLED, "cancelled"))


class Server:
    """Answers calls. A handler is an object with methods named like those of the .proto file:
    `async def Charge(self, request, call)`; an async generator answers with a stream.
    """

    def __init__(self, name):
        self.name, self.methods, self.files = name, {}, {}
        self.connections, self.listener = set(), None
        self.health = Health()
        self.add(health.DESCRIPTOR.services_by_name["HealthService"], self.health, roles=None)
        self.add(
            describe.DESCRIPTOR.services_by_name["DescribeService"], Describe(self), roles=None)

    def add(self, service, handlers, roles=()):
        """Serves those methods of a generated service that `handlers` has.
        `roles`: who may call; empty: whoever says who they are; None: anyone at all."""
        for method in service.methods:
            if handler := getattr(handlers, method.name, None):
                request = method.input_type._concrete_class
                self.methods[f"{service.full_name}/{method.name}"] = handler, request, roles
        self.files[service.file.name] = service.file
        self.health.services.add(service.full_name)

    async def listen(self, host, port):
        """Begins to listen; gives the port."""
        self.listener = await asyncio.start_server(self._accept, host, port)
        return self.listener.sockets[0].getsockname()[1]

    async def drain(self, within_s):
        """No further calls; those under way are answered, streams end, callers go elsewhere."""
        await self.health.stop()
        self.listener.close()
        for connection in set(self.connections):
            connection.go_away()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.connections:
                    await asyncio.sleep(0.02)

    async def _accept(self, reader, writer):
        connection = ServerConnection(self, reader, writer)
        if len(self.connections) >= CONNECTIONS_MAX:
            full = Failed(wire.CODE_RESOURCE_EXHAUSTED, "too many connections")
            connection.send(go_away=wire.GoAway(status=full.status))
            writer.close()
            return
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)


class ServerConnection(Frames):
    def __init__(self, server, reader, writer):
        super().__init__(reader, writer)
        self.server, self.caller, self.calls = server, None, {}
        self.last_id, self.is_draining = 0, False

    async def run(self):
        try:
            await self._greet()
            async for kind, body in self.listen():
                self._take(kind, body)
        except Violation as broken:
            self.send(go_away=wire.GoAway(last_call_id=self.last_id, status=broken.status))
        except GONE:
            pass
        finally:
            for running in self.calls.values():
                running.task.cancel()
            self.writer.close()

    def go_away(self):
        self.is_draining = True
        self.send(go_away=wire.GoAway(last_call_id=self.last_id))
        for running in self.calls.values():
            if running.credit is not None:
                running.stopped = Failed(wire.CODE_UNAVAILABLE, "the server is going away")
                running.task.cancel()
        self._close_when_done()

    async def _greet(self):
        try:
            async with asyncio.timeout(HELLO_S):
                kind, hello = await self.receive()
        except TimeoutError:
            raise Violation("no hello", wire.CODE_DEADLINE_EXCEEDED) from None
        if kind != "hello":
            raise Violation(f"{kind} before hello")
        if not hello.version_min <= 1 <= hello.version_max:
            raise Violation("this server speaks version 1", wire.CODE_FAILED_PRECONDITION)
        self.frame_bytes_max = hello.limits.frame_bytes_max or FRAME_BYTES_MAX
        self.caller = hello.credentials
        self.send(hello_reply=wire.HelloReply(version=1, node=self.server.name, limits=wire.Limits(
            frame_bytes_max=FRAME_BYTES_MAX, calls_in_flight_max=CALLS_IN_FLIGHT_MAX,
            metadata_bytes_max=METADATA_BYTES_MAX, stream_credit_max=STREAM_CREDIT_MAX)))

    def _take(self, kind, body):
        match kind:
            case "call":
                if not self.is_draining:
                    self._begin(body)
            case "go_away":
                self.is_draining = True
                self._close_when_done()
            case "cancel" | "credit":
                if body.call_id > self.last_id and not self.is_draining:
                    raise Violation(f"{kind} for a call that never began")
                if running := self.calls.get(body.call_id):
                    self._stop(running) if kind == "cancel" else self._grant(running, body)
            case _:
                raise Violation(f"{kind} is not for a server")

    def _stop(self, running, why=None):
        running.stopped = why or running.stopped
        running.task.cancel()

    def _grant(self, running, credit):
        if (running.credit or 0) + credit.messages > STREAM_CREDIT_MAX:
            return self._stop(running, Failed(wire.CODE_INVALID_ARGUMENT, "too much credit"))
        if running.credit is not None:
            running.credit += credit.messages
            running.granted.set()

    def _begin(self, call):
        if call.call_id <= self.last_id:
            raise Violation(f"call {call.call_id} does not come after call {self.last_id}")
        self.last_id = call.call_id
        metadata = {header.key: header.value for header in reversed(call.metadata)}
        caller = Call(*self._behind(metadata), metadata)
        if refusal := self._refusal(call, caller):
            return self._end(call.call_id, refusal)
        handler, request, _ = self.server.methods[call.method]
        is_stream = inspect.isasyncgenfunction(handler)
        running = self.calls[call.call_id] = Running(call.credit if is_stream else None)
        running.task = asyncio.create_task(self._answer(running, handler, request, call, caller))

    def _behind(self, metadata):
        """Who is behind a call: the caller, unless it is a service that calls for somebody."""
        behalf = metadata.get("baedal-on-behalf-of", "")
        if self.caller.role == "service" and "/" in behalf:
            return behalf.split("/", 1)
        return self.caller.role, self.caller.id

    def _refusal(self, call, caller):
        """Why a call is not even begun; None when it is."""
        def refuse(code, message, **more):
            return Failed(code, message, unprocessed=True, **more)

        if call.method not in self.server.methods:
            return refuse(wire.CODE_UNIMPLEMENTED, f"no method {call.method[:200]}")
        roles = self.server.methods[call.method][2]
        if roles is not None and not caller.role:
            return refuse(wire.CODE_UNAUTHENTICATED, "say who you are")
        if roles and caller.role not in roles:
            return refuse(wire.CODE_PERMISSION_DENIED, f"not for the role '{caller.role}'")
        if len(self.calls) >= CALLS_IN_FLIGHT_MAX:
            return refuse(
                wire.CODE_RESOURCE_EXHAUSTED, "too many calls in flight", retry_after_ms=100)
        if sum(len(h.key) + len(h.value.encode()) for h in call.metadata) > METADATA_BYTES_MAX:
            return refuse(wire.CODE_RESOURCE_EXHAUSTED, "too much metadata")
        if call.credit > STREAM_CREDIT_MAX:
            return refuse(wire.CODE_INVALID_ARGUMENT, "too much credit")
        return None

    async def _answer(self, running, handler, request, call, caller):
        try:
            async with asyncio.timeout(call.timeout_us / 1e6 if call.timeout_us else None):
                message = request.FromString(call.payload)
                if running.credit is None:
                    payload = (await handler(message, caller)).SerializeToString()
                    self.send(reply=wire.Reply(call_id=call.call_id, payload=payload))
                else:
                    async with contextlib.aclosing(handler(message, caller)) as items:
                        async for item in items:
                            await self._item(running, call.call_id, item)
                    self._end(call.call_id)
        except Failed as failed:
            self._end(call.call_id, failed)
        except asyncio.CancelledError:
            self._end(call.call_id, running.stopped)
        except TimeoutError:
            self._end(call.call_id, Failed(wire.CODE_DEADLINE_EXCEEDED, "the deadline passed"))
        except DecodeError:
            self._end(call.call_id, Failed(wire.CODE_INVALID_ARGUMENT, "not the method's request"))
        except Exception:
            log.exception("%s failed", call.method)
            self._end(call.call_id, Failed(wire.CODE_INTERNAL, "the service has a fault"))
        finally:
            self.calls.pop(call.call_id, None)
            self._close_when_done()

    async def _item(self, running, call_id, item):
        while running.credit == 0:
            running.granted.clear()
            await running.granted.wait()
        running.credit -= 1
        self.send(item=wire.StreamItem(call_id=call_id, payload=item.SerializeToString()))
        await self.writer.drain()

    def _end(self, call_id, failed=None):
        end = wire.End(call_id=call_id)
        if failed:
            end.status.CopyFrom(failed.status)
            end.unprocessed = failed.unprocessed
        self.send(end=end)

    def _close_when_done(self):
        if self.is_draining and not self.calls and not self.writer.is_closing():
            self.writer.write_eof()
            asyncio.get_running_loop().call_later(CLOSE_S, self.writer.close)


class Health:
    """What every server answers about itself."""

    def __init__(self):
        self.services, self.is_serving, self.changed = {""}, True, asyncio.Condition()

    async def stop(self):
        async with self.changed:
            self.is_serving = False
            self.changed.notify_all()

    def _status(self, service):
        if service not in self.services:
            return health.HealthCheckResponse(status=health.SERVING_STATUS_SERVICE_UNKNOWN)
        return health.HealthCheckResponse(
            status=health.SERVING_STATUS_SERVING if self.is_serving
            else health.SERVING_STATUS_NOT_SERVING)

    async def Check(self, request, call):
        if request.service not in self.services:
            raise Failed(wire.CODE_NOT_FOUND, f"no service '{request.service}' here")
        return self._status(request.service)

    async def Watch(self, request, call):
        last = None
        async with self.changed:
            while True:
                if (status := self._status(request.service)) != last:
                    yield status
                last = status
                await self.changed.wait()


class Describe:
    """What a generic client needs to call anything here."""

    def __init__(self, server):
        self.server = server

    async def Describe(self, request, call):
        files = {}

        def add(file):
            for imported in file.dependencies:
                add(imported)
            files.setdefault(file.name, file.serialized_pb)

        for file in self.server.files.values():
            add(file)
        described = FileDescriptorSet()
        for data in files.values():
            described.file.add().ParseFromString(data)
        methods = sorted(self.server.methods)
        return describe.DescribeResponse(
            file_descriptor_set=described.SerializeToString(), methods=methods,
            services=sorted({method.split("/")[0] for method in methods}))


# --- Client -----------------------------------------------------------------------------------


class Client:
    """A server that is called, over one connection, made when it is first needed."""

    def __init__(self, host, port, role, id):
        self.address = host, port
        self.hello = wire.Hello(
            version_min=1, version_max=1, node=id, credentials=wire.Credentials(role=role, id=id))
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
                self.connection = await ClientConnection.open(self.address, self.hello)
            return self.connection


class Inbox(asyncio.Queue):
    """What arrives for one call; a stream's credit bounds it."""

    id = 0


class ClientConnection(Frames):
    @classmethod
    async def open(cls, address, hello):
        try:
            async with asyncio.timeout(CONNECT_S):
                self = cls(*await asyncio.open_connection(*address))
                self.send(hello=hello)
                kind, reply = await self.receive()
        except (*GONE, Failed) as error:
            raise Failed(
                wire.CODE_UNAVAILABLE, f"{address[0]}:{address[1]}: {error}",
                unprocessed=True) from None
        if kind != "hello_reply":
            self.writer.close()
            raise Failed.of(getattr(reply, "status", wire.Status()), True)
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
