/// Where a seat of a replica runs: one of the node's event loops. Handed in, so that a test or a
/// simulation decides.
public struct ReplicaExecutor: Sendable {
  public let serial: any SerialExecutor
  /// Where a task that a replica starts without a parent runs between its visits to actors; nil:
  /// on the pool that all share.
  public let task: (any TaskExecutor)?

  public init(_ serial: any SerialExecutor, task: (any TaskExecutor)? = nil) {
    self.serial = serial
    self.task = task
  }

  public var unowned: UnownedSerialExecutor { serial.asUnownedSerialExecutor() }
}
