import Journal

/// The pages and rows of a database's file as they lie on disk, to be damaged bit by bit; see
/// https://sqlite.org/fileformat2.html. Everything must be in the file, nothing in the log.
struct DatabaseFile {
  /// Kinds of pages, by their first byte.
  enum Page: UInt8 {
    case ofIndex = 0x0a
    case ofTable = 0x0d
  }

  /// Where a row lies, from the start of the file.
  struct Row {
    /// The page's first byte.
    var page: Int
    /// The record: its first byte tells how long its header is.
    var record: Int
    /// The record's length, what does not fit the page included.
    var bytes: Int
  }

  private let path: String
  private let content: [UInt8]
  private static let pageBytes = 4096

  init(_ path: String) throws {
    self.path = path
    content = try contents(of: path)
  }

  /// The row of an event. Not of partition 0: rows of other tables have such numbers too.
  func event(_ partition: Partition, _ position: Position) throws -> Row {
    let place = Int64(partition.index) << 48 | position.value
    for page in pages(.ofTable) {
      for cell in 0..<short(at: page + 3) {
        let length = integer(at: page + short(at: page + 8 + 2 * cell))
        let number = integer(at: length.end)
        guard number.value == place else { continue }
        return Row(page: page, record: number.end, bytes: Int(length.value))
      }
    }
    throw SetUpFailure(description: "no event \(partition)@\(position) in the file")
  }

  /// Where a row that does not fit its page tells on which page it goes on.
  func overflow(of row: Row) -> Int {
    let (most, least) = (Self.pageBytes - 35, (Self.pageBytes - 12) * 32 / 255 - 23)
    let kept = least + (row.bytes - least) % (Self.pageBytes - 4)
    return row.record + (kept <= most ? kept : least)
  }

  /// The page of this kind that holds the text.
  func page(_ kind: Page, holding text: String) throws -> Int {
    let wanted = Array(text.utf8)
    for page in pages(kind) {
      let last = page + Self.pageBytes - wanted.count
      for at in page...last where content[at] == wanted.first {
        if content[at..<(at + wanted.count)].elementsEqual(wanted) { return page }
      }
    }
    throw SetUpFailure(description: "'\(text)' is on no such page")
  }

  /// Flips bits of one byte in the file itself.
  func flip(_ bits: UInt8, at offset: Int) throws {
    try put(content[offset] ^ bits, at: offset, in: path)
  }

  /// All but the first, which begins otherwise.
  private func pages(_ kind: Page) -> [Int] {
    stride(from: Self.pageBytes, to: content.count, by: Self.pageBytes)
      .filter { content[$0] == kind.rawValue }
  }

  private func short(at offset: Int) -> Int {
    Int(content[offset]) << 8 | Int(content[offset + 1])
  }

  /// One of variable length, which is less than nine bytes here, and where it ends.
  private func integer(at start: Int) -> (value: Int64, end: Int) {
    var (value, at) = (Int64(0), start)
    repeat {
      value = value << 7 | Int64(content[at] & 0x7f)
      at += 1
    } while content[at - 1] >= 0x80
    return (value, at)
  }
}
