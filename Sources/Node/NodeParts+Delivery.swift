import Domain
import Journal
import Logging
import NIOCore
import NIOPosix
import Services
import Transport
import Views

extension NodeParts {
  mutating func assembleDelivery() async throws -> DeliverySaga? {
    guard let journal = journals[.delivery] else { return nil }
    let environment = environment
    let active = try SQLiteKeyedView.open(
      DispatchView.fold, in: "\(config.dataDirectory)/views",
      restarts: background.log.restarts(ofView: DispatchView.fold.name),
      onStall: background.log.stalls(ofView: DispatchView.fold.name))
    closings.append { await active.close() }
    let deliveries = try pool("delivery", .delivery) { executor, memory in
      DeliveryReplica(
        journal: journal, environment: environment, memory: memory,
        executor: executor)
    }
    let riders = try pool("rider", .delivery) { executor, memory in
      RiderReplica(
        journal: journal, environment: environment, memory: memory,
        executor: executor)
    }
    let dispatcher = Dispatcher(
      journal: journal, deliveries: deliveries, environment: environment,
      executor: ReplicaExecutor(group.next().executor))
    // Before the first event is taken and before the first deadline fires.
    try await dispatcher.restore(from: active)
    router.register(
      DeliveryService(deliveries: deliveries, riders: riders, dispatcher: dispatcher))
    project(
      AnyEventSource(journal), into: KeyedStore(active), as: DispatchView.view, of: .delivery,
      .types(DispatchView.events))
    follow(.delivery, into: .delivery, as: Dispatcher.subscriber, nil) {
      (event) throws(RPCError) in try await dispatcher.take(event)
    }
    let saga = DeliverySaga(journal: journal, deliveries: deliveries, dispatcher: dispatcher)
    fire(.delivery) { (deadline) throws(RPCError) in try await saga.fire(deadline) }
    return saga
  }

  mutating func assembleDashboard() throws {
    guard config.services.contains(.dashboard) else { return }
    let environment = environment
    let sources = NodeJournals.owners.compactMap { source($0) }
    let dashboard = try NodeDashboard(config, sources: sources, log: background.log)
    self.dashboard = dashboard
    let view = dashboard.view
    closings.append { await view.close() }
    let lag = DashboardLag(sources: sources)
    let pool = try pool("dashboard", .dashboard) { executor, _ in
      DashboardReplica(view: view, lag: lag, environment: environment, executor: executor)
    }
    router.register(DashboardService(pool: pool))
    for source in sources {
      project(source, into: DashboardStore(view), as: DashboardStore.viewName, of: .dashboard)
    }
    for owner in NodeJournals.owners where source(owner) == nil {
      miss(owner, for: .dashboard, as: "\(DashboardStore.viewName) from \(owner.rawValue)")
    }
  }
}
