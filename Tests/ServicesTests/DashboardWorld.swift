import Dispatch
import Domain
import Glibc
import Journal
import Messages
import Services
import Synchronization
import Transport
import Views

/// Four journals into which a test writes what the services would have, and a view of them.
final class DashboardWorld: Sendable {
  let journals: [String: MemoryJournal]
  private let versions = Mutex<[StreamKey: Int64]>([:])

  init() {
    let time = SharedTime()
    var journals: [String: MemoryJournal] = [:]
    for name in DashboardFold.sources {
      var options = MemoryJournal.Options()
      options.partitionCount = 4
      journals[name] = MemoryJournal(
        name: name, epoch: JournalEpoch("\(name)-1"), options: options,
        now: { WallTime(milliseconds: time.next()) })
    }
    self.journals = journals
  }

  /// Each look at it is a millisecond later.
  private final class SharedTime: Sendable {
    private let now = Mutex<Int64>(1_760_000_000_000)
    func next() -> Int64 {
      now.withLock { now in
        now += 1
        return now
      }
    }
  }

  var sources: [any EventSource] {
    DashboardFold.sources.compactMap { journals[$0] }
  }

  /// Records one event of an order; the category follows from the message's name.
  func record(_ orderID: String, _ message: some Message) async throws {
    let name = type(of: message).fullName
    let (source, category) =
      switch name.split(separator: ".").dropFirst().first {
      case "order": ("order", "order")
      case "payment": ("payment", "payment")
      case "store": ("store", name.contains("Ticket") ? "ticket" : "store")
      default: ("delivery", name.contains("Rider") ? "rider" : "delivery")
      }
    try await record(
      source, StreamKey(category: category, id: orderID), name, try message.serialized())
  }

  func record(
    _ source: String, _ stream: StreamKey, _ type: String, _ payload: [UInt8]
  ) async throws {
    let version = versions.withLock { versions in
      versions[stream, default: 0] += 1
      return versions[stream, default: 0] - 1
    }
    _ = try await journals[source]?.append(
      Append(
        to: stream, expecting: StreamVersion(version),
        [
          NewEvent(
            id: EventID("\(stream)/\(version + 1)"), type: type, payload: payload,
            metadata: EventMetadata(correlationID: stream.id, causationID: "test"))
        ]))
  }

  func submit(_ id: String, customer: String = "c1", store: String = "s1") async throws {
    try await record(
      id,
      OrderSubmitted(
        orderID: id, customerID: customer, storeID: store,
        lines: [OrderLine(itemID: "i1", name: "비빔밥", unitPriceWon: 9000, quantity: 2)],
        totalWon: 18_000))
    try await record(
      id, PaymentRequested(paymentKey: id, orderID: id, amountWon: 18_000))
  }

  func place(_ id: String, customer: String = "c1", store: String = "s1") async throws {
    try await submit(id, customer: customer, store: store)
    try await record(id, PaymentApproved(attempt: 1, amountWon: 18_000))
    try await record(id, OrderPlaced(amountWon: 18_000, storeID: store))
  }

  /// From the store's answer to the door.
  func carry(_ id: String, rider: String = "r1") async throws {
    try await record(id, TicketReceived(orderID: id, storeID: "s1", totalWon: 18_000))
    try await record(id, TicketAccepted(etaMinutes: 25))
    try await record(id, OrderAccepted(etaMinutes: 25))
    try await record(id, DeliveryOpened(orderID: id, storeID: "s1", area: "gangnam"))
    try await record(id, OrderCookingStarted())
    try await record(id, DeliveryAssigned(riderID: rider))
    try await record(id, OrderCookingFinished())
    try await record(id, DeliveryStarted(riderID: rider))
    try await record(id, OrderDeliveryStarted(riderID: rider))
    try await record(id, OrderPickedUp(riderID: rider))
    try await record(id, DeliveryCompleted(riderID: rider))
    try await record(id, OrderDelivered(riderID: rider))
    try await record(id, PaymentSettled(keptWon: 18_000))
  }

  /// Brings a view up to date, as the projections would.
  func follow(_ view: any OrderView) async throws {
    try await DashboardRebuild(sources: sources, batchEvents: 3).fill(view)
  }

  func replica(_ view: any OrderView, clock: TransportClock = .system) -> DashboardReplica {
    DashboardReplica(
      view: view, lag: DashboardLag(sources: sources),
      environment: ServiceEnvironment(
        now: { Timestamp(ms: 1_760_000_100_000) }, clock: clock),
      executor: ReplicaExecutor(DashboardQueue()))
  }
}

/// An executor for one replica.
final class DashboardQueue: SerialExecutor {
  private let queue = DispatchQueue(label: "dashboard-test")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}

/// A directory of its own, removed with the value.
final class DashboardScratch: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/baedal-dashboard-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
  }

  /// Overwrites with zeros every page of a database that holds `text`; says how many.
  func damage(_ path: String, pagesWith text: String) -> Int {
    guard let file = fopen(path, "r+b") else { return 0 }
    defer { fclose(file) }
    var header = [UInt8](repeating: 0, count: 18)
    fread(&header, 1, header.count, file)
    let (size, wanted) = (Int(header[16]) << 8 | Int(header[17]), Array(text.utf8))
    var page = [UInt8](repeating: 0, count: size)
    let zeros = page
    var damaged = 0
    var at = size
    while fseek(file, at, SEEK_SET) == 0, fread(&page, 1, size, file) == size {
      if page.indices.contains(where: { page[$0...].starts(with: wanted) }) {
        fseek(file, at, SEEK_SET)
        fwrite(zeros, 1, size, file)
        damaged += 1
      }
      at += size
    }
    return damaged
  }

  deinit {
    guard let directory = opendir(path) else { return }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      unlink("\(path)/\(name)")
    }
    closedir(directory)
    rmdir(path)
  }
}
