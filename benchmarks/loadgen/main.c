// Drives a server with the wire protocol and prints one line of JSON.
//
// Closed loop: each connection keeps so many calls in flight and sends the next
// when one is answered. Open loop (--rate): calls are due at fixed instants,
// whether or not the server keeps up, and a call's time counts from when it was
// due, so waiting is not hidden. One thread; one read and one write per turn.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../shared/meter.h"
#include "connection.h"
#include "records.h"

enum phase { WARMUP, MEASURED, DRAINING };

typedef struct {
  options options;
  payload_list payloads;
  connection *connections;
  int epoll;
  uint64_t number;  // of the next call
  uint64_t now_ns;
  enum phase phase;
  uint64_t begin_ns, end_ns;  // of the measured window
  // In the window, by answer (closed) or by due time (open): as they should be, and the others.
  uint64_t answered, errors;
  uint64_t due_ns, interval_ns;
  int next_connection;
  bool is_full;  // every place on every connection is taken: only an answer lets a due call go
  histogram latency;
  records *records;  // NULL: not wanted
} load;

static volatile sig_atomic_t is_told_to_end = 0;

static void end_now(int signal) {
  (void)signal;
  is_told_to_end = 1;
}

static void answered(void *context, const answer *a) {
  load *l = context;
  if (l->records) records_add(l->records, a, l->now_ns);
  if (l->options.rate_per_s > 0) {
    if (a->began_ns < l->begin_ns || a->began_ns >= l->end_ns) return;
  } else if (l->phase != MEASURED && !l->options.calls_max) {
    return;  // where calls are counted out, all of them are told
  }
  if (!a->is_ok) {
    l->errors++;
    return;
  }
  histogram_add(&l->latency, l->now_ns - a->began_ns);
  l->answered++;
}

static bool is_over(const load *l) {
  if (is_told_to_end) return true;
  return l->options.calls_max && l->number - l->options.first_number >= l->options.calls_max;
}

static void call(load *l, connection *c, uint64_t began_ns) {
  const payload *p = &l->payloads.items[l->number % l->payloads.count];
  connection_call(c, &l->options, p, l->number++, began_ns);
}

static void flush(load *l, connection *c) {
  bool is_left = connection_flush(c);
  if (is_left == c->is_write_armed) return;
  struct epoll_event event = {.events = EPOLLIN | (is_left ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &event);
  c->is_write_armed = is_left;
}

static void refill(load *l, connection *c) {
  if (l->options.rate_per_s == 0 && l->phase != DRAINING && c->is_greeted) {
    uint64_t now = meter_now_ns();
    while (c->in_flight < l->options.in_flight && !is_over(l)) call(l, c, now);
  }
  flush(l, c);
}

// Queues every call that is due; gives when the next one is.
static void send_due(load *l) {
  uint64_t now = meter_now_ns();
  l->is_full = false;
  while (l->due_ns <= now && l->phase != DRAINING && !is_over(l)) {
    connection *free = NULL;
    for (int i = 0; i < l->options.connections && !free; i++) {
      connection *c = &l->connections[(l->next_connection + i) % l->options.connections];
      if (c->is_greeted && c->in_flight < l->options.in_flight) free = c;
    }
    l->is_full = !free;
    if (!free) return;  // it stays due, and its clock runs
    l->next_connection = (int)(free - l->connections) + 1;
    call(l, free, l->due_ns);
    l->due_ns += l->interval_ns;
  }
}

static int in_flight(const load *l) {
  int sum = 0;
  for (int i = 0; i < l->options.connections; i++) sum += l->connections[i].in_flight;
  return sum;
}

static struct timespec wait_for(const load *l) {
  uint64_t until = l->phase == WARMUP ? l->begin_ns : l->end_ns;
  if (l->phase == DRAINING) until = l->now_ns + 10000000;
  // A call that is due and has no place is not waited for by looking again and again: that would
  // take from the server the CPU that it is measured on.
  bool is_paced = l->options.rate_per_s > 0 && l->phase != DRAINING && !l->is_full;
  if (is_paced && l->due_ns < until) until = l->due_ns;
  uint64_t now = meter_now_ns();
  uint64_t wait = until > now ? until - now : 0;
  return (struct timespec){.tv_sec = (time_t)(wait / 1000000000),
                           .tv_nsec = (long)(wait % 1000000000)};
}

static void turn(load *l) {
  struct epoll_event events[256];
  struct timespec wait = wait_for(l);
  int n = epoll_pwait2(l->epoll, events, 256, &wait, NULL);
  if (n < 0 && errno != EINTR) exit(70);
  l->now_ns = meter_now_ns();
  answers to = {.context = l, .answered = answered, .options = &l->options};
  for (int i = 0; i < n; i++) {
    connection *c = events[i].data.ptr;
    if (!connection_read(c, &to)) {
      fprintf(stderr, "loadgen: the server hung up\n");
      exit(69);
    }
    if (l->options.rate_per_s == 0) refill(l, c);
  }
  if (l->options.rate_per_s == 0) return;
  send_due(l);
  for (int i = 0; i < l->options.connections; i++) {
    if (l->connections[i].out_size > 0) flush(l, &l->connections[i]);
  }
}

static void open_all(load *l) {
  l->epoll = epoll_create1(EPOLL_CLOEXEC);
  l->connections = calloc((size_t)l->options.connections, sizeof *l->connections);
  if (l->epoll < 0 || !l->connections) exit(70);
  for (int i = 0; i < l->options.connections; i++) {
    connection *c = &l->connections[i];
    connection_open(c, i, &l->options);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) exit(70);
    flush(l, c);
  }
}

