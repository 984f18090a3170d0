/// Demand as autoscalers elsewhere are told of it. While something that the work needs is not well,
/// less demand means nothing: it does not fall below the most of the last looks before that. More
/// demand is told at once.
package struct HeldDemand: Sendable, Hashable {
  /// The latest looks while all was well.
  private var recent: [Double] = []
  private var held: Double?

  /// Looks that count.
  package static let looksMax = 10

  package init() {}

  /// A look at it, and what is told. nil: not known, and so it stays.
  package mutating func look(_ demand: Double?, isWell: Bool) -> Double? {
    let told = told(demand, isWell: isWell)
    if !isWell {
      held = told
      return told
    }
    held = nil
    guard let demand else { return nil }
    if recent.count == Self.looksMax { recent.removeFirst() }
    recent.append(demand)
    return told
  }

  /// What is told of such demand, which is not remembered.
  package func told(_ demand: Double?, isWell: Bool) -> Double? {
    if isWell { return demand }
    let least = held ?? recent.max()
    guard let demand else { return least }
    return max(least ?? demand, demand)
  }
}
