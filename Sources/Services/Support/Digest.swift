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
    return hex(hash.finalize().prefix(16))
  }

  /// The same over bytes.
  package static func name(of bytes: [UInt8]) -> String {
    hex(SHA256.hash(data: bytes).prefix(16))
  }

  private static func update(_ hash: inout SHA256, _ bytes: [UInt8]) {
    withUnsafeBytes(of: UInt64(bytes.count).bigEndian) { hash.update(bufferPointer: $0) }
    hash.update(data: bytes)
  }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits: [UInt8] = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(32)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
