"""A service's journal in SQLite, as other nodes follow it, and how this one follows theirs.

What happened is written down before anybody hears of it, and never changed. The rules that make a
journal followable are in proto/README.md under "Journals".
"""

import asyncio
import contextlib
import logging
import random
import sqlite3
import time
import uuid
from typing import NamedTuple

from baedal.journal.v1 import journal_pb2 as wire_journal
from baedal.wire.v1 import wire_pb2 as wire
from wire import Failed

PARTITIONS = 16
EVENTS_MAX, PAYLOAD_BYTES_MAX = 256, 256 << 10  # of one answer
ASK_S, BACKOFF_S, BACKOFF_S_MAX = 10, 0.05, 2

JOURNAL_SERVICE = wire_journal.DESCRIPTOR.services_by_name["JournalService"]
log = logging.getLogger("journal")

SCHEMA = """
CREATE TABLE IF NOT EXISTS epoch (text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
  part INTEGER, position INTEGER, category TEXT, stream TEXT, version INTEGER, type TEXT,
  payload BLOB, correlation TEXT, causation TEXT, traceparent TEXT, at_ms INTEGER,
  PRIMARY KEY (part, position), UNIQUE (stream, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (
  source TEXT, part INTEGER, position INTEGER, epoch TEXT, PRIMARY KEY (source, part));
CREATE TABLE IF NOT EXISTS deadlines (stream TEXT PRIMARY KEY, kind TEXT, due_ms INTEGER);
CREATE INDEX IF NOT EXISTS deadlines_by_time ON deadlines (due_ms);
"""


def now_ms():
    return time.time_ns() // 1_000_000


