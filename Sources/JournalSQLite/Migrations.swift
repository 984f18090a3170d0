import SQLite

/// One step of the schema, from `version - 1` to `version`.
package struct Migration: Sendable {
  package let version: Int64
  package let sql: String

  package init(version: Int64, sql: String) {
    self.version = version
    self.sql = sql
  }

  /// Every step so far. A step that has been released never changes.
  package static let all = [initial]

  /// - `events.place` is partition << 48 | position, so that the table itself is the order.
  /// - `events.id` is NULL for `category/id/version`, `events.correlation` NULL for the stream's id.
  /// - Every `checksum` is a CRC-32C over the row as it is read; see `RecordedEvent.checksum`.
  /// - A stream has a number, so that the index over (stream, version) grows at its end instead of
  ///   at a random page per event.
  static let initial = Migration(
    version: 1,
    sql: """
      CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE streams(
        no INTEGER PRIMARY KEY, id TEXT NOT NULL, category TEXT NOT NULL,
        UNIQUE(id, category));
      CREATE TABLE events(
        place INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL, id TEXT, type TEXT NOT NULL, correlation TEXT,
        causation TEXT NOT NULL, traceparent TEXT, payload BLOB NOT NULL,
        checksum INTEGER NOT NULL);
      CREATE UNIQUE INDEX events_by_stream ON events(stream, version);
      CREATE TABLE marks(
        stream INTEGER NOT NULL, source TEXT NOT NULL, position INTEGER NOT NULL,
        checksum INTEGER NOT NULL, PRIMARY KEY(stream, source)) WITHOUT ROWID;
      CREATE TABLE cursors(
        subscriber TEXT NOT NULL, part INTEGER NOT NULL, position INTEGER NOT NULL,
        epoch TEXT NOT NULL, checksum INTEGER NOT NULL,
        PRIMARY KEY(subscriber, part)) WITHOUT ROWID;
      CREATE TABLE deadlines(
        stream INTEGER NOT NULL, kind TEXT NOT NULL, due_at INTEGER NOT NULL,
        owner TEXT NOT NULL, payload TEXT NOT NULL, checksum INTEGER NOT NULL,
        PRIMARY KEY(stream, kind)) WITHOUT ROWID;
      CREATE INDEX deadlines_by_time ON deadlines(due_at);
      CREATE TABLE parked(
        subscriber TEXT NOT NULL, part INTEGER NOT NULL, position INTEGER NOT NULL,
        source TEXT NOT NULL, category TEXT NOT NULL, id TEXT NOT NULL,
        ordering_key TEXT NOT NULL, type TEXT NOT NULL, reason TEXT NOT NULL,
        attempts INTEGER NOT NULL, parked_at INTEGER NOT NULL, checksum INTEGER NOT NULL,
        PRIMARY KEY(subscriber, part, position)) WITHOUT ROWID;
      """)
}

/// Why a file's schema cannot be used.
enum MigrationError: Error {
  case newer(found: Int64, known: Int64)
  /// Only an older one was found, and this connection may not change it.
  case older(found: Int64, known: Int64)
  case sqlite(SQLiteError)
}

extension Connection {
  /// Brings the schema to the last of `migrations`, all missing steps in one transaction.
  func migrate(_ migrations: [Migration]) throws(MigrationError) {
    let known = migrations.last?.version ?? 0
    do throws(SQLiteError) {
      try execute("BEGIN IMMEDIATE")
    } catch { throw .sqlite(error) }
    do throws(MigrationError) {
      let found = try checkVersion(known: known)
      do throws(SQLiteError) {
        for migration in migrations where migration.version > found {
          try execute(migration.sql)
          try execute("PRAGMA user_version = \(migration.version)")
        }
        try execute("COMMIT")
      } catch { throw MigrationError.sqlite(error) }
    } catch {
      if !isAutocommit { try? execute("ROLLBACK") }
      throw error
    }
  }

  /// The file's schema version; throws when it is newer than `known`.
  func checkVersion(known: Int64) throws(MigrationError) -> Int64 {
    let found: Int64
    do throws(SQLiteError) { found = try integer("PRAGMA user_version") ?? 0 } catch {
      throw .sqlite(error)
    }
    guard found <= known else { throw .newer(found: found, known: known) }
    return found
  }
}
