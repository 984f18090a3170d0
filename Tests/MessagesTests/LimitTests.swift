import Messages
import Testing

@Suite("A message's memory is bounded")
struct LimitTests {
  @Test("small wire bytes that unpack large are refused")
  func amplification() {
    // Two bytes each, an empty Metadata; as C structs they are more than twenty times as many.
    let bytes = [UInt8](repeating: 0, count: 0) + (0..<2_000_000).flatMap { _ in [0x2A, 0x00] }
    #expect(throws: CodecError.tooLarge(message: Call.fullName, byteCountMax: 64 << 20)) {
      try Call(serialized: bytes)
    }
    // Unknown fields are kept by the C library while it unpacks.
    let unknown = (0..<2_000_000).flatMap { _ in [0x78, 0x00] as [UInt8] }
    #expect(throws: CodecError.tooLarge(message: Call.fullName, byteCountMax: 64 << 20)) {
      try Call(serialized: unknown)
    }
  }

  @Test("a length beyond the bytes there are is refused without asking for memory")
  func hugeLength() {
    for length: UInt64 in [1, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 40, .max] {
      #expect(throws: CodecError.malformed(message: Call.fullName)) {
        try Call(serialized: [0x1A] + varint(length))
      }
    }
  }

  @Test("a big message goes both ways, and small ones after it")
  func bigMessage() throws {
    let call = Call(
      callID: 7, method: "m", payload: [UInt8](repeating: 0xA5, count: 5 << 20),
      metadata: (0..<5000).map {
        Metadata(key: "k\($0)", value: String(repeating: "값", count: 9))
      })
    #expect(try Call(serialized: call.serialized()) == call)
    let small = Ping(nonce: 3)
    #expect(try small.serialized() == [0x08, 0x03])
  }

  @Test("more than the limit is refused on the way out as well")
  func tooLargeToEncode() {
    let call = Call(payload: [UInt8](repeating: 1, count: 65 << 20))
    #expect(throws: CodecError.tooLarge(message: Call.fullName, byteCountMax: 64 << 20)) {
      try call.serialized()
    }
  }

  @Test("encoding nests: one message can be written while another is being written")
  func nesting() throws {
    let inner = Metadata(key: "inner", value: String(repeating: "v", count: 40_000))
    let outer = Metadata(key: "outer", value: String(repeating: "w", count: 40_000))
    var bytes: [UInt8] = []
    var nested: [UInt8] = []
    try outer.withEncoded { message in
      nested = (try? inner.serialized()) ?? []
      bytes = message.bytes()
    }
    #expect(try Metadata(serialized: bytes) == outer)
    #expect(try Metadata(serialized: nested) == inner)
  }

  @Test("many threads encode and decode at once")
  func threads() async throws {
    let outcome = try await withThrowingTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<500 {
            let value = Metadata(key: "\(task)", value: String(repeating: "값", count: round))
            guard try Metadata(serialized: value.serialized()) == value else { return false }
          }
          return true
        }
      }
      return try await group.reduce(true) { $0 && $1 }
    }
    #expect(outcome)
  }
}
