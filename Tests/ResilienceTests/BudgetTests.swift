import Resilience
import Testing

@Suite struct BudgetTests {
  @Test func aBucketGivesItsBurstAndThenItsRate() throws {
    var bucket = try TokenBucket(every: .milliseconds(100), burst: 3, at: Sample.second(0))
    for _ in 0..<3 { #expect(bucket.take(at: Sample.second(0)) == nil) }
    #expect(bucket.take(at: Sample.second(0)) == 100_000_000)
    #expect(bucket.take(at: MonotonicInstant(ms: 60)) == 40_000_000)
    #expect(bucket.take(at: MonotonicInstant(ms: 100)) == nil)
    #expect(bucket.available(at: Sample.second(1_000_000)) == 3)
  }

  @Test func aBucketNeverGivesMoreThanItsRateHoweverItIsAsked() throws {
    for seed in 0..<200 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      var bucket = try TokenBucket(every: .milliseconds(7), burst: 5, at: Sample.second(0))
      var now = Sample.second(0)
      var taken: Int64 = 0
      for _ in 0..<500 {
        now = now.advanced(byNanoseconds: Int64(random.next() % 10_000_000))
        if bucket.take(at: now) == nil { taken += 1 }
        #expect(taken <= 5 + now.nanoseconds / 7_000_000)
      }
    }
  }

  @Test func timeThatGoesBackGivesNoTokens() throws {
    var bucket = try TokenBucket(every: .seconds(1), burst: 1, at: Sample.second(10))
    #expect(bucket.take(at: Sample.second(10)) == nil)
    #expect(bucket.take(at: Sample.second(0)) == 1_000_000_000)
    #expect(bucket.take(at: Sample.second(10)) == 1_000_000_000)
  }

  @Test func retriesAreAShareOfTheCalls() throws {
    var budget = try RetryBudget(
      .init(ratio: 0.2, minimumPerSecond: 0, burst: 100), at: Sample.second(0))
    var retries = 0
    for _ in 0..<100 {
      budget.earn()
      if budget.spend(at: Sample.second(0)) { retries += 1 }
    }
    #expect(retries == 20)
  }

  @Test func aFewRetriesPerSecondAreAlwaysThereAndNoMoreThanTheBurstIsSaved() throws {
    var budget = try RetryBudget(
      .init(ratio: 0, minimumPerSecond: 2, burst: 5), at: Sample.second(0))
    func spendAll(at now: MonotonicInstant) -> Int {
      var spent = 0
      while budget.spend(at: now) { spent += 1 }
      return spent
    }
    #expect(spendAll(at: Sample.second(0)) == 2)
    #expect(spendAll(at: Sample.second(1)) == 2)
    #expect(spendAll(at: Sample.second(1_000_000)) == 5)
  }

  @Test func aBudgetThatCannotBeMeantNamesItsField() {
    let wrong: [(RetryBudget.Policy, String)] = [
      (.init(ratio: 1.5), "retry.ratio"), (.init(ratio: .nan), "retry.ratio"),
      (.init(minimumPerSecond: -1), "retry.minimum_per_second"), (.init(burst: 0), "retry.burst"),
    ]
    for (policy, field) in wrong {
      let error = #expect(throws: PolicyError.self) {
        try RetryBudget(policy, at: Sample.second(0))
      }
      #expect(error?.field == field)
    }
  }
}
