import Dispatch
import Foundation
import SimulatedWorld
import Synchronization

/// Runs worlds from seeds: `simulate SEED` replays one with its trace, `simulate --seeds N [FIRST]`
/// runs so many, two at a time, and says how fast time went.
@main
struct Simulate {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    if arguments.first == "--seeds" {
      let numbers = arguments.dropFirst().compactMap { UInt64($0) }
      exit(runMany(numbers.first ?? 100_000, from: numbers.dropFirst().first ?? 1))
    }
    guard let seed = arguments.first.flatMap({ UInt64($0) }) else {
      print("simulate SEED [PLANT] | simulate --seeds COUNT [FIRST]")
      exit(64)
    }
    let plant = arguments.dropFirst().first.flatMap(Plant.init(rawValue:))
    exit(runOne(seed, plant))
  }

  private static func runOne(_ seed: UInt64, _ plant: Plant?) -> Int32 {
    let outcome = Simulation.run(seed: seed, plant: plant, notesMax: 100_000)
    for line in outcome.trace { print(line) }
    print(
      "seed \(seed): \(outcome.orders) orders, \(outcome.steps) steps, hash "
        + String(outcome.hash, radix: 16))
    for violation in outcome.violations { print("\(violation.kind.rawValue): \(violation.text)") }
    return outcome.violations.isEmpty ? 0 : 1
  }

  private static func runMany(_ count: UInt64, from first: UInt64) -> Int32 {
    let began = ContinuousClock.now
    let shared = Shared(first)
    let threads = max(1, ProcessInfo.processInfo.activeProcessorCount)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while true {
        let seed = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard seed < first + count else { return }
        let outcome = Simulation.run(seed: seed)
        shared.tally.withLock { $0.add(outcome) }
      }
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    return shared.tally.withLock { tally in
      print(tally.summary(seconds: seconds))
      return tally.failed == 0 ? 0 : 1
    }
  }
}

/// What the threads share.
private final class Shared: Sendable {
  let tally = Mutex(Tally())
  let next: Atomic<UInt64>
  init(_ first: UInt64) { next = Atomic(first) }
}

/// What many runs came to.
private struct Tally {
  var runs = 0
  var failed = 0
  var orders = 0
  var steps = 0
  var virtualTime = Duration.zero

  mutating func add(_ outcome: Simulation.Outcome) {
    runs += 1
    orders += outcome.orders
    steps += outcome.steps
    virtualTime += outcome.virtualTime
    if runs % 5000 == 0 { print("\(runs) seeds, \(failed) failed") }
    guard !outcome.violations.isEmpty else { return }
    failed += 1
    if failed <= 10 { print(outcome.report) }
  }

  func summary(seconds: Double) -> String {
    let hours = virtualTime / .seconds(3600)
    return "\(runs) seeds, \(failed) failed; \(orders) orders, \(steps) steps; "
      + "\(Int(hours)) virtual hours in \(Int(seconds)) s: "
      + "\(Int(hours / seconds)) hours a second"
  }
}
