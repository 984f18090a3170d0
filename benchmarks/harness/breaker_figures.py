"""What the records of a run of the breaker suite come to: by phase, and by quarter of a second."""

import bisect
import math

from .breaker_run import CAPACITY_PER_S
from .load import quantile

BIN_NS = 250_000_000
SECOND_NS = 1_000_000_000
# Over so long a dip of one second is noise, but a rate that falls is not.
HOLD_S = 5
# Of calls to place an order, by the state of the order or the status in its place.
KINDS = ["placed", "parked", "unknown", "unavailable", "error", "unanswered"]
BY_STATE = {2: "parked", 3: "unknown", 4: "placed"}
UNAVAILABLE = {8, 14}  # resource exhausted, unavailable: told to come again


def kind(record):
    _, answered, status, state = record
    if answered == 0:
        return "unanswered"
    if status in UNAVAILABLE:
        return "unavailable"
    return BY_STATE.get(state, "error") if status == 0 else "error"


class Figures:
    def __init__(self, cell):
        self.cell = cell
        self.zero = cell.phases[0].began_ns
        self.placed_at, self.settled_at = self.paid()

    def paid(self):
        """When orders became paid: by a charge, and by asking what became of an earlier one, which
        says nothing about what the provider does now."""
        placed, settled, unknown = [], [], set()
        for at, order, what in self.cell.events:
            if what == "OrderPaymentUnknown":
                unknown.add(order)
            elif what == "OrderPlaced":
                (settled if order in unknown else placed).append(at)
            elif what == "OrderPaymentRequested":
                unknown.discard(order)
        return sorted(placed), sorted(settled)

    # MARK: records

    def waited_ms(self, record):
        """From when the call was due; one never answered has waited until the end of the load."""
        due, answered, _, _ = record
        return ((answered or self.cell.load_ended_ns) - due) / 1e6

    @staticmethod
    def within(records, phase):
        return [r for r in records if phase.began_ns <= r[0] < phase.ended_ns]

    def waits(self, records):
        return sorted(self.waited_ms(r) for r in records)

    def placed_per_s(self, begin_ns, end_ns):
        """Orders that a charge paid, whoever asked for it, as the journal has them."""
        count = bisect.bisect_left(self.placed_at, end_ns) - bisect.bisect_left(
            self.placed_at, begin_ns)
        return count / ((end_ns - begin_ns) / 1e9)

    def steady_per_s(self, begin_ns, end_ns):
        """The same, weighted by a triangle over the time: the provider's places free themselves
        together, and it must not matter how many such batches just fall into the window."""
        middle, half = (begin_ns + end_ns) / 2, (end_ns - begin_ns) / 2
        first, last = (bisect.bisect_left(self.placed_at, t) for t in (begin_ns, end_ns))
        weights = sum(1 - abs(at - middle) / half for at in self.placed_at[first:last])
        return weights / (half / 1e9)

    def at_the_end_per_s(self):
        """Over the last seconds of the load: what it has recovered to."""
        end = self.cell.load_ended_ns
        return self.steady_per_s(end - 3_000_000_000, end)

    # MARK: phases

    def by_phase(self):
        return {phase.name: self.phase(phase) for phase in self.cell.phases}

    def phase(self, phase):
        cell = self.cell
        orders = self.within(cell.orders, phase)
        seconds = (phase.ended_ns - phase.began_ns) / 1e9
        of_kind = {k: [] for k in KINDS}
        for record in orders:
            of_kind[kind(record)].append(record)
        waits = self.waits(orders)
        turned_away = self.waits(of_kind["parked"] + of_kind["unavailable"])
        others = {name: self.within(records, phase)
                  for name, records in (("reads", cell.reads), ("cancels", cell.cancels))}
        return {
            "seconds": seconds, "offered_per_s": len(orders) / seconds,
            "answered_per_s": {k: len(r) / seconds for k, r in of_kind.items()},
            # The second half: what a phase settles to.
            "placed_per_s": self.steady_per_s(
                (phase.began_ns + phase.ended_ns) // 2, phase.ended_ns),
            "p50_ms": quantile(waits, 0.5), "p99_ms": quantile(waits, 0.99),
            "turned_away_p99_ms": quantile(turned_away, 0.99),
            **{f"{name}_p99_ms": quantile(self.waits(r), 0.99) for name, r in others.items()},
            **{f"{name}_failed": sum(1 for x in r if x[1] == 0 or x[2] != 0)
               for name, r in others.items()},
        }

    def answers(self):
        """Answers to calls to place an order, by kind, over the whole run."""
        out = dict.fromkeys(KINDS, 0)
        for record in self.cell.orders:
            out[kind(record)] += 1
        return out

    # MARK: recovery

    def recovery_s(self):
        """From the first probe that the breaker allowed after the provider was back until orders
        were paid at the full rate over a second, and held it until the load ended: over each
        HOLD_S from then on. None if they never did. The full rate is 95 % of what is offered, or of
        the capacity if that is less."""
        allowed = self.first_probe_ns()
        full = 0.95 * min(1, self.cell.factor) * CAPACITY_PER_S
        hold_ns, step_ns = HOLD_S * SECOND_NS, 20_000_000
        recovered = None
        # From the end backwards, as far as it holds.
        for begin in range(self.cell.load_ended_ns - hold_ns, allowed - 1, -step_ns):
            if self.placed_per_s(begin, begin + hold_ns) < full:
                break
            if self.placed_per_s(begin, begin + SECOND_NS) >= full:
                recovered = begin
        return None if recovered is None else (recovered - allowed) / 1e9

    def first_probe_ns(self):
        """When an open breaker, as it stood when the provider was back, lets a call through."""
        back = self.cell.phases[-1].began_ns
        before = [s for s in self.cell.samples if s["at_ns"] <= back]
        if not before or before[-1]["state"] != "open":
            return back
        return max(back, before[-1]["at_ns"] + before[-1]["retry_after_ms"] * 1_000_000)

    # MARK: what became of the orders

    def parked(self):
        """Parked orders by what became of them."""
        last, was_parked = {}, set()
        ends = {"OrderPlaced": "paid", "OrderExpired": "expired", "OrderCancelled": "cancelled",
                "OrderRejected": "rejected"}
        for _, order, what in self.cell.events:
            if what == "OrderParked":
                was_parked.add(order)
            if what in ends and last.get(order) != "paid":
                last[order] = ends[what]
        out = {"parked": len(was_parked), "paid": 0, "expired": 0, "cancelled": 0, "rejected": 0,
               "left": 0}
        for order in was_parked:
            out[last.get(order, "left")] += 1
        return out

    def over_capacity(self):
        """Charges that the provider had no place for, since it was back and until all was over."""
        since = [s for s in self.cell.samples if s["at_ns"] >= self.cell.phases[-1].began_ns]
        if not since:
            return math.inf
        refused = since[-1]["refused"] - since[0]["refused"]
        return refused + max(s["waiting_max"] for s in since)

    # MARK: the course of it

    def timeline(self):
        """Series over quarters of a second, from the begin of the load until the end of all."""
        cell = self.cell
        count = int((cell.ended_ns - self.zero) // BIN_NS) + 1
        per_bin = 1e9 / BIN_NS
        series = {k: [0.0] * count for k in ["offered", *KINDS, "paid", "settled"]}
        waits, reads = [[] for _ in range(count)], [[] for _ in range(count)]

        def place(at):
            return min(count - 1, max(0, (at - self.zero) // BIN_NS))

        for record in cell.orders:
            due, answered, _, _ = record
            series["offered"][place(due)] += per_bin
            series[kind(record)][place(answered or cell.load_ended_ns)] += per_bin
            waits[place(due)].append(self.waited_ms(record))
        for record in cell.reads:
            reads[place(record[0])].append(self.waited_ms(record))
        for key, instants in (("paid", self.placed_at), ("settled", self.settled_at)):
            for at in instants:
                series[key][place(at)] += per_bin
        for rows in (waits, reads):
            for row in rows:
                row.sort()
        return {
            "seconds": [i * BIN_NS / 1e9 for i in range(count)], **series,
            "p50_ms": [quantile(w, 0.5) for w in waits],
            "p99_ms": [quantile(w, 0.99) for w in waits],
            "reads_p99_ms": [quantile(w, 0.99) for w in reads],
            "phases": [[p.name, (p.began_ns - self.zero) / 1e9, (p.ended_ns - self.zero) / 1e9]
                       for p in cell.phases],
            "load_ended": (cell.load_ended_ns - self.zero) / 1e9,
            "samples": [{"at": (s["at_ns"] - self.zero) / 1e9, "state": s["state"],
                         "inside": s["inside"], "queued": s["queued"],
                         "under_way": s["under_way"], "waiting": s["waiting"]}
                        for s in cell.samples],
        }
