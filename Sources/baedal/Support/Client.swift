import ArgumentParser
import Credentials
import Messages
import NIOPosix
import Transport

/// What every command that talks to a node takes.
struct ClientOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The node to talk to.", valueName: "host:port"))
  var connect = Address(host: "127.0.0.1", port: 7700)

  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      "Who is calling: customer, store, rider or operator, and the id.", valueName: "role:id"))
  var principal: Caller?

  @Option(help: ArgumentHelp("File with the token that proves it.", valueName: "file"))
  var tokenFile: String?

  @OptionGroup(title: "TLS") var tls: TLSOptions

  @Flag(help: "Print the answer as protobuf JSON, one message a line.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Give up after so many seconds. Unless said, a call is given up after 10, an audit after "
        + "an hour, and what goes on and on not at all.", valueName: "s"))
  var timeout: Double?

  func validate() throws {
    guard timeout.map({ $0 > 0 && $0 <= 86_400 }) ?? true else {
      throw ValidationError("--timeout must be a number of seconds, more than 0 and at most 86400")
    }
  }

  /// Runs `body` with a client that says it is `standard`, unless `--as` or a token says otherwise.
  func withClient<Result>(
    as standard: Principal, _ body: (Client) async throws -> Result
  ) async throws -> Result {
    let token = try tokenFile.map(firstLine) ?? []
    let bearer = await TokenClaims.principal(of: token)
    let timeout = timeout.map { Duration.seconds($0) }
    let client = Client(
      connect, principal: principal?.principal ?? bearer ?? standard, token: token,
      tls: try tls.client(), timeout: timeout, streamTimeout: timeout)
    do {
      let result = try await body(client)
      await client.close()
      return result
    } catch {
      await client.close()
      throw error
    }
  }

  /// `print` where only a call's own errors may be thrown.
  func printed<M: Message>(_ message: M, text: (M) -> String) throws(RPCError) {
    do { try print(message, text: text) } catch {
      throw RPCError(code: .internal, message: "\(error)", cause: error)
    }
  }

  /// Prints a message: as JSON if asked for, else as `text` says.
  func print<M: Message>(_ message: M, text: (M) -> String) throws {
    Terminal.say(json ? try message.json() : text(message))
  }
}

/// One connection to a node, opened at the first call.
struct Client: Sendable {
  let rpc: RPCClient
  let principal: Principal
  /// nil: no limit.
  let streamTimeout: Duration?
  private let callTimeout: Duration?
  private let transport: TCPClient

  /// What takes as long as there is much to read.
  private static let longMethods: Set = [AdminServiceMethods.audit.path]

  /// - Parameters:
  ///   - timeout: of each call; nil: what calls of its method may take.
  ///   - streamTimeout: of each stream as a whole; nil: no limit.
  init(
    _ address: Address, principal: Principal, token: [UInt8] = [], tls: ClientTLS? = nil,
    timeout: Duration? = nil, streamTimeout: Duration? = nil
  ) {
    var configuration = ClientConfiguration()
    configuration.credentials = ClientCredentials(principal: principal, token: token)
    configuration.node = "baedal-cli"
    configuration.tls = tls
    transport = TCPClient(
      host: address.host, port: address.port, configuration: configuration,
      group: MultiThreadedEventLoopGroup.singleton)
    rpc = RPCClient(transport)
    self.principal = principal
    callTimeout = timeout
    self.streamTimeout = streamTimeout
  }

  /// How long a call of that method is waited for.
  func timeout(of method: String) -> Duration {
    callTimeout ?? (Self.longMethods.contains(method) ? .seconds(3600) : .seconds(10))
  }

  /// Asks and waits for the answer.
  func call<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>, _ request: Request
  ) async throws(RPCError) -> Response {
    try await rpc.unary(
      method, request, options: CallOptions(timeout: timeout(of: method.path)))
  }

  /// Asks for what must not be done twice. Where it may have been done, though there is no answer
  /// that says so, the error ends with the `option` that asks again for the same.
  func call<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>, _ request: Request, againWith option: String
  ) async throws -> Response {
    do throws(RPCError) { return try await call(method, request) } catch {
      guard error.mayHaveBeenDone else { throw error }
      throw Failure(
        line: "\(Failure.line(error)); ask again with \(option)", status: ExitStatus(error.code))
    }
  }

  /// Opens a stream that lasts as long as the server likes, or as `--timeout` says.
  func stream<Request: Message, Response: Message>(
    _ method: ServerStreamMethod<Request, Response>, _ request: Request
  ) async throws(RPCError) -> MessageStream<Response> {
    try await rpc.serverStream(method, request, options: CallOptions(timeout: streamTimeout))
  }

  func close() async { await transport.close() }
}
