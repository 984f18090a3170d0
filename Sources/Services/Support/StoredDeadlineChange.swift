package import Journal

/// The journal's change of a deadline, beside the domain's of the same name. (The module and its
/// main protocol share a name, so that it cannot be qualified.)
package typealias StoredDeadlineChange = DeadlineChange
