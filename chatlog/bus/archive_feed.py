"""The messages of an archive that a shipper publishes: batch after batch, resumed after a kill.

Files of its own lie in `ROOT/.ship`: `witness` has the name of the archive on the bus, `cursor`
the position in its lines, `outbox` the batch that is being published, `files` how far the
ledgers were sent, and `batches` the times of what was shipped. A second shipper of one archive is
kept out by a lock.

What the ledgers and runs say follows the lines that were there when they were read: nobody is
told of coverage before the lines.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections import Counter, deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from chatlog.archive.files import reported
from chatlog.archive.layout import network_directory, target_directory
from chatlog.archive.system import System, replace_file
from chatlog.bus.batch_log import BatchLog
from chatlog.bus.ledgers import KnownFiles
from chatlog.bus.messages import Answered, BusMessage, LostRequest, encode
from chatlog.bus.outbox import Outbox, mark_of
from chatlog.bus.own_files import locked, own_directory
from chatlog.bus.subjects import (
    ANSWERS,
    is_witness_name,
    lines_subject,
    witness_name,
)
from chatlog.errors import TranscriptError
from chatlog.formats import jsonl
from chatlog.read.catalog import Catalog
from chatlog.read.cursor import Cursor
from chatlog.read.damaged_lines import DamagedLines
from chatlog.read.reader import Entry, Reader
from chatlog.upkeep.witness import TargetPlace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from chatlog.archive.targets import Target
    from chatlog.coverage.stretches import TimeStretch
    from chatlog.event import Event

logger = logging.getLogger(__name__)

DIRECTORY: Final = ".ship"
_AT_ONCE: Final = 1000  # lines
_BATCH: Final = 1024 * 1024
"""Bytes of lines in a batch: each batch writes two files, and looks at the position in all."""
_MOST_ASKED: Final = 64
_ROOM: Final = 1024
"""Bytes of a message beside its content: its subject and its id."""


class ArchiveFeed:
    """The messages of one archive, in batches.

    `name` is the beginning of a new witness's name. `longest` is the most bytes of a message
    that the server takes. `damaged` counts lines that could not be read.
    """

    def __init__(self, root: Path, name: str, *, system: System = System()) -> None:  # noqa: B008 - immutable
        self._root = root
        directory = own_directory(root, DIRECTORY)
        self._lock = locked(directory, system, f"another `chatlog ship` ships {root}")
        self.witness = _kept_name(directory / "witness", name, system)
        self.longest = 1024 * 1024
        self.too_long = 0
        self._reader = Reader(root, joins_renamed=False)
        self.damaged = self._reader.damaged
        self._cursor_path = directory / "cursor"
        self._cursor = Cursor(self._reader, str(self._cursor_path))
        self._outbox = Outbox(directory / "outbox", system)
        self._known = KnownFiles(root, directory / "files", system)
        self._batches = BatchLog(directory / "batches", system)
        self._subjects: dict[tuple[str, str], str] = {}
        self._changes: list[BusMessage] | None = None
        self._asked: deque[LostRequest] = deque()
        self._answer: Iterator[tuple[Event, bytes]] | None = None
        self._put_before: Counter[bytes] = Counter()
        self._begin()

    def _begin(self) -> None:
        """Continue where the last shipper of the archive ended, however it ended."""
        self._outbox.load()
        self._cursor.restore()
        if mark_of(self._cursor_path) == self._outbox.cursor:  # killed before it was moved
            lines = self._outbox.messages[slice(*self._outbox.read)]
            self._put_before.update(each.data for each in lines)

    def close(self) -> None:
        """Release the archive for another shipper."""
        os.close(self._lock)

    @property
    def first(self) -> int:
        """The number of the first message of the batch."""
        return self._outbox.first

    @property
    def batch(self) -> Sequence[BusMessage]:
        """The messages to publish, until they are all safe on the bus."""
        return self._outbox.messages

    def ask(self, asked: LostRequest) -> None:
        """Take a request for lost messages; their lines are put into the next batches."""
        if asked not in self._asked and len(self._asked) < _MOST_ASKED:
            self._asked.append(asked)

    def next_batch(self) -> bool:
        """Take the next batch, as the one before is safe; return False if there is none by now."""
        files: list[BusMessage] = []
        if self._changes is None:
            self._known.keep()
            targets = self._reader.targets()
            self._changes = self._known.changes(targets)
            files = self._known.network_files(targets)
        entries = self._unshipped()
        read = [*self._line_messages((entry.event, entry.json) for entry in entries)]
        answers, times = self._answers()
        messages = [*files, *read, *answers]
        if self._reader.is_at_end:
            messages += self._changes
            self._changes = None
            self._put_before.clear()
        if not messages:
            return False
        times += (entry.event.time for entry in entries)
        if times:
            self._batches.note(self._outbox.next, len(messages), min(times), max(times))
        part = len(files), len(files) + len(read)
        self._outbox.put(messages, read=part, cursor=mark_of(self._cursor_path))
        self._cursor.keep()
        return True

    def _unshipped(self) -> list[Entry]:
        """Return some lines that no batch has, an empty list at the end of the archive."""
        while found := self._reader.new(_BATCH):
            if not self._put_before:
                return found
            left = [entry for entry in found if not self._was_put(entry.json)]
            if left or self._reader.is_at_end:
                return left
        return []

    def _was_put(self, line: bytes) -> bool:
        """Return whether a line is in the outbox of a run that was killed; each counts once."""
        due = self._put_before.pop(line, 0)
        if due > 1:
            self._put_before[line] = due - 1
        return due > 0

    def _line_messages(self, lines: Iterable[tuple[Event, bytes]]) -> Iterator[BusMessage]:
        for event, line in lines:
            if len(line) + _ROOM > self.longest:
                self.too_long += 1
                logger.warning(
                    "a line of %s at %s is longer than the server takes (max_payload), and is left"
                    " out",
                    event.target,
                    event.time,
                )
                continue
            yield BusMessage(self._subject_of(event), line)

    def _subject_of(self, event: Event) -> str:
        names = event.network, event.target
        if names not in self._subjects:
            if len(self._subjects) > _AT_ONCE * 64:
                self._subjects.clear()
            fold = self._reader.names(event.network)
            path = target_directory(self._root, event.network, event.target, fold)
            place = TargetPlace(network_directory(self._root, event.network).name, path.name)
            self._subjects[names] = lines_subject(place)
        return self._subjects[names]

    # -- lost messages ---------------------------------------------------------------

    def _answers(self) -> tuple[list[BusMessage], list[str]]:
        """Return some lines of lost messages and the ends of answers, and the lines' times."""
        found: list[BusMessage] = []
        times: list[str] = []
        while self._asked and len(found) < _AT_ONCE:
            asked = self._asked[0]
            if self._answer is None:
                targets = self._reader.targets()
                stretches = self._batches.times_of(asked.first, asked.last)
                self._answer = _lines_within(stretches, targets)
                self._known.forget()  # other files may be lost as well
                found += self._known.network_files(targets)
            some = [*islice(self._answer, _AT_ONCE)]
            found += (each._replace(is_again=True) for each in self._line_messages(some))
            times += (event.time for event, _ in some)
            if not some:
                self._asked.popleft()
                self._answer = None
                found.append(BusMessage(ANSWERS, encode(Answered(asked.first, asked.last))))
        return found, times


