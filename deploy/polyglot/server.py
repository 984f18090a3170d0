"""The server's side of Baedal's wire protocol, and what every node answers about itself. Nothing
here knows what a service does.
"""

import asyncio
import contextlib
import inspect
import logging
from dataclasses import dataclass, field

import tls
from baedal.describe.v1 import describe_pb2 as describe
from baedal.health.v1 import health_pb2 as health
from baedal.wire.v1 import wire_pb2 as wire
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import DecodeError
from wire import FRAME_BYTES_MAX, GONE, Failed, Frames, Violation

CALLS_IN_FLIGHT_MAX = 1024
METADATA_BYTES_MAX = 16 << 10
STREAM_CREDIT_MAX = 65_536
CONNECTIONS_MAX = 1024
HELLO_S, CLOSE_S, TELL_S = 5, 2, 0.1

log = logging.getLogger("server")

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
        self.asks_nodes = False
        self.health = Health()
        self.add(health.DESCRIPTOR.services_by_name["HealthService"], self.health, roles=None)
        self.add(
            describe.DESCRIPTOR.services_by_name["DescribeService"], Describe(self), roles=None)

    def add(self, service, handlers, roles=()):
        """Serves those methods of a generated service that `handlers` has.
        `roles`: who may call; empty: whoever says who they are; None: anyone at all."""
        for method in service.methods:
            if handler := getattr(handlers, method.name, None):
                # The generated class; newer versions of protobuf have GetMessageClass for it.
                request = method.input_type._concrete_class
                self.methods[f"{service.full_name}/{method.name}"] = handler, request, roles
        self.files[service.file.name] = service.file
        self.health.services.add(service.full_name)

    async def listen(self, host, port, context=None):
        """Begins to listen, with TLS if there is a `context` of it; gives the port."""
        self.asks_nodes = context is not None
        # Of the time for a hello; a handshake ends on its own.
        limit = {"ssl": context, "ssl_handshake_timeout": HELLO_S} if context else {}
        self.listener = await asyncio.start_server(self._accept, host, port, **limit)
        return self.listener.sockets[0].getsockname()[1]

    async def drain(self, within_s):
        """No further calls; those under way are answered, streams end, callers go elsewhere."""
        self.health.stopped.set()
        await asyncio.sleep(TELL_S)  # whoever watches hears of it first
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
            for running in list(self.calls.values()):
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
        if self.server.asks_nodes and hello.credentials.role == "service":
            if not tls.names(self.writer.get_extra_info("peercert"), hello.credentials.id):
                raise Violation(
                    "a service shows the certificate of its node", wire.CODE_UNAUTHENTICATED)
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
        try:
            message = request.FromString(call.payload)
        except DecodeError:
            return self._end(call.call_id, Failed(
                wire.CODE_INVALID_ARGUMENT, "not the method's request"))
        is_stream = inspect.isasyncgenfunction(handler)
        running = self.calls[call.call_id] = Running(call.credit if is_stream else None)
        running.task = asyncio.create_task(self._answer(running, call, handler, message, caller))
        # Not in the task itself: one that is cancelled before it begins runs none of its lines.
        running.task.add_done_callback(lambda task: self._ended(running, call.call_id))

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

    async def _answer(self, running, call, handler, message, caller):
        try:
            async with asyncio.timeout(call.timeout_us / 1e6 if call.timeout_us else None):
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
        except TimeoutError:
            self._end(call.call_id, Failed(wire.CODE_DEADLINE_EXCEEDED, "the deadline passed"))
        except Exception:
            log.exception("%s failed", call.method)
            self._end(call.call_id, Failed(wire.CODE_INTERNAL, "the service has a fault"))

    def _ended(self, running, call_id):
        del self.calls[call_id]
        if running.task.cancelled() and not self.writer.is_closing():
            self._end(call_id, running.stopped)
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
        self.services, self.stopped = {""}, asyncio.Event()

    def _status(self, service):
        if service not in self.services:
            return health.HealthCheckResponse(status=health.SERVING_STATUS_SERVICE_UNKNOWN)
        return health.HealthCheckResponse(
            status=health.SERVING_STATUS_NOT_SERVING if self.stopped.is_set()
            else health.SERVING_STATUS_SERVING)

    async def Check(self, request, call):
        if request.service not in self.services:
            raise Failed(wire.CODE_NOT_FOUND, f"no service '{request.service}' here")
        return self._status(request.service)

    async def Watch(self, request, call):
        yield self._status(request.service)
        await self.stopped.wait()
        if request.service in self.services:
            yield self._status(request.service)
        await asyncio.Event().wait()  # until the caller, or this server, goes


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
