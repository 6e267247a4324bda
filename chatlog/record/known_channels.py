"""Channels that earlier runs were to record: who asked for them, and the refusals reported.

They are one small file of the archive, replaced as a whole. Cron begins a run every
minute: without a memory, each would report the same refusal again, and none would
know that a channel was taken out of the configuration. If the file is lost or
damaged, a refusal is reported once more, and the range of a channel that was taken
out meanwhile stays open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.protocol.join_answers import SILENT, UNANSWERED
from chatlog.record.absences import News
from chatlog.record.memory_file import MemoryFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from chatlog.protocol.wanted import Absence

NAME: Final = ".channels.json"
_LONGEST: Final = 16 * 1024 * 1024
_FORGOTTEN: Final = "refused channels are reported once more by the next run"


class _Channel(msgspec.Struct, omit_defaults=True):
    """A channel: the configuration file that asks for it, and the cause last reported."""

    config: str = ""
    refused: str = ""


_File = dict[str, dict[str, _Channel]]


class KnownChannels:
    """The known channels of an archive, in a file that is read at the first question.

    `config` is the path of this run's configuration, "" if it has none; unless it is
    `whole`, the run has only some of the networks. Two runs at once may overwrite each
    other's news; then a refusal is reported once more.
    """

    def __init__(self, root: Path, config: str = "", *, whole: bool = True) -> None:
        self._file = MemoryFile(root / NAME, _File, _LONGEST, forgotten=_FORGOTTEN)
        self._config = config
        self._whole = whole

    def take_out(self, wanted: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
        """Keep the channels of this configuration; return those that it no longer has.

        `wanted` are the channels of each network. Names that differ only in case are one.
        """
        if not self._config:
            return []
        known = self._file.read()
        names = {network: {name.lower() for name in wanted[network]} for network in wanted}
        gone = [
            (network, name)
            for network, channels in known.items()
            if self._whole or network in names
            for name, channel in channels.items()
            if channel.config == self._config and name.lower() not in names.get(network, ())
        ]
        changed = _without(known, gone)
        for network, channels in wanted.items():
            for name in channels:
                channel = changed.setdefault(network, {}).get(name, _Channel())
                changed[network][name] = msgspec.structs.replace(channel, config=self._config)
        self._write(known, changed)
        return gone

    def news(self, network: str, absences: Iterable[Absence], joined: Iterable[str]) -> News:
        """Return the changes that no run reported yet, and keep them as reported.

        They are refusals, and channels among `joined` that refused us before. Refusals are
        alike if their cause is: a server may word each differently. A JOIN without an
        answer is no change of a channel that refused before.
        """
        known = self._file.read()
        before = known.get(network, {})
        changed = dict(before)
        fresh, back = [], []
        for absence in absences:
            channel = before.get(absence.channel, _Channel())
            is_silence = absence.cause in (UNANSWERED, SILENT) and channel.refused
            if channel.refused != absence.cause and not is_silence:
                fresh.append(absence)
                changed[absence.channel] = _Channel(channel.config, absence.cause)
        for name in joined:
            if name in before and before[name].refused:
                changed[name] = _Channel(before[name].config)
                if before[name].refused != UNANSWERED:
                    back.append(name)
        self._write(known, {**known, network: changed})
        return News(fresh, back)

    def _write(self, known: _File, changed: _File) -> None:
        kept = {
            network: {name: each for name, each in channels.items() if each != _Channel()}
            for network, channels in changed.items()
        }
        kept = {network: channels for network, channels in kept.items() if channels}
        if kept != known:
            self._file.write(kept)


def _without(known: _File, gone: Iterable[tuple[str, str]]) -> _File:
    left_out = set(gone)
    return {
        network: {name: each for name, each in channels.items() if (network, name) not in left_out}
        for network, channels in known.items()
    }
