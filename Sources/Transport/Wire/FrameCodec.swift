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
    do {
      let bytes = try Frame(kind: kind).serialized()
      guard let length = UInt32(exactly: bytes.count) else { return false }
      buffer.writeInteger(length)
      buffer.writeBytes(bytes)
      return true
    } catch {
      return false
    }
  }
}
