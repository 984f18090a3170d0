"""The report of the breaker suite as one file of HTML that needs nothing beside it."""

from . import page
from .breaker_figures import HOLD_S
from .breaker_run import (
    CANCELS_PER_S, CAPACITY_PER_S, LATENCY_MS, PLACES, QUEUE, QUEUED, READS_PER_S)


def measured(plan):
    """What was done, in words."""
    return f"""\
One node with every service and the defaults of `baedal config show`, but the payment provider – the
built-in simulator – takes {PLACES} charges at once and {LATENCY_MS} ms for each, which is a
capacity of {CAPACITY_PER_S:.0f} charges a second; {QUEUE} more wait for a place, and are carried
out even if their caller has given up meanwhile, as at a real one. A call to it times out after 3 s.
PlaceOrder calls are due at fixed instants (open loop), and the time of each counts from when it was
due. Every fifth customer would rather hear UNAVAILABLE than be parked. Beside them somebody
reads {READS_PER_S} and cancels {CANCELS_PER_S} orders a second, which needs no payment.
The provider is healthy for {plan.healthy:.0f} s, slow (2.5 s a charge) for {plan.slow:.0f} s,
failing (of ten answers eight are lost; half of those have charged) for {plan.failing:.0f} s, dead
(refuses at once) for {plan.dead:.0f} s, and back. Then the load ends, and parked orders are paid
or, {plan.parked_s} s after they were placed, expire. *With*: bulkhead of {PLACES} charges, and
{QUEUED} that wait; breaker of the defaults (its longest open wait {plan.open_wait_max_s} s).
*Without*: a breaker that never opens, a bulkhead that everything fits into.
*paid/s* is taken from the journal, over the second half of a phase; the kinds are answers, by when
the call was due. *Full goodput after* counts from the first probe the breaker allowed after the
provider was back to the first second with 95 % of what was offered or of the capacity, from which
on every mean over {HOLD_S} s holds that until the load ends; *charges
for nobody* are those the provider worked on after their caller had given up; *beyond capacity* are
those since it was back that found no place."""


def draw(course):
    """Pictures as PNG beside the file that holds the course of the runs."""
    return page.draw("breaker_plots.py", course)


def write(host, plan, tables, goals, pictures):
    """Writes results/breaker.html."""
    page.write(
        "breaker", "Baedal: payment that cannot hurt anyone", host, goals, pictures,
        measured(plan), tables,
        "benchmarks/run breaker            # all of it\n"
        "benchmarks/run breaker --quick    # two loads, shorter phases")
