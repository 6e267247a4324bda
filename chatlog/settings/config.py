"""The configuration: its networks, its storage, and the settings of the run itself.

The annotations are evaluated, so this module does without the __future__ of
the others: `settings_of` finds the rows in them.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from chatlog.settings.kinds import FILE, Count, Parsed
from chatlog.settings.listen import Listen, parse_listen, spell_listen
from chatlog.settings.network import NetworkConfig
from chatlog.settings.parsers import parse_command
from chatlog.settings.setting import Section, Setting
from chatlog.settings.shard import Shard, parse_shard, spell_shard
from chatlog.settings.storage import StorageConfig

LISTEN = Parsed(parse_listen, "HOST:PORT", spell_listen)
COMMAND = Parsed(parse_command, "COMMAND")
SHARD = Parsed(parse_shard, "K/N", spell_shard)


# fmt: off
class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration: networks in the order of the file, and warnings of one line each.

    `path` is None if no file was read; `is_part` tells that one network of it was chosen.
    """

    networks: dict[str, NetworkConfig]
    path: Path | None = None
    is_part: bool = False
    storage: StorageConfig = StorageConfig()
    metrics_file: Annotated[str, Setting(
        Section.MONITORING, FILE, "File for metrics, read by the Prometheus node exporter.",
        env=True, example='"/var/lib/node_exporter/chatlog.prom"',
    )] = ""
    metrics_listen: Annotated[Listen | None, Setting(
        Section.MONITORING, LISTEN, "Serve metrics for Prometheus by HTTP on this address.",
        unset="none", env=True, example='"127.0.0.1:9464"',
        note="Anybody who reaches the address can read the names of networks and channels there:"
        " docs/unattended.md.",
    )] = None
    pipe: Annotated[str, Setting(
        Section.MONITORING, COMMAND, "Give each line that is recorded to this command.",
        unset="none", env=True, example='"/usr/local/bin/irc-to-kafka"',
        note="It runs beside the recorder, and prints the cursors of lines that it took:"
        " docs/pipe.md. A change counts from the next run.",
    )] = ""
    shard: Annotated[Shard | None, Setting(
        Section.SHARING, SHARD, "Record this share of the channels: 2/5 is the second of five.",
        unset="all channels", env=True, example='"2/5"',
        note="Every recorder has the same networks and channels; docs/scale.md has more.",
    )] = None
    replicas: Annotated[int, Setting(
        Section.SHARING, Count(1), "Number of shards that record each channel.", env=True,
    )] = 1
    warnings: tuple[str, ...] = ()
