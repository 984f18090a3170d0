import CMessages

/// Every message and method by name, for generic clients.
public enum MessageRegistry {
  /// The type of a full name.
  public static func type(named fullName: String) -> (any Message.Type)? {
    typesByName[fullName]
  }

  /// The method of a path, such as `baedal.order.v1.OrderService/PlaceOrder`.
  public static func method(path: String) -> MethodInfo? { methodsByPath[path] }

  /// A serialized `google.protobuf.FileDescriptorSet` of every .proto, imports first.
  public static let descriptorSet = [UInt8](
    UnsafeBufferPointer(
      start: baedal_descriptor_set(), count: baedal_descriptor_set_byte_count()))

  private static let typesByName: [String: any Message.Type] = Dictionary(
    allTypes.map { ($0.fullName, $0) }, uniquingKeysWith: { first, _ in first })

  private static let methodsByPath: [String: MethodInfo] = Dictionary(
    methods.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
}
