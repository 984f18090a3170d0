import Services
import Views

/// The views of one node. What a crash leaves of them is as new as their cursors say; also nothing
/// is a possible remainder, since they are built anew from the journals.
final class NodeViews: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  private(set) var menus = MemoryKeyedView(MenuCopies.fold)
  private(set) var active = MemoryKeyedView(DispatchView.fold)
  private(set) var dashboard = MemoryOrderView()

  func lose() {
    menus = MemoryKeyedView(MenuCopies.fold)
    active = MemoryKeyedView(DispatchView.fold)
    dashboard = MemoryOrderView()
  }
}
