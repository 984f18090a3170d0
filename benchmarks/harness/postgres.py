"""PostgreSQL as a peer: one order as one transaction, pipelined by pgbench, fsync on."""

import os
import pwd
import re
import subprocess
from pathlib import Path

from . import tools

PEER = tools.BENCH / "peers" / "postgres"
WARMUP_S = 1  # as loadgen has
SETTINGS = ["fsync", "synchronous_commit", "wal_sync_method", "full_page_writes", "autovacuum",
            "shared_buffers", "max_wal_size", "checkpoint_timeout", "server_version"]


def binaries():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not found:
        raise SystemExit("benchmarks: PostgreSQL not found (apt: postgresql)")
    return found[-1]


class Postgres:
    """A server of its own in a scratch directory, reached by a Unix socket only."""

    def __init__(self, scratch):
        self.bin = binaries()
        self.home = scratch.path / "postgres"
        self.home.mkdir()
        # PostgreSQL refuses to run as root.
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.home, self.user.pw_uid, self.user.pw_gid)
        self.data = self.home / "data"
        tools.run([self.bin / "initdb", "-D", self.data, "-A", "trust", "-U", "postgres"],
                  **self.identity())
        with open(self.data / "postgresql.conf", "a") as file:
            file.write((PEER / "postgresql.conf").read_text())
        self.server = tools.Process(
            [self.bin / "postgres", "-D", self.data, "-k", self.home], **self.identity())
        for _ in range(100):
            if subprocess.run([self.bin / "pg_isready", "-q", "-h", self.home]).returncode == 0:
                break
        self.psql("-f", PEER / "schema.sql")

    def identity(self):
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def psql(self, *arguments):
        return tools.run([self.bin / "psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-h", self.home,
                          "-U", "postgres", *arguments])

    def cpu_ticks(self):
        """CPU of the server and of all its processes, ended ones included."""
        total, children = 0, {self.server.pid}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            rest = text[text.rindex(")") + 2:].split()
            if int(entry.name) in children or int(rest[1]) == self.server.pid:
                total += int(rest[11]) + int(rest[12])
                if int(entry.name) == self.server.pid:
                    total += int(rest[13]) + int(rest[14])
        return total

    def pgbench(self, clients, seconds, *more):
        return tools.run(
            [self.bin / "pgbench", "-h", self.home, "-U", "postgres", "-n", "-M", "prepared",
             "-c", clients, "-j", min(os.cpu_count(), clients), "-T", seconds, *more,
             "-f", PEER / "order.sql", "postgres"])

    def orders(self, clients, seconds, scratch):
        """Orders per second and latency of one pgbench run, on empty tables and with nothing of
        earlier runs left to be written."""
        self.psql("-c", "TRUNCATE orders, order_items, payments, outbox", "-c", "CHECKPOINT")
        self.pgbench(clients, WARMUP_S)
        logs = scratch.path / "pgbench-log"
        before = self.cpu_ticks()
        text = self.pgbench(clients, seconds, "-l", "--log-prefix", logs)
        used = (self.cpu_ticks() - before) / os.sysconf("SC_CLK_TCK")
        latencies = []
        for log in scratch.path.glob("pgbench-log.*"):
            latencies += [int(line.split()[2]) for line in log.read_text().splitlines()]
            log.unlink()
        latencies.sort()
        rate = float(re.search(r"tps = ([\d.]+)", text).group(1))

        def quantile(share):
            return latencies[min(len(latencies) - 1, int(share * len(latencies)))]

        return {
            "calls": len(latencies), "calls_per_s": rate, "p50_us": quantile(0.5),
            "p99_us": quantile(0.99), "p999_us": quantile(0.999),
            "server_cpu_us_per_call": used * 1e6 / max(1, len(latencies)),
        }

    def settings(self):
        return {name: self.psql("-c", f"SHOW {name}").strip() for name in SETTINGS}

    def stop(self):
        self.server.stop()
