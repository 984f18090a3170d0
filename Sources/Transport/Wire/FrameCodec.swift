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
        let before = buffer.writerIndex
        buffer.writeInteger(UInt32(0))
        let written = buffer.writeWithUnsafeMutableBytes(
          minimumWritableBytes: encoded.byteCountMax
        ) { encoded.write(to: $0) ?? 0 }
        if written > 0, let length = UInt32(exactly: written) {
          buffer.setInteger(length, at: before)
          isWritten = true
        } else {
          buffer.moveWriterIndex(to: before)
        }
      }
    } catch {
      return false
    }
    return isWritten
  }
}
