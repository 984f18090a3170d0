"""One small typed unary call, beside gRPC C++ and grpc-swift-2."""

import re

from . import report, tools
from .wire import field

METHOD = "baedal.order.v1.OrderService/PlaceOrder"
SHAPES = [(1, 1), (1, 64), (16, 16)]
CALLGRIND_CALLS = 4000


def request():
    """104 bytes; a server answers with 60."""
    line = field(1, "item-07") + field(2, 1) + field(3, 21900)
    return (field(1, "customer-000000421") + field(2, "01JD3Z0V7Q################")
            + field(3, "store-0117") + field(4, line) + field(5, "Teheran1")
            + field(6, "gangnam") + field(7, "card-1"))


class Peers:
    """The servers, each with its load generator."""

    def __init__(self, scratch):
        grpc = tools.build_grpc_cpp()
        tools.generate_swift("grpc-swift")
        loadgen = tools.build_bench("loadgen")
        grpc_swift = tools.build_bench("grpc-swift-server")
        ours = tools.build_main("benchmark-server")
        self.payloads = tools.write_payloads(scratch.path / "rpc.bin", [request()])
        self.commands = {
            "baedal": lambda port: [ours, port],
            "gRPC C++": lambda port: [grpc / "grpc-cpp-server", port, 2],
            "grpc-swift-2": lambda port: [grpc_swift, port],
        }
        self.generators = {
            "baedal": (loadgen, {"method": METHOD, "expect": "1.4=4"}),
            "gRPC C++": (grpc / "grpc-cpp-client", {}),
            "grpc-swift-2": (grpc / "grpc-cpp-client", {}),
        }

    def start(self, name, prefix=(), program=None):
        port = tools.free_port()
        built, *arguments = self.commands[name](port)
        server = tools.Process([*prefix, program or built, *arguments])
        server.wait_for_line("ready", timeout_s=120)
        return server, port

    def measure(self, name, server, port, shape, seconds, pin=None, **more):
        generator, arguments = self.generators[name]
        connections, in_flight = shape
        if name != "baedal":
            # gRPC's client takes as much CPU as its server: a thread per core, if it has as
            # many connections.
            more["threads"] = min(2, connections)
        return tools.load(
            generator, pin=pin, port=port, connections=connections, in_flight=in_flight,
            seconds=seconds, warmup=min(1, seconds / 2), server_pid=server.pid,
            payloads=self.payloads, **arguments, **more)


def callgrind(peers, name, scratch):
    """Instructions per call at 1×64: those of many calls less those of few, so that the start
    does not count."""
    program = peers.commands[name](0)[0]
    # Valgrind stumbles over newer debug information.
    stripped = scratch.path / f"{program.name}-stripped"
    tools.run(["strip", "-g", "-o", stripped, program])
    totals = []
    for calls in (CALLGRIND_CALLS // 4, CALLGRIND_CALLS):
        out = scratch.path / f"callgrind-{calls}"
        server, port = peers.start(name, prefix=[
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet"],
            program=stripped)
        peers.measure(name, server, port, (1, 64), seconds=120, calls=calls)
        server.stop(wait_s=60)
        text = out.read_text(errors="replace")
        totals.append(int(re.search(r"^(?:summary|totals): (\d+)", text, re.M).group(1)))
    return (totals[1] - totals[0]) / (CALLGRIND_CALLS - CALLGRIND_CALLS // 4)


def main(quick, only):
    tools.need("valgrind", "taskset")
    host = tools.host()
    scratch = tools.Scratch()
    peers = Peers(scratch)
    names = [n for n in peers.commands if not only or n in only]
    unknown = set(only or ()) - set(peers.commands)
    if unknown:
        raise SystemExit(f"benchmarks: no server {unknown}; there are {list(peers.commands)}")
    rounds, seconds = (2, 1.5) if quick else (5, 4)
    samples = {}
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
    return publish(host, rounds, names, samples, instructions)


def publish(host, rounds, names, samples, instructions):
    def label(shape):
        return shape if isinstance(shape, str) else f"{shape[0]}×{shape[1]}"

    result = {}
    for (name, shape), taken in samples.items():
        result.setdefault(label(shape), {})[name] = tools.medians(taken)
    rows = [
        [shape, name, r["calls_per_s"], r["p50_us"], r["p99_us"], r["p999_us"],
         r["server_cpu_us_per_call"], r["client_cpu_us_per_call"], r["server_rss_kib"] / 1024,
         r["errors"] + r["unanswered"]]
        for shape, by_name in result.items() for name, r in by_name.items()]
    page = report.table(
        ["connections × in flight", "server", "calls/s", "p50 us", "p99 us", "p99.9 us",
         "server CPU us/call", "client CPU us/call", "RSS MiB", "errors"], rows)
    counted = report.table(
        ["server", "instructions per call at 1×64"], [[n, i] for n, i in instructions.items()])
    data = {"suite": "rpc", "host": host, "rounds": rounds, "result": result,
            "instructions_per_call": instructions,
            "samples": {f"{n} {label(s)}": t for (n, s), t in samples.items()}}
    return report.write("rpc", data, [page, counted], goals(result, instructions))


def goals(result, instructions):
    out = []

    def ratio(text, shape, key, peer, limit, at_most):
        if "baedal" in result[shape] and peer in result[shape]:
            figure = result[shape]["baedal"][key] / max(result[shape][peer][key], 1e-9)
            out.append(report.goal(f"{shape}: {text} of {peer}", figure, limit, at_most))

    for shape in ("1×1 pinned", "1×64", "16×16"):
        ratio("CPU per call", shape, "server_cpu_us_per_call", "gRPC C++", 1 / 3, True)
        ratio("CPU per call", shape, "server_cpu_us_per_call", "grpc-swift-2", 1 / 25, True)
    for shape in ("1×64", "16×16"):
        ratio("calls/s", shape, "calls_per_s", "gRPC C++", 3, False)
        ratio("p99", shape, "p99_us", "gRPC C++", 0.5, True)
    ratio("p50", "1×1 pinned", "p50_us", "gRPC C++", 1, True)
    if "baedal" in instructions:
        out.append(report.goal(
            "instructions per call at 1×64", instructions["baedal"], 15000, True))
    return out
