"""Options of `chatlog export` into the settings of an export."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec import Struct
from msgspec.structs import asdict, replace

from chatlog import __version__
from chatlog.archive.optout import OPTOUT
from chatlog.cli.options import terms
from chatlog.cli.options.types import ParserType, PathType, absolute_path, stands_for
from chatlog.errors import UsageError
from chatlog.event import SERVER, shifted
from chatlog.export.destination import STDOUT, Destination, destination_of
from chatlog.export.partition import Partition, parse_partition
from chatlog.export.past_exports import SITE, ExportEntry
from chatlog.export.run import Export
from chatlog.export.table import NAMES, exporter_named
from chatlog.export.withholding import HIDE, MARK, SHOW, Withheld, withholding_of
from chatlog.query import filters
from chatlog.query.about import About, nicks_of
from chatlog.query.selection import query_for
from chatlog.read.reader import Reader
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.cli.options.query import Wanted
    from chatlog.query.selection import Query

_EVERYTHING: Final = ("*", SERVER)
_ABOUT: Final = "about"
_OPTIONS: Final = (
    click.option(
        "--to",
        required=True,
        type=click.Choice((*NAMES, SITE)),
        metavar="FORMAT",
        help=f"Format of the files: {', '.join((*NAMES, SITE))}.",
    ),
    click.option(
        "-o",
        "--dest",
        required=True,
        type=PathType(allow_dash=True),
        metavar="DEST",
        help="File or directory to write to, with tokens such as {target} and {date}; - is stdout.",
    ),
    click.option(
        "--partition",
        type=ParserType(parse_partition),
        metavar="PERIOD",
        help="Begin a new file each day, month or year, or after size:100MB or lines:100000;"
        " none is one file. Default: as the tokens of DEST.",
    ),
    click.option(
        "--tz",
        metavar="ZONE",
        help="Time zone of days, and of stamps that are local: Europe/Berlin. Default: UTC.",
    ),
    click.option(
        "--redact",
        type=click.Choice((HIDE, MARK, SHOW)),
        help="Leave out messages that were taken back, or their texts alone. Default: show; of a"
        " site: hide.",
    ),
    click.option(
        "--optout",
        is_flag=True,
        help=f"Leave out the people whose nicks and accounts {OPTOUT} in the archive lists. A"
        " site always does.",
    ),
    click.option(
        "--hide-hosts",
        is_flag=True,
        help="Leave out users and hosts. A site does so unless --show-hosts is given.",
    ),
    click.option(
        "--pseudonyms",
        is_flag=True,
        help="Give people other names, the same ones each time; leave out hosts and queries.",
    ),
    click.option(
        "--delay",
        type=ParserType(parsers.parse_duration),
        metavar="TIME",
        help="Leave out the last TIME: 1d, 12h.",
    ),
)


class ExportOptions(Struct, frozen=True):
    """The options of an export as typed, without those of its query."""

    to: str
    dest: str
    partition: Partition | None
    tz: str | None
    redact: str | None
    optout: bool
    hide_hosts: bool
    pseudonyms: bool
    delay: float | None

    @property
    def is_piped(self) -> bool:
        """Whether the lines go to stdout."""
        return self.dest == STDOUT

    @property
    def withheld(self) -> Withheld:
        """The rules of withholding that were typed; without any, everything is exported."""
        redact = "" if self.redact == SHOW else self.redact or ""
        return Withheld(redact, self.optout, self.hide_hosts, self.pseudonyms)

    @property
    def destination(self) -> str:
        """The path of the destination, which does not depend on the working directory."""
        return absolute_path(self.dest)

    @property
    def typed(self) -> dict[str, Any]:
        """The options without format and destination, by their names."""
        return {name: value for name, value in asdict(self).items() if name not in {"to", "dest"}}

    def entry(self, wanted: Wanted, chosen: dict[str, Any], number: int) -> ExportEntry:
        """Return the entry of EXPORTS for one of the exports of these options."""
        typed = {**asdict(wanted), **chosen, **self.typed, _ABOUT: number}
        told = {name: _spelled(value) for name, value in typed.items() if value}
        return ExportEntry.made(self.to, self.destination, told)

    def exports(self, root: str, wanted: Wanted, chosen: dict[str, Any], now: str) -> list[Export]:
        """Return the export of a query, and that of the lines about the people it asks for.

        Raise UsageError for options that make no sense. `now` is the time of the clock.
        """
        exporter = exporter_named(self.to)
        if exporter.check is not None:
            exporter.check()
        query = self._query(wanted, chosen, now)
        reader = Reader(root, query.places, query.networks)
        query = terms.followed(query, wanted, reader, 0)
        withholding = withholding_of(self.withheld, reader, query)
        tz = parsers.parse_zone(self.tz or "UTC")
        by = Export(
            reader=reader,
            query=query,
            exporter=exporter,
            destination=self._destination(root),
            tz=tz,
            options=self._told(query) + withholding.told,
            filters=withholding.filters,
        )
        nicks = tuple(nicks_of(query.term)) if wanted.nicks else ()
        if not nicks or self.is_piped:
            return [by]
        about = self._query(replace(wanted, nicks=(), follow_nicks=False, accounts=()), chosen, now)
        about = about.showing(About(nicks))
        told = self._told(about) + withholding.told
        return [by, self._apart(by, about, told, nicks)]

    def _apart(self, by: Export, about: Query, told: str, nicks: tuple[str, ...]) -> Export:
        """Return the export of the events about people, by others."""
        return replace(
            by,
            query=about,
            destination=self._destination(by.reader.selected.root, is_about=True),
            options=told,
            title=f"About {', '.join(nicks)}",
        )

    def _query(self, wanted: Wanted, chosen: dict[str, Any], now: str) -> Query:
        match, tz = chosen["match"], self.tz or "UTC"
        return query_for(
            *([terms.matching(match, tz)] if match else []),
            *terms.terms_of(wanted, tz),
            *filters.times("", self.until(now)),
            *terms.places(chosen["targets"] or _EVERYTHING, chosen["network"]),
        )

    def until(self, now: str) -> str:
        """Return the time from which lines are left out, "" if all are exported."""
        return shifted(now, -int(self.delay * 1000)) if self.delay else ""

    def _destination(self, root: str, *, is_about: bool = False) -> Destination:
        """Return where the files go; raise UsageError for a place within the archive."""
        exporter = exporter_named(self.to)
        dest = STDOUT if self.is_piped else self.destination
        is_directory = os.path.isdir(dest)  # noqa: PTH112 - as above
        if is_about:
            dest = _about(dest, is_directory=is_directory or dest.endswith("/"))
        found = destination_of(dest, self.partition, exporter, is_directory=is_directory)
        if not self.is_piped:
            self.expect_outside(root, found.base or "/")
        return found

    def expect_outside(self, root: str, place: str) -> None:
        """Raise UsageError if a place lies within the archive."""
        base, archive = os.path.realpath(place), os.path.realpath(root)
        if base == archive or base.startswith(f"{archive}/"):
            raise UsageError(f"{self.dest} is in the archive itself; name a place outside")

    def _told(self, query: Query) -> str:
        """Return all settings that decide the bytes of files, but the times of the query."""
        return repr((self.to, __version__, self.tz, self.partition, query.term))


def export_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of an export to a command, which gets them as one `exporting`."""

    def gathered(**values: Any) -> Any:
        fields = {field: values.pop(field) for field in ExportOptions.__struct_fields__}
        return command(exporting=ExportOptions(**fields), **values)

    function = stands_for(gathered, command)
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def _about(dest: str, *, is_directory: bool) -> str:
    """Return the place of the lines about people, beside that of the lines by them."""
    if is_directory:
        return f"{dest.rstrip('/')}/{_ABOUT}/"
    directory, slash, name = dest.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    named = f"{stem}.{_ABOUT}.{suffix}" if stem and dot else f"{name}.{_ABOUT}"
    return f"{directory}{slash}{named}"


def _spelled(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
