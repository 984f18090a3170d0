// A log-linear histogram of nanoseconds: 64 steps per doubling, so a value is
// told to within 1.6 %. One fixed table, no allocation, an increment per value.
#ifndef BAEDAL_BENCH_HISTOGRAM_H
#define BAEDAL_BENCH_HISTOGRAM_H

#include <stdint.h>
#include <string.h>

enum { HISTOGRAM_STEP_BITS = 6, HISTOGRAM_BUCKETS = 59 << HISTOGRAM_STEP_BITS };

typedef struct {
  uint64_t count;
  uint64_t max_ns;
  uint64_t buckets[HISTOGRAM_BUCKETS];
} histogram;

static inline void histogram_clear(histogram *h) { memset(h, 0, sizeof *h); }

static inline void histogram_add(histogram *h, uint64_t ns) {
  unsigned index;
  if (ns < (1u << HISTOGRAM_STEP_BITS)) {
    index = (unsigned)ns;
  } else {
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - HISTOGRAM_STEP_BITS;
    index = ((shift + 1) << HISTOGRAM_STEP_BITS) +
            (unsigned)((ns >> shift) & ((1u << HISTOGRAM_STEP_BITS) - 1));
  }
  h->buckets[index]++;
  h->count++;
  if (ns > h->max_ns) h->max_ns = ns;
}

static inline void histogram_merge(histogram *into, const histogram *other) {
  for (int i = 0; i < HISTOGRAM_BUCKETS; i++) into->buckets[i] += other->buckets[i];
  into->count += other->count;
  if (other->max_ns > into->max_ns) into->max_ns = other->max_ns;
}

// The upper end, in nanoseconds, of the bucket in which that share of the values lies.
static inline uint64_t histogram_quantile(const histogram *h, double share) {
  if (h->count == 0) return 0;
  uint64_t rank = (uint64_t)(share * (double)h->count);
  if (rank >= h->count) rank = h->count - 1;
  uint64_t seen = 0;
  for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
    seen += h->buckets[i];
    if (seen <= rank) continue;
    if (i < (1u << HISTOGRAM_STEP_BITS)) return i;
    unsigned shift = (i >> HISTOGRAM_STEP_BITS) - 1;
    uint64_t low = ((uint64_t)((i & ((1u << HISTOGRAM_STEP_BITS) - 1)) |
                               (1u << HISTOGRAM_STEP_BITS)))
                   << shift;
    uint64_t high = low + ((1ull << shift) - 1);
    return high < h->max_ns ? high : h->max_ns;
  }
  return h->max_ns;
}

#endif
