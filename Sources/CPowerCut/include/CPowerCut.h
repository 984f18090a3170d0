/* A disk that forgets what was not synced.
 *
 * powercut_register adds the SQLite VFS "powercut". It passes everything on to the default VFS, and
 * before each write notes what stood there, and what will, in "<file>.unsynced"; xSync empties that
 * note. A note survives SIGKILL as the page cache does. After the process is gone, powercut_apply
 * makes of the file what a power cut would have left: the synced content, and of the other writes
 * none, the first few, or any.
 *
 * A sync that fails is for good, as it is on Linux: what it should have brought to disk can be read
 * until the power is cut, and a later sync that succeeds leaves it out unless it was written again.
 *
 * For tests only. One process at a time writes a file.
 */
#ifndef BAEDAL_CPOWERCUT_H
#define BAEDAL_CPOWERCUT_H

#include <stdint.h>

/* The name to open databases with. */
#define POWERCUT_VFS "powercut"

enum {
  /* Nothing that was not synced is left. */
  POWERCUT_LOSE_ALL = 0,
  /* The first writes are left, the one after them torn. */
  POWERCUT_KEEP_PREFIX = 1,
  /* Any pages of the writes are left, each whole, torn or not at all. */
  POWERCUT_KEEP_SOME = 2,
};

/* Registers the VFS; a second time has no effect. Returns an SQLite result code. */
int powercut_register(void);

/* Cuts the power for a database that no process has open: its file, write-ahead log and rollback
 * journal; the shared memory file goes. The seed decides what is left. Returns how many writes were
 * lost, or -1 and errno. */
long powercut_apply(const char *database, int mode, uint64_t seed);

/* From the write (or sync) after the next `after` on, answers `code` (an SQLite result code) in
 * place of doing it; 0 ends it. For all files of this process. */
void powercut_fail_writes(int code, long after);
void powercut_fail_syncs(int code, long after);
/* The same for no more than `count` syncs; the ones after them work. */
void powercut_fail_some_syncs(int code, long after, long count);

/* Writes and syncs passed on so far. */
long powercut_write_count(void);
long powercut_sync_count(void);

#endif
