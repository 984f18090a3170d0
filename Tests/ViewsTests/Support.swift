import Glibc
import Journal
import Testing
import Views

/// Lets other tasks run until `condition` holds, or the test's time limit cancels it.
func until(
  _ condition: () async throws -> Bool, at location: SourceLocation = #_sourceLocation
) async rethrows {
  while try await !condition() {
    guard !Task.isCancelled else {
      Issue.record("it never came true", sourceLocation: location)
      return
    }
    await Task.yield()
  }
}

/// A generator whose numbers follow from its seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// A directory of its own, removed with the value.
final class Scratch: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/baedal-views-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
  }

  deinit { for name in names { unlink("\(path)/\(name)") }; rmdir(path) }

  var names: [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  func read(_ name: String) -> [UInt8] {
    guard let file = fopen("\(path)/\(name)", "rb") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 64 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return Array(bytes[..<count])
  }

  func write(_ bytes: [UInt8], to name: String) {
    guard let file = fopen("\(path)/\(name)", "wb") else { return }
    defer { fclose(file) }
    fwrite(bytes, 1, bytes.count, file)
  }

  /// Overwrites with zeros every page of a database that holds `text`; says how many.
  func damage(_ name: String, pagesWith text: String) -> Int {
    var bytes = read(name)
    let (size, text) = (Int(bytes[16]) << 8 | Int(bytes[17]), Array(text.utf8))
    var damaged = 0
    for start in stride(from: size, to: bytes.count, by: size) {
      let page = bytes[start..<start + size]
      guard page.indices.contains(where: { page[$0...].starts(with: text) }) else { continue }
      bytes.replaceSubrange(start..<start + size, with: [UInt8](repeating: 0, count: size))
      damaged += 1
    }
    write(bytes, to: name)
    return damaged
  }

  /// The files as they are at this moment, as a killed process would leave them.
  func copy() -> Scratch {
    let copy = Scratch()
    for name in names { copy.write(read(name), to: name) }
    return copy
  }
}

/// The events of one made-up order, as four streams.
struct Course {
  let orderID: String
  var streams: [[OrderChange]]

  init(_ orderID: String, customer: String = "c1", store: String = "s1", at start: Int64 = 1000) {
    self.orderID = orderID
    func change(
      _ service: OrderJournal, _ version: Int64, _ at: Int64, _ event: String,
      _ fill: (inout OrderEffect) -> Void = { _ in }
    ) -> OrderChange {
      var effect = OrderEffect()
      fill(&effect)
      return OrderChange(
        orderID: orderID, service: service, version: version,
        at: WallTime(milliseconds: start + at), event: event, meaning: .effect(effect))
    }
    func stage(_ code: Int32) -> OrderStage { OrderStage(code: code, isTerminal: code == 10) }
    streams = [
      [
        change(.order, 1, 0, "OrderSubmitted") {
          $0.basics = OrderBasics(
            customerID: customer, storeID: store, totalWon: 18_000, lines: [1, 2, 3])
          $0.stage = stage(1)
          $0.detail = "2 items"
        },
        change(.order, 2, 20, "OrderPlaced") {
          $0.stage = stage(4)
          $0.isPaid = true
        },
        change(.order, 3, 40, "OrderAccepted") { $0.stage = stage(5) },
        // Its clock went back.
        change(.order, 4, 30, "OrderCookingStarted") { $0.stage = stage(6) },
        change(.order, 5, 80, "OrderDeliveryStarted") {
          $0.stage = stage(8)
          $0.orderRiderID = "r1"
        },
        change(.order, 6, 95, "OrderDelivered") { $0.stage = stage(10) },
      ],
      [
        change(.payment, 1, 5, "PaymentRequested"),
        change(.payment, 2, 6, "PaymentAttempted"),
        change(.payment, 3, 20, "PaymentApproved"),
        change(.payment, 4, 99, "PaymentSettled"),
      ],
      [
        change(.store, 1, 22, "TicketReceived"), change(.store, 2, 30, "TicketAccepted"),
        change(.store, 3, 42, "TicketConfirmed"),
      ],
      [
        change(.delivery, 1, 41, "DeliveryOpened"),
        change(.delivery, 2, 50, "DeliveryAssigned") { $0.deliveryRiderID = "r0" },
        change(.delivery, 3, 60, "DeliveryUnassigned") { $0.deliveryRiderID = "" },
        change(.delivery, 4, 70, "DeliveryAssigned") { $0.deliveryRiderID = "r1" },
        change(.delivery, 5, 95, "DeliveryCompleted") { $0.deliveryRiderID = "r1" },
      ],
    ]
  }

  /// Service after service.
  var canonical: OrderRecord {
    var record = OrderRecord(orderID: orderID)
    for change in streams.joined() { record.apply(change) }
    return record
  }

  /// Any interleaving that keeps each stream's order.
  func interleaved(_ random: inout Seeded) -> [OrderChange] {
    var rest = streams.map { $0[...] }
    var mixed: [OrderChange] = []
    while let at = rest.indices.filter({ !rest[$0].isEmpty }).randomElement(using: &random) {
      mixed.append(rest[at].removeFirst())
    }
    return mixed
  }
}

extension ViewBatch where Change == OrderChange {
  /// Changes with one cursor, of partition 0 unless said.
  init(
    _ changes: [OrderChange], _ source: String = "order", partition: Int = 0,
    through position: Int64, epoch: String = "e"
  ) {
    self.init(
      source: source, changes: changes,
      cursors: [
        ViewCursor(
          partition: Partition(partition), position: Position(position),
          epoch: JournalEpoch(epoch))
      ])
  }
}
