extension String {
  /// Calls `body` with the text's UTF-8. `withUTF8` would need a copy first, which counts a
  /// reference, and this is done to every text of every append.
  @inlinable @inline(__always)
  public func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
    var text = self
    return text.withUTF8(body)
  }
}
