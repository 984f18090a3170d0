#define _GNU_SOURCE
#include "CGather.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 31 pages of 4 KiB with their heads; more is passed on in parts. SQLite's VFS for Unix takes less
 * than 128 KiB at once (it was never asked for more than a page of 64 KiB). */
enum { BUFFER_BYTES = (128 << 10) - 1 };

struct log {
  sqlite3_file base;
  sqlite3_file *real;
  /* Made with the first write. Holds `used` bytes that belong to the file at `at`. */
  char *buffer;
  sqlite3_int64 at;
  int used;
};

struct gathering {
  sqlite3_vfs vfs;
  sqlite3_vfs *real;
};

static struct log *own(sqlite3_file *file) { return (struct log *)file; }

/* Passes on what was gathered. Whether that works or not, nothing is kept: SQLite, told of a failed
 * write, writes the transaction anew or not at all. */
static int pass_on(struct log *log) {
  int used = log->used;
  log->used = 0;
  if (used == 0) return SQLITE_OK;
  return log->real->pMethods->xWrite(log->real, log->buffer, used, log->at);
}

static int log_close(sqlite3_file *file) {
  struct log *log = own(file);
  int written = pass_on(log);
  free(log->buffer);
  log->buffer = NULL;
  int closed = log->real->pMethods->xClose(log->real);
  return written == SQLITE_OK ? closed : written;
}

static int log_read(sqlite3_file *file, void *to, int bytes, sqlite3_int64 at) {
  int code = pass_on(own(file));
  sqlite3_file *real = own(file)->real;
  return code == SQLITE_OK ? real->pMethods->xRead(real, to, bytes, at) : code;
}

static int log_write(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 at) {
  struct log *log = own(file);
  if (log->used > 0 && (at != log->at + log->used || bytes > BUFFER_BYTES - log->used)) {
    int code = pass_on(log);
    if (code != SQLITE_OK) return code;
  }
  if (log->buffer == NULL) log->buffer = malloc(BUFFER_BYTES);
  if (log->buffer == NULL || bytes > BUFFER_BYTES)
    return log->real->pMethods->xWrite(log->real, from, bytes, at);
  if (log->used == 0) log->at = at;
  memcpy(log->buffer + log->used, from, bytes);
  log->used += bytes;
  return SQLITE_OK;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 to) {
  int code = pass_on(own(file));
  sqlite3_file *real = own(file)->real;
  return code == SQLITE_OK ? real->pMethods->xTruncate(real, to) : code;
}

static int log_sync(sqlite3_file *file, int flags) {
  int code = pass_on(own(file));
  sqlite3_file *real = own(file)->real;
  return code == SQLITE_OK ? real->pMethods->xSync(real, flags) : code;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size) {
  int code = pass_on(own(file));
  sqlite3_file *real = own(file)->real;
  return code == SQLITE_OK ? real->pMethods->xFileSize(real, size) : code;
}

static int log_lock(sqlite3_file *file, int level) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xLock(real, level);
}

static int log_unlock(sqlite3_file *file, int level) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xUnlock(real, level);
}

static int log_check_lock(sqlite3_file *file, int *out) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xCheckReservedLock(real, out);
}

/* Passes nothing on: what SQLite asks this way it may ask without looking at the answer, and then a
 * write that failed here would be lost in silence. */
static int log_control(sqlite3_file *file, int op, void *argument) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xFileControl(real, op, argument);
}

static int log_sector(sqlite3_file *file) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xSectorSize(real);
}

static int log_device(sqlite3_file *file) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xDeviceCharacteristics(real);
}

/* Version 1: shared memory and memory mapping are the database file's. */
static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_check_lock,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_device,
};

static int gathering_open(
    sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out) {
  sqlite3_vfs *real = ((struct gathering *)vfs)->real;
  if (!(flags & SQLITE_OPEN_WAL)) return real->xOpen(real, path, file, flags, out);
  struct log *log = own(file);
  memset(log, 0, sizeof *log);
  log->real = (sqlite3_file *)(log + 1);
  int code = real->xOpen(real, path, log->real, flags, out);
  if (code == SQLITE_OK) {
    file->pMethods = &log_methods;
  } else if (log->real->pMethods) {
    /* SQLite closes only what has methods. */
    log->real->pMethods->xClose(log->real);
  }
  return code;
}

/* Takes the name over, and frees it when it fails. */
static const char *add(char *name, sqlite3_vfs *real) {
  struct gathering *made = malloc(sizeof *made);
  if (made != NULL) {
    /* Everything but opening is the VFS's beneath, which takes no notice of which it is called
     * through. */
    made->vfs = *real;
    made->vfs.pNext = NULL;
    made->vfs.zName = name;
    made->vfs.szOsFile = (int)sizeof(struct log) + real->szOsFile;
    made->vfs.xOpen = gathering_open;
    made->real = real;
    if (sqlite3_vfs_register(&made->vfs, 0) == SQLITE_OK) return name;
  }
  free(made);
  free(name);
  return NULL;
}

const char *gather_vfs(const char *beneath) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  sqlite3_vfs *real = sqlite3_vfs_find(beneath);
  char *name = NULL;
  if (real == NULL || asprintf(&name, "gather-%s", real->zName) < 0) return NULL;
  pthread_mutex_lock(&lock);
  sqlite3_vfs *known = sqlite3_vfs_find(name);
  const char *answer = known ? known->zName : add(name, real);
  pthread_mutex_unlock(&lock);
  if (known) free(name);
  return answer;
}
