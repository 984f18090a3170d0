import Messages

/// Baedal's codec on the samples of `benchmarks/run codec`.
@main
enum Main {
  static func main() throws {
    var report = CodecReport()
    try report.measure("place order request") {
      try PlaceOrderRequest(serialized: $0)
    } encode: {
      try $0.serialized()
    }
    try report.measure("place order response") {
      try PlaceOrderResponse(serialized: $0)
    } encode: {
      try $0.serialized()
    }
    try report.measure("order submitted event") {
      try OrderSubmitted(serialized: $0)
    } encode: {
      try $0.serialized()
    }
    try report.measure("store with 20 items") {
      try StoreResponse(serialized: $0)
    } encode: {
      try $0.serialized()
    }
    try report.measure("call frame") {
      try Frame(serialized: $0)
    } encode: {
      try $0.serialized()
    }
    report.finish()
  }
}
