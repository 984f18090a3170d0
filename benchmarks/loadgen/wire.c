#include "wire.h"

bool wire_parse(const uint8_t *bytes, size_t size, wire_frame *frame) {
  wire_reader outer = {bytes, bytes + size, true};
  wire_reader inner = {0}, field = {0};
  uint64_t value = 0;
  *frame = (wire_frame){0};
  if (size == 0) return false;
  frame->kind = wire_get_field(&outer, &value, &inner);
  while (inner.ok && inner.at < inner.end) {
    uint32_t number = wire_get_field(&inner, &value, &field);
    if (number == 1) frame->id = value;
    if (number != 2) continue;
    if (frame->kind == WIRE_REPLY) {
      frame->payload = field;
    } else if (frame->kind == WIRE_END || frame->kind == WIRE_GO_AWAY) {
      wire_reader status = field;
      while (status.ok && status.at < status.end) {
        uint32_t part = wire_get_field(&status, &value, &field);
        if (part == 1) frame->status = value;
        if (part == 2) frame->message = field;
      }
    }
  }
  return outer.ok && inner.ok;
}

uint64_t wire_find(wire_reader message, const int *path) {
  uint64_t value = 0, found = 0;
  wire_reader bytes = {0};
  while (message.ok && message.at < message.end) {
    if (wire_get_field(&message, &value, &bytes) != (uint32_t)path[0]) continue;
    found = path[1] ? wire_find(bytes, path + 1) : value;
  }
  return found;
}

static void put_length(uint8_t *out, size_t size) {
  out[0] = (uint8_t)(size >> 24);
  out[1] = (uint8_t)(size >> 16);
  out[2] = (uint8_t)(size >> 8);
  out[3] = (uint8_t)size;
}

static uint8_t *put_text(uint8_t *at, uint8_t tag, const char *text) {
  size_t size = strnlen(text, 100);
  *at++ = tag;
  at = wire_put_varint(at, size);
  memcpy(at, text, size);
  return at + size;
}

size_t wire_put_hello(uint8_t *out, const char *role, const char *id) {
  uint8_t credentials[256], body[400];
  uint8_t *c = put_text(put_text(credentials, 0x0a, role), 0x12, id);
  uint8_t *b = body;
  *b++ = 0x08, *b++ = 1;  // version_min
  *b++ = 0x10, *b++ = 1;  // version_max
  *b++ = 0x22;            // credentials
  b = wire_put_varint(b, (uint64_t)(c - credentials));
  memcpy(b, credentials, (size_t)(c - credentials));
  b += c - credentials;
  b = put_text(b, 0x2a, "loadgen");
  uint8_t *at = out + 4;
  *at++ = 0x0a;
  at = wire_put_varint(at, (uint64_t)(b - body));
  memcpy(at, body, (size_t)(b - body));
  at += b - body;
  put_length(out, (size_t)(at - out - 4));
  return (size_t)(at - out);
}

size_t wire_put_pong(uint8_t *out, uint64_t nonce) {
  uint8_t *at = out + 4;
  *at++ = 0x52;
  *at++ = (uint8_t)(1 + wire_varint_size(nonce));
  *at++ = 0x08;
  at = wire_put_varint(at, nonce);
  put_length(out, (size_t)(at - out - 4));
  return (size_t)(at - out);
}

size_t wire_put_call(uint8_t *out, uint64_t call, const char *method, size_t method_size,
                     size_t payload_size) {
  size_t body = 1 + wire_varint_size(call) + 1 + wire_varint_size(method_size) + method_size +
                1 + wire_varint_size(payload_size) + payload_size;
  put_length(out, 1 + wire_varint_size(body) + body);
  uint8_t *at = out + 4;
  *at++ = 0x1a;
  at = wire_put_varint(at, body);
  *at++ = 0x08;
  at = wire_put_varint(at, call);
  *at++ = 0x12;
  at = wire_put_varint(at, method_size);
  memcpy(at, method, method_size);
  at += method_size;
  *at++ = 0x1a;
  at = wire_put_varint(at, payload_size);
  return (size_t)(at - out);
}
