#define _GNU_SOURCE
#include "CPowerCut.h"
#include "note.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct file {
  sqlite3_file base;
  /* The note's descriptor, -1 until the first write; and its path, NULL for temporary files. */
  int note;
  char *note_path;
  sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static atomic_long writes, syncs;
static atomic_int write_fault, sync_fault;
static atomic_long write_fault_after, sync_fault_after, sync_fault_count;

void powercut_fail_writes(int code, long after) {
  atomic_store(&write_fault_after, after);
  atomic_store(&write_fault, code);
}

void powercut_fail_syncs(int code, long after) {
  powercut_fail_some_syncs(code, after, LONG_MAX);
}

void powercut_fail_some_syncs(int code, long after, long count) {
  atomic_store(&sync_fault_after, after);
  atomic_store(&sync_fault_count, count);
  atomic_store(&sync_fault, code);
}

long powercut_write_count(void) { return atomic_load(&writes); }
long powercut_sync_count(void) { return atomic_load(&syncs); }

static int fault(atomic_int *code, atomic_long *after, long count) {
  int answer = atomic_load(code);
  if (answer == 0) return SQLITE_OK;
  long left = atomic_fetch_sub(after, 1);
  return left > 0 || left <= -count ? SQLITE_OK : answer;
}

static struct file *own(sqlite3_file *f) { return (struct file *)f; }
static sqlite3_file *real(sqlite3_file *f) { return own(f)->real; }

/* Writes the record with one call, so that SIGKILL leaves it whole or not at all (or short, which
 * the missing magic at its end shows). */
static int note_write(struct file *f, struct note_record head, const void *new_data) {
  if (f->note_path == NULL) return SQLITE_OK;
  if (f->note < 0) f->note = open(f->note_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (f->note < 0) return SQLITE_IOERR;
  head.magic = NOTE_MAGIC;
  size_t end = note_end(&head);
  size_t total = end + sizeof head.magic;
  char *record = calloc(1, total);
  if (record == NULL) return SQLITE_NOMEM;
  memcpy(record, &head, sizeof head);
  int code = SQLITE_OK;
  if (head.old_bytes > 0)
    code = f->real->pMethods->xRead(f->real, record + sizeof head, head.old_bytes, head.offset);
  if (head.new_bytes > 0) memcpy(record + sizeof head + head.old_bytes, new_data, head.new_bytes);
  memcpy(record + end, &head.magic, sizeof head.magic);
  if (code == SQLITE_OK && write(f->note, record, total) != (ssize_t)total) code = SQLITE_IOERR;
  free(record);
  return code;
}

static int has_failed_sync(int note) {
  struct note_record head;
  off_t at = 0;
  while (pread(note, &head, sizeof head, at) == (ssize_t)sizeof head && head.magic == NOTE_MAGIC) {
    if (head.kind == NOTE_SYNC_FAILED) return 1;
    at += (off_t)(note_end(&head) + sizeof head.magic);
  }
  return 0;
}

/* After a sync. Also what an earlier process wrote and did not sync is synced then, or lost. */
static int note_sync(struct file *f, int failed) {
  if (f->note_path == NULL) return SQLITE_OK;
  if (f->note < 0) f->note = open(f->note_path, O_RDWR | O_APPEND | O_CLOEXEC);
  if (f->note < 0) return errno == ENOENT ? SQLITE_OK : SQLITE_IOERR;
  if (lseek(f->note, 0, SEEK_END) == 0) return SQLITE_OK;
  if (failed || has_failed_sync(f->note)) {
    struct note_record mark = {0};
    mark.kind = failed ? NOTE_SYNC_FAILED : NOTE_SYNCED;
    return note_write(f, mark, NULL);
  }
  return ftruncate(f->note, 0) == 0 ? SQLITE_OK : SQLITE_IOERR;
}

static int pc_close(sqlite3_file *f) {
  struct file *file = own(f);
  if (file->note >= 0) close(file->note);
  free(file->note_path);
  return file->real->pMethods ? file->real->pMethods->xClose(file->real) : SQLITE_OK;
}

static int pc_read(sqlite3_file *f, void *to, int bytes, sqlite3_int64 at) {
  return real(f)->pMethods->xRead(real(f), to, bytes, at);
}

static int pc_write(sqlite3_file *f, const void *from, int bytes, sqlite3_int64 at) {
  int code = fault(&write_fault, &write_fault_after, LONG_MAX);
  if (code != SQLITE_OK) return code;
  sqlite3_int64 size = 0;
  code = real(f)->pMethods->xFileSize(real(f), &size);
  if (code != SQLITE_OK) return code;
  sqlite3_int64 overlap = size > at ? size - at : 0;
  struct note_record head = {0};
  head.offset = at;
  head.size = size;
  head.old_bytes = overlap < bytes ? overlap : bytes;
  head.new_bytes = bytes;
  code = note_write(own(f), head, from);
  if (code != SQLITE_OK) return code;
  atomic_fetch_add(&writes, 1);
  return real(f)->pMethods->xWrite(real(f), from, bytes, at);
}

static int pc_truncate(sqlite3_file *f, sqlite3_int64 to) {
  sqlite3_int64 size = 0;
  int code = real(f)->pMethods->xFileSize(real(f), &size);
  if (code != SQLITE_OK) return code;
  struct note_record head = {0};
  head.offset = to;
  head.size = size;
  head.old_bytes = size > to ? size - to : 0;
  head.kind = NOTE_TRUNCATION;
  code = note_write(own(f), head, NULL);
  return code == SQLITE_OK ? real(f)->pMethods->xTruncate(real(f), to) : code;
}

static int pc_sync(sqlite3_file *f, int flags) {
  int code = fault(&sync_fault, &sync_fault_after, atomic_load(&sync_fault_count));
  if (code == SQLITE_OK) {
    code = real(f)->pMethods->xSync(real(f), flags);
    atomic_fetch_add(&syncs, 1);
  }
  int noted = note_sync(own(f), code != SQLITE_OK);
  return code == SQLITE_OK ? noted : code;
}

static int pc_file_size(sqlite3_file *f, sqlite3_int64 *size) {
  return real(f)->pMethods->xFileSize(real(f), size);
}
static int pc_lock(sqlite3_file *f, int level) { return real(f)->pMethods->xLock(real(f), level); }
static int pc_unlock(sqlite3_file *f, int level) {
  return real(f)->pMethods->xUnlock(real(f), level);
}
static int pc_check_lock(sqlite3_file *f, int *out) {
  return real(f)->pMethods->xCheckReservedLock(real(f), out);
}
static int pc_control(sqlite3_file *f, int op, void *argument) {
  /* A hint only; growing the file ahead would pass by the note. */
  if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  return real(f)->pMethods->xFileControl(real(f), op, argument);
}
static int pc_sector(sqlite3_file *f) { return real(f)->pMethods->xSectorSize(real(f)); }
static int pc_device(sqlite3_file *f) {
  return real(f)->pMethods->xDeviceCharacteristics(real(f));
}
static int pc_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
  return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}
