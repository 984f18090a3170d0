import NIOCore

/// Cuts a byte stream into frames.
///
/// A length above the limit is refused as soon as its four bytes are there, and
/// memory grows only with bytes that have arrived, never with announced ones.
struct FrameParser: ~Copyable {
  static let prefixBytes = 4
  /// A read gives no larger buffer.
  static let readBytesMax = 64 * 1024

  var frameBytesMax: Int
  private var buffer = ByteBuffer()
  private var hasBytes = false

  init(frameBytesMax: UInt32) {
    self.frameBytesMax = Int(frameBytesMax)
  }

  /// Bytes held and not handed out; once `next` gave nil, those of a frame not yet complete.
  var pendingBytes: Int { hasBytes ? buffer.readableBytes : 0 }

  /// The memory that holding them takes.
  var storageBytes: Int { buffer.storageCapacity }

  /// Takes what arrived.
  mutating func append(_ bytes: ByteBuffer) {
    guard bytes.readableBytes > 0 else { return }
    guard hasBytes else {
      buffer = bytes
      hasBytes = true
      return
    }
    if buffer.readerIndex > 0 { move(reserving: bytes.readableBytes) }
    buffer.writeImmutableBuffer(bytes)
  }

  /// Moves what is held to storage of its own, so that a few pending bytes do not keep a large
  /// buffer alive.
  private mutating func move(reserving more: Int) {
    var own = ByteBuffer()
    own.reserveCapacity(buffer.readableBytes + more)
    own.writeImmutableBuffer(buffer)
    buffer = own
  }

  /// The next whole frame's bytes (without the prefix), handed to `decode`; nil
  /// if there is none yet.
  mutating func next<T>(
    _ decode: (UnsafeRawBufferPointer) throws(WireError) -> T
  ) throws(WireError) -> T? {
    let held = buffer.readableBytes
    guard hasBytes, held >= Self.prefixBytes,
      let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self)
    else {
      pause()
      return nil
    }
    guard length <= UInt32(clamping: frameBytesMax) else {
      // A TLS record of the handshake, or an alert, of whatever version: RFC 8446, 5.1. No frame is
      // that long.
      if [0x1603, 0x1503].contains(length >> 16) { throw WireError.tlsRecord }
      throw WireError(
        code: .resourceExhausted,
        message: "a frame of \(length) bytes is over the limit of \(frameBytesMax) bytes")
    }
    let total = Self.prefixBytes + Int(length)
    guard held >= total else {
      pause()
      return nil
    }
    // Carried out by hand, for the buffer's closures do not throw typed errors.
    var decoded: T?
    var failure: WireError?
    buffer.withUnsafeReadableBytes { bytes in
      do throws(WireError) {
        decoded = try decode(UnsafeRawBufferPointer(rebasing: bytes[Self.prefixBytes..<total]))
      } catch {
        failure = error
      }
    }
    buffer.moveReaderIndex(forwardBy: total)
    if held == total { release() }
    if let failure { throw failure }
    return decoded
  }

  /// What is held waits for more: the frames before it are not to keep their storage until then.
  private mutating func pause() {
    if buffer.readableBytes == 0 {
      release()
    } else if buffer.readerIndex > 0, buffer.storageCapacity > Self.readBytesMax {
      move(reserving: 0)
    }
  }

  /// Lets go of what is held, and of the read buffer, so that whoever owns it can use it again.
  mutating func release() {
    buffer = ByteBuffer()
    hasBytes = false
  }
}
