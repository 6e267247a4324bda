"""Networks that are known by name: their servers and their quirks.

A table without behaviour: its readers look up what they need. It leaves out
everything that a server announces itself (ISUPPORT, capabilities), and accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.settings.server_names import TLS_PORT, ServerName

if TYPE_CHECKING:
    from collections.abc import Iterable


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """A network and its quirks.

    `joins_per`, `sends_per` and `logins_per` are a number and the seconds that it holds for;
    None is the usual pace. Every channel of a JOIN counts. `capabilities` are
    requested beside the usual ones. `anonymous_nick`, with digits added, needs
    no account.
    """

    name: str
    servers: tuple[ServerName, ...]
    capabilities: tuple[str, ...] = ()
    anonymous_nick: str = ""
    joins_per: tuple[int, float] | None = None
    sends_per: tuple[int, float] | None = None
    channels_per_connection: int | None = None
    shares_nick: bool = False  # several connections may have one nick
    logins_per: tuple[int, float] | None = None
    no_user_modes: bool = False
    lower_case: bool = False  # of nicks and channels: the network finds no other spelling
    note: str = ""

    def spell(self, name: str) -> str:
        """Spell a channel or a nick as the network wants it."""
        return name.lower() if self.lower_case else name


_ALL: Final = (
    Preset(
        name="libera",
        servers=(ServerName("irc.libera.chat", TLS_PORT),),
        note="https://libera.chat/guides/connect",
    ),
    Preset(
        name="oftc",
        servers=(ServerName("irc.oftc.net", TLS_PORT),),
        note="logs in by client-cert or nickserv-password; https://www.oftc.net",
    ),
    Preset(
        name="twitch",
        servers=(ServerName("irc.chat.twitch.tv", TLS_PORT),),
        capabilities=("twitch.tv/tags", "twitch.tv/commands", "twitch.tv/membership"),
        anonymous_nick="justinfan",
        joins_per=(20, 10.0),
        sends_per=(20, 30.0),
        channels_per_connection=100,
        shares_nick=True,
        logins_per=(20, 10.0),
        no_user_modes=True,
        lower_case=True,
        note=(
            "without a password it only listens; 100 channels on each connection;"
            " https://dev.twitch.tv/docs/chat/irc/"
        ),
    ),
)

PRESETS: Final = {preset.name: preset for preset in _ALL}
"""Each preset by its name."""

_BY_HOST: Final = {server.host: preset for preset in _ALL for server in preset.servers}


def preset_for(name: str) -> Preset | None:
    """Return the preset of a name, in any case, or None."""
    return PRESETS.get(name.lower())


def find_preset(name: str, servers: Iterable[ServerName]) -> Preset | None:
    """Return the preset that a network names, else that of its first known host, or None."""
    by_host = (preset_of_host(server.host) for server in servers)
    return PRESETS.get(name) or next(filter(None, by_host), None)


def preset_of_host(host: str) -> Preset | None:
    """Return the preset of the network that a host belongs to, or None."""
    return _BY_HOST.get(host.lower().removesuffix("."))
