#define _GNU_SOURCE
#include "payloads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *path, const char *why) {
  fprintf(stderr, "loadgen: %s: %s\n", path, why);
  exit(66);
}

payload_list payloads_read(const char *path) {
  payload_list list = {0};
  FILE *file = fopen(path, "rb");
  if (!file) fail(path, "cannot be read");
  uint8_t head[4];
  while (fread(head, 1, 4, file) == 4) {
    uint32_t size = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 |
                    (uint32_t)head[2] << 8 | head[3];
    if (size > 1u << 20) fail(path, "a payload is larger than 1 MiB");
    payload p = {.bytes = malloc(size + 1), .size = size, .number_at = -1, .caller_at = -1};
    payload *items = realloc(list.items, (list.count + 1) * sizeof *items);
    if (!p.bytes || !items || fread(p.bytes, 1, size, file) != size) fail(path, "cut short");
    uint8_t *mark = memmem(p.bytes, size, "################", PAYLOAD_NUMBER_WIDTH);
    if (mark) p.number_at = mark - p.bytes;
    mark = memmem(p.bytes, size, "@@@@", PAYLOAD_CALLER_WIDTH);
    if (mark) p.caller_at = mark - p.bytes;
    list.items = items;
    list.items[list.count++] = p;
  }
  fclose(file);
  if (list.count == 0) fail(path, "holds no payload");
  return list;
}

void payload_write_number(uint8_t *at, int width, uint64_t number) {
  for (int i = width - 1; i >= 0; i--) {
    at[i] = (uint8_t)('0' + number % 10);
    number /= 10;
  }
}
