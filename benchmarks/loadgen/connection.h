// One connection under load: calls out, answers in, and when each began.
#ifndef BAEDAL_BENCH_CONNECTION_H
#define BAEDAL_BENCH_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "payloads.h"
#include "wire.h"

// Answers may come in any order; a call may be overtaken by so many others less one.
enum { CONNECTION_WINDOW = 1 << 16 };

typedef struct {
  int fd;
  int number;             // of this connection, from 0
  bool is_greeted;      // the server said hello
  bool is_write_armed;  // waits for EPOLLOUT
  uint64_t next_call;
  int in_flight;
  uint8_t *in;
  size_t in_size, in_capacity;
  uint8_t *out;
  size_t out_sent, out_size, out_capacity;
  uint64_t *began_ns;  // by call id modulo the window; 0: no such call
} connection;

// One answer.
typedef struct {
  uint64_t began_ns;  // when the call was meant to be sent
  bool is_ok;         // a reply, with the value that was expected if one was
  uint64_t status;    // of a call that failed
  uint64_t value;     // at the path of --expect in a reply
} answer;

// Called with each answer.
typedef struct {
  void *context;
  void (*answered)(void *context, const answer *a);
  const options *options;
} answers;

// Connects to 127.0.0.1 and queues the hello; exits with 69 if nobody listens.
void connection_open(connection *c, int number, const options *o);
void connection_close(connection *c);

// Queues one call. `began_ns` is when it was meant to be sent.
void connection_call(connection *c, const options *o, const payload *p, uint64_t number,
                     uint64_t began_ns);

// Writes what is queued. True if something remains for when the socket takes more.
bool connection_flush(connection *c);

// Reads what has come and hands out the answers. False when the server has hung up.
bool connection_read(connection *c, const answers *to);

#endif
