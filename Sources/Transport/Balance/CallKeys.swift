/// What keeps the calls of one aggregate together: for each method the field of its request whose
/// value is the key. Read from the serialized request, so that it also holds for calls that are only
/// passed on.
public struct CallKeys: Sendable {
  private let fields: [String: RequestField]

  /// - Parameter fields: by a method's full name; calls of other methods have no key.
  public init(_ fields: [String: RequestField] = [:]) { self.fields = fields }

  /// The hash of the call's key; nil when its method has none, or the request does not hold one.
  public func key(of method: String, in request: [UInt8]) -> UInt64? {
    guard let key = fields[method]?.first(in: request), !key.isEmpty else { return nil }
    return RendezvousHash.hash(key)
  }
}
