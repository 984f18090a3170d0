import Messages

extension Router {
  /// Answers `baedal.describe.v1.DescribeService` with what the router answers now (so call
  /// this last) and with `descriptorSet`, a serialized `google.protobuf.FileDescriptorSet`.
  public mutating func describe(descriptorSet: [UInt8]) {
    var methods = self.methods
    methods.append(DescribeServiceMethods.describe.path)
    methods.sort()
    let services = Set(methods.map { String($0.prefix { $0 != "/" }) })
    let answer = DescribeResponse(
      fileDescriptorSet: descriptorSet, methods: methods, services: services.sorted())
    unary(DescribeServiceMethods.describe) { (_, _) throws(RPCError) in answer }
  }
}