static uint64_t add_unanswered(load *l, uint64_t began_ns, uint64_t now) {
  if (!began_ns) return 0;
  if (l->records) records_add(l->records, &(answer){.began_ns = began_ns}, 0);
  if (began_ns < l->begin_ns || began_ns >= l->end_ns) return 0;
  histogram_add(&l->latency, now - began_ns);
  return 1;
}

// Calls without an answer waited at least until now; in the open loop also those that were due
// and could not even be sent.
static uint64_t count_unanswered(load *l) {
  uint64_t now = meter_now_ns(), count = 0;
  for (int i = 0; i < l->options.connections; i++) {
    for (int slot = 0; slot < CONNECTION_WINDOW; slot++) {
      count += add_unanswered(l, l->connections[i].began_ns[slot], now);
    }
  }
  for (; l->options.rate_per_s > 0 && l->due_ns < l->end_ns; l->due_ns += l->interval_ns) {
    count += add_unanswered(l, l->due_ns, now);
  }
  return count;
}

int main(int argc, char **argv) {
  static load l;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, end_now);
  l.options = options_parse(argc, argv);
  if (l.options.records) l.records = records_open(l.options.records);
  l.payloads = payloads_read(l.options.payloads);
  l.number = l.options.first_number;
  l.now_ns = meter_now_ns();
  l.begin_ns = l.now_ns + (uint64_t)(l.options.warmup_s * 1e9);
  l.end_ns = l.begin_ns + (uint64_t)(l.options.seconds * 1e9);
  l.due_ns = l.now_ns;
  l.interval_ns = l.options.rate_per_s > 0 ? (uint64_t)(1e9 / l.options.rate_per_s) : 0;
  open_all(&l);
  while (meter_now_ns() < l.begin_ns && !is_over(&l)) turn(&l);
  l.phase = MEASURED;
  meter used = meter_begin(l.options.server);
  while (meter_now_ns() < l.end_ns && !is_over(&l)) turn(&l);
  used = meter_end(used);
  l.phase = DRAINING;
  if (is_told_to_end) l.end_ns = meter_now_ns();
  uint64_t patience_ns = meter_now_ns() + 5000000000ull;
  while (in_flight(&l) > 0 && meter_now_ns() < patience_ns) turn(&l);
  uint64_t unanswered = count_unanswered(&l);
  if (l.records) records_close(l.records);
  meter_print(used, &l.latency, l.answered, l.errors, unanswered);
  for (int i = 0; i < l.options.connections; i++) connection_close(&l.connections[i]);
  return 0;
}
