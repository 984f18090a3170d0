#ifndef BAEDAL_CSQLITE_SHIM_H
#define BAEDAL_CSQLITE_SHIM_H

#include <sqlite3.h>

/* sqlite3_db_config is variadic, which Swift cannot call. */
static inline int baedal_sqlite3_defensive(sqlite3 *db) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
}

/* Spares every allocation of every connection a turn at one lock. Only before SQLite is used. */
static inline int baedal_sqlite3_without_memory_statistics(void) {
  return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

#endif
