/// Where a replica runs: one of the node's event loops, so that a call crosses threads at most
/// once. Handed in, so that a test or a simulation decides.
package struct ReplicaExecutor: Sendable {
  package let serial: any SerialExecutor

  package init(_ serial: any SerialExecutor) { self.serial = serial }

  package var unowned: UnownedSerialExecutor { serial.asUnownedSerialExecutor() }
}
