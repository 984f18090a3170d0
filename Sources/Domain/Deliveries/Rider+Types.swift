/// What can be asked of a rider.
public enum RiderCommand: Hashable, Sendable {
  case register(RiderProfile)
  case changeProfile(RiderProfile)
  case goOnline
  case goOffline

  public var kind: RiderCommandKind {
    switch self {
    case .register: .register
    case .changeProfile: .changeProfile
    case .goOnline: .goOnline
    case .goOffline: .goOffline
    }
  }
}

/// The commands without their values.
public enum RiderCommandKind: String, CaseIterable, Hashable, Sendable {
  case register, changeProfile, goOnline, goOffline
}

/// What happened to a rider.
public enum RiderEvent: Hashable, Sendable {
  case registered(RiderProfile)
  case profileChanged(RiderProfile)
  case wentOnline
  case wentOffline

  public var kind: RiderEventKind {
    switch self {
    case .registered: .registered
    case .profileChanged: .profileChanged
    case .wentOnline: .wentOnline
    case .wentOffline: .wentOffline
    }
  }
}

/// The events without their values.
public enum RiderEventKind: String, CaseIterable, Hashable, Sendable {
  case registered = "RiderRegistered"
  case profileChanged = "RiderProfileChanged"
  case wentOnline = "RiderWentOnline"
  case wentOffline = "RiderWentOffline"
}

/// Whether a rider takes deliveries.
public enum RiderPhase: String, CaseIterable, Hashable, Sendable {
  case none
  case offline
  case online
}

/// What a rider says about themselves.
public struct RiderProfile: Hashable, Sendable {
  public let id: RiderID
  public let name: String
  /// Where the rider works.
  public let areas: [Area]

  public init(id: RiderID, name: String, areas: [Area]) {
    self.id = id
    self.name = name
    self.areas = areas
  }
}

/// A rider as their events tell it.
public struct RiderState: Hashable, Sendable {
  public internal(set) var phase: RiderPhase = .none
  /// Nil only in phase `none`.
  public internal(set) var profile: RiderProfile?

  public init() {}
}
