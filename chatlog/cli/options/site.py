"""Options of `chatlog export --to site` into the settings of a site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec import Struct
from msgspec.structs import asdict, replace

from chatlog.archive.targets import Targets, spelled
from chatlog.cli.options.types import ParserType, PathType, stands_for
from chatlog.cli.show.nothing_found import warn_of_unknown
from chatlog.errors import UsageError
from chatlog.export.past_exports import ExportEntry
from chatlog.export.site.settings import SiteSettings, channel_key
from chatlog.export.withholding import HIDE
from chatlog.read.reader import Reader
from chatlog.settings import parsers
from chatlog.settings.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.cli.options.exporting import ExportOptions
    from chatlog.cli.options.query import Wanted
    from chatlog.export.withholding import Withheld


def _parse_channel_text(typed: str) -> tuple[str, str]:
    """Return the target and the text that were typed; UsageError if one is missing."""
    target, _, text = typed.partition("=")
    if not target or not text.strip():
        raise UsageError("say a channel and its text: '#python=Ask anything.'")
    return target, text.strip()


_OPTIONS: Final = (
    click.option("--title", metavar="TEXT", help="Title of the site. Default: Chat logs."),
    click.option(
        "--url",
        metavar="URL",
        help="Address of the site, for feeds, the sitemap and previews of links.",
    ),
    click.option(
        "--channel-text",
        "channel_texts",
        multiple=True,
        type=ParserType(_parse_channel_text),
        metavar="TARGET=TEXT",
        help="Text above the calendar of a channel, repeatable: '#python=Ask anything.'",
    ),
    click.option("--contact", metavar="TEXT", help="Contact, for the foot of each page."),
    click.option("--licence", metavar="TEXT", help="Licence of the logs, for the foot."),
    click.option("--removal", metavar="TEXT", help="How to ask for removal, for the foot."),
    click.option("--noindex", is_flag=True, help="Ask search engines to leave the site out."),
    click.option("--show-hosts", is_flag=True, help="Show hosts and masks of people."),
    click.option(
        "--templates",
        type=PathType(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="Templates, style sheets and scripts that come before those of chatlog.",
    ),
)
SITE_OPTIONS: Final = (
    *("--title", "--url", "--channel-text", "--contact", "--licence", "--removal"),
    *("--noindex", "--show-hosts", "--templates"),
)
"""The options of a help page's section about sites."""


class SiteOptions(Struct, frozen=True):
    """The options of a site as typed."""

    title: str | None
    url: str | None
    channel_texts: tuple[tuple[str, str], ...]
    contact: str | None
    licence: str | None
    removal: str | None
    noindex: bool
    show_hosts: bool
    templates: Path | None

    def expect_none(self) -> None:
        """Raise UsageError if one was typed, as of a format that has no pages."""
        typed = [name for name, value in asdict(self).items() if value]
        if typed:
            option = typed[0].removesuffix("s") if typed[0] == "channel_texts" else typed[0]
            raise UsageError(f"--{option.replace('_', '-')} is for --to site")

    def reader(self, root: str, wanted: Wanted, chosen: dict[str, Any]) -> Reader:
        """Return the reader of the channels of a site; UsageError for filters of lines."""
        if not wanted.is_nothing or chosen["match"]:
            raise UsageError("a site shows whole channels; name channels, and leave out filters")
        network = chosen["network"]
        return Reader(root, chosen["targets"], (network,) if network else ())

    def settings(self, exporting: ExportOptions, root: str, now: str) -> SiteSettings:
        """Return the settings of a site, `now` being the time; UsageError for an impossible one."""
        if exporting.is_piped or exporting.partition is not None or "{" in exporting.dest:
            raise UsageError("a site is a directory of pages by day; say -o DIR alone")
        exporting.expect_outside(root, exporting.dest)
        if exporting.hide_hosts and self.show_hosts:
            raise UsageError("--hide-hosts and --show-hosts contradict each other; say one")
        zone = exporting.tz or "UTC"
        url = self.url or ""
        if url and not url.startswith(("https://", "http://")):
            raise UsageError(f"--url: {url!r} is no address such as https://logs.example.org/")
        return SiteSettings(
            title=self.title or "Chat logs",
            url=f"{url.rstrip('/')}/" if url else "",
            tz=parsers.parse_zone(zone),
            zone=zone,
            texts=self._texts(root),
            hosts={name: preset.servers[0].host for name, preset in PRESETS.items()},
            contact=self.contact or "",
            licence=self.licence or "",
            removal=self.removal or "",
            noindex=self.noindex,
            withheld=self._withheld(exporting),
            until=exporting.until(now),
            templates=self.templates,
        )

    def _texts(self, root: str) -> dict[str, str]:
        """Return the texts of channels by network and name; report texts that no channel gets."""
        texts = {}
        for pattern, text in self.channel_texts:
            targets = Targets(root, (pattern,))
            warn_of_unknown(targets, at_least=1)
            for target in targets.find():
                texts[channel_key(spelled(target.network), spelled(target.name))] = text
        return texts

    def _withheld(self, exporting: ExportOptions) -> Withheld:
        """Return the rules of withholding of a site, by default all but pseudonyms."""
        chosen = exporting.withheld
        redact = chosen.redact if exporting.redact else HIDE
        return replace(chosen, redact=redact, optout=True, hide_hosts=not self.show_hosts)

    def entry(self, exporting: ExportOptions, reader: Reader) -> ExportEntry:
        """Return the entry of EXPORTS for a site: one directory is one site."""
        targets = ", ".join(reader.selected.patterns)
        typed = {**asdict(self), **exporting.typed}
        told = {name: str(value) for name, value in typed.items() if value}
        entry = ExportEntry.made(exporting.to, exporting.destination, {})
        return ExportEntry(
            id=entry.id,
            format=entry.format,
            destination=entry.destination,
            options={**told, "targets": targets} if targets else told,
        )


def site_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a site to a command, which gets them as one `publishing`."""

    def gathered(**values: Any) -> Any:
        fields = {field: values.pop(field) for field in SiteOptions.__struct_fields__}
        return command(publishing=SiteOptions(**fields), **values)

    function = stands_for(gathered, command)
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
