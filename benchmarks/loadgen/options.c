#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void usage(const char *problem) {
  fprintf(stderr,
          "loadgen: %s\n"
          "usage: loadgen --port P --method NAME --payloads FILE [--connections N]\n"
          "  [--in-flight N] [--rate PER_S] [--seconds S] [--warmup S] [--calls N]\n"
          "  [--first-number N] [--server-pid PID] [--role ROLE] [--id ID]\n"
          "  [--expect PATH=VALUE]   such as 1.4=4: field 4 of field 1 must be 4\n"
          "  [--records FILE]        one record a call, see records.h\n"
          "SIGTERM ends the load before its time.\n",
          problem);
  exit(64);
}

static void parse_expect(options *o, const char *text) {
  char *rest;
  for (int i = 0; i < 3; i++) {
    o->expect_field[i] = (int)strtol(text, &rest, 10);
    if (*rest == '=') {
      o->expect_value = strtoull(rest + 1, NULL, 10);
      return;
    }
    if (*rest != '.') break;
    text = rest + 1;
  }
  usage("--expect takes up to three field numbers, as in 1.4=4");
}

options options_parse(int argc, char **argv) {
  options o = {.connections = 1, .in_flight = 1, .seconds = 3, .warmup_s = 1, .role = "",
               .id = ""};
  for (int i = 1; i < argc; i += 2) {
    const char *name = argv[i];
    if (i + 1 >= argc) usage(name);
    const char *value = argv[i + 1];
    if (!strcmp(name, "--port")) o.port = atoi(value);
    else if (!strcmp(name, "--method")) o.method = value;
    else if (!strcmp(name, "--payloads")) o.payloads = value;
    else if (!strcmp(name, "--connections")) o.connections = atoi(value);
    else if (!strcmp(name, "--in-flight")) o.in_flight = atoi(value);
    else if (!strcmp(name, "--records")) o.records = value;
    else if (!strcmp(name, "--rate")) o.rate_per_s = atof(value);
    else if (!strcmp(name, "--seconds")) o.seconds = atof(value);
    else if (!strcmp(name, "--warmup")) o.warmup_s = atof(value);
    else if (!strcmp(name, "--calls")) o.calls_max = strtoull(value, NULL, 10);
    else if (!strcmp(name, "--first-number")) o.first_number = strtoull(value, NULL, 10);
    else if (!strcmp(name, "--server-pid")) o.server = (pid_t)atoi(value);
    else if (!strcmp(name, "--role")) o.role = value;
    else if (!strcmp(name, "--id")) o.id = value;
    else if (!strcmp(name, "--expect")) parse_expect(&o, value);
    else usage(name);
  }
  if (o.port <= 0 || !o.method || !o.payloads) usage("port, method and payloads are needed");
  if (o.connections < 1 || o.connections > 4096) usage("--connections: 1 to 4096");
  // Beyond that the time between two calls would be nothing.
  if (!(o.rate_per_s >= 0 && o.rate_per_s <= 1e9)) usage("--rate: 0 to 1000000000 calls a second");
  if (o.in_flight < 1 || o.in_flight > 16384) usage("--in-flight: 1 to 16384");
  return o;
}
