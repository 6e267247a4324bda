"""Ledgers, files of networks, and statuses of runs of an archive, as messages.

A message says what a file holds, and where: sent again it changes nothing. A ledger is sent from
where it was sent to before, and as a whole if it was compacted since.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from chatlog.archive import networks, rooms
from chatlog.archive.files import beginning_of, reported, state_of
from chatlog.archive.system import replace_file
from chatlog.bus.messages import PIECE, BusMessage, LedgerPiece, NetworkFile, RunReport, encode
from chatlog.bus.subjects import RUNS, ledger_subject, network_subject
from chatlog.coverage import ledger
from chatlog.health.runs import is_alive, read_runs
from chatlog.upkeep.witness import TargetPlace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from chatlog.archive.system import System
    from chatlog.archive.targets import Target

NETWORK_FILES: Final = (networks.NAME, rooms.NAME)
"""The files of a network that are sent."""
_LONGEST: Final = 512 * 1024
_CHECKED: Final = 4096  # bytes before a position, by which a ledger is known again


class _Sent(msgspec.Struct, array_like=True):
    """The part of a file that was sent: its inode, the bytes, and a check of the last ones."""

    inode: int
    size: int
    check: int


class KnownFiles:
    """The files of an archive that a shipper has sent, kept in one file of its own.

    If that file is lost or damaged, all are sent again.
    """

    def __init__(self, root: Path, path: Path, system: System) -> None:
        self._root = root
        self._path = path
        self._system = system
        self._sent: dict[str, _Sent] = {}
        self._runs: dict[str, RunReport] = {}
        self._is_kept = True
        try:
            self._sent = msgspec.json.decode(path.read_bytes(), type=dict[str, _Sent])
        except (OSError, msgspec.MsgspecError):
            self._sent = {}

    def network_files(self, targets: Sequence[Target]) -> list[BusMessage]:
        """Return the messages of files that changed, without which lines cannot be filed."""
        networks = dict.fromkeys(target.network for target in targets)
        return [message for network in networks for message in self._files_of(network)]

    def changes(self, targets: Sequence[Target]) -> list[BusMessage]:
        """Return the messages of ledgers that changed since the last call, then those of runs.

        They tell of lines that are there by now.
        """
        ledgers = (message for target in targets for message in self._ledger(target))
        return [*ledgers, *self._run_reports()]

    def forget(self) -> None:
        """Forget that files were sent, so that all are sent once more."""
        self._sent.clear()
        self._runs.clear()

    def keep(self) -> None:
        """Write how far the files were sent, once the messages of `changes` were published."""
        if self._is_kept:
            return
        data = msgspec.json.encode(self._sent)
        replace_file(self._path, data, system=self._system, durable=False)
        self._is_kept = True

    def _files_of(self, network: str) -> Iterator[BusMessage]:
        for name in NETWORK_FILES:
            path = self._root / network / name
            content = beginning_of(path, _LONGEST)
            if content is None:
                continue
            key, sent = f"{network}/{name}", _Sent(0, len(content), zlib.crc32(content))
            if self._sent.get(key) != sent:
                self._note(key, sent)
                yield BusMessage(network_subject(network), encode(NetworkFile(name, content)))

    def _ledger(self, target: Target) -> Iterator[BusMessage]:
        path = f"{target.path}/{ledger.NAME}"
        key, state = f"{target.network}/{target.name}", state_of(path)
        sent = self._sent.get(key)
        if state is None or (sent is not None and (sent.inode, sent.size) == state[:2]):
            return
        subject = ledger_subject(TargetPlace(target.network, target.name))
        with reported(path, doing="read"), open(path, "rb") as file:  # noqa: PTH123
            inode = os.fstat(file.fileno()).st_ino
            offset = 0
            if sent is not None and sent.inode == inode and _goes_on(file.fileno(), sent):
                offset = sent.size
            file.seek(offset)
            for piece in _pieces(file):
                check = check_before(file.fileno(), offset)
                yield BusMessage(subject, encode(LedgerPiece(offset, check, piece)))
                offset += len(piece)
            self._note(key, _Sent(inode, offset, check_before(file.fileno(), offset)))

    def _note(self, key: str, sent: _Sent) -> None:
        self._sent[key] = sent
        self._is_kept = False

    def _run_reports(self) -> Iterator[BusMessage]:
        for run in read_runs(self._root):
            name = run.path.stem
            report = RunReport(name, is_alive(run.path), run.data)
            if self._runs.get(name) != report:
                self._runs[name] = report
                yield BusMessage(RUNS, encode(report))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield the whole lines of a file from where it is, some at once."""
    rest = b""
    while block := file.read(PIECE):
        whole = block.rfind(b"\n") + 1
        if whole:
            yield rest + block[:whole]
            rest = block[whole:]
        else:
            rest += block


def _goes_on(fd: int, sent: _Sent) -> bool:
    """Return whether a file begins with the bytes that were sent."""
    return os.fstat(fd).st_size >= sent.size and check_before(fd, sent.size) == sent.check


def check_before(fd: int, end: int) -> int:
    """Return the CRC-32 of the last bytes before a position of a file, 4096 at most."""
    begin = max(0, end - _CHECKED)
    return zlib.crc32(os.pread(fd, end - begin, begin))
