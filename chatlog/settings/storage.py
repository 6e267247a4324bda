"""The settings of the archive: each field with its row of the table and its default.

The annotations are evaluated, so this module does without the __future__ of
the others: `settings_of` finds the rows in them.
"""

from typing import Annotated, Final

import msgspec

from chatlog.settings import parsers
from chatlog.settings.classes import ClassSelection
from chatlog.settings.keep import Keep, KeepTimes
from chatlog.settings.kinds import DIRECTORY, Choice, Duration, Flag, Parsed, Several, Size
from chatlog.settings.rule import ListedRule, RuleConfig
from chatlog.settings.setting import Section, Setting

FORMATS: Final = ("jsonl", "text")
ROTATIONS: Final = ("hourly", "daily", "weekly", "monthly", "never")
COMPRESSIONS: Final = ("gzip", "zstd", "none")
SYNCS: Final = ("interval", "always", "never")


# fmt: off
class StorageConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The form of an archive; sizes are in bytes, durations in seconds.

    None is no limit.
    """

    # -- transcripts

    archive: Annotated[str, Setting(
        Section.TRANSCRIPTS, DIRECTORY, "Directory of the archive.",
        option_unset="the configuration's, else the user's data directory",
        unset="the user's data directory", short="a", env=True,
        former="output", former_short="o", example='"archive"',
    )] = ""
    format: Annotated[tuple[str, ...], Setting(
        Section.TRANSCRIPTS, Several(Choice(FORMATS), least=1), "Format of transcripts.",
    )] = ("jsonl",)
    record: Annotated[tuple[str, ...], Setting(
        Section.TRANSCRIPTS, ClassSelection(),
        "Classes of events to record: talk, topic, presence, moderation, server;"
        " with - before it, all but that.",
        note="See [Rules](#rules).", unset="all", example='["talk", "topic", "moderation"]',
    )] = ()
    rules: Annotated[tuple[RuleConfig, ...], Setting(
        Section.TRANSCRIPTS, Several(ListedRule()),
        "Rules for some channels and networks; the first one that matches counts.",
        note="See [Rules](#rules).", option=False,
        example='[{channels = ["#support*"], record = ["talk"]}]',
    )] = ()
    rotate: Annotated[str, Setting(
        Section.TRANSCRIPTS, Choice(ROTATIONS), "When to begin a new segment.",
    )] = "daily"
    rotate_size: Annotated[int | None, Setting(
        Section.TRANSCRIPTS, Size(),
        "Begin a new part before a segment exceeds this size, such as 10M.",
        unset="no limit", example='"10M"',
    )] = None
    tz: Annotated[str, Setting(
        Section.TRANSCRIPTS, Parsed(parsers.zone_name, "ZONE"),
        "Time zone of the text format, such as Europe/Berlin.", env=True,
    )] = "UTC"
    keep_formatting: Annotated[bool, Setting(
        Section.TRANSCRIPTS, Flag(), "Keep mIRC colours and bold in the text format.",
    )] = False
    file_mode: Annotated[int, Setting(
        Section.TRANSCRIPTS, Parsed(parsers.parse_file_mode, "MODE", "{:o}".format),
        "Permissions of new segments, less the umask.",
    )] = 0o640

    # -- disk

    sync: Annotated[str, Setting(
        Section.DISK, Choice(SYNCS), "When to fsync. A killed process never loses lines.",
        note='`"always"` is after every read; see [trust.md](trust.md).',
    )] = "interval"
    sync_interval: Annotated[float, Setting(
        Section.DISK, Duration(), "Time between fsyncs: the most that a power cut can lose.",
    )] = 1.0
    spool_dir: Annotated[str, Setting(
        Section.DISK, DIRECTORY,
        "Directory, on another disk, for lines that wait while the disk is full.",
        unset="memory, which a crash loses", env=True, example='"/var/spool/chatlog"',
    )] = ""
    spool_size: Annotated[int, Setting(
        Section.DISK, Size(), "Pause reading when this much waits for a full disk.",
    )] = 64 * 1024 * 1024
    min_free: Annotated[int, Setting(
        Section.DISK, Size(least=0), "Warn if the disk has less free space than this; 0: never.",
    )] = 100 * 1024 * 1024

    # -- sealing and retention

    compress: Annotated[str, Setting(
        Section.RETENTION, Choice(COMPRESSIONS), "Compression of segments whose period is over.",
        note='`"zstd"` needs the extra of that name.',
    )] = "gzip"
    keep: Annotated[Keep | None, Setting(
        Section.RETENTION, KeepTimes(),
        "Remove segments this long after their period ends, such as 90d; of one class of events:"
        " presence=30d, talk=forever.",
        note="A table has a time for each class; see [Rules](#rules).",
        unset="never", example='"90d"',
    )] = None
    keep_bytes: Annotated[int | None, Setting(
        Section.RETENTION, Size(),
        "Remove the oldest segments of an archive larger than this, such as 10G.",
        unset="never", example='"10G"',
    )] = None
