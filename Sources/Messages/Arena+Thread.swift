import CMessages
import Glibc

extension Arena {
  /// nil when the process has no thread-specific keys left.
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key) { raw in
      guard let raw else { return }
      Arena.destroy(Arena(state: raw.assumingMemoryBound(to: State.self)))
    }
    return status == 0 ? key : nil
  }()

  /// This thread's arena, made at its first use. Nothing in this module suspends while it holds
  /// an arena, so an arena never meets two threads.
  @inline(__always)
  static func current() throws(CodecFailure) -> Arena {
    guard let key else { throw .exhausted }
    if let raw = pthread_getspecific(key) {
      return Arena(state: raw.assumingMemoryBound(to: State.self))
    }
    return try makeForThread(key)
  }

  @inline(never)
  private static func makeForThread(_ key: pthread_key_t) throws(CodecFailure) -> Arena {
    guard let arena = make() else { throw .exhausted }
    guard pthread_setspecific(key, arena.state) == 0 else {
      destroy(arena)
      throw .exhausted
    }
    return arena
  }

  private static func make() -> Arena? {
    guard let rawState = malloc(MemoryLayout<State>.stride) else { return nil }
    guard let rawChunk = malloc(Chunk.headerByteCount + firstChunkByteCount) else {
      free(rawState)
      return nil
    }
    let chunk = rawChunk.bindMemory(to: Chunk.self, capacity: 1)
    chunk.initialize(to: Chunk(previous: nil, capacity: firstChunkByteCount))
    let start = rawChunk + Chunk.headerByteCount
    let state = rawState.bindMemory(to: State.self, capacity: 1)
    state.initialize(
      to: State(
        cursor: start, end: start + firstChunkByteCount, chunk: chunk, grownByteCount: 0,
        packedByteCountMax: 0, isExhausted: false, allocator: ProtobufCAllocator()))
    state.pointee.allocator.allocator_data = rawState
    state.pointee.allocator.alloc = { data, byteCount in
      guard let data else { return nil }
      return Arena(state: data.assumingMemoryBound(to: State.self)).allocate(byteCount: byteCount)
    }
    // Freed all at once, with the mark.
    state.pointee.allocator.free = { _, _ in }
    return Arena(state: state)
  }

  private static func destroy(_ arena: Arena) {
    var chunk: UnsafeMutablePointer<Chunk>? = arena.state.pointee.chunk
    while let current = chunk {
      chunk = current.pointee.previous
      free(current)
    }
    free(arena.state)
  }
}
