#define _GNU_SOURCE
#include "unsynced.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What the kernel writes at a time. */
enum { BLOCK_BYTES = 4096 };

struct unsynced {
  struct unsynced *next;
  char *path;
  /* A bit for each block. */
  unsigned char *blocks;
  size_t bytes;
  /* A sync has failed, and not all of them have been written again. */
  int is_lost;
};

struct unsynced *unsynced_of(const char *path) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static struct unsynced *all;
  pthread_mutex_lock(&lock);
  struct unsynced *found = all;
  while (found != NULL && strcmp(found->path, path) != 0) found = found->next;
  if (found == NULL && (found = calloc(1, sizeof *found)) != NULL) {
    found->path = strdup(path);
    if (found->path != NULL) {
      found->next = all;
      all = found;
    } else {
      free(found);
      found = NULL;
    }
  }
  pthread_mutex_unlock(&lock);
  return found;
}

int unsynced_add(struct unsynced *unsynced, sqlite3_int64 at, sqlite3_int64 bytes) {
  if (bytes <= 0) return SQLITE_OK;
  size_t first = (size_t)at / BLOCK_BYTES;
  size_t last = (size_t)(at + bytes - 1) / BLOCK_BYTES;
  if (last / 8 >= unsynced->bytes) {
    size_t wanted = 2 * (last / 8 + 1);
    unsigned char *grown = realloc(unsynced->blocks, wanted);
    if (grown == NULL) return SQLITE_IOERR_NOMEM;
    memset(grown + unsynced->bytes, 0, wanted - unsynced->bytes);
    unsynced->blocks = grown;
    unsynced->bytes = wanted;
  }
  for (size_t block = first; block <= last; block++)
    unsynced->blocks[block / 8] |= (unsigned char)(1 << block % 8);
  return SQLITE_OK;
}

/* Has the pages written once more, by writing to them what they hold. Nobody else writes the file,
 * and who reads it sees no difference. */
static int write_again(const struct unsynced *unsynced, sqlite3_file *file) {
  char data[BLOCK_BYTES];
  sqlite3_int64 size = 0;
  int code = file->pMethods->xFileSize(file, &size);
  for (size_t block = 0; block < unsynced->bytes * 8 && code == SQLITE_OK; block++) {
    if (!(unsynced->blocks[block / 8] & 1 << block % 8)) continue;
    sqlite3_int64 at = (sqlite3_int64)block * BLOCK_BYTES;
    if (at >= size) break;
    int bytes = size - at < BLOCK_BYTES ? (int)(size - at) : BLOCK_BYTES;
    code = file->pMethods->xRead(file, data, bytes, at);
    if (code == SQLITE_OK) code = file->pMethods->xWrite(file, data, bytes, at);
  }
  return code;
}

int unsynced_sync(struct unsynced *unsynced, sqlite3_file *file, int flags) {
  /* Whatever the reason, also a full disk: it is the sync that has failed. */
  if (unsynced->is_lost && write_again(unsynced, file) != SQLITE_OK) return SQLITE_IOERR_FSYNC;
  int code = file->pMethods->xSync(file, flags);
  if (code == SQLITE_OK) {
    unsynced->is_lost = 0;
    if (unsynced->bytes > 0) memset(unsynced->blocks, 0, unsynced->bytes);
  } else {
    unsynced->is_lost = write_again(unsynced, file) != SQLITE_OK;
  }
  return code;
}
