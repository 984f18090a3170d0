import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("Payment in Python, on a node of its own")
  struct PolyglotTests {
    @Test("a delivered order's money is kept, and the dashboard follows Python's journal")
    func delivered() async throws {
      try await PolyglotCluster.run { cluster, _ in
        let town = cluster.town
        let order = try await town.placed("delivered")
        try await town.acceptAndConfirm(order.orderID)
        try await town.cook(order.orderID)
        try await town.deliver(order.orderID)
        #expect(try await town.settledPayment(of: order.orderID).keptWon == Town.total)
        try await town.steps(of: order.orderID, until: "PaymentSettled")
        #expect(try await town.audit().violations == [])
      }
    }

    @Test("with certificates everybody speaks TLS, Python's payment too, and asks nodes for theirs")
    func overTLS() async throws {
      let certificates = try TestCertificates()
      try await PolyglotCluster.run(certificates: certificates) { cluster, payment in
        let town = cluster.town
        let order = try await town.placed("over TLS")
        #expect(try await town.cancel(order.orderID).state == .cancelled)
        #expect(
          try await town.settledPayment(of: order.orderID).refundedWon == Town.total)
        let liar = Person(
          "service", "order-1", of: payment.port, tls: try certificates.client("views-1"))
        do throws(RPCError) {
          _ = try await liar.call(
            JournalServiceMethods.getStatus, GetStatusRequest(journal: "payment"))
          Issue.record("believed")
        } catch { #expect(error.code == .unauthenticated, "\(error)") }
        await liar.close()
        #expect(try await town.audit().violations == [])
      }
    }

    @Test("an order that ends otherwise gets its money back; a declined card was never charged")
    func ended() async throws {
      try await PolyglotCluster.run { cluster, _ in
        let town = cluster.town
        let cancelled = try await town.placed("cancelled").orderID
        #expect(try await town.cancel(cancelled).state == .cancelled)
        let refused = try await town.placed("refused").orderID
        try await town.refuse(refused)
        for id in [cancelled, refused] {
          let payment = try await eventually("refund of \(id)") {
            let payment = try await town.payment(of: id)
            return payment.state == .refunded ? payment : nil
          }
          #expect(payment.refundedWon == Town.total && payment.heldWon == 0)
        }
        let declined = try await town.place(Town.request("declined", method: "card-declined"))
        #expect(declined.state == .rejected)
        let payment = try await town.payment(of: declined.orderID)
        #expect(payment.state == .declined && payment.capturedWon == 0)
        #expect(payment.reason == "the card was declined")
        let lost = try await town.place(Town.request("lost", method: "card-lost"))
        #expect(lost.state == .paymentUnknown)
        // The provider is asked again, and what it says reaches the order as an event.
        try await town.order(lost.orderID, reaches: .placed)
        #expect(try await town.audit().violations == [])
      }
    }

    @Test("an offer that the customer takes is paid back in part, and the rest is kept")
    func offer() async throws {
      try await PolyglotCluster.run { cluster, _ in
        let town = cluster.town
        let id = try await town.placed("offer").orderID
        try await town.acceptAndConfirm(id)
        _ = try await town.owner.call(
          StoreServiceMethods.offerRefund,
          OfferRefundRequest(
            orderID: id, items: [OfferedItem(itemID: "cola", quantity: 2)], reason: "품절"))
        try await until("offer") { try await town.order(id).offer?.refundWon == 5_000 }
        _ = try await town.customer.call(
          OrderServiceMethods.answerOffer,
          AnswerOfferRequest(orderID: id, number: 1, accept: true))
        try await until("refund") { try await town.payment(of: id).refundedWon == 5_000 }
        try await town.cook(id)
        try await town.deliver(id)
        let payment = try await town.settledPayment(of: id)
        #expect(payment.keptWon == Town.total - 5_000 && payment.refundedWon == 5_000)
        #expect(try await town.audit().violations == [])
      }
    }

    @Test("one key charges once, and is no other payment's; only services charge")
    func once() async throws {
      try await PolyglotCluster.run { cluster, payment in
        let town = cluster.town
        let order = try await town.placed("twice")
        #expect(try await town.placed("twice").orderID == order.orderID)
        var charge = ChargeRequest(
          paymentKey: order.orderID, orderID: order.orderID, customerID: "c-1",
          storeID: Town.store, amountWon: Town.total, paymentMethod: "card-ok")
        let service = Person("service", "order", of: payment.port)
        let stream = GetStreamRequest(
          journal: "payment", category: "payment", streamID: order.orderID)
        for _ in 1...2 {
          let again = try await service.call(PaymentServiceMethods.charge, charge)
          #expect(again.payment?.state == .approved && again.payment?.capturedWon == Town.total)
          #expect(again.recalled)
        }
        // Requested, attempted, approved; and nothing since.
        let journal = try await service.call(JournalServiceMethods.getStream, stream)
        #expect(journal.version == 3)
        charge.amountWon += 1
        await Self.refused(.alreadyExists, PaymentServiceMethods.charge, charge, by: service)
        let customer = Person("customer", "c-1", of: payment.port)
        await Self.refused(.permissionDenied, PaymentServiceMethods.charge, charge, by: customer)
        await Self.refused(.permissionDenied, JournalServiceMethods.getStream, stream, by: customer)
        let stranger = Person("customer", "c-2", of: town.port)
        await Self.refused(
          .notFound, PaymentServiceMethods.getPayment,
          GetPaymentRequest(paymentKey: order.orderID), by: stranger)
        await Self.refused(
          .failedPrecondition, PaymentServiceMethods.getSimulator, GetSimulatorRequest(),
          by: town.boss)
        for person in [service, customer, stranger] { await person.close() }
      }
    }

    @Test("killed again and again while orders come and go, it loses none and charges none twice")
    func killed() async throws {
      try await PolyglotCluster.run { cluster, first in
        let town = cluster.town
        var payment = first
        defer { payment.kill() }
        var ids: [String] = []
        for round in 1...4 {
          let victim = payment
          let before = try await cluster.events(at: victim)
          async let placed = Self.place(20, round, town)
          try await until("first payment of round \(round)") {
            try await cluster.events(at: victim) > before
          }
          victim.kill()
          // Nobody is there to be charged: this one waits.
          let parked = try await town.place(Town.request("parked \(round)"))
          let waits = parked.state == .awaitingPayment || parked.state == .paymentUnknown
          #expect(waits, "\(parked)")
          payment = try await cluster.startPayment()
          ids += try await placed + [parked.orderID]
        }
        #expect(Set(ids).count == ids.count)
        // Cancelled while there is nobody to give the money back.
        var paid: [String] = []
        for id in ids {
          if try await Self.end(of: id, town) == .placed { paid.append(id) }
        }
        payment.kill()
        let cancelled = paid.prefix(paid.count / 2)
        for id in cancelled { _ = try await town.cancel(id) }
        payment = try await cluster.startPayment()
        for id in cancelled {
          #expect(try await town.settledPayment(of: id).refundedWon == Town.total)
        }
        for id in paid.suffix(from: cancelled.count) {
          #expect(try await town.payment(of: id).heldWon == Town.total)
        }
        #expect(!cancelled.isEmpty)
        #expect(try await town.audit().violations == [])
      }
    }

    @Test("told to stop, it answers what it began and ends well; orders wait until it is back")
    func stopped() async throws {
      try await PolyglotCluster.run { cluster, first in
        let town = cluster.town
        _ = try await town.placed("before")
        #expect(try await first.stop() == .exit(0), "\(first.child.errors)")
        let parked = try await town.place(Town.request("meanwhile"))
        // Nothing was sent, so that nothing is unknown.
        #expect(parked.state == .awaitingPayment)
        let payment = try await cluster.startPayment()
        defer { payment.kill() }
        try await town.order(parked.orderID, reaches: .placed)
        #expect(try await town.audit().violations == [])
      }
    }

    @Test("it keeps to the protocol when others do not")
    func violations() async throws {
      try await PolyglotCluster.run { cluster, payment in
        let unknown = Frame.Kind.cancel(CancelCall(callID: 9))
        let cases: [(bytes: [UInt8], hello: Bool, code: StatusCode)] = [
          ([0, 0, 0, 3, 1, 2, 3], true, .invalidArgument),
          ([0, 0, 0, 0], true, .invalidArgument),
          ([0xff, 0xff, 0xff, 0xff], false, .resourceExhausted),
          (try RawSocket.framed(.ping(Ping(nonce: 1))), false, .invalidArgument),
          (try RawSocket.framed(unknown), true, .invalidArgument),
        ]
        for wrong in cases {
          let socket = try RawSocket(payment.port)
          if wrong.hello { try socket.hello() }
          socket.send(wrong.bytes)
          guard case .goAway(let goAway)? = try await socket.framesUntilClosed().last else {
            Issue.record("no go-away after \(wrong.bytes)")
            continue
          }
          #expect(goAway.status?.code == wrong.code.rawValue, "\(wrong.bytes)")
        }
        _ = try await cluster.town.placed("after all that")
      }
    }

    // MARK: - Steps

    /// Places that many orders at once, each asked for until an answer came; gives their ids.
    private static func place(_ count: Int, _ round: Int, _ town: Town) async throws -> [String] {
      try await withThrowingTaskGroup(of: String.self) { group in
        for number in 1...count {
          group.addTask {
            try await eventually("order \(round)/\(number)") {
              try await town.place(Town.request("order \(round)/\(number)")).orderID
            }
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
    }

    /// Waits until an order is paid, or is over unpaid because nobody could tell; no other end.
    private static func end(of id: String, _ town: Town) async throws -> OrderState {
      let open: [OrderState] = [.pendingPayment, .awaitingPayment, .paymentUnknown]
      let state = try await eventually("end of the payment of \(id)", within: .seconds(120)) {
        let state = try await town.order(id).state
        return open.contains(state) ? nil : state
      }
      #expect(state == .placed || state == .expired, "\(id)")
      return state
    }

    private static func refused<Request: Message, Response: Message>(
      _ code: StatusCode, _ method: UnaryMethod<Request, Response>, _ request: Request,
      by person: Person
    ) async {
      do throws(RPCError) {
        _ = try await person.call(method, request)
        Issue.record("\(method.path) was not refused to \(person.principal)")
      } catch { #expect(error.code == code, "\(error)") }
    }
  }
}

extension PolyglotCluster {
  /// How many events payment's journal holds.
  fileprivate func events(at payment: NodeProcess) async throws -> Int64 {
    let service = Person("service", "test", of: payment.port)
    let status = try await service.call(
      JournalServiceMethods.getStatus, GetStatusRequest(journal: "payment"))
    await service.close()
    return status.heads.reduce(0, +)
  }
}
