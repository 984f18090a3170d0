/// Spreads keys over places in memory. Nothing stored depends on it, unlike `Partition.holding`,
/// and it may change.
public enum KeyHash {
  /// Takes eight bytes at a time, so that it costs little beside what it finds.
  @inlinable
  public static func of(_ key: String) -> UInt64 {
    var key = key
    return key.withUTF8 { bytes in
      let count = bytes.count
      var hash = UInt64(truncatingIfNeeded: count) &* 0x9e37_79b9_7f4a_7c15
      guard count >= 8, let raw = UnsafeRawPointer(bytes.baseAddress) else {
        for byte in bytes { hash = hash << 8 ^ hash >> 56 ^ UInt64(byte) }
        return mixed(hash)
      }
      var index = 0
      while index &+ 8 <= count {
        hash = mixed(hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        index &+= 8
      }
      // What is left, with some of what was before it.
      return mixed(hash ^ raw.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self))
    }
  }

  /// A step of splitmix64 (Steele, Lea, Flood 2014).
  @inlinable
  static func mixed(_ value: UInt64) -> UInt64 {
    let product = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    return product ^ (product >> 29)
  }
}
