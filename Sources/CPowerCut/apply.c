#define _GNU_SOURCE
#include "CPowerCut.h"
#include "note.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the kernel writes at a time. */
#define PAGE 4096

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/* The whole note in memory; NULL with *bytes 0 when there is none. */
static char *read_note(const char *path, size_t *bytes) {
  *bytes = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  struct stat status;
  char *data = NULL;
  if (fstat(fd, &status) == 0 && status.st_size > 0 && (data = malloc(status.st_size)) != NULL) {
    ssize_t got;
    while (*bytes < (size_t)status.st_size &&
           (got = read(fd, data + *bytes, status.st_size - *bytes)) > 0)
      *bytes += got;
  }
  close(fd);
  return data;
}

/* The record at `at`, NULL when it is incomplete; *after is where the next one begins. */
static const struct note_record *record_at(
    const char *data, size_t bytes, size_t at, size_t *after) {
  if (bytes - at < sizeof(struct note_record)) return NULL;
  const struct note_record *head = (const struct note_record *)(data + at);
  if (head->magic != NOTE_MAGIC || head->old_bytes < 0 || head->new_bytes < 0) return NULL;
  size_t end = note_end(head);
  if (bytes - at < end + sizeof head->magic) return NULL;
  if (memcmp(data + at + end, &head->magic, sizeof head->magic) != 0) return NULL;
  *after = at + end + sizeof head->magic;
  return head;
}

static int undo(int fd, const struct note_record *head) {
  if (note_is_mark(head)) return 0;
  const char *old = (const char *)(head + 1);
  if (head->old_bytes > 0 &&
      pwrite(fd, old, head->old_bytes, head->offset) != (ssize_t)head->old_bytes)
    return -1;
  return ftruncate(fd, head->size);
}

/* Does the record's write again, `bytes` of it from `from` on. */
static int redo(int fd, const struct note_record *head, int64_t from, int64_t bytes) {
  if (head->kind == NOTE_TRUNCATION) return ftruncate(fd, head->offset);
  const char *new = (const char *)(head + 1) + head->old_bytes + from;
  return pwrite(fd, new, bytes, head->offset + from) == (ssize_t)bytes ? 0 : -1;
}

/* How much of a write of `bytes` reached the disk: some 512-byte sectors. */
static int64_t torn(int64_t bytes, uint64_t *random) {
  int64_t sectors = (bytes + 511) / 512;
  int64_t kept = (int64_t)(next_random(random) % (uint64_t)(sectors + 1)) * 512;
  return kept < bytes ? kept : bytes;
}

/* How many bytes of the record, from `from` on, are on one page of the file. */
static int64_t piece(const struct note_record *head, int64_t from) {
  int64_t room = PAGE - (head->offset + from) % PAGE;
  int64_t rest = head->new_bytes - from;
  return rest < room ? rest : room;
}

/* Puts back any of a write's pages, whole, torn or not at all: the kernel writes pages in the order
 * it likes. Returns 1 when something is missing, -1 and errno. */
static int put_back_some(int fd, const struct note_record *head, uint64_t *random) {
  if (head->kind == NOTE_TRUNCATION) {
    if (next_random(random) % 2 == 0) return 1;
    return redo(fd, head, 0, 0);
  }
  int missing = 0;
  for (int64_t from = 0, bytes; from < head->new_bytes; from += bytes) {
    bytes = piece(head, from);
    uint64_t choice = next_random(random) % 3;
    int64_t kept = choice == 0 ? bytes : choice == 1 ? torn(bytes, random) : 0;
    if (kept < bytes) missing = 1;
    if (kept > 0 && redo(fd, head, from, kept) != 0) return -1;
  }
  return missing;
}

/* Puts the first `count` records back, whole. */
static int put_all_back(int fd, const struct note_record **records, long count) {
  for (long at = 0; at < count; at++)
    if (redo(fd, records[at], 0, records[at]->new_bytes) != 0) return -1;
  return 0;
}

/* Puts `count` records of writes that were not synced back as the mode says. Returns how many of
 * them are not back whole, or -1 and errno. */
static long put_back(
    int fd, const struct note_record **records, long count, int mode, uint64_t *random) {
  if (mode == POWERCUT_LOSE_ALL) return count;
  long lost = 0;
  if (mode == POWERCUT_KEEP_SOME) {
    for (long at = 0; at < count; at++) {
      int missing = put_back_some(fd, records[at], random);
      if (missing < 0) return -1;
      lost += missing;
    }
    return lost;
  }
  long prefix = (long)(next_random(random) % (count + 1));
  if (put_all_back(fd, records, prefix) != 0) return -1;
  if (prefix < count && records[prefix]->kind == NOTE_WRITE) {
    int64_t kept = torn(records[prefix]->new_bytes, random);
    if (kept > 0 && redo(fd, records[prefix], 0, kept) != 0) return -1;
  }
  return count - prefix;
}

/* Puts back what reached the disk, in the order of writing; the file holds what it held before the
 * first record. Between two marks either all was synced or nothing. Returns how many writes are not
 * back whole, or -1 and errno. */
static long replay(
    int fd, const struct note_record **records, long count, int mode, uint64_t *random) {
  long lost = 0;
  for (long first = 0, end; first < count; first = end + 1) {
    end = first;
    while (end < count && !note_is_mark(records[end])) end++;
    int is_synced = end < count && records[end]->kind == NOTE_SYNCED;
    long missing = is_synced ? put_all_back(fd, records + first, end - first)
                             : put_back(fd, records + first, end - first, mode, random);
    if (missing < 0) return -1;
    lost += missing;
  }
  return lost;
}

static long apply_to(const char *path, int mode, uint64_t *random) {
  char *note_path = NULL;
  if (asprintf(&note_path, "%s" NOTE_SUFFIX, path) < 0) return -1;
  size_t bytes = 0;
  char *data = read_note(note_path, &bytes);
  long count = 0, lost = 0;
  const struct note_record **records = NULL;
  int fd = data ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd >= 0) {
    size_t at = 0, after = 0;
    records = malloc((bytes / sizeof **records + 1) * sizeof *records);
    const struct note_record *record;
    while (records && (record = record_at(data, bytes, at, &after)) != NULL) {
      records[count++] = record;
      at = after;
    }
    for (long i = count - 1; i >= 0 && lost >= 0; i--)
      if (undo(fd, records[i]) != 0) lost = -1;
    if (lost == 0) lost = replay(fd, records, count, mode, random);
    close(fd);
  }
  int failure = errno;
  free(records);
  free(data);
  if (lost >= 0) unlink(note_path);
  free(note_path);
  errno = failure;
  return lost;
}

long powercut_apply(const char *database, int mode, uint64_t seed) {
  static const char *const suffixes[] = {"", "-wal", "-journal"};
  uint64_t random = seed;
  long total = 0;
  char *path = NULL;
  for (int at = 0; at < 3; at++) {
    if (asprintf(&path, "%s%s", database, suffixes[at]) < 0) return -1;
    long lost = apply_to(path, mode, &random);
    free(path);
    if (lost < 0) return -1;
    total += lost;
  }
  /* Shared memory does not survive. */
  if (asprintf(&path, "%s-shm", database) < 0) return -1;
  unlink(path);
  free(path);
  return total;
}
