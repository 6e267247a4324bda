"""Settings of the archive: options over the environment over chatlog.toml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec.structs import replace

from chatlog.archive.compression import COMPRESSIONS
from chatlog.archive.layout import Rotate
from chatlog.archive.rules import ALL, Rule, Rules
from chatlog.archive.storage import Storage, Sync
from chatlog.cli.options.types import PathType, given, is_typed
from chatlog.errors import UsageError
from chatlog.settings import parsers
from chatlog.settings.classes import ClassSelection, chosen
from chatlog.settings.file import load_storage
from chatlog.settings.keep import over
from chatlog.settings.locations import data_directory, found_config
from chatlog.settings.storage import StorageConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.settings.rule import RuleConfig

storage_config_option: Final = click.option(
    "--config",
    envvar="CHATLOG_CONFIG",
    type=PathType(path_type=Path),
    metavar="FILE",
    help="Configuration, for its [storage]. Default: the user's, else the system's.",
)
"""The option of a command that takes nothing but the archive's settings from a file."""


def typed_storage(ctx: click.Context) -> Storage:
    """Return where and how the archive of a command is kept; UsageError for a bad setting."""
    typed = given(ctx)
    return storage_of(typed_over(storage_beside(ctx, typed), typed))


def typed_over(kept: StorageConfig, typed: dict[str, Any]) -> StorageConfig:
    """Return the settings of a file with options and environment over them."""
    fields = {name: typed[name] for name in StorageConfig.__struct_fields__ if name in typed}
    rules = kept.rules
    if "record" in fields:
        fields["record"] = words = ClassSelection.joined(fields["record"])
        _expect_choice(words)
        rules = tuple(replace(each, record=()) for each in rules)
    if "keep" in fields:
        times = fields["keep"]
        fields["keep"] = over(kept.keep or (), times)
        rules = tuple(
            replace(each, keep=over(each.keep, times)) if each.keep else each for each in rules
        )
    return replace(kept, **fields, rules=rules)


def _expect_choice(words: Iterable[str]) -> None:
    try:
        chosen(words)
    except UsageError as error:
        raise UsageError(f"--record: {error}") from None


def storage_beside(ctx: click.Context, typed: dict[str, Any]) -> StorageConfig:
    """Return the settings of the archive in the configuration of a command; defaults without one.

    They are defaults as well if the file speaks of another archive.
    """
    file = ctx.params["config"] or found_config()
    kept = StorageConfig() if file is None else load_storage(file)
    return StorageConfig() if speaks_of_another(ctx, kept, typed) else kept


def speaks_of_another(ctx: click.Context, kept: StorageConfig, typed: dict[str, Any]) -> bool:
    """Return whether a file speaks of another archive than that of a command.

    An archive is another one if it is named more directly than the file: by an option,
    or by a variable if the file was only found. The file's retention must not remove
    what is in that one.
    """
    if "archive" not in typed or is_typed(ctx, "config"):
        return False
    if ctx.params["config"] and not is_typed(ctx, "archive"):
        return False
    own = Path(kept.archive) if kept.archive else data_directory()
    return Path(typed["archive"]).resolve() != own.resolve()


def without_retention(kept: StorageConfig) -> StorageConfig:
    """Return settings of an archive from which nothing is ever removed."""
    rules = tuple(replace(each, keep=None) for each in kept.rules)
    return replace(kept, keep=None, keep_bytes=None, rules=rules)


def storage_of(kept: StorageConfig) -> Storage:
    """Return where and how transcripts are kept; raise UsageError for a bad setting."""
    parsers.parse_zone(kept.tz or "UTC")
    COMPRESSIONS[kept.compress].require()
    return Storage(
        root=Path(kept.archive) if kept.archive else data_directory(),
        formats=tuple(dict.fromkeys(kept.format)),
        rotate=Rotate(kept.rotate),
        rotate_size=kept.rotate_size,
        tz=kept.tz or "UTC",
        keep_formatting=kept.keep_formatting,
        file_mode=kept.file_mode,
        sync=Sync(kept.sync),
        sync_interval=kept.sync_interval,
        spool_dir=Path(kept.spool_dir).absolute() if kept.spool_dir else None,
        spool_size=kept.spool_size,
        min_free=kept.min_free,
        compress=kept.compress,
        keep=dict(kept.keep or ()).get(ALL),
        keep_bytes=kept.keep_bytes,
        rules=rules_of(kept),
    )


def rules_of(kept: StorageConfig) -> Rules:
    """Return the classes to record and how long to keep each, for all and by the rules."""
    keep = dict(kept.keep or ())
    return Rules(record=chosen(kept.record), keep=keep, rules=tuple(map(_rule_of, kept.rules)))


def _rule_of(rule: RuleConfig) -> Rule:
    record = chosen(rule.record) if rule.record else None
    keep = dict(rule.keep or ())
    return Rule(channels=rule.channels, networks=rule.networks, record=record, keep=keep)
