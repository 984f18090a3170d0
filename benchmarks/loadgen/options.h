// The command line of the load generator.
#ifndef BAEDAL_BENCH_OPTIONS_H
#define BAEDAL_BENCH_OPTIONS_H

#include <stdint.h>
#include <sys/types.h>

typedef struct {
  int port;
  int connections;
  int in_flight;       // per connection; in the open loop, the most that may wait on one
  double rate_per_s;   // 0: closed loop
  double seconds;      // of the measured window
  double warmup_s;
  uint64_t calls_max;  // stop after that many calls, whatever the time; 0: no such limit
  uint64_t first_number;
  pid_t server;
  const char *method;
  const char *payloads;  // a file of payloads, each after its 4-byte big-endian length
  const char *role;      // credentials of the hello
  const char *id;
  const char *records;   // where to write one record for each call; NULL: nowhere
  int expect_field[4];   // path to a varint of the answer, 0-terminated
  uint64_t expect_value; // what it must be, else the call is an error
} options;

// Reads them, or says what is wrong and exits with 64.
options options_parse(int argc, char **argv);

#endif
