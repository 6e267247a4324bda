"""The settings of a site, and the places of its files. Pure."""

from __future__ import annotations

import hashlib
from datetime import UTC
from pathlib import Path  # noqa: TC003 - msgspec reads it
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from chatlog.export.withholding import HIDE, Withheld

if TYPE_CHECKING:
    from datetime import tzinfo

_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


class SiteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a site.

    Days and times are in `tz`, which `zone` names. `url` is where the site will be, with a `/` at
    the end, "" if nobody says: feeds, the sitemap and previews of links need it. `contact`,
    `licence` and `removal` are texts of the footer. `noindex` asks search engines to stay away.
    `withheld` is left out, and so are events of `until` and later, "" for no bound. Templates in
    `templates` come before ours. `texts` are shown above the calendars of channels, by their
    `channel_key`. `hosts` has servers of networks by their names, for links to live channels.
    """

    title: str = "Chat logs"
    url: str = ""
    tz: tzinfo = UTC
    zone: str = "UTC"
    contact: str = ""
    licence: str = ""
    removal: str = ""
    noindex: bool = False
    withheld: Withheld = Withheld(redact=HIDE, optout=True, hide_hosts=True)
    until: str = ""
    templates: Path | None = None
    texts: dict[str, str] = {}
    hosts: dict[str, str] = {}

    def live(self, channel: SiteChannel) -> str:
        """Return the link to a channel on its network, "" if no server of that is known."""
        host = self.hosts.get(channel.network.lower(), "")
        if not host and "." in channel.network:
            host = channel.network
        return f"ircs://{_quoted(host)}/{_quoted(channel.name)}" if host else ""


def channel_key(network: str, name: str) -> str:
    """Return the key of a channel among all channels of a site."""
    return f"{network}/{name}"


class SiteChannel(msgspec.Struct, frozen=True, order=True):
    """A channel of the site: its network and name, and the directories of its pages.

    `network_directory` and `directory` are made of letters, digits, `.`, `-` and `_`: no web
    server, browser or search engine takes them for anything else.
    """

    network: str
    name: str
    network_directory: str
    directory: str

    @property
    def path(self) -> str:
        """The directory of its pages below the site."""
        return f"{self.network_directory}/{self.directory}"


def _quoted(name: str) -> str:
    return quote(name, safe="", errors="surrogatepass")


def safe_directory(name: str) -> str:
    """Return the name of a network or a channel as a directory; `#python` is `python`.

    Each other byte than letters, digits, `.` and `-` is `_` and two digits. A name that would be
    longer than file systems take ends in `_-` and a digest. Injective among channels, of which
    none begins with a letter, and among networks.
    """
    octets = name.encode("utf-8", "surrogatepass")
    if octets[:1] == b"#" and chr((octets[1:2] or b"#")[0]) in _FIRST:
        octets = octets[1:]
    shown = [chr(each) if chr(each) in _PLAIN else f"_{each:02x}" for each in octets]
    if shown and shown[0] == ".":
        shown[0] = "_2e"
    made = "".join(shown) or "_"
    if len(made) <= _LONGEST:
        return made
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{made[: _LONGEST - _DIGEST - 2]}_-{digest}"


_LONGEST: Final = 120
_DIGEST: Final = 32
_FIRST: Final = _PLAIN - frozenset(".-")
