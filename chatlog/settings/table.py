"""The table of settings, and its views by scope and by section.

Options, keys of chatlog.toml, environment variables, the tables of
docs/configuration.md and the commented example are made from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.settings.channel import CHANNEL
from chatlog.settings.config import Config
from chatlog.settings.network import NetworkConfig
from chatlog.settings.rule import RULE
from chatlog.settings.setting import Scope, settings_of
from chatlog.settings.storage import StorageConfig

if TYPE_CHECKING:
    from chatlog.settings.setting import Section, Setting

SETTINGS: Final = (
    *settings_of(Config, Scope.RUN),
    *settings_of(StorageConfig, Scope.STORAGE),
    *RULE,
    *settings_of(NetworkConfig, Scope.NETWORK),
    *CHANNEL,
)
"""Every setting, in the order in which people see them."""

SECRETS: Final = tuple(each for each in SETTINGS if each.is_secret)
"""The settings whose value is a secret."""

PRIVATE_FILES: Final = tuple(each for each in SETTINGS if each.is_private)
"""The settings that name a file that may hold a private key."""


def of_scope(scope: Scope) -> tuple[Setting, ...]:
    """Return the settings of a table of chatlog.toml."""
    return tuple(each for each in SETTINGS if each.scope is scope)


def of_sections(*sections: Section) -> tuple[Setting, ...]:
    """Return the settings of some sections, section by section."""
    return tuple(each for section in sections for each in SETTINGS if each.section is section)
