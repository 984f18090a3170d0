import Testing

/// Whole nodes, each a process of its own. One after the other: they need the machine.
@Suite("Whole nodes", .serialized)
enum SystemTests {}
