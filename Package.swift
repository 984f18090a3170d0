// swift-tools-version: 6.2
import PackageDescription

/// Every target is held to the same rules.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// For those who run where their caller runs.
let nonsending: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
  name: "baedal",
  platforms: [.macOS(.v26)],
  products: [.executable(name: "baedal", targets: ["baedal"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(
      url: "https://github.com/apple/swift-configuration", from: "1.4.0",
      traits: [.defaults, "YAML"]),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
  ],
  targets: [
    // The codec.
    .systemLibrary(
      name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .target(name: "CMessages", dependencies: ["CProtobufC"]),
    .target(name: "Messages", dependencies: ["CMessages", "CProtobufC"], swiftSettings: settings),

    // Pure.
    .target(name: "Domain", swiftSettings: settings),
    .target(name: "Resilience", swiftSettings: settings),

    // What is written down.
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "CPowerCut", dependencies: ["CSQLite"]),
    .target(name: "CGather", dependencies: ["CSQLite"]),
    .target(name: "SQLite", dependencies: ["CSQLite"], swiftSettings: settings),
    .target(name: "Journal", swiftSettings: settings),
    .target(
      name: "JournalSQLite", dependencies: ["Journal", "SQLite", "CGather"],
      swiftSettings: settings),
    .target(name: "Views", dependencies: ["Journal", "SQLite"], swiftSettings: settings),

    // What travels.
    .target(
      name: "Transport", dependencies: ["Messages", nioCore, nioPosix, nioSSL, nioTLS],
      swiftSettings: settings),
    .target(
      name: "Credentials",
      dependencies: [
        "Transport", crypto, nioSSL,
        .product(name: "JWTKit", package: "jwt-kit"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "X509", package: "swift-certificates"),
      ],
      swiftSettings: settings),

    // What works.
    .target(
      name: "Services",
      dependencies: [
        "Domain", "Messages", "Journal", "Resilience", "Transport", "Views",
        crypto,
      ],
      swiftSettings: settings + nonsending),
    .target(
      name: "ProviderHTTP",
      dependencies: [
        "Domain", "Services", "Transport", nioCore, nioPosix,
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        nioSSL,
      ],
      swiftSettings: settings),
    .target(
      name: "Gateway",
      dependencies: [
        "Messages", "Transport", nioCore, nioPosix, logging,
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings),
    .target(
      name: "Node",
      dependencies: [
        "CPowerCut", "Credentials", "Domain", "Gateway", "Messages", "Journal", "Resilience",
        "Services", "JournalSQLite", "ProviderHTTP", "Views", "Transport",
        nioCore, nioPosix, logging,
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "baedal",
      dependencies: [
        "Credentials", "Node", "Services", "Transport", "Messages", "Domain", "Resilience",
        nioPosix,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    // Baedal's sides of `benchmarks/`, which need its inside.
    .executableTarget(
      name: "benchmark-server",
      dependencies: ["Credentials", "Messages", "Transport", nioCore, nioPosix],
      path: "benchmarks/Server", swiftSettings: settings),
    .executableTarget(
      name: "benchmark-codec", dependencies: ["Messages"], path: "benchmarks/Codec",
      swiftSettings: settings),
    .executableTarget(
      name: "benchmark-breaker", dependencies: ["Resilience"], path: "benchmarks/Breaker",
      swiftSettings: settings),

    // Tests.
    .testTarget(
      name: "MessagesTests", dependencies: ["Messages"], exclude: ["python"],
      swiftSettings: settings),
    .testTarget(name: "DomainTests", dependencies: ["Domain"], swiftSettings: settings),
    .testTarget(
      name: "ResilienceTests", dependencies: ["Resilience"], exclude: ["traces", "oracles"],
      swiftSettings: settings),
    .target(
      name: "JournalContract", dependencies: ["Journal"], path: "Tests/JournalContract",
      swiftSettings: settings),
    .testTarget(
      name: "JournalTests", dependencies: ["Journal", "JournalContract"], swiftSettings: settings),
    .testTarget(
      name: "JournalSQLiteTests",
      dependencies: ["Journal", "JournalSQLite", "JournalContract", "SQLite", "CPowerCut"],
      swiftSettings: settings),
    .testTarget(
      name: "TransportTests",
      dependencies: ["Credentials", "Transport", "Messages", nioCore, nioPosix, nioSSL],
      swiftSettings: settings),
    .testTarget(
      name: "CredentialsTests", dependencies: ["Credentials", "Transport", crypto, nioSSL],
      swiftSettings: settings),
    .testTarget(
      name: "GatewayTests",
      dependencies: [
        "Gateway", "Messages", "Transport", logging, nioCore,
        .product(name: "HummingbirdTesting", package: "hummingbird"),
        .product(name: "Metrics", package: "swift-metrics"),
      ],
      swiftSettings: settings),
    .testTarget(name: "ViewsTests", dependencies: ["Views", "Journal"], swiftSettings: settings),
    .testTarget(
      name: "ServicesTests",
      dependencies: [
        "Services", "Journal", "Domain", "Messages", "Resilience", "Transport", "Views",
      ],
      swiftSettings: settings),
    .target(
      name: "SimulatedWorld",
      dependencies: [
        "Services", "Journal", "Domain", "Messages", "Resilience", "Transport", "Views",
      ],
      path: "Tests/SimulatedWorld", swiftSettings: settings + nonsending),
    .executableTarget(
      name: "simulate", dependencies: ["SimulatedWorld"], path: "Tests/simulate",
      swiftSettings: settings + nonsending),
    .testTarget(
      name: "Simulation", dependencies: ["SimulatedWorld", "Services", "simulate"],
      path: "Tests/Simulation",
      swiftSettings: settings + nonsending),
    .testTarget(
      name: "ProviderHTTPTests",
      dependencies: [
        "ProviderHTTP", "Domain", "Services", "Transport", nioCore, nioPosix,
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ],
      exclude: ["python"], swiftSettings: settings),
    .testTarget(
      name: "NodeTests",
      dependencies: [
        "Credentials", "Gateway", "Node", "Domain", "Journal", "JournalSQLite", "Messages",
        "Resilience", "Services", "Transport", "Views", nioCore, nioPosix, logging,
      ],
      swiftSettings: settings),
    .testTarget(
      name: "System",
      dependencies: [
        "CPowerCut", "Credentials", "Domain", "Journal", "JournalSQLite", "Messages", "Node",
        "SQLite",
        "Services", "Transport", "baedal", nioCore, nioPosix,
      ],
      path: "Tests/System", exclude: ["python"], swiftSettings: settings),
  ]
)
