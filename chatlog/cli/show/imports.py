"""Imports as text: the lines that each target gained, and all that was not understood."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from chatlog.cli.show.merges import place_text
from chatlog.formats.dialects.dialect import LogTally
from chatlog.formats.visible import printable, visible
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.ingest.log_import import LogImport
    from chatlog.ingest.log_reader import ImportedLog
    from chatlog.upkeep.witness_merge import MergedTarget

_SHOWN: Final = 10
"""The odd lines of a file, and the files with a problem, that are printed."""


def import_lines(work: LogImport, *, quiet: bool, dry_run: bool) -> Iterator[str]:
    """Yield a line for each target, the problems of files, odd lines, and the sums."""
    for place in sorted(work.targets):
        merged = work.targets[place]
        if merged.error:
            yield f"{place_text(place)}  not imported: {printable(merged.error)}"
        elif not quiet:
            yield f"{place_text(place)}  {_numbers(merged, dry_run=dry_run)}"
    yield from _passed_over(work)
    yield from _problems(work)
    for each in work.logs:
        yield from _odd(each)
    if not quiet:
        yield from _sums(work)


def _numbers(merged: MergedTarget, *, dry_run: bool) -> str:
    parts = [f"{many(merged.added, 'line')} {'would be added' if dry_run else 'added'}"]
    if merged.shared:
        parts.append(f"{merged.shared:,} known already")
    if merged.left:
        parts.append(f"{merged.left:,} of the last minute left to the next import")
    if merged.conflicting:
        parts.append(f"{many(merged.conflicting, 'line')} that one side should have")
    return ", ".join(parts)


def _passed_over(work: LogImport) -> Iterator[str]:
    for each in work.passed_over[:_SHOWN]:
        yield f"passed over {printable(each.path)}: {each.why}"
    if (more := len(work.passed_over) - _SHOWN) > 0:
        yield f"and {more:,} more that are no files"


def _problems(work: LogImport) -> Iterator[str]:
    troubled = [each for each in work.logs if each.problem]
    for each in troubled[:_SHOWN]:
        yield f"{printable(each.file.path)}: {printable(each.problem)}"
    if (more := len(troubled) - _SHOWN) > 0:
        yield f"and {many(more, 'more file')} with a problem"


def _odd(log: ImportedLog) -> Iterator[str]:
    for each in log.odd[:_SHOWN]:
        place = f"{printable(log.file.path)}:{each.number}"
        yield f"{place}: {each.why}: {visible(each.text)}"
    if (more := log.tally.ambiguous + log.tally.unknown - min(len(log.odd), _SHOWN)) > 0:
        yield f"{printable(log.file.path)}: and {many(more, 'more line')} like these"


def _sums(work: LogImport) -> Iterator[str]:
    total = LogTally()
    for each in work.logs:
        total.add(each.tally)
    dialects = Counter(each.dialect for each in work.logs if each.dialect)
    told = ", ".join(f"{name} {count:,}" for name, count in dialects.most_common())
    yield f"{many(len(work.logs), 'file')}" + (f" ({told})" if told else "")
    yield (
        f"{many(total.lines, 'line')}: {total.understood:,} understood,"
        f" {many(total.noise, 'remark')}, {total.ambiguous:,} ambiguous,"
        f" {total.unknown:,} not understood"
    )
    for words, count in total.notes.items():
        yield f"{words}: {count:,}"
