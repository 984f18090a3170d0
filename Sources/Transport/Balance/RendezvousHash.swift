/// Rendezvous hashing (highest random weight; Thaler and Ravishankar, 1998): of all replicas a key
/// belongs to the one whose weight with it is highest. When a replica goes only its own keys move,
/// evenly over the others, and when it comes back they come back.
///
/// Names are hashed by FNV-1a, 64 bits; a weight is the finalizer of SplitMix64 over the key's hash
/// xor the replica's. Every node comes to the same choice from the same replicas, whatever their
/// order.
public enum RendezvousHash {
  /// FNV-1a over the bytes.
  public static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  /// How much a replica wants a key, both given by their hashes.
  public static func weight(key: UInt64, replica: UInt64) -> UInt64 {
    var mixed = (key ^ replica) &+ 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
