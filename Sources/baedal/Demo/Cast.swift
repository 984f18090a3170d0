import Messages
import Transport

/// The people of one run, each with a connection of their own.
struct Cast: Sendable {
  /// Told apart from every other run.
  let run = freshID(length: 6)
  let stage = Stage()
  let patience: Duration
  let customer: Client
  let owner: Client
  let rider: Client
  /// Asks for the audit and looks at payments.
  let auditor: Client

  var customerID: String { customer.principal.id }
  var storeID: String { owner.principal.id }
  var riderID: String { rider.principal.id }
  /// Riders of other runs stay out of it.
  var area: String { "역삼동 \(run)" }

  static let menu = [
    MenuItem(itemID: "fried-chicken", name: "후라이드치킨", priceWon: 19_000),
    MenuItem(itemID: "yangnyeom-chicken", name: "양념치킨", priceWon: 20_000),
    MenuItem(itemID: "tteokbokki", name: "떡볶이", priceWon: 6_500),
    MenuItem(itemID: "sundae", name: "순대", priceWon: 5_000),
    MenuItem(itemID: "gimbap", name: "참치김밥", priceWon: 4_500),
    MenuItem(itemID: "cola", name: "콜라 1.25L", priceWon: 2_500),
  ]

  /// - Parameter timeout: of each step; nil: 20 s, and as long as an audit may take for that.
  init(address: Address, token: [UInt8], tls: ClientTLS?, timeout: Duration?) {
    let run = run
    let patience = timeout ?? .seconds(20)
    func client(_ principal: Principal) -> Client {
      Client(address, principal: principal, tls: tls, timeout: patience)
    }
    customer = client(.customer("demo-customer-\(run)"))
    owner = client(.store("demo-store-\(run)"))
    rider = client(.rider("demo-rider-\(run)"))
    auditor = Client(address, principal: .cliOperator, token: token, tls: tls, timeout: timeout)
    self.patience = patience
  }

  /// Says goodbye: a rider who is gone gets no offers.
  func leave() async {
    _ = try? await rider.call(DeliveryServiceMethods.goOffline, RiderRequest(riderID: riderID))
    for client in [customer, owner, rider, auditor] { await client.close() }
  }

  func openStore() async throws {
    stage.title("Opening (run \(run))")
    let details = StoreDetails(
      storeID: storeID, name: "행복치킨 역삼점", areas: [area], minimumOrderWon: 12_000)
    try await act("owner", "registers 행복치킨 역삼점 (\(storeID))") {
      let answer = try await owner.call(
        StoreServiceMethods.registerStore, RegisterStoreRequest(details: details))
      return answer.store?.openNow == true ? "open" : "registered"
    }
    for item in Self.menu {
      try await act("owner", "puts \(item.name) on the menu, \(Show.won(item.priceWon))") {
        let answer = try await owner.call(
          StoreServiceMethods.putMenuItem, PutMenuItemRequest(storeID: storeID, item: item))
        return "menu version \(answer.store?.menuVersion ?? 0)"
      }
    }
  }

  func sendRiderOnline() async throws {
    let profile = RiderProfile(riderID: riderID, name: "김배달", areas: [area])
    try await act("rider", "registers as 김배달 (\(riderID))") {
      _ = try await rider.call(
        DeliveryServiceMethods.registerRider, RegisterRiderRequest(profile: profile))
      return "registered"
    }
    try await act("rider", "goes online in \(area)") {
      let answer = try await rider.call(
        DeliveryServiceMethods.goOnline, RiderRequest(riderID: riderID))
      return answer.rider?.online == true ? "online" : "offline"
    }
  }

  /// Does something, and shows who did it, what came of it and how long it took.
  func act(_ who: String, _ what: String, _ body: () async throws -> String) async throws {
    let clock = ContinuousClock()
    let start = clock.now
    do {
      let outcome = try await body()
      stage.act(who, what, Terminal.styled(outcome, .green), took: clock.now - start)
    } catch {
      stage.act(who, what, Terminal.styled("failed", .red), took: clock.now - start)
      throw error
    }
  }
}
