import Messages
import Testing

@Suite("The codec agrees with Python's protobuf on every message")
struct ConformanceTests {
  @Test("what Python writes is read, and written back the same without unknown fields")
  func pythonToSwift() throws {
    let samples = try Sample.all.get()
    #expect(Set(samples.map { $0.type.fullName }).count == MessageRegistry.allTypes.count)
    for sample in samples {
      let output = try roundTrip(sample.type, sample.input)
      #expect(
        output == sample.expected,
        "\(sample.kind) \(sample.type.fullName) \(hexadecimal(sample.input))")
    }
  }

  @Test("whatever Swift accepts and writes, Python reads as the same value")
  func swiftToPython() throws {
    var generator = SeededGenerator(seed: 7)
    var lines: [String] = []
    for sample in try Sample.all.get() where sample.input.count < 3000 {
      let name = sample.type.fullName
      let output = try roundTrip(sample.type, sample.input)
      let json = try MessageRegistry.bytesToJSON(name, output)
      lines.append(
        "\(name) \(hexadecimal(sample.input)) \(hexadecimal(output)) \(hexadecimal(json.utf8))")
      // Values that no Python generator thought of: damaged bytes that are still a message.
      for _ in 0..<4 where !sample.expected.isEmpty {
        var damaged = sample.expected
        damaged[Int.random(in: 0..<damaged.count, using: &generator)] ^=
          1 << UInt8.random(in: 0..<8, using: &generator)
        guard let output = try? roundTrip(sample.type, damaged) else { continue }
        lines.append("\(name) \(hexadecimal(damaged)) \(hexadecimal(output)) -")
      }
    }
    let answer = try Python.conformance(
      "verify", set: MessageRegistry.descriptorSet, input: lines.joined(separator: "\n"))
    let counts = answer.split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
    #expect(counts.first == lines.count)
    // Two implementations draw the line around damage a little differently.
    #expect((counts.last ?? .max) * 100 < lines.count)
  }

  @Test("JSON of Python is read as the same bytes, and ours says the same")
  func json() throws {
    for sample in try Sample.all.get() {
      guard let json = sample.json else { continue }
      let name = sample.type.fullName
      #expect(try MessageRegistry.jsonToBytes(name, json) == sample.expected, "\(name) \(json)")
      for indented in [false, true] {
        let ours = try MessageRegistry.bytesToJSON(
          name, sample.input, includingDefaults: true, indented: indented)
        #expect(try MessageRegistry.jsonToBytes(name, ours) == sample.expected, "\(name) \(ours)")
      }
    }
  }

  @Test("the room announced for a message is never too small, and the exact count is exact")
  func sizes() throws {
    func check<M: Message>(_ type: M.Type, _ bytes: [UInt8]) throws(CodecError) {
      try M(serialized: bytes).withEncoded { message in
        #expect(message.byteCountMax >= message.byteCount)
        let target = UnsafeMutableRawBufferPointer.allocate(
          byteCount: message.byteCountMax, alignment: 1)
        defer { target.deallocate() }
        #expect(message.write(to: target) == message.byteCount)
        let exact = UnsafeMutableRawBufferPointer(rebasing: target[..<message.byteCount])
        #expect(message.write(to: exact) == message.byteCount)
        if message.byteCount > 0 {
          let short = UnsafeMutableRawBufferPointer(rebasing: target[..<(message.byteCount - 1)])
          #expect(message.write(to: short) == nil)
        }
      }
    }
    for sample in try Sample.all.get() { try check(sample.type, sample.input) }
  }
}
