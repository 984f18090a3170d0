/// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected), eight bytes a step ("slicing by 8",
/// Kounavis and Berry, 2005).
public struct CRC32C: Sendable {
  private var state: UInt32 = 0xffff_ffff

  public init() {}

  /// The checksum of what has been added so far.
  public var value: UInt32 { ~state }

  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let tables = Tables.shared.base
    var crc = state
    var at = 0
    while at &+ 8 <= bytes.count {
      let word =
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        ^ UInt64(crc)
      crc =
        tables[1792 &+ Int(word & 0xff)] ^ tables[1536 &+ Int((word >> 8) & 0xff)]
        ^ tables[1280 &+ Int((word >> 16) & 0xff)] ^ tables[1024 &+ Int((word >> 24) & 0xff)]
        ^ tables[768 &+ Int((word >> 32) & 0xff)] ^ tables[512 &+ Int((word >> 40) & 0xff)]
        ^ tables[256 &+ Int((word >> 48) & 0xff)] ^ tables[Int(word >> 56)]
      at &+= 8
    }
    while at < bytes.count {
      crc = tables[Int((crc ^ UInt32(bytes[at])) & 0xff)] ^ (crc >> 8)
      at &+= 1
    }
    state = crc
  }

  /// Adds eight bytes, least significant first.
  public mutating func add(_ value: Int64) {
    withUnsafeBytes(of: value.littleEndian) { add($0) }
  }

  /// Adds the length and the UTF-8 of `text`.
  public mutating func add(_ text: String) {
    text.withBytes { utf8 in
      add(Int64(utf8.count))
      add(UnsafeRawBufferPointer(utf8))
    }
  }

  /// Adds the length and the bytes.
  public mutating func add(_ bytes: [UInt8]) {
    add(Int64(bytes.count))
    bytes.withUnsafeBytes { add($0) }
  }

  /// The tables, made once and never written or freed afterwards, which is why sharing the
  /// pointer among threads is safe.
  private struct Tables: @unchecked Sendable {
    static let shared = Tables()
    let base: UnsafePointer<UInt32>

    private init() {
      let tables = UnsafeMutablePointer<UInt32>.allocate(capacity: 2048)
      for byte in 0..<256 {
        var crc = UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82f6_3b78 : crc >> 1 }
        tables[byte] = crc
      }
      for slice in 1..<8 {
        for byte in 0..<256 {
          let before = tables[(slice - 1) * 256 + byte]
          tables[slice * 256 + byte] = tables[Int(before & 0xff)] ^ (before >> 8)
        }
      }
      base = UnsafePointer(tables)
    }
  }
}

extension RecordedEvent {
  /// CRC-32C over the whole row: partition, position, version and time as eight bytes each, then
  /// category, id, event id, type, correlation, causation, traceparent and payload, each after
  /// its length (-1 for no traceparent). What adapters store beside the row and verify on reading.
  public var checksum: UInt32 {
    var crc = CRC32C()
    crc.add(Int64(partition.index))
    crc.add(position.value)
    crc.add(version.value)
    crc.add(recordedAt.milliseconds)
    crc.add(stream.category)
    crc.add(stream.id)
    crc.add(id.text)
    crc.add(type)
    crc.add(metadata.correlationID)
    crc.add(metadata.causationID)
    if let traceparent = metadata.traceparent { crc.add(traceparent) } else { crc.add(-1) }
    crc.add(payload)
    return crc.value
  }
}
