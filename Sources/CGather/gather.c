#define _GNU_SOURCE
#include "CGather.h"
#include "unsynced.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 31 pages of 4 KiB with their heads; more is passed on in parts. SQLite's VFS for Unix takes less
 * than 128 KiB at once (it was never asked for more than a page of 64 KiB). */
enum { BUFFER_BYTES = (128 << 10) - 1 };

/* A log, whose writes are gathered, or a database. */
struct file {
  sqlite3_file base;
  sqlite3_file *real;
  struct unsynced *unsynced;
  int is_log;
  /* Made with the first write. Holds `used` bytes that belong to the file at `at`. */
  char *buffer;
  sqlite3_int64 at;
  int used;
};

struct gathering {
  sqlite3_vfs vfs;
  sqlite3_vfs *real;
};

static struct file *own(sqlite3_file *file) { return (struct file *)file; }

static int write_real(struct file *file, const void *from, int bytes, sqlite3_int64 at) {
  int code = unsynced_add(file->unsynced, at, bytes);
  return code == SQLITE_OK ? file->real->pMethods->xWrite(file->real, from, bytes, at) : code;
}

/* Passes on what was gathered. Whether that works or not, nothing is kept: SQLite, told of a failed
 * write, writes the transaction anew or not at all. */
static int pass_on(struct file *file) {
  int used = file->used;
  file->used = 0;
  return used == 0 ? SQLITE_OK : write_real(file, file->buffer, used, file->at);
}

static int file_close(sqlite3_file *file) {
  struct file *f = own(file);
  int written = pass_on(f);
  free(f->buffer);
  f->buffer = NULL;
  int closed = f->real->pMethods->xClose(f->real);
  return written == SQLITE_OK ? closed : written;
}

static int file_read(sqlite3_file *file, void *to, int bytes, sqlite3_int64 at) {
  int code = pass_on(own(file));
  sqlite3_file *real = own(file)->real;
  return code == SQLITE_OK ? real->pMethods->xRead(real, to, bytes, at) : code;
}

static int file_write(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 at) {
  struct file *f = own(file);
  if (!f->is_log) return write_real(f, from, bytes, at);
  if (f->used > 0 && (at != f->at + f->used || bytes > BUFFER_BYTES - f->used)) {
    int code = pass_on(f);
    if (code != SQLITE_OK) return code;
  }
  if (f->buffer == NULL) f->buffer = malloc(BUFFER_BYTES);
  if (f->buffer == NULL || bytes > BUFFER_BYTES) return write_real(f, from, bytes, at);
  if (f->used == 0) f->at = at;
  memcpy(f->buffer + f->used, from, bytes);
  f->used += bytes;
  return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 to) {
  int code = pass_on(own(file));
  sqlite3_file *real = own(file)->real;
  return code == SQLITE_OK ? real->pMethods->xTruncate(real, to) : code;
}

static int file_sync(sqlite3_file *file, int flags) {
  int code = pass_on(own(file));
  return code == SQLITE_OK ? unsynced_sync(own(file)->unsynced, own(file)->real, flags) : code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
  int code = pass_on(own(file));
  sqlite3_file *real = own(file)->real;
  return code == SQLITE_OK ? real->pMethods->xFileSize(real, size) : code;
}

static int file_lock(sqlite3_file *file, int level) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xLock(real, level);
}

static int file_unlock(sqlite3_file *file, int level) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xUnlock(real, level);
}

static int file_check_lock(sqlite3_file *file, int *out) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xCheckReservedLock(real, out);
}

/* Passes nothing on: what SQLite asks this way it may ask without looking at the answer, and then a
 * write that failed here would be lost in silence. */
static int file_control(sqlite3_file *file, int op, void *argument) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xFileControl(real, op, argument);
}

static int file_sector(sqlite3_file *file) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xSectorSize(real);
}

static int file_device(sqlite3_file *file) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xDeviceCharacteristics(real);
}

static int file_shm_map(
    sqlite3_file *file, int page, int size, int extend, void volatile **out) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xShmMap(real, page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int at, int count, int flags) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xShmLock(real, at, count, flags);
}

static void file_shm_barrier(sqlite3_file *file) {
  sqlite3_file *real = own(file)->real;
  real->pMethods->xShmBarrier(real);
}

static int file_shm_unmap(sqlite3_file *file, int delete) {
  sqlite3_file *real = own(file)->real;
  return real->pMethods->xShmUnmap(real, delete);
}

/* Version 2: memory mapping would write past this. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* All of a log counts as not synced: who wrote it may have been killed before that. */
static int find_unsynced(struct file *file, const char *path) {
  file->unsynced = unsynced_of(path);
  if (file->unsynced == NULL) return SQLITE_NOMEM;
  if (!file->is_log) return SQLITE_OK;
  sqlite3_int64 size = 0;
  int code = file->real->pMethods->xFileSize(file->real, &size);
  return code == SQLITE_OK ? unsynced_add(file->unsynced, 0, size) : code;
}

static int gathering_open(
    sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out) {
  sqlite3_vfs *real = ((struct gathering *)vfs)->real;
  if (path == NULL || !(flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_DB)))
    return real->xOpen(real, path, file, flags, out);
  struct file *f = own(file);
  memset(f, 0, sizeof *f);
  f->is_log = (flags & SQLITE_OPEN_WAL) != 0;
  f->real = (sqlite3_file *)(f + 1);
  int code = real->xOpen(real, path, f->real, flags, out);
  if (code == SQLITE_OK) code = find_unsynced(f, path);
  if (code == SQLITE_OK) {
    file->pMethods = &methods;
  } else if (f->real->pMethods) {
    /* SQLite closes only what has methods. */
    f->real->pMethods->xClose(f->real);
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
    made->vfs.szOsFile = (int)sizeof(struct file) + real->szOsFile;
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
