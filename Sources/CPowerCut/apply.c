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
  const char *old = (const char *)(head + 1);
  if (head->old_bytes > 0 &&
      pwrite(fd, old, head->old_bytes, head->offset) != (ssize_t)head->old_bytes)
    return -1;
  return ftruncate(fd, head->size);
}

/* Does the record's write again, `bytes` of it. */
static int redo(int fd, const struct note_record *head, int64_t bytes) {
  if (head->is_truncation) return ftruncate(fd, head->offset);
  const char *new = (const char *)(head + 1) + head->old_bytes;
  return pwrite(fd, new, bytes, head->offset) == (ssize_t)bytes ? 0 : -1;
}

/* How much of a write of `bytes` reached the disk: some 512-byte sectors. */
static int64_t torn(int64_t bytes, uint64_t *random) {
  int64_t sectors = (bytes + 511) / 512;
  int64_t kept = (int64_t)(next_random(random) % (uint64_t)(sectors + 1)) * 512;
  return kept < bytes ? kept : bytes;
}

/* Puts `count` records of the note back as the mode says; the file holds the synced content. */
static long put_back(
    int fd, const struct note_record **records, long count, int mode, uint64_t *random) {
  long lost = 0;
  long prefix = mode == POWERCUT_KEEP_PREFIX ? (long)(next_random(random) % (count + 1)) : 0;
  for (long at = 0; at < count; at++) {
    int64_t bytes = records[at]->new_bytes;
    int64_t kept = 0;
    int whole = 0;
    if (mode == POWERCUT_KEEP_PREFIX) {
      whole = at < prefix;
      kept = at == prefix ? torn(bytes, random) : 0;
    } else if (mode == POWERCUT_KEEP_SOME) {
      uint64_t choice = next_random(random) % 3;
      whole = choice == 0;
      kept = choice == 1 ? torn(bytes, random) : 0;
    }
    if (!whole) lost++;
    if (whole ? redo(fd, records[at], bytes) != 0
              : kept > 0 && !records[at]->is_truncation && redo(fd, records[at], kept) != 0)
      return -1;
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
    if (lost == 0) lost = put_back(fd, records, count, mode, random);
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
