/// Spreads keys over places in memory. Nothing stored depends on it, unlike `Partition.holding`,
/// and it may change.
package enum KeyHash {
  /// Takes eight bytes at a time, so that it costs little beside what it finds.
  @inlinable
  package static func of(_ key: String) -> UInt64 {
    var key = key
    return key.withUTF8 { bytes in
      var hash = UInt64(bytes.count) &* 0x9e37_79b9_7f4a_7c15
      let raw = UnsafeRawBufferPointer(bytes)
      var index = 0
      while index &+ 8 <= raw.count {
        hash = mixed(hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        index &+= 8
      }
      var rest: UInt64 = 0
      while index < raw.count {
        rest = rest << 8 | UInt64(raw[index])
        index &+= 1
      }
      return mixed(hash ^ rest)
    }
  }

  /// A step of splitmix64 (Steele, Lea, Flood 2014).
  @inlinable
  static func mixed(_ value: UInt64) -> UInt64 {
    let product = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    return product ^ (product >> 29)
  }
}
