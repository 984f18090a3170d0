import Gateway
import Testing

@Suite("probes")
struct ProbeTests {
  @Test("each probe has the path that Kubernetes' own components use")
  func paths() {
    #expect(Probe.allCases.map(\.rawValue) == ["livez", "readyz", "startupz"])
  }
}
