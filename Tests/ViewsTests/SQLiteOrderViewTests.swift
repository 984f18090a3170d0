import Journal
import Testing
import Views

@Suite("The order view in a file")
struct SQLiteOrderViewTests {
  private func open(_ scratch: Scratch) throws -> SQLiteOrderView {
    try SQLiteOrderView.open(in: ViewDirectory(path: scratch.path, name: "dashboard"))
  }

  @Test("a process killed at any moment leaves rows that fit the cursors, and goes on from there")
  func killed() async throws {
    let scratch = Scratch()
    let view = try open(scratch)
    let changes = (0..<30).flatMap { Course("o\($0)").streams[0] }
    var copies: [Scratch] = []
    for (at, change) in changes.enumerated() {
      try await view.apply(ViewBatch([change], through: Int64(at + 1)))
      if at % 17 == 3 { copies.append(scratch.copy()) }
    }
    let whole = try await view.records(afterID: "", limit: 100)
    await view.close()
    for copy in copies {
      let view = try open(copy)
      let position = Int(try await view.cursors().position("order", 0).value)
      #expect(position > 0)
      let rows = try await view.records(afterID: "", limit: 100)
      #expect(rows.reduce(0) { $0 + Int($1.row.versions.total) } == position)
      // The source hands in one batch again that was taken already.
      try await view.apply(ViewBatch([changes[position - 1]], through: Int64(position)))
      try await view.apply(
        ViewBatch(Array(changes[position...]), through: Int64(changes.count)))
      #expect(try await view.records(afterID: "", limit: 100) == whole)
      await view.close()
    }
  }

  @Test("a closed view opens with everything in it")
  func reopens() async throws {
    let scratch = Scratch()
    let view = try open(scratch)
    try await view.apply(ViewBatch(Course("o1").streams[0], through: 6))
    await view.close()
    let again = try open(scratch)
    #expect(again.path == view.path)
    #expect(try await again.order("o1")?.row.versions.order == 6)
    await again.close()
  }

  @Test("a file of another layout or a damaged one gives way to an empty view")
  func startsAnew() async throws {
    for damage in 0..<2 {
      let scratch = Scratch()
      let view = try open(scratch)
      try await view.apply(ViewBatch(Course("o1").streams[0], through: 6))
      await view.close()
      let name = String(view.path.split(separator: "/").last ?? "")
      var bytes = scratch.read(name)
      // The user version stands at byte 60 of the header; byte 0 begins the magic words.
      bytes[damage == 0 ? 63 : 0] ^= 0x40
      scratch.write(bytes, to: name)
      let again = try open(scratch)
      #expect(again.path != view.path)
      #expect(try await again.order("o1") == nil)
      #expect(try await again.cursors() == ViewCursors())
      #expect(!scratch.names.contains(name))
      await again.close()
    }
  }

  @Test("the file in use is not removed, nor replaced by whoever takes another one for it")
  func inUse() throws {
    let scratch = Scratch()
    let directory = try ViewDirectory(path: scratch.path, name: "dashboard")
    let first = try directory.makeNext()
    let second = try directory.makeNext()
    #expect(first != second)
    try directory.makeCurrent(first)
    try directory.makeCurrent(second, insteadOf: second)
    directory.remove(first)
    #expect(directory.current == first)
    try directory.makeCurrent(second, insteadOf: first)
    #expect(directory.current == second)
  }

  @Test("an unfinished building beside the view is cleared away at the next start")
  func clearsLeftovers() async throws {
    let scratch = Scratch()
    let directory = try ViewDirectory(path: scratch.path, name: "dashboard")
    let view = try open(scratch)
    let fresh = try SQLiteOrderView.create(beside: directory)
    try await fresh.apply(ViewBatch(Course("o1").streams[0], through: 6))
    await fresh.close()
    await view.close()
    let again = try open(scratch)
    #expect(again.path == view.path)
    #expect(try await again.order("o1") == nil)
    #expect(scratch.names.filter { $0.hasSuffix(".db") }.count == 1)
    await again.close()
  }

  @Test("a new view takes the place of the live one while it is read and written")
  func replaces() async throws {
    let scratch = Scratch()
    let directory = try ViewDirectory(path: scratch.path, name: "dashboard")
    let live = LiveOrderView(try open(scratch))
    let changes = (0..<100).flatMap { Course("o\($0)").streams[0] }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for (at, change) in changes.enumerated() {
          try await live.apply(ViewBatch([change], through: Int64(at + 1)))
        }
      }
      group.addTask {
        for _ in 0..<200 { _ = try await live.order("o0") }
      }
      group.addTask {
        for _ in 0..<5 {
          let fresh = try SQLiteOrderView.create(beside: directory, changes: live.changes)
          try await live.replace(failure: { $0 }) { (old) throws(ViewError) in
            let position = Int(try await old.cursors().position("order", 0).value)
            try await fresh.apply(
              ViewBatch(Array(changes[..<position]), through: Int64(position)))
            try directory.makeCurrent(fresh.path)
            fresh.startTelling()
            return fresh
          }
        }
      }
      try await group.waitForAll()
    }
    for number in 0..<100 {
      #expect(try await live.order("o\(number)")?.row.versions.order == 6)
    }
    directory.removeOthers()
    await live.close()
    let again = try open(scratch)
    #expect(try await again.records(afterID: "", limit: 200).count == 100)
    await again.close()
  }

  @Test("who waits for an order is told what only the new view has taken in")
  func replacementTells() async throws {
    let scratch = Scratch()
    let directory = try ViewDirectory(path: scratch.path, name: "dashboard")
    let live = LiveOrderView(try open(scratch))
    let stream = Course("o1").streams[0]
    try await live.apply(ViewBatch(Array(stream[..<2]), through: 2))
    let fresh = try SQLiteOrderView.create(beside: directory, changes: live.changes)
    try await fresh.apply(ViewBatch(stream, through: 6))
    try await live.changes.withSubscription(to: "o1", by: "c1", else: { $0 }) {
      (changes) throws(ViewError) in
      try await live.replace(failure: { $0 }) { (_) throws(ViewError) in fresh }
      // That it is there already is nothing new to the view.
      try await live.apply(ViewBatch(stream, through: 6))
      let told = try await changes.next()
      #expect(told.row.versions.order == 6)
    }
    await live.close()
  }

  @Test("a replacement that fails leaves the view as it was")
  func failedReplacement() async throws {
    let scratch = Scratch()
    let live = LiveOrderView(try open(scratch))
    await #expect(throws: ViewError.invalid("no")) {
      try await live.replace(failure: { $0 }) { (_) throws(ViewError) in
        throw ViewError.invalid("no")
      }
    }
    try await live.apply(ViewBatch(Course("o1").streams[0], through: 6))
    #expect(try await live.order("o1") != nil)
    await live.close()
  }
}
