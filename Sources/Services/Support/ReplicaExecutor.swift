/// Where a seat of a replica runs: one of the node's event loops. Handed in, so that a test or a
/// simulation decides.
package struct ReplicaExecutor: Sendable {
  package let serial: any SerialExecutor
  /// Where a task that a replica starts without a parent runs between its visits to actors; nil:
  /// on the pool that all share.
  package let task: (any TaskExecutor)?

  package init(_ serial: any SerialExecutor, task: (any TaskExecutor)? = nil) {
    self.serial = serial
    self.task = task
  }

  package var unowned: UnownedSerialExecutor { serial.asUnownedSerialExecutor() }
}
