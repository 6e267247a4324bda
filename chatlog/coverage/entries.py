"""The kinds of entry of a LEDGER: one small record each, with its times checked.

Pure. The forms are those of docs/transcript-format.md, and the fields stand in
the order in which they are written. To add a kind: its record here, in
`LedgerEntry`, and its arm in `fold`.

`at` is our clock, `server` the server's if it tells the time; `since` and
`until` are in the clock of the events' `time`. A time that there cannot be, or
a stretch that ends before it begins, raises ValueError, so that such a line
does not decode.
"""

from __future__ import annotations

from typing import Final

import msgspec

from chatlog.archive.entry_lines import TaggedEntry, check_time
from chatlog.event import trusted_time

_WITNESSES: Final = ("import:", "merge")

MOST_GAPS: Final = 8192
"""How many gaps a checkpoint may have: so many are decoded in a tenth of a second."""


class _Moment(TaggedEntry, frozen=True, kw_only=True):
    """An entry about one moment."""

    at: str
    server: str = ""

    def __post_init__(self) -> None:
        check_time("at", self.at)
        if self.server:
            check_time("server", self.server)

    @property
    def time(self) -> str:
        """The moment in the clock of the events: the server's if it is near ours, else ours."""
        return trusted_time(self.at, self.server)


class OpenedEntry(_Moment, tag="opened", frozen=True, kw_only=True):
    """The beginning of an interval: the server confirmed that we are in the channel.

    `msgid` is that of our JOIN, `run` the name of the run's file, `kinds` the classes of
    events that are recorded: `all`, or their names.
    """

    msgid: str = ""
    run: str = ""
    via: str = ""
    kinds: str = ""


class ClosedEntry(_Moment, tag="closed", frozen=True, kw_only=True):
    """The end of the interval of a run: the last proof that it heard.

    `msgid` is the last one heard. Without `run` it is the interval that began last.
    """

    msgid: str = ""
    cause: str = ""
    planned: bool = False
    run: str = ""


class AbsentEntry(_Moment, tag="absent", frozen=True, kw_only=True):
    """The reason why we are not in the channel."""

    why: str = ""


class UnwantedEntry(_Moment, tag="unwanted", frozen=True, kw_only=True):
    """The end of the range: the channel is no longer to be recorded."""


class CoveredEntry(TaggedEntry, tag="covered", frozen=True, kw_only=True):
    """A stretch that history brought.

    `lines` of it were new. The progress of one long fetch is told several times
    over, from the same `since`: each entry counts all lines until then. `kinds` are the
    events that it brought: `all`, `messages`, or `unknown` if its witness does not tell.
    """

    at: str
    via: str = ""
    kinds: str = ""
    since: str
    until: str
    lines: int = 0
    why: str = ""

    def __post_init__(self) -> None:
        _check_stretch(self.at, self.since, self.until)
        if self.lines < 0:
            raise ValueError("its `lines` are less than none")

    @property
    def is_witnessed(self) -> bool:
        """Whether another witness brought the stretch; else a server was asked for it.

        What a server is asked for was meant to be heard; of another witness's stretch nobody
        knows.
        """
        return self.via.startswith(_WITNESSES)


class MissedEntry(TaggedEntry, tag="missed", frozen=True, kw_only=True):
    """A gap of another witness, which meant to hear the target: `via` tells how it came here."""

    at: str
    via: str = ""
    since: str
    until: str
    cause: str = ""
    planned: bool = False

    def __post_init__(self) -> None:
        _check_stretch(self.at, self.since, self.until)


class ImportedEntry(TaggedEntry, tag="imported", frozen=True, kw_only=True):
    """An import of lines from another program's logs, of the dialect that `via` names.

    `lines` of them were new; their stamps tell the time to `grain` milliseconds. It claims
    no coverage, and tells later comparisons how exact such lines can be.
    """

    at: str
    via: str = ""
    grain: int = 1
    since: str
    until: str
    lines: int = 0

    def __post_init__(self) -> None:
        _check_stretch(self.at, self.since, self.until)
        if self.lines < 0 or self.grain < 1:
            raise ValueError("its numbers are less than none")


