import Glibc
import Messages
import NIOCore
import NIOPosix
import Transport

/// Serves one typed unary call over the wire protocol: decode, a service actor, encode. What
/// `benchmarks/run rpc` drives.
///
/// `main` is synchronous and the loops' threads are the only ones, so that callgrind counts calls
/// and nothing else.
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
    let pool = OrderPool(group: group)
    var router = Router(authorize: Router.allowAll)
    router.unary(OrderServiceMethods.placeOrder) { request, _ in
      await pool.replica(for: request.idempotencyKey).place(request)
    }
    let server = TCPServer(
      host: "127.0.0.1", port: port, router: router,
      configuration: ServerConfiguration(authenticate: ServerConfiguration.trusting), group: group)
    // Not on the main actor: its thread is about to wait for a signal.
    Task { @concurrent in
      do throws(RPCError) {
        try await server.start()
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
}
