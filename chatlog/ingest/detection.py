"""Which dialect a log is of: by its content first, then by its path. Pure but for databases.

Each dialect reads the beginning; the share of lines that it understands is its score.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.formats.dialects.dialect import LogFacts, NoDateError
from chatlog.ingest.path_patterns import PathFields, compiled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.formats.dialects.dialect import Dialect, LogTally

SAMPLE: Final = 64 * 1024
"""The bytes of a log that are looked at, of which at most `LINES` lines count."""
LINES: Final = 200
SURE: Final = 0.8
"""The least score with which a dialect is taken."""
LIKE_THE_LAST: Final = 0.95
"""The least score with which a log is taken for one of the dialect of the last one."""
_HALF: Final = 0.5
_SOME_DAY: Final = "2000-01-01"
_SOME_CHANNEL: Final = "#sample"


class Score(NamedTuple):
    """The share of lines that a dialect understands, and whether the path is one of its own.

    `is_whole` means that each line is an event or a remark.
    """

    share: float
    fits_path: bool
    dialect: Dialect
    is_whole: bool = True


class Detected(NamedTuple):
    """The scores of a log, best first, and whether the first is sure enough to be taken."""

    scores: list[Score]

    @property
    def dialect(self) -> Dialect | None:
        """The dialect of the log, None if none is sure.

        A log of remarks alone, as that of a server's window, is sure by its path.
        """
        if self.scores and self.scores[0].share >= SURE:
            return self.scores[0].dialect
        return next(
            (each.dialect for each in self.scores if each.fits_path and each.is_whole), None
        )

    def in_words(self) -> str:
        """Return the two best in words: `irssi 62 %, znc 10 %`."""
        some = [each for each in self.scores[:2] if each.share > 0]
        return ", ".join(f"{each.dialect.name} {each.share:.0%}" for each in some)


def path_fields(dialect: Dialect, name: str) -> PathFields | None:
    """Return the facts in the path of a log by the patterns of a dialect, None if none fits."""
    for pattern in dialect.paths:
        if (found := compiled(pattern).match(name)) is not None:
            return found
    return None


def score_of(dialect: Dialect, sample: bytes, name: str) -> Score:
    """Return how well a dialect understands the lines of a sample.

    Remarks count half. Lines that may be another kind of event count whole: in some dialects
    nearly all events are such.
    """
    lines = [line for line in sample.split(b"\n")[: 2 * LINES] if line.strip()][:LINES]
    told = path_fields(dialect, name)
    target = _SOME_CHANNEL if told is None else told.channel
    decoder = dialect.decoder(LogFacts(date=_SOME_DAY, tz=UTC, target=target, name=name))
    score = Score(0.0, told is not None, dialect, is_whole=False)
    try:
        for _ in decoder.events([b"\n".join(lines) + b"\n"]):
            pass
    except (ValueError, NoDateError):
        return score
    tally = decoder.tally
    is_whole = not tally.unknown and tally.lines > tally.torn
    return score._replace(share=share_of(tally), is_whole=is_whole)


def share_of(tally: LogTally) -> float:
    """Return the share of lines that a decoder has understood; see `score_of`."""
    whole = tally.lines - tally.torn  # the sample ends within a record, and not the log
    return (tally.understood + tally.ambiguous + _HALF * tally.noise) / whole if whole else 0.0


def detect(
    sample: bytes, name: str, dialects: Iterable[Dialect], last: Dialect | None = None
) -> Detected:
    """Return how well dialects fit the beginning of a log.

    A log that reads like the `last` one beside it is taken for the same: trees of logs are of
    one program.
    """
    if last is not None and last.database is None:
        score = score_of(last, sample, name)
        if score.share >= LIKE_THE_LAST:
            return Detected([score])
    scores = [score_of(each, sample, name) for each in dialects if each.database is None]
    return Detected(sorted(scores, key=_rank, reverse=True))


def _rank(score: Score) -> tuple[float, bool]:
    """Return the key of a comparison of scores: the path decides between nearly equal shares."""
    return round(score.share, 2), score.fits_path


def whole_lines(sample: bytes, *, is_all: bool) -> bytes:
    """Return a sample without its last line, which may be cut, unless it is all of a file."""
    return sample if is_all else sample[: sample.rfind(b"\n") + 1] or sample
