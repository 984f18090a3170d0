import Gateway
import Messages
import Synchronization

/// The signals of a node that is still starting: none until it has its parts.
final class LateSignals: SignalSource {
  private let reader = Mutex<SignalReader?>(nil)

  func begin(_ reader: SignalReader?) { self.reader.withLock { $0 = reader } }

  func signals() -> NodeSignals? { reader.withLock { $0 }?.signals() }
}