def partition_of(id, count=PARTITIONS):
    """FNV-1a over 64 bits, its halves xored: the same in every language, for ever."""
    hash = 0xCBF29CE484222325
    for byte in id.encode():
        hash = (hash ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return ((hash ^ (hash >> 32)) & 0xFFFFFFFF) % count


class Cause(NamedTuple):
    """Where events come from: the course they belong to, and what made them happen."""

    correlation: str
    causation: str
    traceparent: str = ""


class Taken(NamedTuple):
    """A position of another journal, to be stored with its effect: so it has that effect once."""

    source: str
    partition: int
    position: int
    epoch: str


class Journal:
    """One writer, one file; what is appended is on the disk when `append` returns."""

    def __init__(self, path, name):
        self.name, self.changed = name, asyncio.Event()
        # Exclusive: a second process on the same journal is refused at its start.
        self.db = sqlite3.connect(path, isolation_level=None, timeout=1)
        self.db.executescript(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
            "PRAGMA synchronous = FULL; BEGIN IMMEDIATE;" + SCHEMA)
        if not self.db.execute("SELECT 1 FROM epoch").fetchone():
            self.db.execute("INSERT INTO epoch VALUES (?)", (uuid.uuid4().hex,))
        self.db.execute("COMMIT")
        self.epoch, = self.db.execute("SELECT text FROM epoch").fetchone()
        self.heads = [0] * PARTITIONS
        for partition, head in self.db.execute("SELECT part, max(position) FROM events GROUP BY 1"):
            self.heads[partition] = head

    def append(self, stream, events, cause=Cause("", ""), taken=None, deadline=None):
        """Writes messages as the next events of a stream, the position they are an effect of, and
        when to look at the stream again (kind, due_ms), or that nobody needs to: all or nothing."""
        partition = partition_of(stream)
        version, head = self.version(stream), self.heads[partition]
        rows = [
            (partition, head + n, self.name, stream, version + n, event.DESCRIPTOR.full_name,
             event.SerializeToString(), *cause, now_ms())
            for n, event in enumerate(events, 1)]
        try:
            self.db.execute("BEGIN IMMEDIATE")
            self.db.executemany(f"INSERT INTO events VALUES (?{', ?' * 10})", rows)
            self._store(taken)
            if deadline:
                self.db.execute("REPLACE INTO deadlines VALUES (?, ?, ?)", (stream, *deadline))
            else:
                self.db.execute("DELETE FROM deadlines WHERE stream = ?", (stream,))
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise Failed(wire.CODE_UNAVAILABLE, f"nothing can be written: {error}") from error
        self.heads[partition] += len(rows)
        if rows:
            # Wakes everybody who waits for this one; the next append has another.
            self.changed.set()
            self.changed = asyncio.Event()

    def take(self, taken):
        """Stores a position that has no effect here."""
        self._store(taken)

    def _store(self, taken):
        if taken:
            self.db.execute(
                "REPLACE INTO cursors VALUES (?, ?, ?, ?)",
                (taken.source, taken.partition, taken.position, taken.epoch))

    def cursors(self, source):
        """The positions stored for a source by partition, and the epoch they belong to."""
        rows = self.db.execute(
            "SELECT part, position, epoch FROM cursors WHERE source = ?", (source,)).fetchall()
        return {part: position for part, position, _ in rows}, {epoch for *_, epoch in rows}

    def version(self, stream):
        return self.db.execute(
            "SELECT ifnull(max(version), 0) FROM events WHERE stream = ?", (stream,)).fetchone()[0]

    def events(self, stream):
        """Type and payload of each event of a stream."""
        return self.db.execute(
            "SELECT type, payload FROM events WHERE stream = ? ORDER BY version", (stream,))

    def due(self, at_ms):
        """Streams whose deadline has passed, the longest first, some at a time."""
        return [row[0] for row in self.db.execute(
            "SELECT stream FROM deadlines WHERE due_ms <= ? ORDER BY due_ms LIMIT 100", (at_ms,))]

    def status(self):
        return wire_journal.JournalStatus(epoch=self.epoch, heads=self.heads)


class JournalService:
    """The journal as other nodes read it."""

    def __init__(self, journal):
        self.journal = journal

    def _named(self, request):
        if request.journal != self.journal.name:
            raise Failed(wire.CODE_NOT_FOUND, f"no journal '{request.journal}' is kept here")
        return self.journal

    async def GetStatus(self, request, call):
        return self._named(request).status()

    async def ReadEvents(self, request, call):
        journal = self._named(request)
        if request.partition >= PARTITIONS or request.after < 0:
            raise Failed(wire.CODE_INVALID_ARGUMENT, "no such partition, or no such position")
        answer, size = wire_journal.ReadEventsResponse(), 0
        for row in journal.db.execute(
            "SELECT * FROM events WHERE part = ? AND position > ? ORDER BY position LIMIT ?",
            (request.partition, request.after, min(request.limit or EVENTS_MAX, EVENTS_MAX)),
        ).fetchall():
            _, position, category, stream, version, type, payload, *cause, at_ms = row
            size += len(payload)
            if answer.events and size > PAYLOAD_BYTES_MAX:
                break
            answer.events.add(
                position=position, category=category, stream_id=stream, version=version,
                id=f"{category}/{stream}/{version}", type=type, payload=payload,
                correlation_id=cause[0], causation_id=cause[1], traceparent=cause[2],
                recorded_at_ms=at_ms)
        return answer

    async def WatchHeads(self, request, call):
        journal, seen = self._named(request), list(request.heads)
        if len(seen) != PARTITIONS:
            raise Failed(wire.CODE_INVALID_ARGUMENT, f"{PARTITIONS} partitions, not {len(seen)}")
        while True:
            while all(head <= had for head, had in zip(journal.heads, seen)):
                await journal.changed.wait()
            seen = list(journal.heads)
            yield journal.status()

    async def GetStream(self, request, call):
        journal, answer = self._named(request), wire_journal.GetStreamResponse()
        if request.category == journal.name:
            answer.version = journal.version(request.stream_id)
            for kind, due_ms in journal.db.execute(
                "SELECT kind, due_ms FROM deadlines WHERE stream = ?", (request.stream_id,)):
                answer.deadlines.add(kind=kind, due_at_ms=due_ms, owner=journal.name)
        return answer


async def follow(client, source, journal, take):
    """Gives every event of another node's journal to `await take(event, taken)`, in order of its
    partition, from where this journal's cursors stand. `take` appends its effects with `taken`, or
    lets it be: then there are none. Out of reach, the other node is tried again, for ever.
    """
    wait_s = BACKOFF_S
    while True:
        try:
            status = await client.call(
                JOURNAL_SERVICE, "GetStatus", wire_journal.GetStatusRequest(journal=source), ASK_S)
            cursors, epochs = journal.cursors(source)
            if epochs - {status.epoch}:
                raise SystemExit(f"the journal of {source} is not the one that was followed so far")
            for partition, head in enumerate(status.heads):
                while cursors.get(partition, 0) < head:
                    cursors[partition] = await _read(
                        client, source, journal, take, partition, cursors.get(partition, 0),
                        status.epoch)
            heads = [cursors.get(n, 0) for n in range(len(status.heads))]
            watch = wire_journal.WatchHeadsRequest(journal=source, heads=heads)
            wait_s = BACKOFF_S
            async with contextlib.aclosing(
                client.stream(JOURNAL_SERVICE, "WatchHeads", watch)) as changes:
                await anext(changes, None)
        except Failed as failed:
            log.warning("%s cannot be followed at the moment: %s", source, failed)
            await asyncio.sleep(wait_s * random.uniform(0.5, 1))
            wait_s = min(wait_s * 2, BACKOFF_S_MAX)


async def _read(client, source, journal, take, partition, position, epoch):
    """One answer's events; gives the position after them."""
    answer = await client.call(
        JOURNAL_SERVICE, "ReadEvents", wire_journal.ReadEventsRequest(
            journal=source, partition=partition, after=position), ASK_S)
    if not answer.events:
        raise Failed(wire.CODE_DATA_LOSS, f"partition {partition} ends before its head")
    for event in answer.events:
        if event.position != position + 1:
            raise Failed(wire.CODE_DATA_LOSS, f"a hole before {partition}/{event.position}")
        position = event.position
        await take(event, Taken(source, partition, position, epoch))
    # The last of them may have had no effect; a smaller cursor would only cost time.
    journal.take(Taken(source, partition, position, epoch))
    return position
