extension Unicode.Scalar {
  /// Whether a terminal may act on it instead of showing it, or show what stands beside it in
  /// another order: control characters, and those that turn the direction of text.
  package var isTerminalControl: Bool {
    properties.generalCategory == .control || (0x202A...0x202E).contains(value)
      || (0x2066...0x2069).contains(value)
  }
}
