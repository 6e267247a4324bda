"""The reading of logs for an import: each file decoded, and its events staged.

Every line of a file is in the tally of its result, and every file has a result.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.archive.compression import DamagedError
from chatlog.casemapping import Casemapping
from chatlog.errors import TranscriptError
from chatlog.event import SERVER, format_time, parse_time
from chatlog.formats.dialects.dialect import LogFacts, LogTally, NoDateError, OddLine
from chatlog.ingest.daily_files import series_of
from chatlog.ingest.databases import dialect_of_database, is_database, read_database
from chatlog.ingest.detection import LIKE_THE_LAST, SAMPLE, detect, share_of, whole_lines
from chatlog.ingest.dialects import DIALECTS
from chatlog.ingest.log_files import LogContents, LogFile, until_damage
from chatlog.ingest.members import (
    Members,
    attributed,
    comings_beside,
    own_nicks,
    server_log_beside,
)
from chatlog.ingest.staged_log import HeardLog, LogStaging, StagedLog
from chatlog.protocol.relays import Relays, RelaySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from chatlog.event import Event
    from chatlog.formats.dialects.dialect import Dialect, LogDecoder
    from chatlog.formats.dialects.log_hearing import LogHearing
    from chatlog.ingest.options import ImportOptions

_NO_NETWORK: Final = "its network is not known; name it with --network"
_NO_CHANNEL: Final = "its channel is not known; name it with --channel, or give a --path-pattern"
_CASEMAPPING: Final = Casemapping()
GREW: Final = "logs that grew meanwhile, read to their last whole line; import them again"
_NO_DATE: Final = "its lines tell no date, and its path neither; give --date"


class ImportedLog(msgspec.Struct):
    """The result of one file: its dialect, the numbers of its lines, and the odd ones.

    `problem` is why it could not be imported, or not to its end; "" if it was. `is_empty`
    means that it has no line at all, `is_unreadable` that the system refuses to read it.
    `future` counts events that are left out, as their time has not come yet.
    """

    file: LogFile
    dialect: str = ""
    tally: LogTally = msgspec.field(default_factory=LogTally)
    odd: list[OddLine] = []
    events: int = 0
    future: int = 0
    problem: str = ""
    is_empty: bool = False
    is_unreadable: bool = False

    def damage(self, error: DamagedError) -> None:
        """Keep the damage of a file, of which all that stands before is imported."""
        self.problem = f"{error}; imported as far as it can be read"


class ReadLog(NamedTuple):
    """A file that was read: the result, and its events, None if there are none to import."""

    result: ImportedLog
    staged: StagedLog | None


class LogReader:
    """The decoding of files, one after another, as an import is asked to."""

    def __init__(self, options: ImportOptions, at: str) -> None:
        self._options = options
        self._at = at
        self._latest = format_time(parse_time(at) + 86_400_000)
        self._last: Dialect | None = None
        self._server_log: LogFile | None = None  # the one read last, for `_own_nicks`
        self._own_nicks: list[tuple[str, str]] = []
        self._relays = Relays(RelaySettings(everywhere=options.relays))

    def read(self, file: LogFile, directory: Path) -> ReadLog:
        """Decode one file; an error is in the result.

        Events that are too many for the memory lie in the directory, which is the log's own.
        """
        result = ImportedLog(file)
        staged = None
        try:
            contents = LogContents(file)
            sample = contents.beginning(SAMPLE)
            result.is_empty = not sample.strip()
            if result.is_empty:
                return ReadLog(result, None)
            if (read := self._like_the_last(contents, sample, directory)) is not None:
                return read
            if contents.was_read_on:
                contents = LogContents(file)
            if dialect := self._dialect_of(file, sample, result):
                result.dialect = dialect.name
                facts = self._with_own_nicks(self._facts(dialect, file, sample), dialect, file)
                log = LogStaging(dialect, directory, self._at)
                staged = self._decode(facts, contents, log, result)
        except TranscriptError as error:
            result.problem, result.is_unreadable = str(error), True
        except DamagedError as error:
            result.problem = str(error)
        return ReadLog(result, staged)

    def _like_the_last(
        self, contents: LogContents, sample: bytes, directory: Path
    ) -> ReadLog | None:
        """Return a log that begins like the one before it, None for another.

        Trees of logs are of one program: decoding the beginning of such a log tells at once
        that it is of the same dialect, and the channel that it names.
        """
        dialect, name = self._last, self._name(contents.file)
        if dialect is None or dialect.channel_logs or is_database(sample):
            return None
        facts = self._options.facts(dialect, name, "", self._at)

        def is_alike(decoder: LogDecoder) -> bool:
            if share_of(decoder.tally) < LIKE_THE_LAST:
                return False
            told = decoder.target
            return not told or self._options.facts(dialect, name, told, self._at) == facts

        result = ImportedLog(contents.file, dialect.name)
        log = LogStaging(dialect, directory, self._at)
        staged = self._decode(facts, contents, log, result, is_alike)
        return None if staged is None else ReadLog(result, staged)

    def _dialect_of(self, file: LogFile, sample: bytes, result: ImportedLog) -> Dialect | None:
        """Return the dialect of a file; tell why not if none is sure."""
        if self._options.dialect is not None:
            return self._options.dialect
        if is_database(sample):
            return self._database_of(file, result)
        some = whole_lines(sample, is_all=len(sample) < SAMPLE)
        found = detect(some, self._name(file), DIALECTS, self._last)
        if found.dialect is None:
            near = found.in_words()
            result.problem = (
                f"its dialect is not sure ({near}); name it with --dialect"
                if near
                else "not a log that is known; name its dialect with --dialect"
            )
            return None
        self._last = found.dialect
        return found.dialect

    def _name(self, file: LogFile) -> str:
        return file.name_in(self._options.encoding)

    def _database_of(self, file: LogFile, result: ImportedLog) -> Dialect | None:
        dialect = dialect_of_database(file.path, DIALECTS)
        if dialect is None:
            result.problem = "a database of no program that is known; export its logs as text"
        return dialect

    def _decode(
        self,
        facts: LogFacts,
        contents: LogContents,
        log: LogStaging,
        result: ImportedLog,
        expected: Callable[[LogDecoder], bool] | None = None,
    ) -> StagedLog | None:
        """Return the events of a file, None if they cannot be imported.

        Unless the decoder is as `expected` after its first block, no more is decoded.
        """
        dialect = log.dialect
        decoder = dialect.decoder(facts)
        result.tally, result.odd = decoder.tally, decoder.odd
        try:
            batches = decoder.events(until_damage(_blocks(dialect, contents), result.damage))
            for events in self._attributed(dialect, result.file, facts, batches):
                if expected is not None and not expected(decoder):
                    return None
                expected = None
                self._add(events, log, result)
        except NoDateError:
            result.problem = _NO_DATE
            return None
        except ValueError as error:
            result.problem = f"not of dialect {dialect.name}: {error}"
            return None
        if contents.grew:
            result.tally.note(GREW)
        log.settle()
        if missing := _missing(log):
            result.problem = missing
            return None
        return log.finish(self._heard(decoder.hearing, facts))

    def _facts(self, dialect: Dialect, file: LogFile, sample: bytes) -> LogFacts:
        name = self._name(file)
        return self._options.facts(dialect, name, _told_target(dialect, sample, name), self._at)

    def _with_own_nicks(self, facts: LogFacts, dialect: Dialect, file: LogFile) -> LogFacts:
        """Return the facts about the log of a channel with those that its server's log tells."""
        is_of_channel = dialect.channel_logs and facts.target not in {"", SERVER}
        if not (is_of_channel and facts.own_nick):
            return facts
        log = server_log_beside(file, dialect)
        if log is None:
            return facts
        if log != self._server_log:
            self._server_log = log
            self._own_nicks = own_nicks(log, dialect, self._facts(dialect, log, b""))
        return msgspec.structs.replace(facts, own_nicks=self._own_nicks)

    def _attributed(
        self,
        dialect: Dialect,
        file: LogFile,
        facts: LogFacts,
        batches: Iterable[Sequence[Event]],
    ) -> Iterable[Sequence[Event]]:
        """Return the events of a log; quits in a server's log are of the channels beside it."""
        if not dialect.channel_logs or facts.target not in {"", SERVER}:
            return batches
        comings = comings_beside(file, dialect, lambda each: self._facts(dialect, each, b""))
        return attributed(batches, Members(comings))

    def _heard(self, hearing: LogHearing, facts: LogFacts) -> HeardLog:
        """Return the times at which a log was heard, under the network's name in the archive."""
        network = self._options.into_network
        stretches = [
            msgspec.structs.replace(each, network=network) if network and each.target else each
            for each in hearing.heard
            if each.until <= self._latest
        ]
        return HeardLog(
            stretches=stretches,
            carried=hearing.carried,
            goes_on=hearing.goes_on,
            series=series_of(facts.name, facts.date) if facts.date else "",
            day=facts.date,
        )

    def _add(self, events: Sequence[Event], log: LogStaging, result: ImportedLog) -> None:
        """Stage events, under the network's name in the archive; leave out those of the future.

        Messages of relays tell who spoke.
        """
        if self._relays.are_configured:
            events = self._relays.attribute(events, _CASEMAPPING)
        network = self._options.into_network
        if network:
            events = [
                each if each.network == network else msgspec.structs.replace(each, network=network)
                for each in events
            ]
        if events and max(each.time for each in events) > self._latest:
            count = len(events)
            events = [each for each in events if each.time <= self._latest]
            result.future += count - len(events)
            result.tally.note("events of the future, which are left out", count - len(events))
        result.events += len(events)
        log.add(events)


def _blocks(dialect: Dialect, contents: LogContents) -> Iterator[bytes]:
    """Return the bytes of a log: those of its file, or of the rows of a database."""
    if dialect.database is not None:
        return read_database(contents.file.path, dialect.database)
    return contents.blocks()


def _missing(log: LogStaging) -> str:
    """Return the problem of a log whose events have no network or no channel, "" of others."""
    if any(not network for network, _ in log.targets):
        return _NO_NETWORK
    return _NO_CHANNEL if any(not target for _, target in log.targets) else ""


def _told_target(dialect: Dialect, sample: bytes, name: str) -> str:
    """Return the channel that the first lines of a log name themselves, "" if they do not."""
    if dialect.database is not None:
        return ""
    decoder = dialect.decoder(LogFacts(date="2000-01-01", name=name))
    with suppress(ValueError):
        for _ in decoder.events([sample]):
            pass
    return decoder.target
