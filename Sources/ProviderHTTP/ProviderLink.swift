import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Transport

/// The connections to the provider: requests, time limits, and what is certain when one fails.
struct ProviderLink: Sendable {
  /// The most that an answer's body may hold.
  static let answerBytesMax = 64 * 1024
  /// Well below what servers keep an idle connection for, so that a request rarely meets one that
  /// is being closed.
  private static let idleTimeout = TimeAmount.seconds(15)

  private let client: HTTPClient
  private let address: ProviderAddress
  private let credential: ProviderCredential
  private let clock: TransportClock

  /// Throws when the file of authorities cannot be used.
  init(
    _ settings: HTTPProviderSettings, clock: TransportClock, group: any EventLoopGroup
  ) throws(HTTPProviderError) {
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: try Self.tls(settings), redirectConfiguration: .disallow,
      timeout: .init(connect: .nanoseconds(settings.connectTimeout.wholeNanoseconds)),
      connectionPool: .init(
        idleTimeout: Self.idleTimeout,
        concurrentHTTP1ConnectionsPerHostSoftLimit: settings.connections))
    // Whoever waits for a connection that cannot be made hears so at once.
    configuration.connectionPool.retryConnectionEstablishment = false
    // One request a connection: what a connection does tells about one payment.
    configuration.httpVersion = .http1Only
    configuration.tracing.tracer = nil
    client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    address = settings.address
    credential = settings.credential
    self.clock = clock
  }

  /// Closes every connection.
  func close() async { try? await client.shutdown().get() }

  /// Sends one request, and says what came of it by then.
  func send(_ call: ProviderCall, until deadline: MonotonicInstant) async -> Exchange {
    let body = call.body.map { NotedBody($0) }
    let request = request(call, body)
    let reason: String
    switch await within(deadline, { await exchange(request) }) {
    case .success(let answer): return .answered(answer)
    case .failure(let failure): reason = failure.reason
    case nil: reason = "the provider did not answer in time"
    }
    if let body, !body.wasTaken { return .notSent(reason: reason) }
    return .lost(reason: reason)
  }

  private func request(_ call: ProviderCall, _ body: NotedBody?) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: address.url(call.path))
    request.headers.add(name: "Authorization", value: credential.header)
    request.headers.add(name: "Accept", value: "application/json")
    request.headers.add(name: "User-Agent", value: "baedal")
    if let body {
      request.method = .POST
      request.headers.add(name: "Content-Type", value: "application/json")
      request.headers.add(name: "Idempotency-Key", value: call.idempotencyKey)
      request.body = .stream(body, length: .known(Int64(body.count)))
    }
    return request
  }

  private func exchange(_ request: HTTPClientRequest) async -> Result<Answer, LinkFailure> {
    do {
      let response = try await client.execute(request, deadline: .distantFuture)
      let body = try await response.body.collect(upTo: Self.answerBytesMax)
      return .success(
        Answer(
          status: Int(response.status.code),
          retryAfter: Self.seconds(response.headers.first(name: "Retry-After")),
          body: Array(body.readableBytesView)))
    } catch { return .failure(LinkFailure(error)) }
  }

  /// What the operation came to; nil when the deadline passed first. Either way nothing of it runs
  /// on afterwards.
  private func within<Value: Sendable>(
    _ deadline: MonotonicInstant, _ operation: @escaping @Sendable () async -> Value
  ) async -> Value? {
    await withTaskGroup(of: Value?.self) { group in
      group.addTask { await operation() }
      group.addTask { [clock] in
        try? await clock.sleep(deadline)
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }

  private static func tls(
    _ settings: HTTPProviderSettings
  ) throws(HTTPProviderError) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.certificateVerification = .fullVerification
    tls.minimumTLSVersion = .tlsv12
    guard let path = settings.caFile else { return tls }
    tls.trustRoots = .certificates(try authorities(path))
    return tls
  }

  fileprivate static func authorities(
    _ path: String
  ) throws(HTTPProviderError) -> [NIOSSLCertificate] {
    guard let authorities = try? NIOSSLCertificate.fromPEMFile(path), !authorities.isEmpty else {
      throw .unusableAuthorities(path: path)
    }
    return authorities
  }

  /// `Retry-After` in seconds, at most an hour; nil for a date or nonsense.
  private static func seconds(_ text: String?) -> Duration? {
    text.flatMap { Int64($0) }.map { .seconds(min(max($0, 0), 3600)) }
  }
}

extension HTTPProviderSettings {
  /// Throws when a file of authorities cannot be used, as making a provider with it would.
  package static func checkAuthorities(_ path: String) throws(HTTPProviderError) {
    _ = try ProviderLink.authorities(path)
  }
}

/// What became of a request.
enum Exchange: Sendable {
  case answered(Answer)
  /// The provider cannot have acted on it.
  case notSent(reason: String)
  /// It may have, and nobody heard.
  case lost(reason: String)
}

/// A complete answer, whatever it says.
struct Answer: Sendable {
  let status: Int
  /// When the provider wants to be asked again.
  let retryAfter: Duration?
  let body: [UInt8]

  var isSuccess: Bool { (200...299).contains(status) }
}

/// Why there was no complete answer, in words that hold nothing of the request.
private struct LinkFailure: Error {
  let reason: String

  init(_ error: any Error) {
    reason =
      switch error {
      case let error as HTTPClientError: error.shortDescription.lowercased()
      case is NIOConnectionError: "the provider cannot be reached"
      case is NIOTooManyBytesError: "the answer is too long"
      case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
        "no trusted TLS connection to the provider"
      case is CancellationError: "cancelled"
      default: "the connection to the provider broke"
      }
  }
}
