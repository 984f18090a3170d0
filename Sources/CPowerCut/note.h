/* The note of what has not been synced: records appended to "<file>.unsynced". A sync empties it,
 * unless one has failed before: then it is needed until the power is cut. */
#ifndef BAEDAL_POWERCUT_NOTE_H
#define BAEDAL_POWERCUT_NOTE_H

#include <stddef.h>
#include <stdint.h>

#define NOTE_SUFFIX ".unsynced"
#define NOTE_MAGIC 0x504f574552435554ULL

enum {
  NOTE_WRITE = 0,
  /* The file is cut to `offset`, the old bytes being what stood after it. */
  NOTE_TRUNCATION = 1,
  /* Marks without bytes. What is noted before one, up to the mark before it, is on disk; or it
   * should have been and is not, and no later sync brings it there. */
  NOTE_SYNCED = 2,
  NOTE_SYNC_FAILED = 3,
};

/* Followed by `old_bytes` of what stood at `offset`, `new_bytes` of what is written there, and the
 * magic once more, without which the record is incomplete and the write has not begun. */
struct note_record {
  uint64_t magic;
  int64_t kind;
  int64_t offset;
  /* The file's size before. */
  int64_t size;
  int64_t old_bytes;
  int64_t new_bytes;
};

static inline int note_is_mark(const struct note_record *head) {
  return head->kind == NOTE_SYNCED || head->kind == NOTE_SYNC_FAILED;
}

/* Where the closing magic stands in a record: records keep eight-byte alignment. */
static inline size_t note_end(const struct note_record *head) {
  return (sizeof *head + (size_t)head->old_bytes + (size_t)head->new_bytes + 7) & ~(size_t)7;
}

#endif
