/// What this build calls itself.
public enum NodeVersion {
  public static let text = "0.1.0"
}
