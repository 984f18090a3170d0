import CMessages

extension JSONReader {
  /// From a number or a string; `1e3` and `2.0` are integers too.
  func integer<I: FixedWidthInteger>(
    _ json: JSONValue, _ path: String
  ) throws(CodecError) -> I {
    let text: String
    switch json {
    case .number(let digits): text = digits
    case .string(let digits): text = digits
    default: throw failure(path, "an integer expected, not \(json.kind)")
    }
    if let value = I(text) { return value }
    if let value = Double(text), let exact = I(exactly: value) { return exact }
    throw failure(path, "\(text) is not an integer from \(I.min) to \(I.max)")
  }

  func number<F: BinaryFloatingPoint & LosslessStringConvertible>(
    _ json: JSONValue, _ path: String
  ) throws(CodecError) -> F {
    switch json {
    case .number(let digits):
      if let value = F(digits), value.isFinite { return value }
    case .string("NaN"): return F.nan
    case .string("Infinity"): return F.infinity
    case .string("-Infinity"): return -F.infinity
    case .string(let digits):
      if let value = F(digits), value.isFinite { return value }
    default: throw failure(path, "a number expected, not \(json.kind)")
    }
    throw failure(path, "not a number of this size")
  }

  func enumeration(
    _ field: FieldView, _ json: JSONValue, _ path: String
  ) throws(CodecError) -> Int32 {
    guard case .string(let name) = json else { return try integer(json, path) }
    guard let descriptor = field.enumeration,
      let value = protobuf_c_enum_descriptor_get_value_by_name(descriptor, name)
    else {
      throw failure(path, "no value is called \(name)")
    }
    return value.pointee.value
  }

  func data(
    _ field: FieldView, _ json: JSONValue, _ path: String
  ) throws(CodecError) -> ProtobufCBinaryData {
    guard case .string(let text) = json else {
      throw failure(path, "a string expected, not \(json.kind)")
    }
    do throws(CodecFailure) {
      if field.isString { return try arena.copy(text) }
      if let bytes = Base64.decode(text) { return try arena.copy(bytes) }
    } catch {
      throw error.named(root)
    }
    throw failure(path, "not base64")
  }
}
