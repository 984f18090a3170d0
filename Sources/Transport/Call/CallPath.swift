/// The way a call has come: `SERVICE@NODE` for every service that went on with it, the first one
/// first. It travels as the header `baedal-via`, so that a call that comes back to where it has
/// been is refused with its way, not left to go round until its deadline.
public enum CallPath {
  static let header = "baedal-via"
  /// Steps of one call; a longer way is refused.
  public static let stepsMax = 8

  /// The step of a service on a node, such as `order@node-1`; nil when either has no name. A
  /// method of `baedal.order.v1.OrderService` belongs to `order`, any other to its full service.
  static func step(_ method: String, on node: String) -> String? {
    guard !node.isEmpty, !method.isEmpty else { return nil }
    // By bytes, in one pass: it is asked at each call that leads to another.
    let bytes = method.utf8
    var end = bytes.startIndex
    var dots = 0
    var (first, second) = (end, end)
    while end < bytes.endIndex, bytes[end] != UInt8(ascii: "/") {
      if bytes[end] == UInt8(ascii: ".") {
        dots += 1
        if dots == 1 { first = end }
        if dots == 2 { second = end }
      }
      bytes.formIndex(after: &end)
    }
    let isOurs = dots == 3 && bytes[..<first].elementsEqual("baedal".utf8)
    let name = isOurs ? method[first..<second].dropFirst() : method[..<end]
    var step = ""
    step.reserveCapacity(method.utf8.count + node.utf8.count)
    step += name
    step += "@"
    step += node
    return step
  }

  /// Why a call that has come this way may not begin at that method on that node; nil if it may.
  static func refusal(_ metadata: CallMetadata, to method: String, on node: String) -> String? {
    guard let via = metadata.via, let step = step(method, on: node) else { return nil }
    let steps = via.utf8.split(separator: UInt8(ascii: ","))
    let goesRound = steps.contains { $0.elementsEqual(step.utf8) }
    guard goesRound || steps.count >= stepsMax else { return nil }
    let shown = (steps.prefix(stepsMax).map { String(Substring($0)).prefix(bytes: 100) } + [step])
      .joined(separator: " → ")
    return goesRound
      ? "the call goes round: \(shown)"
      : "the call has come through \(steps.count) services, at most \(stepsMax): \(shown)"
  }
}

extension CallMetadata {
  /// The way the call has come before it got here; nil when it comes from a caller of its own.
  public var via: String? {
    get { self[CallPath.header] }
    set { self[CallPath.header] = newValue }
  }
}

extension CallContext {
  /// The way of the calls that this one leads to: what it has come, and the service it is in.
  var pathOnward: String? {
    guard let step = CallPath.step(call.method, on: call.connection.node) else {
      return call.metadata.via
    }
    return call.metadata.via.map { "\($0),\(step)" } ?? step
  }
}
