#include "records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  uint64_t due_ns, answered_ns;
  uint32_t status, value;
} record;

static void fail(const char *what) {
  fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
  exit(73);
}

records *records_open(const char *path) {
  records *r = malloc(sizeof *r);
  if (!r) fail("memory");
  r->file = fopen(path, "wb");
  if (!r->file) fail(path);
  // Written rarely and in one go: it shares the thread with the load.
  setvbuf(r->file, NULL, _IOFBF, 1 << 20);
  return r;
}

void records_add(records *r, const answer *a, uint64_t answered_ns) {
  record one = {a->began_ns, answered_ns, (uint32_t)a->status, (uint32_t)a->value};
  if (fwrite(&one, sizeof one, 1, r->file) != 1) fail("records");
}

void records_close(records *r) {
  if (fclose(r->file) != 0) fail("records");
  free(r);
}
