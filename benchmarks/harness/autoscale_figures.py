"""What the records of a run of the autoscale suite come to."""

from .load import quantile

BIN_NS = 500_000_000
PLACED = 4  # state of an order


def is_placed(record):
    _, answered, status, state = record
    return answered != 0 and status == 0 and state == PLACED


class Figures:
    def __init__(self, course):
        self.course = course
        self.zero = course.phases[0].began_ns
        self.end = course.phases[-1].ended_ns

    def phase(self, phase):
        orders = [r for r in self.course.orders if phase.began_ns <= r[0] < phase.ended_ns]
        seconds = (phase.ended_ns - phase.began_ns) / 1e9
        placed = [r for r in orders if is_placed(r)]
        waits = sorted((r[1] - r[0]) / 1e6 for r in placed)
        # What a phase settles to: its second half.
        half = (phase.began_ns + phase.ended_ns) // 2
        settled = sum(1 for r in placed if r[0] >= half) / (seconds / 2)
        return {
            "seconds": seconds, "offered_per_s": len(orders) / seconds,
            "placed_per_s": len(placed) / seconds, "placed": len(placed),
            "settled_per_s": settled,
            "turned_away_per_s": (len(orders) - len(placed)) / seconds,
            "p50_ms": quantile(waits, 0.5), "p99_ms": quantile(waits, 0.99),
            "cancels_p99_ms": self.cancels_p99_ms(phase.began_ns, phase.ended_ns),
            "refund_asked_p99_ms": self.refunds_p99_ms(phase, 1),
            "refunded_p99_ms": self.refunds_p99_ms(phase, 2),
            "replicas": self.replica_seconds(phase.began_ns, phase.ended_ns) / seconds,
        }

    def cancels_p99_ms(self, began_ns, ended_ns):
        """From when a cancellation was due; one that failed never ended."""
        waits = sorted((r[1] - r[0]) / 1e6 if r[1] and r[2] == 0 else float("inf")
                       for r in self.course.cancels if began_ns <= r[0] < ended_ns)
        return quantile(waits, 0.99)

    def refunds_p99_ms(self, phase, step):
        """From the cancelled order to its refund: asked for (1), paid back (2)."""
        waits = sorted((r[step] - r[0]) / 1e6 if r[step] else float("inf")
                       for r in self.course.refunds if phase.began_ns <= r[0] < phase.ended_ns)
        return quantile(waits, 0.99)

    def replica_seconds(self, began_ns, ended_ns):
        """The area under the replicas there were."""
        total, held, since = 0.0, self.course.least, began_ns
        for sample in self.course.samples:
            at = min(max(sample["at_ns"], began_ns), ended_ns)
            total += held * (at - since) / 1e9
            since, held = at, sample["replicas"]
        return total + held * (ended_ns - since) / 1e9

    def direction_changes(self):
        """How often the replicas turned from rising to falling or back."""
        turns, direction, before = 0, 0, None
        for sample in self.course.samples:
            now = sample["replicas"]
            if before is not None and now != before:
                sign = 1 if now > before else -1
                turns += direction not in (0, sign)
                direction = sign
            before = now
        return turns

    def by_phase(self):
        return {p.name: self.phase(p) for p in self.course.phases}

    def timeline(self):
        """Series over half seconds."""
        count = int((self.end - self.zero) // BIN_NS) + 1
        per_bin = 1e9 / BIN_NS
        series = {k: [0.0] * count for k in ("offered", "completed", "turned_away")}

        def place(at):
            return min(count - 1, max(0, (at - self.zero) // BIN_NS))

        for record in self.course.orders:
            series["offered"][place(record[0])] += per_bin
            if is_placed(record):
                series["completed"][place(record[1])] += per_bin
            else:
                series["turned_away"][place(record[1] or record[0])] += per_bin
        return {
            "name": self.course.name, "most": self.course.most,
            "seconds": [i * BIN_NS / 1e9 for i in range(count)], **series,
            "phases": [[p.name, (p.began_ns - self.zero) / 1e9] for p in self.course.phases],
            "samples": [{**s, "at": (s["at_ns"] - self.zero) / 1e9} for s in self.course.samples],
        }
