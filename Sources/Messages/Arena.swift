import CMessages
import Glibc

/// A bump allocator for the C structs of one message at a time. Each thread has its own.
///
/// Allocations are released together, by going back to a mark. The first chunk stays with the
/// thread; further chunks are freed with the mark, so a big message does not keep its memory.
struct Arena {
  /// What one message may take, in bytes: small wire bytes can unpack large.
  static let byteCountMax = 64 << 20
  /// The chunk that a thread keeps.
  static let firstChunkByteCount = 32 << 10
  /// Chunks double up to this size; a single larger allocation has a chunk of its own.
  static let growthByteCountMax = 4 << 20

  struct Chunk {
    var previous: UnsafeMutablePointer<Chunk>?
    /// Without this header.
    var capacity: Int

    static var headerByteCount: Int { MemoryLayout<Chunk>.stride }
  }

  struct State {
    var cursor: UnsafeMutableRawPointer
    var end: UnsafeMutableRawPointer
    var chunk: UnsafeMutablePointer<Chunk>
    /// Capacity of all chunks but the first.
    var grownByteCount: Int
    /// How many bytes the message being built takes on the wire at most.
    var packedByteCountMax: Int
    /// An allocation was refused since the last mark.
    var isExhausted: Bool
    /// Handed to libprotobuf-c; its data is this state.
    var allocator: ProtobufCAllocator
  }

  /// Where to go back to.
  struct Mark {
    let chunk: UnsafeMutablePointer<Chunk>
    let cursor: UnsafeMutableRawPointer
  }

  let state: UnsafeMutablePointer<State>

  /// For libprotobuf-c.
  @inline(__always)
  var allocator: UnsafeMutablePointer<ProtobufCAllocator>? {
    UnsafeMutableRawPointer(state)
      .advanced(by: MemoryLayout<State>.offset(of: \.allocator) ?? 0)
      .assumingMemoryBound(to: ProtobufCAllocator.self)
  }

  /// Room for `byteCount` bytes, aligned to 8, not initialized; nil when the message has had
  /// all it may have.
  @inline(__always)
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer? {
    let cursor = state.pointee.cursor
    // The room is a multiple of 8, so whatever fits still fits when rounded up. Unsigned,
    // because C may ask for more than Int.max.
    guard UInt(bitPattern: byteCount) <= UInt(bitPattern: state.pointee.end - cursor) else {
      return allocateFromNewChunk(byteCount: byteCount)
    }
    state.pointee.cursor = cursor + ((byteCount &+ 7) & ~7)
    return cursor
  }

  /// Counts bytes on the wire for the message being built.
  @inline(__always)
  func reserve(_ byteCount: Int) {
    state.pointee.packedByteCountMax &+= byteCount
  }

  @inline(__always)
  func mark() -> Mark {
    state.pointee.isExhausted = false
    return Mark(chunk: state.pointee.chunk, cursor: state.pointee.cursor)
  }

  @inline(__always)
  func release(_ mark: Mark) {
    if state.pointee.chunk != mark.chunk { freeChunks(downTo: mark.chunk) }
    state.pointee.cursor = mark.cursor
  }

  @inline(never)
  private func allocateFromNewChunk(byteCount: Int) -> UnsafeMutableRawPointer? {
    let room = Self.byteCountMax - state.pointee.grownByteCount
    guard byteCount >= 0, byteCount <= room else {
      state.pointee.isExhausted = true
      return nil
    }
    let doubled = min(state.pointee.chunk.pointee.capacity * 2, Self.growthByteCountMax)
    let capacity = (max(min(doubled, room), byteCount) + 7) & ~7
    guard let raw = malloc(Chunk.headerByteCount + capacity) else {
      state.pointee.isExhausted = true
      return nil
    }
    let chunk = raw.bindMemory(to: Chunk.self, capacity: 1)
    chunk.initialize(to: Chunk(previous: state.pointee.chunk, capacity: capacity))
    state.pointee.chunk = chunk
    state.pointee.grownByteCount += capacity
    let start = raw + Chunk.headerByteCount
    state.pointee.cursor = start + ((byteCount + 7) & ~7)
    state.pointee.end = start + capacity
    return start
  }

  @inline(never)
  private func freeChunks(downTo kept: UnsafeMutablePointer<Chunk>) {
    while state.pointee.chunk != kept, let previous = state.pointee.chunk.pointee.previous {
      state.pointee.grownByteCount -= state.pointee.chunk.pointee.capacity
      free(state.pointee.chunk)
      state.pointee.chunk = previous
    }
    state.pointee.end =
      UnsafeMutableRawPointer(kept) + Chunk.headerByteCount + kept.pointee.capacity
  }
}
