"""Load generators that run in the background, and what they write down."""

import json
import signal
import struct

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


def read_records(path):
    """Tuples of due, answered (0: never), status and value; see loadgen/records.h."""
    return list(struct.iter_unpack("=QQII", path.read_bytes()))


def quantile(ordered, share):
    """Of a sorted list; None without values."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
