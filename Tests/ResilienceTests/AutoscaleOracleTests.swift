import Foundation
import Resilience
import Testing

/// What Kubernetes' and Knative's own tests say, as facts, and how a file of them is read.
@Suite struct AutoscaleOracleTests {
  static let facts = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "oracles/hpa.json")

  private func read(_ text: String) throws -> AutoscaleOracle {
    try JSONDecoder().decode(AutoscaleOracle.self, from: Data(text.utf8))
  }

  private func problem(_ text: String) -> String? {
    do {
      _ = try read(text)
      return nil
    } catch let error as PolicyError {
      return error.description
    } catch let error as DecodingError {
      return PolicyError(error).description
    } catch {
      return nil
    }
  }

  @Test func everyRowOfTheOthersTestsComesOutEqual() throws {
    let oracle = try JSONDecoder().decode(
      AutoscaleOracle.self, from: try Data(contentsOf: Self.facts))
    for row in oracle.differences {
      Issue.record("\(row.section), \(row.name): \(row.result), expected \(row.expected)")
    }
    let sections = Set(oracle.rows.map(\.section))
    #expect(
      sections == [
        "replicaCalculation", "external", "behavior", "stabilization", "knativePodAutoscaler",
      ])
    #expect(oracle.rows.count >= 38)
  }

  @Test func moreRowsOfTheSameTestsComeOutEqual() throws {
    let file = Self.facts.deletingLastPathComponent().appending(path: "hpa-more.json")
    let oracle = try JSONDecoder().decode(AutoscaleOracle.self, from: try Data(contentsOf: file))
    #expect(oracle.differences.isEmpty, "\(oracle.differences)")
    #expect(oracle.rows.count == 30)
  }

  @Test func aWrongExpectationIsADifference() throws {
    let text = try String(contentsOf: Self.facts, encoding: .utf8)
    let wrong = text.replacing("\"desiredReplicas\": 5", with: "\"desiredReplicas\": 6")
    #expect(try read(wrong).differences.count == 1)
  }

  @Test func aMetricWithoutDataIsExpectedToBeInvalidWithNull() throws {
    let oracle = try read(
      """
      {"replicaCalculation": [{"currentReplicas": 3, "target": 30, "desiredReplicas": null,
        "metric": "resource utilization, percent of a request of 1000",
        "pods": [{"usage": null, "state": "ready"}]}]}
      """)
    #expect(oracle.rows.map(\.result) == ["invalid"])
    #expect(oracle.differences.isEmpty)
  }

  @Test func whatIsNotKnownIsNamedAndIgnored() throws {
    let oracle = try read(
      """
      {"about": "x", "other": {}, "stabilization": [{"current": 1, "desired": 2, "note": "n",
        "recommendations": [], "scaleUpWindowSeconds": 0, "scaleDownWindowSeconds": 0,
        "result": 2}]}
      """)
    #expect(oracle.ignored.count == 2)
    #expect(oracle.ignored.contains("other"))
    #expect(oracle.ignored.contains { $0.hasSuffix(".note") })
    #expect(oracle.differences.isEmpty)
  }

  @Test(arguments: [
    ("", "file: is not JSON"), ("[]", "file"), ("{}", "file: has no rows"),
    (#"{"behavior": []}"#, "file: has no rows"), (#"{"behavior": 1}"#, "behavior: is not a list"),
    (#"{"behavior": [{}]}"#, "current: is missing"),
    (
      #"{"external": [{"currentReplicas": -1, "targetValue": 1}]}"#,
      "currentReplicas: -1 is not between 0 and"
    ),
    (#"{"external": [{"currentReplicas": 1}]}"#, "give one of targetValue and targetAverageValue"),
    (
      #"{"replicaCalculation": [{"metric": "speed", "target": 1}]}"#,
      "'speed' is neither a utilization nor an average value"
    ),
    (
      #"{"behavior": [{"current": 1, "desired": 1, "selectPolicy": "Some"}]}"#,
      "'Some' is not one of Max, Min, Disabled"
    ),
  ])
  func aBadFileIsOneClearLine(text: String, words: String) throws {
    let line = try #require(problem(text))
    #expect(line.contains(words), "\(line)")
    #expect(!line.contains("\n"))
  }
}
