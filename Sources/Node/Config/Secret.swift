/// Text that never shows in a log, an error or a printed configuration.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// The text itself. Hand it to what needs it and to nothing else.
  package let revealed: String

  package init(_ text: String) { revealed = text }

  package var description: String { "<secret>" }
  package var debugDescription: String { "<secret>" }
  package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
