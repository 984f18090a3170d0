// libprotobuf-c alone on the samples of `benchmarks/run codec`: unpacks into a bump allocator that is
// reset each time, and packs what it unpacked, without any Swift value. What no codec over this
// library can go below.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "CMessages.h"

enum { ARENA_BYTES = 1 << 20, REPEATS = 2000, RUNS = 60, SAMPLE_BYTES_MAX = 1 << 16 };

typedef struct {
  uint8_t bytes[ARENA_BYTES];
  size_t used;
} arena;

static void *take(void *data, size_t size) {
  arena *a = data;
  size_t rounded = (size + 7) & ~(size_t)7;
  if (rounded > ARENA_BYTES - a->used) return NULL;
  void *room = a->bytes + a->used;
  a->used += rounded;
  return room;
}

static void give(void *data, void *pointer) {
  (void)data;
  (void)pointer;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static const struct {
  const char *name;
  const ProtobufCMessageDescriptor *descriptor;
} kinds[] = {
    {"place order request", &baedal__order__v1__place_order_request__descriptor},
    {"place order response", &baedal__order__v1__place_order_response__descriptor},
    {"order submitted event", &baedal__order__v1__order_submitted__descriptor},
    {"store with 20 items", &baedal__store__v1__store_response__descriptor},
    {"call frame", &baedal__wire__v1__frame__descriptor},
};

static size_t part(FILE *file, uint8_t *into) {
  uint8_t head[4];
  if (fread(head, 1, 4, file) != 4) return 0;
  size_t count = (size_t)head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3];
  if (count > SAMPLE_BYTES_MAX || fread(into, 1, count, file) != count) exit(65);
  return count;
}

static void measure(const char *name, const uint8_t *bytes, size_t count, const char *before) {
  static arena room;
  static uint8_t packed[2 * SAMPLE_BYTES_MAX];
  ProtobufCAllocator allocator = {take, give, &room};
  const ProtobufCMessageDescriptor *descriptor = NULL;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i].name, name) == 0) descriptor = kinds[i].descriptor;
  if (!descriptor) exit(65);
  double decode = 1e9, encode = 1e9;
  for (int run = 0; run < RUNS; run++) {
    double began = seconds();
    ProtobufCMessage *message = NULL;
    for (int i = 0; i < REPEATS; i++) {
      room.used = 0;
      message = protobuf_c_message_unpack(descriptor, &allocator, count, bytes);
    }
    double middle = seconds();
    if (!message) exit(65);
    size_t written = 0;
    for (int i = 0; i < REPEATS; i++) written = protobuf_c_message_pack(message, packed);
    double ended = seconds();
    if (written != count) exit(65);
    if (middle - began < decode) decode = middle - began;
    if (ended - middle < encode) encode = ended - middle;
  }
  printf("%s\"%s\": {\"bytes\": %zu, \"encode_ns\": %.2f, \"encode_allocations\": 0, "
         "\"decode_ns\": %.2f, \"decode_allocations\": 0}",
         before, name, count, encode / REPEATS * 1e9, decode / REPEATS * 1e9);
}

int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (!file) {
    fprintf(stderr, "usage: %s SAMPLES\n", argv[0]);
    return 64;
  }
  static uint8_t name[SAMPLE_BYTES_MAX + 1], bytes[SAMPLE_BYTES_MAX];
  const char *before = "{";
  size_t length;
  while ((length = part(file, name)) > 0) {
    name[length] = 0;
    measure((const char *)name, bytes, part(file, bytes), before);
    before = ", ";
  }
  puts("}");
  return 0;
}
