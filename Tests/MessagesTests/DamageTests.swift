import Messages
import Testing

@Suite("Damaged bytes are refused or read as another value, and never trap")
struct DamageTests {
  @Test("truncated at every byte")
  func truncated() throws {
    for sample in try Sample.short() {
      for count in sample.input.indices {
        attempt(sample.type, Array(sample.input[..<count]))
      }
    }
  }

  @Test("every bit flipped")
  func flipped() throws {
    for sample in try Sample.short() {
      for index in sample.input.indices {
        for bit in 0..<8 {
          var damaged = sample.input
          damaged[index] ^= 1 << UInt8(bit)
          attempt(sample.type, damaged)
        }
      }
    }
  }

  @Test("random bytes")
  func random() {
    var generator = SeededGenerator(seed: 99)
    for type in MessageRegistry.allTypes {
      for _ in 0..<300 {
        let count = Int.random(in: 0..<60, using: &generator)
        attempt(type, (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
      }
    }
  }

  @Test("every field with every wire type and hostile contents")
  func hostileFields() {
    let contents: [[UInt8]] = [
      [], [0], [0x7F], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0xFF, 0xFF, 0xFF, 0xFF, 0x07],
      [UInt8](repeating: 0xFF, count: 9) + [0x01], [UInt8](repeating: 0xFF, count: 12),
      [0x80, 0x80, 0x80, 0x80, 0x08], [4, 0xFF, 0xFE, 0x00, 0x80],
    ]
    for type in MessageRegistry.allTypes {
      for number in UInt32(0)...24 {
        for wireType in 0..<UInt32(8) {
          for content in contents {
            attempt(type, varint(UInt64(number << 3 | wireType)) + content)
          }
        }
      }
    }
  }

  @Test("a string that is not UTF-8 is refused by name, at any depth")
  func invalidUTF8() throws {
    var refused = 0
    for sample in try Sample.short() {
      // Replaces a letter that generated strings begin with by a stray continuation byte.
      for index in sample.input.indices where sample.input[index] == UInt8(ascii: "a") {
        var damaged = sample.input
        damaged[index] = 0x80
        do {
          _ = try roundTrip(sample.type, damaged)
        } catch .invalidUTF8(let message, let field) {
          #expect(message == sample.type.fullName)
          #expect(field.hasPrefix("baedal."))
          refused += 1
        } catch {}
      }
    }
    #expect(refused > 0)
    for text: [UInt8] in [
      [0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xFF],
    ] {
      let message: [UInt8] = [0x0A, UInt8(text.count)] + text
      #expect(
        throws: CodecError.invalidUTF8(
          message: "baedal.wire.v1.Metadata", field: "baedal.wire.v1.Metadata.key")
      ) { try Metadata(serialized: message) }
    }
  }

  @Test("an embedded NUL and what follows it survive")
  func embeddedNUL() throws {
    let value = Metadata(key: "a\0b", value: "\0서울\0")
    #expect(try Metadata(serialized: value.serialized()) == value)
    #expect(try Metadata(json: value.json()) == value)
  }

  /// Either outcome is right; a trap is not.
  private func attempt(_ type: any Message.Type, _ bytes: [UInt8]) {
    guard let output = try? roundTrip(type, bytes) else { return }
    #expect((try? roundTrip(type, output)) == output, "\(type.fullName) \(hexadecimal(bytes))")
  }
}

func varint(_ value: UInt64) -> [UInt8] {
  var rest = value
  var bytes: [UInt8] = []
  while rest >= 0x80 {
    bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
    rest >>= 7
  }
  return bytes + [UInt8(rest)]
}
