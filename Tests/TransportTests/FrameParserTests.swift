import Messages
import NIOCore
import Testing

@testable import Transport

@Suite("The frame parser")
struct FrameParserTests {
  let frames: [Frame.Kind] = [
    .hello(Hello(versionMin: 1, versionMax: 1, node: "a")),
    .call(Call(callID: 1, method: "m", payload: Array(repeating: 7, count: 1000))),
    .ping(Ping(nonce: 0)), .cancel(CancelCall(callID: 1)), .ping(Ping(nonce: .max)),
  ]

  private func parse(_ chunks: [[UInt8]], max: UInt32 = 4096) throws(WireError) -> [Frame.Kind] {
    var parser = FrameParser(frameBytesMax: max)
    var found: [Frame.Kind] = []
    for chunk in chunks {
      parser.append(ByteBuffer(bytes: chunk))
      while let frame = try parser.next(FrameCodec.decode) { found.append(frame) }
    }
    return found
  }

  @Test(
    "frames come out the same however the bytes are cut",
    arguments: [1, 2, 3, 4, 5, 7, 64, 999, 5000])
  func split(size: Int) throws {
    let all = bytes(of: frames)
    let chunks = stride(from: 0, to: all.count, by: size).map {
      Array(all[$0..<min($0 + size, all.count)])
    }
    #expect(try parse(chunks) == frames)
  }

  @Test("every cut in two gives the same frames")
  func cutInTwo() throws {
    let all = bytes(of: frames)
    for cut in 0...all.count {
      #expect(try parse([Array(all[..<cut]), Array(all[cut...])]) == frames)
    }
  }

  @Test(
    "a length over the limit is refused before its bytes come",
    arguments: [4097, 0x7FFF_FFFF, UInt32.max])
  func oversized(length: UInt32) {
    var parser = FrameParser(frameBytesMax: 4096)
    parser.append(ByteBuffer(integer: length))
    #expect(throws: WireError.self) { try parser.next(FrameCodec.decode) }
  }

  @Test("a frame of exactly the limit passes")
  func exact() throws {
    let one = bytes(of: [frames[1]])
    let size = UInt32(one.count - 4)
    #expect(try parse([one], max: size).count == 1)
    #expect(throws: WireError.self) { try parse([one], max: size - 1) }
  }

  @Test(
    "what is not a frame is refused",
    arguments: [
      [0, 0, 0, 0],  // no kind
      [0, 0, 0, 1, 0xFF],  // not protobuf
      [0, 0, 0, 2, 0x08, 0x01],  // hello as a varint
      [0, 0, 0, 2, 0x0A, 0x7F],  // a message longer than the frame
      [0, 0, 0, 3, 0xA2, 0x06, 0x00],  // an unknown kind
      [0, 0, 0, 6, 0x0A, 0x04, 0x2A, 0x02, 0xC3, 0x28],  // a node name that is not UTF-8
    ] as [[UInt8]])
  func garbage(_ bytes: [UInt8]) {
    #expect(throws: WireError.self) { try parse([bytes]) }
  }

  @Test("a byte of the next frame does not keep the memory of the last one")
  func storage() throws {
    let payload = [UInt8](repeating: 7, count: 1 << 20)
    let large = Frame.Kind.call(Call(callID: 1, method: "m", payload: payload))
    let all = bytes(of: [large])
    var parser = FrameParser(frameBytesMax: 1 << 21)
    parser.append(ByteBuffer(bytes: all.prefix(1000)))
    #expect(try parser.next(FrameCodec.decode) == nil)
    parser.append(ByteBuffer(bytes: Array(all.dropFirst(1000)) + [0]))
    #expect(try parser.next(FrameCodec.decode) == large)
    #expect(try parser.next(FrameCodec.decode) == nil)
    #expect(parser.pendingBytes == 1)
    #expect(parser.storageBytes <= FrameParser.readBytesMax)
  }

  @Test("pending bytes are those of the unfinished frame only")
  func pending() throws {
    let all = bytes(of: frames)
    var parser = FrameParser(frameBytesMax: 4096)
    parser.append(ByteBuffer(bytes: all + [0, 0, 4]))
    while try parser.next(FrameCodec.decode) != nil {}
    #expect(parser.pendingBytes == 3)
    parser.append(ByteBuffer(bytes: [0, 1, 2]))
    #expect(try parser.next(FrameCodec.decode) == nil)
    #expect(parser.pendingBytes == 6)
  }
}