class MergedEntry(TaggedEntry, tag="merged", frozen=True, kw_only=True):
    """A stretch of a witness all lines of which are in the archive, some as lines of others.

    `witness` is its name, or the `via` of an import. A later merge takes none of these lines
    for a new one, whatever other witnesses have added since, unless the stretch has changed.
    `check` and `lines` show a change. For a log, `check` is the CRC-32 of its lines; for an
    archive, it is the sum of the stamps in milliseconds modulo 2**32, and `lines` their number.
    The stamps were later than those of the same lines in the archive by `least` to `most`
    milliseconds.
    """

    at: str
    witness: str
    since: str
    until: str
    check: int = 0
    lines: int = 0
    least: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        _check_stretch(self.at, self.since, self.until)


class UnfillableEntry(TaggedEntry, tag="unfillable", frozen=True, kw_only=True):
    """A stretch of which the server has nothing any more."""

    at: str
    since: str
    until: str
    why: str = ""

    def __post_init__(self) -> None:
        _check_stretch(self.at, self.since, self.until)


class AskedEntry(TaggedEntry, tag="asked", frozen=True, kw_only=True):
    """A stretch that was asked for in vain.

    `stopped` means that the server still gave lines when we stopped asking.
    """

    at: str
    since: str
    until: str
    why: str = ""
    stopped: bool = False

    def __post_init__(self) -> None:
        _check_stretch(self.at, self.since, self.until)


class WishedEntry(TaggedEntry, tag="wished", frozen=True, kw_only=True):
    """A wish for the history from before the first interval; `since` is "" until it is known."""

    since: str = ""

    def __post_init__(self) -> None:
        if self.since:
            check_time("since", self.since)


class NoticedEntry(TaggedEntry, tag="noticed", frozen=True, kw_only=True):
    """A step of our clock (`clock`) or of time itself (`suspended`), `by` in milliseconds."""

    at: str
    cause: str = ""
    by: int = 0

    def __post_init__(self) -> None:
        check_time("at", self.at)


class RenamedEntry(_Moment, tag="renamed", frozen=True, kw_only=True):
    """A channel's other name: the server showed its `room`, by id, under two names.

    `former` stands in the ledger of the present name, `onto` in that of the former one.
    """

    room: str
    former: str = ""
    onto: str = ""


class ReportedEntry(TaggedEntry, tag="reported", frozen=True, kw_only=True):
    """A gap that `sync` has told a person of."""

    at: str
    since: str
    until: str

    def __post_init__(self) -> None:
        _check_stretch(self.at, self.since, self.until)


class RecoveredEntry(TaggedEntry, tag="recovered", frozen=True, kw_only=True):
    """A line that a crash tore, in base64."""

    raw: str = ""


class CheckpointEntry(TaggedEntry, tag="checkpoint", frozen=True, kw_only=True):
    """The gaps from an `opened` at `since` until the next one at `until`, folded at `at`.

    It stands for `lines` lines. `columns` holds its `gaps` and their history. Of
    the gaps that are left of them, `open` are open, history may fill `wanting`, and
    for `unasked` of these no reason is given. `kinds` are those of all its intervals.
    """

    at: str
    since: str
    until: str
    lines: int
    gaps: int
    open: int = 0
    wanting: int = 0
    unasked: int = 0
    kinds: str = ""
    columns: str

    def __post_init__(self) -> None:
        _check_stretch(self.at, self.since, self.until)
        if min(self.lines, self.gaps, self.open, self.wanting, self.unasked) < 0:
            raise ValueError("it counts less than none")
        if self.gaps > MOST_GAPS:
            raise ValueError(f"it has more than {MOST_GAPS} gaps")


LedgerEntry = (
    CheckpointEntry
    | OpenedEntry
    | ClosedEntry
    | CoveredEntry
    | MissedEntry
    | ImportedEntry
    | MergedEntry
    | UnfillableEntry
    | AskedEntry
    | AbsentEntry
    | UnwantedEntry
    | WishedEntry
    | NoticedEntry
    | RenamedEntry
    | ReportedEntry
    | RecoveredEntry
)
"""Any entry of a ledger."""

Piece = CoveredEntry | UnfillableEntry | AskedEntry
"""An entry about what history gave of a stretch, or did not give."""

BOUNDS: Final = frozenset({"opened", "closed", "unwanted", "checkpoint"})
"""The kinds of entry that begin or end an interval."""


def _check_stretch(at: str, since: str, until: str) -> None:
    check_time("at", at)
    check_time("since", since)
    check_time("until", until)
    if until < since:
        raise ValueError("it ends before it begins")


def encode(entry: LedgerEntry) -> bytes:
    """Return the line of an entry, with its newline."""
    return msgspec.json.encode(entry) + b"\n"
