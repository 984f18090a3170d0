"""Load generators that run in the background, and what they write down."""

import itertools
import json
import signal
import struct
import threading
import time

from . import tools


class Stream:
    """A load generator in the background that records every call."""

    def __init__(self, generator, records, **arguments):
        command = [generator, "--records", records, "--warmup", "0", "--seconds", "3600"]
        for name, value in arguments.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        self.records = records
        self.process = tools.Process(command)

    def end(self):
        """Ends it, and gives its records and what it says of itself."""
        if self.process.child.poll() is None:
            self.process.child.send_signal(signal.SIGTERM)
        said, _ = self.process.child.communicate(timeout=30)
        self.process.stop()
        return read_records(self.records), json.loads(said)


class Sampler:
    """Takes a sample again and again, in a thread of its own, until it is stopped."""

    # Samples are taken ten times a second and more, and a node that is slow or overloaded still
    # answers well within this. A longer hole may hide what the samples are there to show.
    GAP_S_MAX = 3

    def __init__(self, take, into, interval_s):
        self.take, self.into, self.interval_s = take, into, interval_s
        self.error = None
        self.began_ns = time.monotonic_ns()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.is_over.wait(self.interval_s):
                self.into.append(self.take())
        except Exception as error:
            self.error = error

    def stop(self):
        """Raises what ended it before its time, or that it has not looked for too long."""
        self.is_over.set()
        self.thread.join()
        if self.error:
            raise RuntimeError("no more samples were to be had") from self.error
        instants = [self.began_ns, *(s["at_ns"] for s in self.into), time.monotonic_ns()]
        gap_s = max(b - a for a, b in itertools.pairwise(instants)) / 1e9
        if gap_s > self.GAP_S_MAX:
            raise SystemExit(f"benchmarks: {gap_s:.1f} s without a sample")


def read_records(path):
    """Tuples of due, answered (0: never), status and value; see loadgen/records.h."""
    return list(struct.iter_unpack("=QQII", path.read_bytes()))


def quantile(ordered, share):
    """Of a sorted list; None without values."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
