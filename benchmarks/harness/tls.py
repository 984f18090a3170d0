"""What TLS costs a server, a call and a handshake. The load generator speaks plain bytes, so both
ways go through the same bridge (socat), once with TLS and once without."""

import os
import re
import time

from . import report, tools
from .rpc import METHOD, request

SHAPES = [(1, 64), (16, 16)]
BRIDGE = """\
The load generator speaks plain bytes, so socat stands between it and the server both times: with TLS it
encrypts and decrypts, without it only copies. Its CPU is not in the server's, but it works on the same
cores, so calls/s are of all three together, and only the CPU says what TLS costs the server."""


def certificate(folder):
    """A certificate for loopback that vouches for itself."""
    tools.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-days", "1", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
               "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"])
    return {"BAEDAL_TLS_CERTIFICATE_FILE": str(folder / "certificate.pem"),
            "BAEDAL_TLS_KEY_FILE": str(folder / "key.pem")}


class Served:
    """A server, and a bridge that takes plain bytes to it."""

    def __init__(self, program, tls):
        self.port, self.plain_port = tools.free_port(), tools.free_port()
        self.server = tools.Process([program, self.port], env={**os.environ, **tls})
        self.server.wait_for_line("ready", timeout_s=60)
        there = f"TCP:127.0.0.1:{self.port},nodelay"
        if tls:
            there = (f"OPENSSL:127.0.0.1:{self.port},nodelay,"
                     f"cafile={tls['BAEDAL_TLS_CERTIFICATE_FILE']}")
        here = f"TCP-LISTEN:{self.plain_port},bind=127.0.0.1,fork,reuseaddr,nodelay"
        self.bridge = tools.Process(["socat", "-b", "65536", here, there])
        tools.wait_for_port(self.plain_port)

    def stop(self):
        self.bridge.stop()
        self.server.stop()


def handshakes(served, seconds, ca):
    """Whole handshakes, one after the other from one client: how many a second, and the server's
    CPU for each."""
    before, began = served.server.cpu_us(), time.monotonic()
    said = tools.run(["openssl", "s_time", "-tls1_3", "-connect", f"127.0.0.1:{served.port}",
                      "-new", "-time", seconds, "-CAfile", ca, "-verify", "1"])
    count = int(re.search(r"(\d+) connections in [\d.]+ real seconds", said).group(1))
    took = time.monotonic() - began
    return {"per_s": count / took, "cpu_us": (served.server.cpu_us() - before) / count}


def main(quick):
    tools.need("openssl", "socat")
    scratch = tools.Scratch()
    program = tools.build_main("benchmark-server")
    loadgen = tools.build_bench("loadgen")
    tls = certificate(scratch.path)
    payloads = tools.write_payloads(scratch.path / "rpc.bin", [request()])
    rounds, seconds = (3, 2) if quick else (7, 5)
    calls = {(shape, name): [] for shape in SHAPES for name in ("plain", "TLS")}
    shaken = []
    host = tools.host(quick)
    for turn in range(rounds):
        for name, files in (("plain", {}), ("TLS", tls)):
            tools.say(f"round {turn + 1}/{rounds}: {name}")
            served = Served(program, files)
            for shape in SHAPES:
                calls[shape, name].append(tools.load(
                    loadgen, port=served.plain_port, connections=shape[0], in_flight=shape[1],
                    seconds=seconds, warmup=1, server_pid=served.server.pid, payloads=payloads,
                    method=METHOD, expect="1.4=4"))
            if files:
                ca = tls["BAEDAL_TLS_CERTIFICATE_FILE"]
                shaken.append(handshakes(served, seconds, ca))
            served.stop()
    return publish(host, rounds, calls, shaken)


def publish(host, rounds, calls, shaken):
    rows, result = [], {}
    for shape in SHAPES:
        for name in ("plain", "TLS"):
            figures = tools.medians(calls[shape, name])
            result[f"{shape[0]}x{shape[1]} {name}"] = figures
            rows.append([f"{shape[0]}×{shape[1]}", name, figures["calls_per_s"],
                         figures["server_cpu_us_per_call"], tools.failed(figures)])
    once = tools.medians(shaken)
    page = report.table(["connections × in flight", "", "calls/s", "server CPU us/call",
                         "errors"], rows)
    words = (f"A handshake (TLS 1.3, P-256, no resumption) costs the server {once['cpu_us']:.0f} us of "
             f"CPU; one client alone, which pays for its own half, makes {once['per_s']:.0f} a second.")
    every_round = {f"{shape[0]}x{shape[1]} {name}": taken for (shape, name), taken in calls.items()}
    data = {"suite": "tls", "host": host, "rounds": rounds, "result": result, "handshake": once,
            "every_round": every_round | {"handshake": shaken}}
    goals = [report.failed_goal(s for taken in calls.values() for s in taken)]
    return report.write("tls", data, [page, BRIDGE, words], goals)
