extension RPCError {
  /// What of it fits into a frame of that length: where it is too much, as much of the message as
  /// there is room for, and no details.
  func fitted(into frameBytesMax: Int) -> RPCError {
    // Tags, lengths and numbers of the frame, and of each detail.
    let (envelopeBytesMax, detailEnvelopeBytesMax) = (64, 24)
    let room = max(0, frameBytesMax - envelopeBytesMax)
    let detailBytes = details.reduce(0) { sum, detail in
      sum + detailEnvelopeBytesMax + detail.typeURL.utf8.count + detail.bytes.count
    }
    guard message.utf8.count + detailBytes > room else { return self }
    var fitted = self
    fitted.details = []
    fitted.message = message.prefix(bytes: room)
    return fitted
  }
}

extension String {
  /// Its beginning, of that many bytes in UTF-8 at most. A prefix of characters is no bound: one of
  /// them may be as long as the text.
  func prefix(bytes most: Int) -> String {
    guard utf8.count > most else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: most)
    // A byte of the form 10xxxxxx goes on with what began before it.
    while utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
    return String(self[..<end])
  }
}
