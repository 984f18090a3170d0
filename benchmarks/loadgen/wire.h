// The few frames of the wire protocol (proto/README.md) that a load generator
// needs, written and read by hand: it must cost little beside the server.
#ifndef BAEDAL_BENCH_WIRE_H
#define BAEDAL_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint8_t *wire_put_varint(uint8_t *at, uint64_t value) {
  while (value >= 0x80) {
    *at++ = (uint8_t)(value | 0x80);
    value >>= 7;
  }
  *at++ = (uint8_t)value;
  return at;
}

static inline size_t wire_varint_size(uint64_t value) {
  size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    size++;
  }
  return size;
}

// A cursor over bytes. `ok` turns false, and stays so, at the first malformed byte.
typedef struct {
  const uint8_t *at, *end;
  bool ok;
} wire_reader;

static inline uint64_t wire_get_varint(wire_reader *r) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && r->at < r->end; shift += 7) {
    uint8_t byte = *r->at++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  r->ok = false;
  return 0;
}

// Reads a field's tag and its value: a varint into `value`, bytes into `bytes`.
static inline uint32_t wire_get_field(wire_reader *r, uint64_t *value, wire_reader *bytes) {
  uint64_t tag = wire_get_varint(r), size;
  switch (tag & 7) {
    case 0: *value = wire_get_varint(r); break;
    case 1: size = 8; goto skip;
    case 5: size = 4; goto skip;
    case 2:
      size = wire_get_varint(r);
    skip:
      if (size > (uint64_t)(r->end - r->at)) {
        r->ok = false;
        return 0;
      }
      *bytes = (wire_reader){r->at, r->at + size, true};
      r->at += size;
      break;
    default: r->ok = false;
  }
  return r->ok ? (uint32_t)(tag >> 3) : 0;
}

enum {
  WIRE_HELLO_REPLY = 2, WIRE_REPLY = 4, WIRE_END = 6, WIRE_PING = 9, WIRE_GO_AWAY = 11
};

// What a received frame says.
typedef struct {
  uint32_t kind;  // number of the field of Frame that was set
  uint64_t id;    // call id, nonce, or last call id
  wire_reader payload;  // of a reply
  uint64_t status;      // of an end or a go-away
  wire_reader message;
} wire_frame;

bool wire_parse(const uint8_t *bytes, size_t size, wire_frame *frame);

// The varint at a path of field numbers (0-terminated) of a message; 0 if it is absent.
uint64_t wire_find(wire_reader message, const int *path);

// Writes the opening frame and gives its size. `out` holds at least 512 bytes.
size_t wire_put_hello(uint8_t *out, const char *role, const char *id);
size_t wire_put_pong(uint8_t *out, uint64_t nonce);
// Writes a call's frame up to where its payload begins.
size_t wire_put_call(uint8_t *out, uint64_t call, const char *method, size_t method_size,
                     size_t payload_size);

#endif
