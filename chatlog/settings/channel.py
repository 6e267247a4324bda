"""The settings of a channel, and the two forms of a channel in chatlog.toml.

The annotations are evaluated, so this module does without the __future__ of
the others: `settings_of` finds the rows in them.
"""

from typing import Annotated, Any, ClassVar, Final

import msgspec

from chatlog.secret import Secret
from chatlog.settings import parsers
from chatlog.settings.key_path import KeyPath, parse_at
from chatlog.settings.kinds import Flag, Parsed, SecretText, Several
from chatlog.settings.setting import Scope, Section, Setting, settings_of
from chatlog.settings.toml_table import keys_of, read_table


# fmt: off
class ChannelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A channel to record, or to join without recording it."""

    name: Annotated[str, Setting(
        Section.CHANNEL, Parsed(parsers.channel_name, "NAME"), "Name of the channel.",
        option=False, example='"#python"',
    )]
    key: Annotated[Secret, Setting(
        Section.CHANNEL, SecretText(parsers.parse_channel_key), "Key to join with (mode +k).",
        option=False, example='"team.key"',
    )] = Secret()
    nolog: Annotated[bool, Setting(
        Section.CHANNEL, Flag(), "Join the channel and record nothing.", option=False,
    )] = False
    relay: Annotated[tuple[str, ...], Setting(
        Section.CHANNEL, Several(Parsed(parsers.parse_mask, "MASK")),
        "Relays of this channel alone, in addition to those of the network.",
        option=False, example='["telegrambot"]',
    )] = ()
# fmt: on


CHANNEL: Final = settings_of(ChannelConfig, Scope.CHANNEL)
"""The rows of a channel's table."""

_KEYS: Final = keys_of(CHANNEL)


class ListedChannel(msgspec.Struct, frozen=True):
    """A kind of values: a channel by its name, or in TOML by a table with a name."""

    metavar: ClassVar[str] = "NAME"

    def parse(self, text: str) -> ChannelConfig:
        """Parse the name of a channel."""
        return ChannelConfig(name=parsers.channel_name(text))

    def read(self, value: Any, place: KeyPath) -> Any:
        """Read a name or a table."""
        if isinstance(value, str):
            return parse_at(self.parse, value, place)
        values = read_table(value, _KEYS, place)
        if "name" not in values:
            raise place.at("name").refuse('a channel needs a name; say {name = "#python"}')
        return ChannelConfig(**values)

    def spell(self, value: ChannelConfig) -> str:
        """Return the name."""
        return value.name
