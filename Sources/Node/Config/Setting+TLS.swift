extension Setting {
  /// How the node speaks TLS.
  static let tls: [Setting] = [
    .text(
      "tls.certificate_file", \.tls.certificateFile, .optionalPath,
      "PEM file with this node's certificate and what leads to its authority; empty speaks plain."
    ).live,
    .text("tls.key_file", \.tls.keyFile, .optionalPath, "PEM file with the certificate's key.")
      .live,
    .text(
      "tls.ca_file", \.tls.caFile, .optionalPath,
      "PEM file of the authorities of the nodes that this one calls; empty with a certificate is "
        + "the system's."
    ).live,
    .text(
      "tls.client_ca_file", \.tls.clientCAFile, .optionalPath,
      "PEM file of the authorities of the nodes that call this one: who says to be a service must "
        + "then show a certificate with its node's name."
    ).live,
  ]
}
