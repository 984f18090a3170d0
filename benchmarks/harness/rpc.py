"""One small typed unary call, beside gRPC C++ and grpc-swift-2."""

import os
import re

from . import report, tools
from .wire import field

METHOD = "baedal.order.v1.OrderService/PlaceOrder"
SHAPES = [(1, 1), (1, 64), (16, 16)]
CALLGRIND_CALLS = 4000
SERVERS = ["baedal", "gRPC C++", "grpc-swift-2"]
CORES = os.cpu_count()


def request():
    """104 bytes; a server answers with 60."""
    line = field(1, "item-07") + field(2, 1) + field(3, 21900)
    return (field(1, "customer-000000421") + field(2, "01JD3Z0V7Q################")
            + field(3, "store-0117") + field(4, line) + field(5, "Teheran1")
            + field(6, "gangnam") + field(7, "card-1"))


class Peers:
    """The servers asked for, each with its load generator."""

    def __init__(self, scratch, names):
        self.payloads = tools.write_payloads(scratch.path / "rpc.bin", [request()])
        # A server, and what it takes after the port.
        self.programs, self.generators, self.versions = {}, {}, {}
        if "baedal" in names:
            self.programs["baedal"] = (tools.build_main("benchmark-server"), [CORES])
            self.generators["baedal"] = (
                tools.build_bench("loadgen"), {"method": METHOD, "expect": "1.4=4"})
        if set(names) - {"baedal"}:
            # Its client drives grpc-swift's server too.
            grpc = tools.build_grpc_cpp()
            self.versions["gRPC C++"] = tools.run(["pkg-config", "--modversion", "grpc++"]).strip()
        if "gRPC C++" in names:
            self.programs["gRPC C++"] = (grpc / "grpc-cpp-server", [CORES])
            self.generators["gRPC C++"] = (grpc / "grpc-cpp-client", {})
        if "grpc-swift-2" in names:
            tools.generate_swift("grpc-swift")
            self.programs["grpc-swift-2"] = (tools.build_bench("grpc-swift-server"), [])
            self.generators["grpc-swift-2"] = (grpc / "grpc-cpp-client", {})
            self.versions["grpc-swift-2"] = version_of("grpc-swift-2")

    def start(self, name, prefix=(), program=None):
        port = tools.free_port()
        built, arguments = self.programs[name]
        server = tools.Process([*prefix, program or built, port, *arguments])
        server.wait_for_line("ready", timeout_s=120)
        return server, port

    def measure(self, name, server, port, shape, seconds, pin=None, **more):
        generator, arguments = self.generators[name]
        connections, in_flight = shape
        if name != "baedal":
            # gRPC's client takes as much CPU as its server: a thread per core, if it has as
            # many connections.
            more["threads"] = min(CORES, connections)
        return tools.load(
            generator, pin=pin, port=port, connections=connections, in_flight=in_flight,
            seconds=seconds, warmup=min(1, seconds / 2), server_pid=server.pid,
            payloads=self.payloads, **arguments, **more)


