/// What this build calls itself.
package enum NodeVersion {
  package static let text = "0.1.0"
}
