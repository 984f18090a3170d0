/// What happened in a run: a hash over every step, and the last notable moments in words.
package final class Trace: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  /// FNV-1a over all steps and all notes; two runs of a seed give the same.
  package private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  private var notes: [String] = []
  private var first = 0
  private let notesMax: Int

  init(notesMax: Int) { self.notesMax = notesMax }

  func step(_ index: Int, of count: Int, on executor: Int, at time: Int64) {
    add(UInt64(truncatingIfNeeded: index))
    add(UInt64(truncatingIfNeeded: count))
    add(UInt64(truncatingIfNeeded: executor))
    add(UInt64(truncatingIfNeeded: time))
  }

  /// Something that a reader of a trace wants to know.
  func note(_ time: Int64, _ text: @autoclosure () -> String) {
    let text = text()
    for byte in text.utf8 { add(UInt64(byte)) }
    guard notesMax > 0 else { return }
    if notes.count < notesMax {
      notes.append(Self.line(time, text))
    } else {
      notes[first] = Self.line(time, text)
      first = (first + 1) % notesMax
    }
  }

  /// The last notes, oldest first.
  package var lines: [String] { Array(notes[first...] + notes[..<first]) }

  private func add(_ value: UInt64) { hash = (hash ^ value) &* 0x0000_0100_0000_01b3 }

  private static func line(_ time: Int64, _ text: String) -> String {
    let ms = time / 1_000_000
    func padded(_ value: Int64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let clock = [padded(ms / 3_600_000, 1), padded(ms / 60_000 % 60, 2), padded(ms / 1000 % 60, 2)]
    return "\(clock.joined(separator: ":")).\(padded(ms % 1000, 3))  \(text)"
  }
}
