import Journal

/// Steps and stalls as one column. All numbers are little-endian; texts are a 16-bit length and
/// UTF-8. The layout belongs to the schema's version: a change of it changes that number.
extension OrderRecord {
  var courseBytes: [UInt8] {
    var writer = ByteWriter(capacity: 16 + steps.count * 48)
    writer.add(UInt16(clamping: steps.count))
    for step in steps {
      writer.add(UInt8(clamping: step.service.rawValue))
      writer.add(step.version)
      writer.add(step.at.milliseconds)
      writer.add(step.event)
      writer.add(step.detail)
    }
    writer.add(UInt16(clamping: stalls.count))
    for stall in stalls {
      writer.add(UInt8(clamping: stall.service.rawValue))
      writer.add(stall.version)
      writer.add(stall.reason)
    }
    return writer.bytes
  }

  /// nil when the bytes are not what `courseBytes` wrote.
  init?(row: OrderRow, courseBytes: [UInt8]) {
    var reader = ByteReader(courseBytes)
    var steps: [OrderStepRow] = []
    guard let stepCount = reader.uint16() else { return nil }
    for _ in 0..<stepCount {
      guard let service = reader.service(), let version = reader.int64(), let at = reader.int64(),
        let event = reader.text(), let detail = reader.text()
      else { return nil }
      steps.append(
        OrderStepRow(
          at: WallTime(milliseconds: at), service: service, version: version, event: event,
          detail: detail))
    }
    var stalls: [OrderStall] = []
    guard let stallCount = reader.uint16() else { return nil }
    for _ in 0..<stallCount {
      guard let service = reader.service(), let version = reader.int64(),
        let reason = reader.text()
      else { return nil }
      stalls.append(OrderStall(service: service, version: version, reason: reason))
    }
    guard reader.isAtEnd else { return nil }
    self.init(row: row, steps: steps, stalls: stalls)
  }
}

struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  mutating func add(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// At most 65,535 bytes of it.
  mutating func add(_ text: String) {
    let text = text.cut(toBytes: Int(UInt16.max))
    add(UInt16(clamping: text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }
}

struct ByteReader {
  private let bytes: [UInt8]
  private var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { at == bytes.count }

  mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
    let width = MemoryLayout<Number>.size
    guard bytes.count - at >= width else { return nil }
    let value = bytes.withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: Number.self))
    }
    at += width
    return value
  }

  mutating func uint16() -> UInt16? { number(UInt16.self) }
  mutating func int64() -> Int64? { number(Int64.self) }

  mutating func text() -> String? {
    guard let count = uint16(), bytes.count - at >= Int(count) else { return nil }
    defer { at += Int(count) }
    return String(validating: bytes[at..<(at + Int(count))], as: UTF8.self)
  }

  mutating func service() -> OrderJournal? {
    number(UInt8.self).flatMap { OrderJournal(rawValue: Int($0)) }
  }
}
