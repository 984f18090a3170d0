import Crypto

/// Names derived from what they name: the same parts give the same name, other parts another one.
package enum Digest {
  /// 32 hexadecimal digits of SHA-256 over the parts, each preceded by its length, so that no two
  /// lists of parts read the same.
  package static func name(of parts: String...) -> String {
    var hash = SHA256()
    for part in parts {
      update(&hash, Array(part.utf8))
    }
    return hash.finalize().withUnsafeBytes(hex)
  }

  /// The same over bytes.
  package static func name(of bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).withUnsafeBytes(hex)
  }

  private static func update(_ hash: inout SHA256, _ bytes: [UInt8]) {
    withUnsafeBytes(of: UInt64(bytes.count).bigEndian) { hash.update(bufferPointer: $0) }
    hash.update(data: bytes)
  }

  /// The first half of a hash.
  private static func hex(_ hash: UnsafeRawBufferPointer) -> String {
    String(unsafeUninitializedCapacity: 32) { text in
      var count = 0
      for byte in hash.prefix(16) {
        text[count] = digit(byte >> 4)
        text[count + 1] = digit(byte & 15)
        count += 2
      }
      return count
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
