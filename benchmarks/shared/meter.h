// What every load generator here measures and prints in the same way: time,
// the server's CPU (its process clock, in nanoseconds, so that short rounds
// are exact), its memory, and one line of JSON.
#ifndef BAEDAL_BENCH_METER_H
#define BAEDAL_BENCH_METER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "histogram.h"

static inline uint64_t meter_clock_ns(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t) != 0) return 0;
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static inline uint64_t meter_now_ns(void) { return meter_clock_ns(CLOCK_MONOTONIC); }

// User and system CPU of another process and all of its threads so far.
static inline uint64_t meter_process_cpu_ns(pid_t pid) {
  clockid_t clock;
  if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0) return 0;
  return meter_clock_ns(clock);
}

// A line such as VmRSS or VmHWM of /proc/PID/status, in KiB.
static inline uint64_t meter_status_kib(pid_t pid, const char *key) {
  char path[64], line[256];
  uint64_t value = 0;
  if (pid <= 0) return 0;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  size_t length = strlen(key);
  while (fgets(line, sizeof line, file)) {
    if (strncmp(line, key, length) == 0 && line[length] == ':') {
      value = strtoull(line + length + 1, NULL, 10);
    }
  }
  fclose(file);
  return value;
}

typedef struct {
  pid_t server;
  uint64_t begin_ns, server_cpu_ns, own_cpu_ns;
  uint64_t server_cpu_at_begin_ns;
} meter;

static inline meter meter_begin(pid_t server) {
  meter m;
  m.server = server;
  m.server_cpu_ns = m.server_cpu_at_begin_ns = meter_process_cpu_ns(server);
  m.own_cpu_ns = meter_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  m.begin_ns = meter_now_ns();
  return m;
}

// Turns a begun meter into what was used since.
static inline meter meter_end(meter begun) {
  meter m = begun;
  m.begin_ns = meter_now_ns() - begun.begin_ns;
  m.server_cpu_ns = meter_process_cpu_ns(begun.server) - begun.server_cpu_ns;
  m.own_cpu_ns = meter_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begun.own_cpu_ns;
  return m;
}

// A figure of calls that went well; null where there is none, for a 0 would look like a good one.
static inline void meter_print_figure(const char *name, double value, bool is_known) {
  if (is_known) printf(", \"%s\": %.4f", name, value);
  else printf(", \"%s\": null", name);
}

// `calls` are those answered as they should be, and all figures are of them; only that the latency
// also has what the unanswered ones waited.
static inline void meter_print(meter used, const histogram *latency, uint64_t calls,
                               uint64_t errors, uint64_t unanswered) {
  static const struct {
    const char *name;
    double share;
  } quantiles[] = {{"p50_us", 0.5}, {"p90_us", 0.9}, {"p99_us", 0.99}, {"p999_us", 0.999}};
  double seconds = (double)used.begin_ns / 1e9;
  double each = calls ? 1.0 / (double)calls / 1e3 : 0;
  printf("{\"calls\": %llu, \"errors\": %llu, \"unanswered\": %llu, \"seconds\": %.4f, "
         "\"calls_per_s\": %.1f",
         (unsigned long long)calls, (unsigned long long)errors,
         (unsigned long long)unanswered, seconds, (double)calls / seconds);
  for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
    double ns = (double)histogram_quantile(latency, quantiles[i].share);
    meter_print_figure(quantiles[i].name, ns / 1e3, calls > 0);
  }
  meter_print_figure("max_us", (double)latency->max_ns / 1e3, calls > 0);
  meter_print_figure("server_cpu_us_per_call", (double)used.server_cpu_ns * each,
                     calls > 0 && used.server_cpu_ns > 0);
  meter_print_figure("client_cpu_us_per_call", (double)used.own_cpu_ns * each, calls > 0);
  printf(", \"server_cpu_at_begin_us\": %.1f, \"server_cores\": %.3f, "
         "\"server_rss_kib\": %llu}\n",
         (double)used.server_cpu_at_begin_ns / 1e3,
         (double)used.server_cpu_ns / (double)used.begin_ns,
         (unsigned long long)meter_status_kib(used.server, "VmRSS"));
  fflush(stdout);
}

#endif
