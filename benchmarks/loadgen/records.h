// One record for each call, for whoever wants to see the course of a run and not
// only its sum. 24 bytes each, in the machine's byte order, in the order of the
// answers: when the call was due and when it was answered (0: never), both in
// nanoseconds of CLOCK_MONOTONIC; its status as 32 bits (0: a reply); and the
// value at the path of --expect as 32 bits.
#ifndef BAEDAL_BENCH_RECORDS_H
#define BAEDAL_BENCH_RECORDS_H

#include <stdint.h>
#include <stdio.h>

#include "connection.h"

typedef struct {
  FILE *file;
} records;

// Makes the file, or says what is wrong and exits with 73.
records *records_open(const char *path);
void records_add(records *r, const answer *a, uint64_t answered_ns);
void records_close(records *r);

#endif
