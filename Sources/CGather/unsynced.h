/* What of a file was written and not synced, to be written again when a sync fails.
 *
 * A sync that failed cannot just be tried again: Linux takes the pages that it could not write for
 * clean, shows them as long as it has them in memory, and finds nothing left to do the next time.
 * SQLite tries again all the same. Lost with the power would be what it then believes to be in the
 * log, and what a checkpoint that had to stop half-way has copied: that SQLite does not sync, and
 * does not copy again when the sync at the end of a later one fails.
 */
#ifndef BAEDAL_GATHER_UNSYNCED_H
#define BAEDAL_GATHER_UNSYNCED_H

#include <sqlite3.h>

struct unsynced;

/* Of the file at that path, the same one for as long as the process lives: what was written by way
 * of one handle may be synced by way of another. NULL without memory. Any thread may call it, the
 * other functions only the one that writes the file. */
struct unsynced *unsynced_of(const char *path);

/* Before `bytes` are written at `at`. Returns an SQLite result code. */
int unsynced_add(struct unsynced *unsynced, sqlite3_int64 at, sqlite3_int64 bytes);

/* Syncs the file. When that fails, everything is written again as it stands in memory: at once, or
 * before the next sync, which fails as long as that does. Returns an SQLite result code. */
int unsynced_sync(struct unsynced *unsynced, sqlite3_file *file, int flags);

#endif
