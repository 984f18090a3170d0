/// The name that somebody may have meant: at most a third of its letters apart, or the same
/// last part in another group.
func nearestName(to wrong: String, among names: [String]) -> String? {
  let scored = names.map { (name: $0, distance: editDistance(wrong, $0)) }
  if let best = scored.min(by: { $0.distance < $1.distance }),
    best.distance <= max(2, best.name.count / 3)
  {
    return best.name
  }
  let last = wrong.split(separator: ".").last
  return names.first { $0.split(separator: ".").last == last }
}

/// Letters to insert, remove, replace or swap with their neighbour (optimal string alignment).
private func editDistance(_ left: String, _ right: String) -> Int {
  let a = Array(left.utf8)
  let b = Array(right.utf8)
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      let replaced = last[j] + (a[i] == b[j] ? 0 : 1)
      var best = min(replaced, last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        best = min(best, beforeLast[j - 1] + 1)
      }
      row.append(best)
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