static int pc_shm_lock(sqlite3_file *f, int at, int count, int flags) {
  return real(f)->pMethods->xShmLock(real(f), at, count, flags);
}
static void pc_shm_barrier(sqlite3_file *f) { real(f)->pMethods->xShmBarrier(real(f)); }
static int pc_shm_unmap(sqlite3_file *f, int delete) {
  return real(f)->pMethods->xShmUnmap(real(f), delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = pc_close,
    .xRead = pc_read,
    .xWrite = pc_write,
    .xTruncate = pc_truncate,
    .xSync = pc_sync,
    .xFileSize = pc_file_size,
    .xLock = pc_lock,
    .xUnlock = pc_unlock,
    .xCheckReservedLock = pc_check_lock,
    .xFileControl = pc_control,
    .xSectorSize = pc_sector,
    .xDeviceCharacteristics = pc_device,
    .xShmMap = pc_shm_map,
    .xShmLock = pc_shm_lock,
    .xShmBarrier = pc_shm_barrier,
    .xShmUnmap = pc_shm_unmap,
};

static int pc_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out) {
  (void)vfs;
  struct file *file = own(f);
  memset(file, 0, sizeof *file);
  file->note = -1;
  file->real = (sqlite3_file *)(file + 1);
  int code = real_vfs->xOpen(real_vfs, path, file->real, flags, out);
  if (code != SQLITE_OK) {
    /* Without methods SQLite does not close it. */
    if (file->real->pMethods) file->real->pMethods->xClose(file->real);
    return code;
  }
  const int durable = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
  if (path != NULL && (flags & durable) &&
      asprintf(&file->note_path, "%s" NOTE_SUFFIX, path) < 0) {
    file->real->pMethods->xClose(file->real);
    return SQLITE_NOMEM;
  }
  f->pMethods = &methods;
  return SQLITE_OK;
}

/* Deleting counts as durable at once: SQLite never relies on a file that it deleted coming back. */
static int pc_delete(sqlite3_vfs *vfs, const char *path, int sync_directory) {
  (void)vfs;
  char *note = NULL;
  if (asprintf(&note, "%s" NOTE_SUFFIX, path) < 0) return SQLITE_NOMEM;
  int code = real_vfs->xDelete(real_vfs, path, sync_directory);
  if (code == SQLITE_OK) unlink(note);
  free(note);
  return code;
}

int powercut_register(void) {
  static sqlite3_vfs vfs;
  if (sqlite3_vfs_find(POWERCUT_VFS) != NULL) return SQLITE_OK;
  real_vfs = sqlite3_vfs_find(NULL);
  if (real_vfs == NULL) return SQLITE_ERROR;
  /* Everything but opening and deleting is the default's, which takes no notice of which VFS it is
   * called through. */
  vfs = *real_vfs;
  vfs.pNext = NULL;
  vfs.zName = POWERCUT_VFS;
  vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
  vfs.xOpen = pc_open;
  vfs.xDelete = pc_delete;
  return sqlite3_vfs_register(&vfs, 0);
}
