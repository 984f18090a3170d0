/* Gathers what a transaction writes to SQLite's write-ahead log into one write, and writes again
 * what a failed sync has lost.
 *
 * SQLite writes each page of a transaction by two system calls, a frame's head of 24 bytes and the
 * page. A group commit makes dozens of pages, and the calls cost more than the bytes. The VFS made
 * here keeps the writes to a log that follow one another in memory and passes them on as one, at the
 * latest before the log is synced, read, measured, cut or closed.
 *
 * Of the log and the database file it knows what was written since they were last synced. When a
 * sync fails it writes that again, since the next one would leave it out (`unsynced.h`). Other
 * files it hands to the VFS beneath untouched.
 *
 * Only for a connection that syncs every transaction (`synchronous=FULL`): it is by the sync that
 * others see the frames before SQLite's index points to them. A write that fails is reported by the
 * call that passes it on, which for such a connection is part of COMMIT, as it is without this.
 *
 * Only over a VFS with powersafe overwrite (SQLITE_IOCAP_POWERSAFE_OVERWRITE, the default): without
 * it SQLite fills the sector up after the sync. And only for the one connection that writes to the
 * database: what a transaction rolled back had spilled is passed on later, over whatever another one
 * has written there.
 */
#ifndef BAEDAL_CGATHER_H
#define BAEDAL_CGATHER_H

/* The name of the gathering VFS over the VFS `beneath` (the default one when NULL), to open a
 * database with. Registers it at the first call. NULL when there is no such VFS or no memory; the
 * name stays valid. Any thread may call it. */
const char *gather_vfs(const char *beneath);

#endif
