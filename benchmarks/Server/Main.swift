import Credentials
import Glibc
import Messages
import NIOCore
import NIOPosix
import Transport

/// Serves one typed unary call over the wire protocol: decode, a service actor, encode. What
/// `benchmarks/run rpc` drives.
///
/// `main` is synchronous and the loops' threads are the only ones, so that callgrind counts calls
/// and nothing else. With BAEDAL_TLS_CERTIFICATE_FILE and BAEDAL_TLS_KEY_FILE it speaks TLS.
@main
enum Main {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    guard let port = arguments.first, arguments.count + 1 == CommandLine.arguments.count else {
      print("usage: benchmark-server PORT [EVENT_LOOPS]")
      exit(64)
    }
    let loops = arguments.dropFirst().first ?? System.coreCount
    let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
    var configuration = ServerConfiguration(authenticate: ServerConfiguration.trusting)
    do {
      configuration.tls = try tls()
    } catch {
      print(error)
      exit(78)
    }
    let serving = configuration
    // Not on the main actor: its thread is about to wait for a signal.
    Task { @concurrent in
      do {
        try await server(port, serving, group).start()
        print("ready")
        fflush(nil)
      } catch {
        print(error)
        exit(69)
      }
    }
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    var received: CInt = 0
    sigwait(&signals, &received)
  }

  private static func server(
    _ port: Int, _ configuration: ServerConfiguration, _ group: MultiThreadedEventLoopGroup
  ) async throws -> TCPServer {
    let pool = OrderPool(try await LoopExecutor.all(of: group))
    var router = Router(authorize: Router.allowAll)
    router.unary(OrderServiceMethods.placeOrder) { request, _ in await pool.here.place(request) }
    return TCPServer(
      host: "127.0.0.1", port: port, router: router, configuration: configuration, group: group)
  }

  private static func tls() throws -> ServerTLS? {
    guard let certificate = getenv("BAEDAL_TLS_CERTIFICATE_FILE"),
      let key = getenv("BAEDAL_TLS_KEY_FILE")
    else { return nil }
    let identity = try CertificateFiles.identity(
      certificate: String(cString: certificate), key: String(cString: key), now: Int64(time(nil)))
    let context = try TLSContexts.server(
      chain: identity.chain, key: identity.key, clientAuthorities: nil)
    return ServerTLS(context) { PeerCertificate(der: $0) }
  }
}
