"""A setting: a key of chatlog.toml, with its option and its environment variable.

A row stands where its value does: it annotates a field of the Struct that holds
the value, and the field gives the name and the default. `settings_of` collects
the rows of a Struct.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from chatlog.settings.kinds import FilePath, SecretText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.settings.kinds import Kind


class Scope(StrEnum):
    """The table of chatlog.toml that a key belongs to."""

    RUN = "run"  # before the tables
    STORAGE = "storage"
    NETWORK = "network"
    CHANNEL = "channel"
    RULE = "rule"


class Section(StrEnum):
    """A heading under which settings are listed."""

    MONITORING = "Monitoring"
    SHARING = "Several recorders"
    TRANSCRIPTS = "Transcripts"
    DISK = "Disk"
    RETENTION = "Sealing and retention"
    RULE = "Rule"
    NETWORK = "Network"
    IDENTITY = "Identity"
    LOGIN = "Login"
    CONNECTION = "Connection"
    RECORDING = "Recording"
    MANNERS = "Manners"
    CHANNEL = "Channel"


class Setting(msgspec.Struct, frozen=True):
    """One setting: a row of the table.

    `help` is a sentence for option, document and example alike; `option_help`
    takes its place where the option takes less or more than the key. `unset`
    names the effect of a setting that has no default value, and `option_unset`
    the effect of leaving the option out, if that differs. `note` is more for the
    document, in Markdown.

    `former` is the name that key, option and variable had before, which is still
    accepted, with a warning; `former_short` that of the short option.

    `singular` is the name of the option that is repeated for a list. Without
    `option` the setting has none; with `env` a variable CHATLOG_NAME stands for
    the option. Without `shared` a key has no place in [defaults]. `example` is
    TOML for the commented example, instead of the default; a secret's names a
    file.

    `name`, `scope` and `default` come from the field that the row annotates; a
    field without a default leaves None.
    """

    section: Section
    kind: Kind
    help: str
    option_help: str = ""
    unset: str = ""
    option_unset: str = ""
    note: str = ""
    singular: str = ""
    short: str = ""
    former: str = ""
    former_short: str = ""
    option: bool = True
    env: bool = False
    shared: bool = True
    example: str = ""
    name: str = ""
    scope: Scope = Scope.RUN
    default: Any = None

    @property
    def field(self) -> str:
        """The field of the Struct that holds the value."""
        return self.name.replace("-", "_")

    @property
    def is_secret(self) -> bool:
        """Whether the value is a secret: then the option names a file that holds it."""
        return isinstance(self.kind, SecretText)

    @property
    def is_private(self) -> bool:
        """Whether the value is the path of a file that may hold a private key."""
        return isinstance(self.kind, FilePath) and self.kind.private

    @property
    def option_name(self) -> str:
        """The name of the option, without hyphens before it."""
        return f"{self.name}-file" if self.is_secret else self.singular or self.name


def variable(name: str) -> str:
    """Return the environment variable of an option's name."""
    return f"CHATLOG_{name.upper().replace('-', '_')}"


def settings_of(record: type[msgspec.Struct], scope: Scope) -> tuple[Setting, ...]:
    """Return the rows that annotate the fields of a Struct, in their order."""
    return tuple(_rows(record, scope))


def _rows(record: type[msgspec.Struct], scope: Scope) -> Iterator[Setting]:
    fields, defaults = record.__struct_fields__, record.__struct_defaults__
    without = (None,) * (len(fields) - len(defaults))
    for field, default in zip(fields, (*without, *defaults), strict=True):
        for row in getattr(record.__annotations__[field], "__metadata__", ()):
            yield msgspec.structs.replace(
                row,
                name=field.replace("_", "-"),
                scope=scope,
                default=None if default is msgspec.NODEFAULT else default,
            )
