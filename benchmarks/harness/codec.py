"""Encode and decode of Swift values, beside swift-protobuf on the same bytes."""

import json
import os

from . import report, rpc, tools
from .wire import field


def line(item, name, price, quantity):
    return field(1, item) + field(2, name) + field(3, price) + field(4, quantity)


LINES = (field(5, line("item-07", "반반치킨", 18900, 1))
         + field(5, line("item-21", "콜라 500ml", 3000, 2))
         + field(5, line("item-33", "치즈볼 5개", 5000, 1)))


def response():
    return field(1, field(1, "ord-01JD3Z0V7Q9S4X1B8N6M2K5T3R") + field(2, "customer-000000421")
                 + field(3, "store-0117") + field(4, 4) + LINES + field(6, 29900)
                 + field(7, "서울특별시 강남구 테헤란로 521") + field(8, "gangnam") + field(9, 1)
                 + field(13, 3))


def submitted():
    lines = b"".join(field(4, value) for value in (
        line("item-07", "반반치킨", 18900, 1), line("item-21", "콜라 500ml", 3000, 2)))
    return (field(1, "ord-01JD3Z0V7Q9S4X1B8N6M2K5T3R") + field(2, "customer-000000421")
            + field(3, "store-0117") + lines + field(5, 24900)
            + field(6, "서울특별시 강남구 테헤란로 521") + field(7, "gangnam")
            + field(8, "card-1") + field(9, "b1946ac92492d2347c6235b4d2611184")
            + field(10, 17) + field(11, 1) + field(12, 1795400000000))


def store():
    details = (field(1, "store-0117") + field(2, "교촌치킨 역삼점") + field(3, "gangnam")
               + field(3, "seocho") + field(4, 15000)
               + field(5, field(1, 1) + field(2, 600) + field(3, 1500)))
    items = b"".join(
        field(2, field(1, f"item-{n:02}") + field(2, f"메뉴 {n}번 후라이드") + field(3, 9000 + n)
              + field(4, "바삭하게 튀긴 국내산 닭")) for n in range(20))
    return field(1, field(1, details) + items + field(3, 1) + field(6, 20))


def frame():
    return field(3, field(1, 421) + field(2, rpc.METHOD) + field(3, rpc.request())
                 + field(4, 5000000))


SAMPLES = {
    "place order request": rpc.request, "place order response": response,
    "order submitted event": submitted, "store with 20 items": store, "call frame": frame,
}


# What no codec over libprotobuf-c can go below: the library without any Swift value.
FLOOR = "libprotobuf-c alone"


def build_floor(scratch):
    """C, with the messages that `make proto` wrote."""
    program = scratch.path / "libprotobuf-c-codec"
    generated = tools.MAIN / "Sources" / "CMessages"
    tools.run(["gcc", "-O2", "-I", generated / "include", "-I", generated,
               tools.BENCH / "peers" / "libprotobuf-c" / "codec.c", *generated.rglob("*.c"),
               "-lprotobuf-c", "-o", program])
    return program


def main(quick):
    scratch = tools.Scratch()
    tools.generate_swift("swift-protobuf")
    programs = {
        "baedal": tools.build_main("benchmark-codec"),
        "swift-protobuf": tools.build_bench("swift-protobuf-codec"),
        FLOOR: build_floor(scratch),
    }
    counter = scratch.path / "malloc-count.so"
    tools.run(["gcc", "-O2", "-fPIC", "-shared", "-ftls-model=initial-exec",
               tools.BENCH / "shared" / "malloc-count.c", "-o", counter])
    samples = scratch.path / "samples"
    with open(samples, "wb") as file:
        for name, make in SAMPLES.items():
            for part in (name.encode(), make()):
                file.write(len(part).to_bytes(4, "big") + part)
    rounds = 3 if quick else 9
    taken = {name: [] for name in programs}
    host = tools.host(quick)
    for turn in range(rounds):
        for name, program in programs.items():
            tools.say(f"round {turn + 1}/{rounds}: {name}")
            taken[name].append(json.loads(tools.run([program, samples])))
    counted = {
        name: json.loads(tools.run([program, samples],
                                   env={**os.environ, "LD_PRELOAD": str(counter)}))
        for name, program in programs.items()}
    return publish(host, rounds, taken, counted)


def publish(host, rounds, taken, counted):
    result, rows, floors, goals = {}, [], [], []
    for message in SAMPLES:
        both = {}
        for name in taken:
            figures = tools.medians([t[message] for t in taken[name]])
            for key in ("encode_allocations", "decode_allocations"):
                figures[key] = counted[name][message][key]
            both[name] = figures
            rows.append([message, figures["bytes"], name, figures["encode_ns"],
                         figures["decode_ns"], figures["encode_allocations"],
                         figures["decode_allocations"]])
        result[message] = both
        cost = {name: both[name]["encode_ns"] + both[name]["decode_ns"] for name in both}
        ratio = cost["swift-protobuf"] / cost["baedal"]
        floors.append([message, cost["baedal"], cost[FLOOR], cost["swift-protobuf"], ratio,
                       cost["swift-protobuf"] / cost[FLOOR]])
        goals.append(report.goal(f"{message}: encode + decode, times as fast", ratio, 2, False))
    page = report.table(["message", "bytes", "codec", "encode ns", "decode ns",
                         "allocations/encode", "allocations/decode"], rows)
    floor = report.table(
        ["message", "baedal, ns", "libprotobuf-c alone, ns", "swift-protobuf, ns",
         "baedal, times as fast", "libprotobuf-c alone, times as fast"], floors)
    words = ("Encode and decode together. libprotobuf-c alone makes no Swift value: what it takes is "
             "what no codec over it can go below.")
    data = {"suite": "codec", "host": host, "rounds": rounds, "result": result,
            "every_round": taken}
    how = f"{report.taken(rounds)}, a round's figure the fastest of 60 short runs"
    return report.write("codec", data, [page, f"{words}\n\n{floor}"], goals, how)
