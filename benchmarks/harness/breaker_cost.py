"""What one call through the circuit breaker costs, beside Go's eapache breaker and pybreaker."""

import json
import os

from . import report, tools

PEERS = tools.BENCH / "peers" / "breakers"
PYBREAKER = "pybreaker==1.2.0"
GOCODE = "/usr/share/gocode"  # where Debian puts Go's libraries


def build_go(scratch):
    tools.need("go")
    tools.say("building eapache")
    out = scratch.path / "eapache"
    tools.run(["go", "build", "-o", out, PEERS / "main.go"],
              env={**os.environ, "GO111MODULE": "off", "GOPATH": GOCODE,
                   "GOCACHE": str(scratch.path / "go-cache")})
    return out


def install_pybreaker(scratch):
    tools.say("installing pybreaker")
    venv = scratch.path / "venv"
    tools.run(["python3", "-m", "venv", venv])
    tools.run([venv / "bin" / "pip", "install", "--quiet", PYBREAKER])
    return venv / "bin" / "python"


def main(quick):
    scratch = tools.Scratch()
    programs = {
        "baedal": [tools.build_main("benchmark-breaker")],
        "eapache (Go)": [build_go(scratch)],
        "pybreaker": [install_pybreaker(scratch), PEERS / "main.py"],
    }
    counter = scratch.path / "malloc-count.so"
    tools.run(["gcc", "-O2", "-fPIC", "-shared", "-ftls-model=initial-exec",
               tools.BENCH / "shared" / "malloc-count.c", "-o", counter])
    rounds = 3 if quick else 9
    taken = {name: [] for name in programs}
    host = tools.host(quick)
    for turn in range(rounds):
        for name, program in programs.items():
            tools.say(f"round {turn + 1}/{rounds}: {name}")
            taken[name].append(json.loads(tools.run(program)))
    counted = json.loads(tools.run(
        programs["baedal"], env={**os.environ, "LD_PRELOAD": str(counter)}))
    return publish(host, rounds, taken, counted)


def publish(host, rounds, taken, counted):
    result = {name: tools.medians(figures) for name, figures in taken.items()}
    for key in ("success_allocations", "rejection_allocations"):
        result["baedal"][key] = counted[key]
    rows = []
    for name, figures in result.items():
        figures["contended"] = figures["two_threads_ns"] / figures["one_thread_ns"]
        rows.append([
            name, figures["success_ns"], figures.get("success_allocations", "–"),
            figures["rejection_ns"], figures.get("rejection_allocations", "–"),
            figures["one_thread_ns"], figures["two_threads_ns"], figures["contended"]])
    page = report.table(
        ["breaker", "success ns", "allocations", "rejection ns", "allocations", "one thread ns",
         "two threads ns", "times as much"], rows)
    page += ("\n\nBaedal keeps a sliding window of every outcome and reads the clock before and after "
             "the call, about 20 ns each. eapache counts errors only: a success, or a call that is "
             "refused, is one atomic read. pybreaker resets a count on success. A round's figure is the "
             "fastest of 60 short runs, in the last three columns of 20 (pybreaker's of 20 and of 5).")
    ours = result["baedal"]
    goals = [
        report.goal("success, ns", ours["success_ns"], 100, True),
        report.goal("success, allocations", ours["success_allocations"], 0, True),
        report.goal("rejection, ns", ours["rejection_ns"], 40, True),
        report.goal("rejection, allocations", ours["rejection_allocations"], 0, True),
        report.goal("contended by two threads, times as much", ours["contended"], 4, True),
    ]
    data = {"suite": "breaker-cost", "host": host, "rounds": rounds, "result": result,
            "every_round": taken}
    how = f"{report.taken(rounds)}, a round's figure the fastest of several short runs"
    return report.write("breaker-cost", data, [page], goals, how)
