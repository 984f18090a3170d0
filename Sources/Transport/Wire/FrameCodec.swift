import Messages
import NIOCore

/// Frames ⇄ bytes, through the generated codec.
enum FrameCodec {
  static func decode(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Frame.Kind {
    let frame: Frame
    do {
      frame = try Frame(serialized: bytes)
    } catch {
      throw .violation("not a frame: \(error)")
    }
    guard let kind = frame.kind else { throw .violation("a frame of no known kind") }
    return kind
  }

  /// Appends length and frame. False if the frame cannot be encoded; nothing was appended then.
  static func append(_ kind: Frame.Kind, to buffer: inout ByteBuffer) -> Bool {
    var isWritten = false
    do {
      try Frame(kind: kind).withEncoded { encoded in
        guard let length = UInt32(exactly: encoded.byteCount) else { return }
        let before = buffer.writerIndex
        buffer.writeInteger(length)
        let written = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: encoded.byteCount) {
          encoded.write(to: $0)
        }
        isWritten = written == encoded.byteCount
        if !isWritten { buffer.moveWriterIndex(to: before) }
      }
    } catch {
      return false
    }
    return isWritten
  }
}
