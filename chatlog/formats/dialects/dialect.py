"""A dialect: a row of the table of dialects, and the records that decoders give and take. Pure.

A decoder accounts for every line that it is given: `LogTally` counts each one once.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from chatlog.alignment.losses import Loss
from chatlog.formats.dialects.log_forms import LogForms  # noqa: TC001 - msgspec reads it

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import tzinfo

    from chatlog.event import Event
    from chatlog.formats.dialects.log_hearing import LogHearing

MINUTE: Final = 60_000
SECOND: Final = 1000
MILLISECOND: Final = 1
"""How exactly stamps tell the time, in milliseconds."""

MOST_ODD_LINES: Final = 1000
"""The odd lines of one file that are kept; more are only counted."""

SHOWN: Final = 300
"""The characters of an odd line that are kept."""


class NoDateError(ValueError):
    """A log whose stamps have no date, with none in its lines or its path either."""


class LogFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about a log that its lines need not tell: from its path, or from the user.

    `date` is the local day of the first line, as `2026-11-23`, or "". `name` is the path of
    the file, for dialects that tell something there. Lines that are not UTF-8 are of
    `encoding`. Stamps without a zone are in `tz`. A decoder may give each event `received`,
    the moment of the import. `own_nicks` are the user's changes of nick (moment, new nick) from
    another log; None if there is none.
    """

    network: str = ""
    target: str = ""
    date: str = ""
    tz: tzinfo = UTC
    own_nick: str = ""
    own_nicks: list[tuple[str, str]] | None = None
    encoding: str = ""
    name: str = ""
    received: str = ""


class OddLine(msgspec.Struct, frozen=True):
    """A line that is not understood, or may be something else than it was taken for.

    `number` counts from 1. `why` says it in words; `text` is cut at `SHOWN` characters.
    """

    number: int
    text: str
    why: str
    is_ambiguous: bool = False


class LogTally(msgspec.Struct):
    """The lines of a log: each one counts once, also if it gives no event, or several.

    `noise` are lines that are no events: headers, remarks of the program itself. Lines may
    count as `ambiguous`, which are events that another reading makes different ones. `lines`
    is the sum of all. `torn` is the number of `unknown` ones in which the log ends: 1 or 0.
    `notes` counts what is worth telling beside it, in words.
    """

    understood: int = 0
    noise: int = 0
    ambiguous: int = 0
    unknown: int = 0
    torn: int = 0
    notes: dict[str, int] = {}

    @property
    def lines(self) -> int:
        """The number of lines that were read."""
        return self.understood + self.noise + self.ambiguous + self.unknown

    def note(self, words: str, count: int = 1) -> None:
        """Count something that is worth telling."""
        count += self.notes.pop(words, 0)
        if count:
            self.notes[words] = count

    def add(self, other: LogTally) -> None:
        """Add the numbers of another log."""
        self.understood += other.understood
        self.noise += other.noise
        self.ambiguous += other.ambiguous
        self.unknown += other.unknown
        self.torn += other.torn
        for words, count in other.notes.items():
            self.note(words, count)


class LogDecoder(Protocol):
    """A decoder of one log, which is used once.

    `tally`, `odd` (bounded by `MOST_ODD_LINES`) and `hearing` are whole at the end. `target` is
    the channel that the lines themselves name, "" as long as they name none.
    """

    tally: LogTally
    odd: list[OddLine]
    hearing: LogHearing
    target: str

    def events(self, blocks: Iterable[bytes]) -> Iterator[Sequence[Event]]:
        """Yield the events in the order of the log, some at once.

        Raise NoDateError if no date is known where one is needed, and ValueError for a log
        that is not of this dialect at all.
        """


class Database(msgspec.Struct, frozen=True):
    """How a dialect that is a SQLite database is read: a query, and an event for each row.

    `needs` are the tables by which it is told from others; the query reads no others. `older`
    are queries for earlier forms of the tables, tried in order if columns are missing. `ingest`
    opens it, read-only, and gives each row to the decoder as one JSON array in a line.
    """

    needs: tuple[str, ...]
    query: str
    older: tuple[str, ...] = ()


class Dialect(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One way in which programs write logs."""

    name: str
    """The name that `--dialect` takes, and that events have in `via`."""

    title: str
    """The programs that write it, in words."""

    proven: str
    """How sure it is: `run` (files of the real program), `source` (read in its source),
    `sample` (files of other people)."""

    decoder: Callable[[LogFacts], LogDecoder]
    """Returns the decoder of one log."""

    grain: int
    """The milliseconds to which its stamps tell the time; the coarsest of its forms."""

    aliases: tuple[str, ...] = ()
    """Other names that `--dialect` takes."""

    paths: tuple[str, ...] = ()
    """Where its programs put logs, as path patterns: `{network}/{channel}.log`."""

    channel_logs: str = ""
    """The pattern of the paths of channel logs, from the directory of their server's log, if these
    leave out quits and changes of nicks; "" for other dialects."""

    loss: Loss = Loss()
    """The fields that its lines cannot hold, for alignment."""

    lacks: str = ""
    """The fields that it cannot hold, in words for the documentation."""

    database: Database | None = None
    """How it is read if it is a SQLite database."""

    forms: LogForms | None = None
    """The forms in which `chatlog export` writes it; None if it does not."""

    @property
    def via(self) -> str:
        """How its lines came into an archive."""
        return f"import:{self.name}"