def _lines_within(
    stretches: Sequence[TimeStretch], targets: Iterable[Target]
) -> Iterator[tuple[Event, bytes]]:
    """Yield the events of targets in stretches of time, both ends included, and their lines."""
    for target in targets:
        for segment in Catalog(DamagedLines()).of(target):
            if not any(each.since < segment.end and segment.start <= each.until
                       for each in stretches):  # fmt: skip
                continue
            for block in segment.decoded_blocks():
                lines = block.lines or [jsonl.encode([event])[:-1] for event in block.events]
                for event, line in zip(block.events, lines, strict=True):
                    if any(each.since <= event.time <= each.until for each in stretches):
                        yield event, line


# -- files of the shipper ------------------------------------------------------------


def _kept_name(path: Path, name: str, system: System) -> str:
    """Return the name of an archive on the bus; a new one is made of a name and random digits.

    An archive whose files of the bus were removed is another witness: its numbers begin anew.
    """
    with reported(path, doing="read"):
        try:
            known = path.read_text("ascii", "replace").strip()
        except FileNotFoundError:
            known = f"{witness_name(name)}-{secrets.token_hex(3)}"
            replace_file(path, f"{known}\n".encode(), system=system)
    if not is_witness_name(known):
        raise TranscriptError(f"{path} is damaged; remove its directory, and all is shipped again")
    return known
