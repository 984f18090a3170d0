import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Ends a connection in time, and reads no further once somebody wants to speak something else.
///
/// An answer is a connection's last when it has had `answersMax`, when it is as old as
/// `connectionTimeout`, or while more than half of all places are taken: whoever asks again and
/// again does not keep out a probe that asks once. So is the answer to whoever offers another
/// protocol with `Upgrade`, which is answered as if they had not.
final class ConnectionBounds: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let limits: GatewayLimits
  private let places: ConnectionPlaces
  private var end = NIODeadline.distantFuture
  private var requests = 0
  private var answers = 0
  private var answersMax: Int
  private var isEnding = false
  private var isReading = true

  init(_ limits: GatewayLimits, _ places: ConnectionPlaces) {
    self.limits = limits
    self.places = places
    answersMax = limits.answersMax
  }

  func handlerAdded(context: ChannelHandlerContext) {
    places.take()
    end = NIODeadline.now() + TimeAmount(limits.connectionTimeout)
  }

  func handlerRemoved(context: ChannelHandlerContext) { places.leave() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .head(let head) = unwrapInboundIn(data) {
      requests += 1
      if head.method == .connect || head.headerFields.contains(.upgrade) {
        // Behind such a head NIO's decoder takes no more for HTTP and keeps it all, also while
        // requests before it are still being answered.
        isReading = false
        answersMax = min(answersMax, requests)
      }
    }
    context.fireChannelRead(data)
  }

  func read(context: ChannelHandlerContext) {
    if isReading { context.read() }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head):
      answers += 1
      isEnding = answers >= answersMax || NIODeadline.now() >= end || places.areScarce
      if isEnding { head.headerFields[.connection] = "close" }
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .end where isEnding:
      let channel = context.channel
      let written = promise ?? context.eventLoop.makePromise(of: Void.self)
      written.futureResult.whenComplete { _ in channel.close(promise: nil) }
      context.write(data, promise: written)
    case .body, .end:
      context.write(data, promise: promise)
    }
  }
}

/// How many connections are open.
final class ConnectionPlaces: Sendable {
  private let taken = Atomic(0)
  private let count: Int

  init(_ count: Int) { self.count = count }

  /// Whether more than half of them are taken.
  var areScarce: Bool { taken.load(ordering: .relaxed) > count / 2 }

  func take() { taken.wrappingAdd(1, ordering: .relaxed) }
  func leave() { taken.wrappingSubtract(1, ordering: .relaxed) }
}
