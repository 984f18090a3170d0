"""Building, starting and stopping what is measured. Whatever is started here is stopped here."""

import atexit
import json
import os
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
# Another checkout of Baedal can be measured with this one's benchmarks: before and after a change.
MAIN = Path(os.environ.get("BAEDAL_PACKAGE", BENCH.parent)).resolve()
RESULTS = BENCH / "results"


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_any(command, **options):
    """Runs a command to its end, however it ends."""
    return subprocess.run(
        [str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        **options)


def run(command, **options):
    """Runs a command to its end and gives what it printed; shows its errors when it fails."""
    done = run_any(command, **options)
    if done.returncode != 0:
        say(done.stdout[-4000:] + done.stderr[-4000:])
        raise SystemExit(f"benchmarks: failed ({done.returncode}): {' '.join(map(str, command))}")
    return done.stdout


# MARK: building

def swift_build(package, product):
    """Builds one product in release, as `make build` does, and gives the path of its binary."""
    where = ["--package-path", package, "-c", "release", "--static-swift-stdlib"]
    say(f"building {product}")
    run(["swift", "build", *where, "--product", product])
    return Path(run(["swift", "build", *where, "--show-bin-path"]).strip()) / product


def commit():
    """Of the package that is measured."""
    if not shutil.which("git"):
        return "unknown"
    said = run_any(["git", "-C", MAIN, "describe", "--always", "--dirty"])
    return said.stdout.strip() or "unknown"


def build_main(product):
    return swift_build(MAIN, product)


def build_bench(product):
    return swift_build(BENCH, product)


def need(*programs):
    missing = [p for p in programs if not shutil.which(p)]
    if missing:
        raise SystemExit(
            f"benchmarks: {', '.join(missing)} not found; benchmarks/README.md names the packages")


PEER_PROTOS = {
    "grpc-swift": ["baedal/order/v1/order.proto"],
    "swift-protobuf": [
        "baedal/order/v1/order.proto", "baedal/order/v1/events.proto",
        "baedal/store/v1/store.proto", "baedal/wire/v1/wire.proto"],
}


def generate_swift(peer):
    """Writes the messages of a peer that uses swift-protobuf, from proto/ as it is now."""
    need("protoc")
    plugin = build_bench("protoc-gen-swift")
    run(["protoc", "-I", MAIN / "proto", f"--plugin=protoc-gen-swift={plugin}",
         "--swift_opt=Visibility=Internal,FileNaming=DropPath",
         f"--swift_out={BENCH / 'peers' / peer / 'Generated'}", *PEER_PROTOS[peer]])


def build_grpc_cpp():
    need("protoc", "grpc_cpp_plugin", "g++", "pkg-config")
    say("building grpc-cpp")
    out = BENCH / ".build" / "grpc-cpp"
    run([BENCH / "peers" / "grpc-cpp" / "build.sh", out])
    return out


# MARK: processes

_started = []


class Process:
    """A server under measurement, in a process group of its own."""

    def __init__(self, command, log=None, **options):
        self.command = [str(c) for c in command]
        self.log = open(log, "wb") if log else subprocess.DEVNULL
        self.began = time.monotonic()
        self.child = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
            start_new_session=True, **options)
        self.pid = self.child.pid
        _started.append(self)

    def wait_for_line(self, text, timeout_s=60):
        """Until the server prints a line that holds the text."""
        deadline = time.monotonic() + timeout_s
        seen = b""
        out = self.child.stdout
        while time.monotonic() < deadline:
            if not select.select([out], [], [], 0.2)[0]:
                continue
            more = os.read(out.fileno(), 65536)
            if not more:
                break
            seen += more
            if text.encode() in seen:
                return
        raise SystemExit(f"benchmarks: {self.command[0]} did not get ready: {seen[-500:]!r}")

    def stop(self, wait_s=10):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(wait_s)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self.child.wait()
        if self.child.stdout:
            self.child.stdout.close()
        if self in _started:
            _started.remove(self)

    def cpu_us(self):
        """CPU it has taken so far, in user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")

    def status_kib(self, key):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        return 0


@atexit.register
def stop_all():
    for process in list(_started):
        process.stop(wait_s=3)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"benchmarks: nothing listens on {port} after {timeout_s} s")


class Scratch:
    """Goes away afterwards; on the disk that BAEDAL_BENCH_SCRATCH or TMPDIR names."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(
            prefix="baedal-bench-", dir=os.environ.get("BAEDAL_BENCH_SCRATCH")))
        os.chmod(self.path, 0o755)
        atexit.register(self.remove)

    def remove(self):
        # What runs would go on writing here; it is stopped at exit too, but after this.
        stop_all()
        shutil.rmtree(self.path, ignore_errors=True)


def load(generator, pin=None, timeout_s=300, **arguments):
    """Runs a load generator and gives the line of JSON it prints."""
    command = ["taskset", "-c", str(pin)] if pin is not None else []
    command += [str(generator)]
    for name, value in arguments.items():
        if value is not None:
            command += ["--" + name.replace("_", "-"), str(value)]
    return json.loads(run(command, timeout=timeout_s))


def write_payloads(path, payloads):
    with open(path, "wb") as file:
        for payload in payloads:
            file.write(len(payload).to_bytes(4, "big") + payload)
    return path


# Of a sample: calls that came to nothing good.
FAILED = ("errors", "unanswered")


def failed(sample):
    return sum(sample.get(key, 0) for key in FAILED)


def medians(rounds):
    """The median of each figure over rounds of the same measurement, None if a round lacks it; of
    failed calls the sum, for one bad round must not vanish among good ones."""
    def together(key):
        values = [r[key] for r in rounds]
        if None in values:
            return None
        return sum(values) if key in FAILED else statistics.median(values)
    return {key: together(key) for key in rounds[0]}


def host(quick):
    """What the figures were taken on. To be asked right before the first measured round: the load
    average is not to be that of the builds."""
    model = next(
        (line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), "unknown")
    return {
        "cpu": model, "cores": os.cpu_count(), "kernel": os.uname().release,
        "load_average_before": round(os.getloadavg()[0], 2),
        "taken": time.strftime("%Y-%m-%d %H:%M"), "commit": commit(), "quick": quick,
    }
