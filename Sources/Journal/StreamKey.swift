/// Names one stream: a category (`order`) and an id within it. Streams of the same id lie on the
/// same partition in every journal of the same partition count, whatever their category.
public struct StreamKey: Hashable, Sendable, CustomStringConvertible {
  public let category: String
  public let id: String

  /// `category` must not be empty and must not contain `/`; `Append.validate` refuses it.
  public init(category: String, id: String) {
    self.category = category
    self.id = id
  }

  /// Reads `category/id` back; nil when there is no `/` or the category is empty.
  public init?(text: String) {
    guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")), slash != text.startIndex
    else { return nil }
    self.category = String(text[..<slash])
    self.id = String(text[text.utf8.index(after: slash)...])
  }

  /// By the id alone: streams of one id are few, and ids are spread already.
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }

  /// `category/id`, as it is stored.
  public var text: String { "\(category)/\(id)" }
  public var description: String { text }

  /// The partition of this stream's id among `count` partitions.
  public func partition(of count: Int) -> Partition { Partition.holding(id: id, of: count) }
}

extension Partition {
  /// The partition that holds every stream with this id: FNV-1a (64 bits, offset basis
  /// 0xcbf29ce484222325, prime 0x100000001b3) over the id's UTF-8, its halves xored, modulo
  /// `count`. Other languages and carriers compute the same; it must never change. The halves are
  /// xored because FNV's low bits depend only on the low bits of the input.
  public static func holding(id: String, of count: Int) -> Partition {
    guard count > 1 else { return Partition(0) }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var id = id
    id.withUTF8 { utf8 in
      for byte in utf8 {
        hash ^= UInt64(byte)
        hash &*= 0x0000_0100_0000_01b3
      }
    }
    return Partition(Int((hash ^ (hash >> 32)) & 0xffff_ffff) % count)
  }

  /// The number of partitions of a journal unless said otherwise.
  public static let defaultCount = 16
  /// The most partitions a journal may have.
  public static let maximumCount = 1024
}
