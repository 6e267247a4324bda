"""A bus without a server: the messages of shippers in a list, and a collector that reads them."""

from __future__ import annotations

import contextlib
import os

import msgspec

from chatlog.archive.storage import Storage, Sync
from chatlog.bus.archive_feed import ArchiveFeed
from chatlog.bus.collection import Collection
from chatlog.bus.subjects import MessageId
from chatlog.errors import TranscriptError
from chatlog.read.reader import Reader
from tests.support.archive import UNSYNCED

AT = "2026-11-24T00:00:00.000Z"
CREATED = "2026-11-23"


class Stored(msgspec.Struct, frozen=True):
    """A message as a stream has it."""

    subject: str
    name: str
    data: bytes


class Stream:
    """A stream; it stores a message once, unless it `forgets` all ids at once."""

    def __init__(self, *, forgets=False):
        self.messages = {}
        self.last = 0
        self._forgets = forgets
        self._names = set()

    def store(self, message):
        if message.name in self._names and not self._forgets:
            return
        self._names.add(message.name)
        self.last += 1
        self.messages[self.last] = message

    def discard(self, *sequences):
        for sequence in sequences:
            self.messages.pop(sequence, None)


class ListShipper:
    """A shipper of one archive to a list; `kill` ends it without a word."""

    def __init__(self, root, stream, name="rec"):
        self._root, self._stream, self._name = root, stream, name
        self.feed = self._begin()

    def _begin(self):
        feed = ArchiveFeed(self._root, self._name, system=UNSYNCED)
        self._is_due = bool(feed.batch)
        return feed

    def kill(self):
        self.feed.close()
        self.feed = self._begin()

    def publish(self, most=None):
        """Publish a batch, or the first messages of it; return whether there was one."""
        if not (self._is_due or self.feed.next_batch()):
            return False
        numbered = [
            (str(MessageId(self.feed.witness, number, message.is_again)), message)
            for number, message in enumerate(self.feed.batch, self.feed.first)
        ]
        for name, message in numbered[:most]:
            self._stream.store(Stored(message.subject, name, message.data))
        self._is_due = most is not None and most < len(numbered)
        return True

    def ship(self):
        while self.publish():
            pass


class ListCollector:
    """A collector of a list into an archive; `kill` ends it without a word."""

    def __init__(self, root, stream):
        self._root, self._stream = root, stream
        self._begin()

    def _begin(self):
        storage = Storage(root=self._root, sync=Sync.NEVER)
        self.collection = Collection(storage, lambda: 0.0, system=UNSYNCED)
        self._next = self.collection.begin(CREATED, self._stream.last)

    def kill(self):
        self.collection._writer.locks.close()
        os.close(self.collection._lock)
        for files in self.collection._witnesses.values():
            files.close()
        self._begin()

    def read(self, most=None):
        """Take the next messages of the stream, all or some; return how many there were."""
        due = [each for each in sorted(self._stream.messages) if each >= self._next][:most]
        for sequence in due:
            message = self._stream.messages[sequence]
            self.collection.take(message.subject, message.name, message.data, sequence)
            self._next = sequence + 1
        return len(due)

    def settle(self, **options):
        self.collection.settle(AT, **options)

    def settle_and_die(self, after):
        """Write a round as far as a number of position writes, and die."""
        write, left = self.collection._file.write, [after]

        def failing(position):
            left[0] -= 1
            if left[0] < 0:
                raise TranscriptError("killed")
            write(position)

        self.collection._file.write = failing
        with contextlib.suppress(TranscriptError):
            self.collection.settle(AT)
        self.kill()

    def collect(self):
        self.read()
        self.settle(everything=True)

    def close(self):
        self.collection.close()


def answer(collector, *shippers):
    """Hand each shipper the requests of a collector for its lost messages."""
    for witness, ask in collector.collection.lost():
        for shipper in shippers:
            if shipper.feed.witness == witness:
                shipper.feed.ask(ask)


def lines_in(root, *targets):
    """Return the times and texts of all lines of an archive, in the order of readers."""
    return [(each.event.time, each.event.text) for each in Reader(root, targets).last(1_000_000)]


def texts_in(root, *targets):
    """Return the texts of all lines of an archive, in the order of readers."""
    return [text for _, text in lines_in(root, *targets)]
