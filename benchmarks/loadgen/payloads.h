// Request payloads read from a file. Where a payload holds sixteen '#', the
// generator writes the running number of the call, so that each is unique; where
// it (or the --id of the hello) holds four '@', the number of the connection, so
// that each connection is a caller of its own.
#ifndef BAEDAL_BENCH_PAYLOADS_H
#define BAEDAL_BENCH_PAYLOADS_H

#include <stddef.h>
#include <stdint.h>

enum { PAYLOAD_NUMBER_WIDTH = 16, PAYLOAD_CALLER_WIDTH = 4 };

typedef struct {
  uint8_t *bytes;
  uint32_t size;
  ptrdiff_t number_at;  // -1: no number
  ptrdiff_t caller_at;
} payload;

typedef struct {
  payload *items;
  uint32_t count;
} payload_list;

// Reads them, or says what is wrong and exits with 66.
payload_list payloads_read(const char *path);

// Writes the number in decimal, with leading zeros up to the width.
void payload_write_number(uint8_t *at, int width, uint64_t number);

#endif
