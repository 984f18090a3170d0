package import Journal
package import Transport
package import Views

/// How far the view is behind the journals it follows.
package struct DashboardLag: Sendable {
  /// Of one source.
  package struct Source: Sendable, Equatable {
    package var source: String
    /// Events the view has not taken in.
    package var events: Int64
    /// The age of the oldest of them; zero if there is none.
    package var oldestAge: Duration
  }

  private let sources: [any EventSource]

  package init(sources: [any EventSource]) { self.sources = sources }

  /// The lag at this moment. A source out of reach is UNAVAILABLE.
  package nonisolated(nonsending) func measure(
    _ view: any OrderView, at now: WallTime
  ) async throws(RPCError) -> [Source] {
    let cursors: ViewCursors
    do throws(ViewError) { cursors = try await view.cursors() } catch { throw RPCError(error) }
    var lags: [Source] = []
    do throws(JournalError) {
      for source in sources {
        var lag = Source(source: source.name, events: 0, oldestAge: .zero)
        for (index, head) in try await source.status().heads.enumerated() {
          let taken = cursors.position(source.name, Partition(index))
          guard head > taken else { continue }
          lag.events += head.value - taken.value
          let first = try await source.read(partition: Partition(index), after: taken, limit: 1)
          if let first = first.first {
            lag.oldestAge = max(lag.oldestAge, now.since(first.recordedAt))
          }
        }
        lags.append(lag)
      }
    } catch { throw RPCError(error) }
    return lags
  }
}