def callgrind(peers, name, scratch):
    """Instructions per call at 1×64: those of many calls less those of few, so that the start
    does not count."""
    program = peers.programs[name][0]
    # Valgrind stumbles over newer debug information.
    stripped = scratch.path / f"{program.name}-stripped"
    tools.run(["strip", "-g", "-o", stripped, program])
    totals = []
    for calls in (CALLGRIND_CALLS // 4, CALLGRIND_CALLS):
        out = scratch.path / f"callgrind-{calls}"
        server, port = peers.start(name, prefix=[
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet"],
            program=stripped)
        sample = peers.measure(name, server, port, (1, 64), seconds=120, calls=calls)
        server.stop(wait_s=60)
        if sample["calls"] != calls:
            raise SystemExit(f"benchmarks: callgrind: {name} answered {sample['calls']} of {calls}")
        text = out.read_text(errors="replace")
        totals.append(int(re.search(r"^(?:summary|totals): (\d+)", text, re.M).group(1)))
    return (totals[1] - totals[0]) / (CALLGRIND_CALLS - CALLGRIND_CALLS // 4)


def main(quick, only=()):
    tools.need("valgrind", "taskset")
    unknown = set(only) - set(SERVERS)
    if unknown:
        raise SystemExit(f"benchmarks: no server {unknown}; there are {SERVERS}")
    names = [n for n in SERVERS if not only or n in only]
    scratch = tools.Scratch()
    peers = Peers(scratch, names)
    rounds, seconds = (2, 1.5) if quick else (5, 4)
    samples = {}
    host = tools.host(quick)
    for turn in range(rounds):
        for name in names:
            server, port = peers.start(name)
            for shape in SHAPES:
                tools.say(f"round {turn + 1}/{rounds}: {name} {shape[0]}×{shape[1]}")
                sample = peers.measure(name, server, port, shape, seconds)
                samples.setdefault((name, shape), []).append(sample)
            server.stop()
            pinned, port = peers.start(name, prefix=["taskset", "-c", "1"])
            sample = peers.measure(name, pinned, port, (1, 1), seconds, pin=1)
            samples.setdefault((name, "1×1 pinned"), []).append(sample)
            pinned.stop()
    instructions = {}
    for name in names:
        if name == "baedal" or not quick:
            tools.say(f"callgrind: {name}")
            instructions[name] = callgrind(peers, name, scratch)
    suite = "rpc-partial" if only else "rpc"
    return publish(suite, host, rounds, peers.versions, samples, instructions)


def version_of(package):
    """The version that the benchmarks' package asks for."""
    text = (tools.BENCH / "Package.swift").read_text()
    return re.search(rf'/{package}", exact: "([^"]+)"', text).group(1)


def note(versions):
    """Who drives whom, and what the figures are of."""
    beside = ", ".join(f"{name} {version}" for name, version in versions.items()) or "nobody"
    return f"""\
Baedal beside {beside}. Its server is driven by `loadgen`, one thread of C that writes the wire
protocol by hand; the servers of gRPC C++ and grpc-swift-2 both by gRPC C++'s asynchronous client,
with a thread for each core as far as there are connections. Baedal's and gRPC C++'s servers have
{CORES} threads, one a core, grpc-swift-2's as many as it takes by default. *Server CPU* is the server
process's own clock over the measured window, user and system of all threads, for each call answered as
expected: no client is in it. Calls/s and latency are of client and server together, which share the
cores (*pinned*: one core); what the client spent stands beside them. Errors are summed over all
rounds."""


def publish(suite, host, rounds, versions, samples, instructions):
    def label(shape):
        return shape if isinstance(shape, str) else f"{shape[0]}×{shape[1]}"

    result = {}
    for (name, shape), taken in samples.items():
        result.setdefault(label(shape), {})[name] = tools.medians(taken)
    rows = [
        [shape, name, r["calls_per_s"], r["p50_us"], r["p99_us"], r["p999_us"],
         r["server_cpu_us_per_call"], r["client_cpu_us_per_call"], r["server_rss_kib"] / 1024,
         tools.failed(r)]
        for shape, by_name in result.items() for name, r in by_name.items()]
    page = report.table(
        ["connections × in flight", "server", "calls/s", "p50 us", "p99 us", "p99.9 us",
         "server CPU us/call", "client CPU us/call", "RSS MiB", "errors"], rows)
    counted = report.table(
        ["server", "instructions per call at 1×64"], [[n, i] for n, i in instructions.items()])
    data = {"suite": suite, "host": host, "rounds": rounds, "versions": versions,
            "result": result, "instructions_per_call": instructions,
            "every_round": {f"{n} {label(s)}": t for (n, s), t in samples.items()}}
    held = goals(result, instructions)
    held.append(report.failed_goal(s for taken in samples.values() for s in taken))
    return report.write(suite, data, [note(versions), page, counted], held)


# What a figure is of in which the client has its part.
BOTH = " (client and server together)"


def goals(result, instructions):
    out = []

    def ratio(text, shape, key, peer, limit, at_most, of=""):
        if "baedal" in result[shape] and peer in result[shape]:
            figure = report.divided(result[shape]["baedal"][key], result[shape][peer][key])
            out.append(report.goal(f"{shape}: {text} of {peer}{of}", figure, limit, at_most))

    for shape in ("1×1 pinned", "1×64", "16×16"):
        ratio("CPU per call", shape, "server_cpu_us_per_call", "gRPC C++", 1 / 3, True)
        ratio("CPU per call", shape, "server_cpu_us_per_call", "grpc-swift-2", 1 / 25, True)
    for shape in ("1×64", "16×16"):
        ratio("calls/s", shape, "calls_per_s", "gRPC C++", 3, False, BOTH)
        ratio("p99", shape, "p99_us", "gRPC C++", 0.5, True, BOTH)
    ratio("p50", "1×1 pinned", "p50_us", "gRPC C++", 1, True, BOTH)
    if "baedal" in instructions:
        out.append(report.goal(
            "instructions per call at 1×64", instructions["baedal"], 15000, True))
    return out
