import CSQLite

/// A compiled statement. Bind, step, read columns, reset; used by its connection's thread only.
///
/// Bound text and blobs are copied into one buffer that the statement owns, which SQLite then reads
/// in place: no allocation per value.
package final class Statement {
  private let handle: OpaquePointer
  private let connection: Connection
  private let scratch: UnsafeMutableRawBufferPointer
  private var used = 0

  /// Bytes of bound text and blobs kept without an allocation; larger values are copied by SQLite.
  private static let scratchBytes = 8192

  init(_ handle: OpaquePointer, of connection: Connection) {
    self.handle = handle
    self.connection = connection
    scratch = .allocate(byteCount: Self.scratchBytes, alignment: 1)
  }

  deinit {
    sqlite3_finalize(handle)
    scratch.deallocate()
  }

  /// Binds to parameter `at`, counted from 1.
  package func bind(_ at: Int32, _ value: Int64) {
    sqlite3_bind_int64(handle, at, value)
  }

  package func bind(_ at: Int32, _ value: String) {
    var value = value
    value.withUTF8 { (utf8: UnsafeBufferPointer<UInt8>) -> Void in
      let bytes = UnsafeRawBufferPointer(utf8)
      if let kept = keep(bytes) {
        sqlite3_bind_text(
          handle, at, kept.assumingMemoryBound(to: CChar.self), Int32(bytes.count), nil)
      } else {
        sqlite3_bind_text(
          handle, at, bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
          Int32(clamping: bytes.count), Self.copied)
      }
    }
  }

  package func bind(_ at: Int32, _ value: [UInt8]) {
    value.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) -> Void in
      if let kept = keep(bytes) {
        sqlite3_bind_blob(handle, at, kept, Int32(bytes.count), nil)
      } else {
        sqlite3_bind_blob(
          handle, at, bytes.baseAddress, Int32(clamping: bytes.count), Self.copied)
      }
    }
  }

  /// Binds text, or NULL for nil.
  package func bind(_ at: Int32, _ value: String?) {
    if let value { bind(at, value) } else { bindNull(at) }
  }

  package func bindNull(_ at: Int32) { sqlite3_bind_null(handle, at) }

  /// Runs to the next row; false when there is none, and the statement is reset then.
  package func step() throws(SQLiteError) -> Bool {
    let code = sqlite3_step(handle)
    switch code {
    case SQLITE_ROW: return true
    case SQLITE_DONE:
      reset()
      return false
    default:
      let error = connection.error(code)
      reset()
      throw error
    }
  }

  /// Runs a statement that returns no rows.
  package func run() throws(SQLiteError) {
    while try step() {}
  }

  /// Ready for the next use; bindings stay until bound again.
  package func reset() {
    sqlite3_reset(handle)
    used = 0
  }

  /// The column `at`, counted from 0, of the current row.
  package func integer(_ at: Int32) -> Int64 { sqlite3_column_int64(handle, at) }

  /// Empty for NULL. Invalid UTF-8 is repaired, which a checksum over the text then shows.
  package func text(_ at: Int32) -> String {
    guard let start = sqlite3_column_text(handle, at) else { return "" }
    let count = Int(sqlite3_column_bytes(handle, at))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  /// Empty for NULL.
  package func blob(_ at: Int32) -> [UInt8] {
    guard let start = sqlite3_column_blob(handle, at) else { return [] }
    return [UInt8](
      UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, at))))
  }

  package func isNull(_ at: Int32) -> Bool {
    sqlite3_column_type(handle, at) == SQLITE_NULL
  }

  /// Tells SQLite to copy: the `SQLITE_TRANSIENT` that the importer does not see.
  private static var copied: sqlite3_destructor_type {
    unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  }

  private func keep(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer? {
    guard let base = scratch.baseAddress, used + bytes.count <= scratch.count else { return nil }
    let kept = base + used
    // Copying nothing must still yield a pointer: a null one would bind NULL.
    if let source = bytes.baseAddress { kept.copyMemory(from: source, byteCount: bytes.count) }
    used += bytes.count
    return kept
  }
}
