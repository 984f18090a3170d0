#define _GNU_SOURCE
#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what) {
  fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
  exit(69);
}

static uint8_t *reserve(uint8_t *bytes, size_t *capacity, size_t needed) {
  if (needed <= *capacity) return bytes;
  while (*capacity < needed) *capacity *= 2;
  if (*capacity > (size_t)256 << 20) fail("a queue has grown past 256 MiB");
  bytes = realloc(bytes, *capacity);
  if (!bytes) fail("memory");
  return bytes;
}

void connection_open(connection *c, int number, const options *o) {
  *c = (connection){.number = number, .next_call = 1};
  c->in_capacity = c->out_capacity = 1 << 18;
  c->in = malloc(c->in_capacity);
  c->out = malloc(c->out_capacity);
  c->began_ns = calloc(CONNECTION_WINDOW, sizeof *c->began_ns);
  if (!c->in || !c->out || !c->began_ns) fail("memory");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o->port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c->fd < 0) fail("socket");
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  char id[100];
  snprintf(id, sizeof id, "%s", o->id);
  char *caller = strstr(id, "@@@@");
  if (caller) payload_write_number((uint8_t *)caller, PAYLOAD_CALLER_WIDTH, (uint64_t)number);
  c->out_size = wire_put_hello(c->out, o->role, id);
}

void connection_close(connection *c) {
  close(c->fd);
  free(c->in);
  free(c->out);
  free(c->began_ns);
}

void connection_call(connection *c, const options *o, const payload *p, uint64_t number,
                     uint64_t began_ns) {
  size_t method_size = strlen(o->method);
  c->out = reserve(c->out, &c->out_capacity, c->out_size + method_size + p->size + 64);
  uint64_t call = c->next_call++;
  uint64_t *slot = &c->began_ns[call % CONNECTION_WINDOW];
  if (*slot) {
    errno = ETIMEDOUT;
    fail("a call was never answered while 65,535 later ones were");
  }
  *slot = began_ns;
  c->in_flight++;
  c->out_size += wire_put_call(c->out + c->out_size, call, o->method, method_size, p->size);
  memcpy(c->out + c->out_size, p->bytes, p->size);
  uint8_t *copy = c->out + c->out_size;
  if (p->number_at >= 0) payload_write_number(copy + p->number_at, PAYLOAD_NUMBER_WIDTH, number);
  if (p->caller_at >= 0) {
    payload_write_number(copy + p->caller_at, PAYLOAD_CALLER_WIDTH, (uint64_t)c->number);
  }
  c->out_size += p->size;
}

bool connection_flush(connection *c) {
  while (c->out_sent < c->out_size) {
    ssize_t n = send(c->fd, c->out + c->out_sent, c->out_size - c->out_sent,
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("send");
    c->out_sent += (size_t)n;
  }
  c->out_sent = c->out_size = 0;
  return false;
}

static void complain(const wire_frame *frame) {
  static int told = 0;
  if (told++ >= 3) return;
  fprintf(stderr, "loadgen: status %llu: %.*s\n", (unsigned long long)frame->status,
          (int)(frame->message.end - frame->message.at),
          frame->message.at ? (const char *)frame->message.at : "");
}

static void take(connection *c, const wire_frame *frame, const answers *to) {
  switch (frame->kind) {
    case WIRE_HELLO_REPLY: c->is_greeted = true; return;
    case WIRE_GO_AWAY: complain(frame); return;
    case WIRE_PING:
      c->out = reserve(c->out, &c->out_capacity, c->out_size + 64);
      c->out_size += wire_put_pong(c->out + c->out_size, frame->id);
      return;
    case WIRE_REPLY:
    case WIRE_END: break;
    default: return;
  }
  uint64_t *slot = &c->began_ns[frame->id % CONNECTION_WINDOW];
  answer a = {.began_ns = *slot, .is_ok = frame->kind == WIRE_REPLY, .status = frame->status};
  // Whoever records each answer counts the failed ones too.
  if (!a.is_ok && !to->options->records) complain(frame);
  if (a.is_ok && to->options->expect_field[0]) {
    a.value = wire_find(frame->payload, to->options->expect_field);
    a.is_ok = a.value == to->options->expect_value;
  }
  if (!*slot) {
    errno = EPROTO;
    fail("an answer to no call of ours");
  }
  to->answered(to->context, &a);
  *slot = 0;
  c->in_flight--;
}

bool connection_read(connection *c, const answers *to) {
  ssize_t n = recv(c->fd, c->in + c->in_size, c->in_capacity - c->in_size, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno == ECONNRESET)) return false;
  if (n < 0) return true;
  c->in_size += (size_t)n;
  size_t at = 0;
  while (c->in_size - at >= 4) {
    const uint8_t *b = c->in + at;
    size_t size = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
    if (c->in_size - at - 4 < size) {
      c->in = reserve(c->in, &c->in_capacity, size + 4);
      break;
    }
    wire_frame frame;
    if (!wire_parse(c->in + at + 4, size, &frame)) {
      errno = EPROTO;
      fail("the server sent a malformed frame");
    }
    take(c, &frame, to);
    at += 4 + size;
  }
  memmove(c->in, c->in + at, c->in_size - at);
  c->in_size -= at;
  return true;
}
