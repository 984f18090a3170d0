/// Decides when files that have changed are read: once their content has rested for a look, so that
/// one that is being written is not read by halves. Content counts, not times or names: a directory
/// whose symbolic links are turned round is seen like a file that is written anew.
struct ReloadWatch {
  /// A mark of the content by path; a file that cannot be read has none.
  typealias Contents = [String: Int]

  enum Step: Equatable {
    case rest
    /// Something has changed: look again soon.
    case lookAgain
    /// It has changed and rests: read it.
    case read(changed: Set<String>)
  }

  private var known: Contents
  private var pending: Contents?

  init(_ contents: Contents) { known = contents }

  /// Takes note of what the files hold now.
  mutating func look(_ contents: Contents) -> Step {
    guard contents != known else {
      pending = nil
      return .rest
    }
    guard contents == pending else {
      pending = contents
      return .lookAgain
    }
    let paths = Set(contents.keys).union(known.keys)
    let changed = paths.filter { contents[$0] != known[$0] }
    settle(contents)
    return .read(changed: changed)
  }

  /// From here on this is what the files hold: they are read whatever was seen before.
  mutating func settle(_ contents: Contents) {
    known = contents
    pending = nil
  }

  /// The files that matter are others now. What is known of those that stay is kept.
  mutating func follow(_ contents: Contents) {
    known = contents.merging(known.filter { contents[$0.key] != nil }) { _, old in old }
  }
}
