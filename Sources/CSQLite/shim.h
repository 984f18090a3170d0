#ifndef BAEDAL_CSQLITE_SHIM_H
#define BAEDAL_CSQLITE_SHIM_H

#include <sqlite3.h>

/* sqlite3_db_config is variadic, which Swift cannot call. */
static inline int baedal_sqlite3_defensive(sqlite3 *db) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
}

/* Syncs the write-ahead log's file. */
static inline int baedal_sqlite3_sync_log(sqlite3 *db) {
  sqlite3_file *log = (sqlite3_file *)0;
  int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (code != SQLITE_OK || !log || !log->pMethods) return code;
  return log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
}

/* Spares every allocation of every connection a turn at one lock. Only before SQLite is used. */
static inline int baedal_sqlite3_without_memory_statistics(void) {
  return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

#endif
