"""pybreaker for `benchmarks/run breaker-cost`. Python does not count its allocations the way malloc
does, so they are left out."""

import json
import threading
import time

import pybreaker

REPEATS = 2_000
CALLS_EACH = 20_000


def work():
    pass


def call(breaker):
    try:
        breaker.call(work)
    except pybreaker.CircuitBreakerError:
        pass


def cost(breaker):
    best = float("inf")
    for _ in range(20):
        before = time.perf_counter_ns()
        for _ in range(REPEATS):
            call(breaker)
        best = min(best, (time.perf_counter_ns() - before) / REPEATS)
    return best


def together(threads):
    breaker = pybreaker.CircuitBreaker(fail_max=10, reset_timeout=3600)
    best = float("inf")
    for _ in range(5):
        line = threading.Barrier(threads)
        taken = []

        def run():
            line.wait()
            before = time.perf_counter_ns()
            for _ in range(CALLS_EACH):
                call(breaker)
            taken.append(time.perf_counter_ns() - before)

        group = [threading.Thread(target=run) for _ in range(threads)]
        for thread in group:
            thread.start()
        for thread in group:
            thread.join()
        best = min(best, sum(taken) / (threads * CALLS_EACH))
    return best


shut = pybreaker.CircuitBreaker(fail_max=1, reset_timeout=3600)
shut.open()
print(json.dumps({
    "success_ns": cost(pybreaker.CircuitBreaker(fail_max=10, reset_timeout=3600)),
    "rejection_ns": cost(shut),
    "one_thread_ns": together(1), "two_threads_ns": together(2),
}))
