/// What can be asked of a rider.
package enum RiderCommand: Hashable, Sendable {
  case register(RiderProfile)
  case changeProfile(RiderProfile)
  case goOnline
  case goOffline

  package var kind: RiderCommandKind {
    switch self {
    case .register: .register
    case .changeProfile: .changeProfile
    case .goOnline: .goOnline
    case .goOffline: .goOffline
    }
  }
}

/// The commands without their values.
package enum RiderCommandKind: String, CaseIterable, Hashable, Sendable {
  case register, changeProfile, goOnline, goOffline
}

/// What happened to a rider.
package enum RiderEvent: Hashable, Sendable {
  case registered(RiderProfile)
  case profileChanged(RiderProfile)
  case wentOnline
  case wentOffline

  package var kind: RiderEventKind {
    switch self {
    case .registered: .registered
    case .profileChanged: .profileChanged
    case .wentOnline: .wentOnline
    case .wentOffline: .wentOffline
    }
  }
}

/// The events without their values.
package enum RiderEventKind: String, CaseIterable, Hashable, Sendable {
  case registered = "RiderRegistered"
  case profileChanged = "RiderProfileChanged"
  case wentOnline = "RiderWentOnline"
  case wentOffline = "RiderWentOffline"
}

/// Whether a rider takes deliveries.
package enum RiderPhase: String, CaseIterable, Hashable, Sendable {
  case none
  case offline
  case online
}

/// What a rider says about themselves.
package struct RiderProfile: Hashable, Sendable {
  package let id: RiderID
  package let name: String
  /// Where the rider works.
  package let areas: [Area]

  package init(id: RiderID, name: String, areas: [Area]) {
    self.id = id
    self.name = name
    self.areas = areas
  }
}

/// A rider as their events tell it.
package struct RiderState: Hashable, Sendable {
  package internal(set) var phase: RiderPhase = .none
  /// Nil only in phase `none`.
  package internal(set) var profile: RiderProfile?

  package init() {}
}
