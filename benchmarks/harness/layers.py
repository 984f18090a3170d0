"""Where a node's CPU goes, by layer of the house: samples of perf, attributed to the innermost
frame that belongs to one of our modules."""

import re
import shutil
import subprocess
from collections import Counter

OURS = ["Transport", "Messages", "Domain", "Services", "Journal", "JournalSQLite", "Views", "Node"]
LIBRARIES = {
    "libprotobuf-c": "Messages", "libsqlite3": "SQLite", "libdispatch": "Swift runtime",
    "libc": "C library", "ld-linux": "C library", "[kernel": "kernel",
}
# Linked into the binary: the runtime's functions, its C++, and the standard library's Swift.
RUNTIME = re.compile(r"^_?swift_|swift::|^\$s[sS]")
# A Swift symbol begins with the length and the name of its module.
SYMBOL = re.compile(r"^\$s(\d+)(\w+)")
# System calls tell who paid where SQLite and libc, built without frame pointers, hide it.
SYSTEM_CALLS = {
    "fdatasync": "SQLite (journals and views)", "fsync": "SQLite (journals and views)",
    "pwrite64": "SQLite (journals and views)", "pread64": "SQLite (journals and views)",
    "fcntl": "SQLite (journals and views)", "futex": "thread wake-ups",
    "epoll": "Transport", "recv": "Transport", "send": "Transport", "read": "Transport",
    "write": "Transport",
}
HZ = 499


class Sampler:
    """Samples a process while something else loads it."""

    def __init__(self, pid, scratch):
        self.file = scratch.path / "perf.data"
        self.child = None
        if shutil.which("perf"):
            self.child = subprocess.Popen(
                ["perf", "record", "-q", "-g", "-F", str(HZ), "-p", str(pid), "-o", self.file],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def stop(self):
        """Shares of the CPU by (what paid, what ran): {} where perf is not to be had."""
        if not self.child:
            return {}
        self.child.terminate()
        self.child.wait()
        script = subprocess.run(
            ["perf", "script", "-i", self.file, "-F", "comm,ip,sym,dso"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace")
        found = Counter()
        for sample in script.stdout.split("\n\n"):
            frames = [f for f in map(frame, sample.splitlines()[1:]) if f]
            if frames:
                found[(owner(frames), kind(frames[0]))] += 1
        self.file.unlink(missing_ok=True)
        total = sum(found.values())
        return {key: count / total for key, count in found.items()}


def frame(line):
    """Symbol and library of a line such as `  7f01 swift_retain (/usr/lib/libswiftCore.so)`."""
    parts = line.split(None, 1)
    if len(parts) < 2 or "(" not in parts[1]:
        return None
    symbol, _, library = parts[1].rpartition("(")
    return symbol.strip(), library.rstrip(")").rsplit("/", 1)[-1]


def module(symbol):
    match = SYMBOL.match(symbol)
    if not match:
        return ""
    return match.group(2)[:int(match.group(1))]


def kind(leaf):
    symbol, library = leaf
    for start, name in LIBRARIES.items():
        if library.startswith(start):
            return name
    if RUNTIME.search(symbol):
        return "Swift runtime"
    name = module(symbol)
    if name.startswith("NIO") or name.startswith("CNIO"):
        return "NIO"
    return "our code"


def owner(frames):
    """The innermost of our modules on the stack. NIO alone is Transport's business."""
    fallback = None
    for symbol, library in frames:
        name = module(symbol)
        if name in OURS:
            return name
        if name.startswith("NIO"):
            fallback = fallback or "Transport"
        elif library.startswith("libprotobuf-c"):
            fallback = fallback or "Messages"
        elif name == "SQLite" or library.startswith("libsqlite3"):
            fallback = fallback or "SQLite (journals and views)"
    for symbol, _ in frames if not fallback else ():
        if "sys_" not in symbol:
            continue
        for part, name in SYSTEM_CALLS.items():
            if part in symbol:
                return name
    return fallback or "none of ours on the stack"


def table_rows(shares, us_per_order):
    """A row for each layer: its us per order, and of what kind."""
    kinds = ["our code", "Swift runtime", "C library", "NIO", "SQLite", "Messages", "kernel"]
    owners = sorted({o for o, _ in shares},
                    key=lambda o: -sum(v for (p, _), v in shares.items() if p == o))
    rows = [["all", *(us_per_order * sum(v for (_, k), v in shares.items() if k == kind)
                      for kind in kinds), us_per_order]]
    for name in owners:
        cells = [us_per_order * shares.get((name, kind), 0) for kind in kinds]
        rows.append([name, *cells, sum(cells)])
    head = ["us/order paid by", *kinds[:-2], "libprotobuf-c", "kernel", "sum"]
    return head, rows
