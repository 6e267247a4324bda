"""The reading of one log after another: each is decoded once if it is like the one before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from chatlog.ingest.dialects import dialect_named
from chatlog.ingest.log_files import LogContents, LogFile, find_logs
from chatlog.ingest.log_reader import LogReader
from chatlog.ingest.options import ImportOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.formats.dialects.dialect import LogDecoder, LogFacts
    from chatlog.ingest.log_reader import ReadLog

_GOLDEN = Path(__file__).parents[1] / "golden/dialects"
_AT = "2026-11-23T18:20:01.123Z"
_ZNC = b"[18:20:01] <ann> hello\n[18:20:02] *** Joins: bob (~bob@example.org)\n"
_IRSSI = b"--- Log opened Mon Nov 23 18:20:01 2026\n18:20 < ann> hello\n18:21 < bob> hi\n"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Return a directory of ZNC's, whose paths tell the network and the channel."""
    directory = tmp_path / "users/ann/moddata/log/libera/#c"
    directory.mkdir(parents=True)
    return directory


def _written(path: Path, content: bytes) -> LogFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return LogFile(str(path), len(content))


def _read(reader: LogReader, file: LogFile, tmp_path: Path) -> ReadLog:
    return reader.read(file, tmp_path / "stage")


def _lines(read: ReadLog) -> list[tuple[str, str, int]]:
    assert read.staged is not None
    return [(each.network, each.name, each.count) for each in read.staged.targets]


def test_a_log_like_the_one_before_is_opened_and_decoded_once(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = LogReader(ImportOptions(), _AT)
    _read(reader, _written(logs / "2026-11-22.log", _ZNC), tmp_path)
    opened: list[str] = []
    decoders: list[LogFacts] = []
    open_file, of_znc = LogContents._opened, dialect_named("znc")
    assert of_znc is not None

    def counted(facts: LogFacts) -> LogDecoder:
        decoders.append(facts)
        return of_znc.decoder(facts)

    def noted(contents: LogContents) -> Iterator[bytes]:
        opened.append(contents.file.path)
        return open_file(contents)

    monkeypatch.setattr(LogContents, "_opened", noted)
    reader._last = msgspec.structs.replace(of_znc, decoder=counted)
    read = _read(reader, _written(logs / "2026-11-23.log", _ZNC * 600), tmp_path)
    assert _lines(read) == [("libera", "#c", 1200)]
    assert len(opened) == len(decoders) == 1


def test_a_log_unlike_the_one_before_is_told_by_itself(logs: Path, tmp_path: Path) -> None:
    reader = LogReader(ImportOptions(network="oftc", channel="#d"), _AT)
    _read(reader, _written(logs / "2026-11-22.log", _ZNC), tmp_path)
    other = _read(reader, _written(tmp_path / "other.log", _IRSSI), tmp_path)
    again = _read(reader, _written(logs / "2026-11-23.log", _ZNC), tmp_path)
    assert [each.result.dialect for each in (other, again)] == ["irssi", "znc"]
    assert _lines(other) == [("oftc", "#d", 2)]
    assert _lines(again) == [("libera", "#c", 2)]


@pytest.mark.parametrize("lines", [1, 5000])
def test_lines_spell_the_channel_of_each_log_of_a_tree(lines: int, tmp_path: Path) -> None:
    reader = LogReader(ImportOptions(), _AT)
    places = tmp_path / "irclogs/libera"
    joined = b"18:22 -!- eve [~eve@example.org] has joined #Chat\n"
    content = _IRSSI + joined + b"18:23 < ann> hello\n" * lines
    for name in ("#chat.log", "#chat.2026-11.log"):
        read = _read(reader, _written(places / name, content), tmp_path)
        assert _lines(read) == [("libera", "#Chat", lines + 3)]


def test_a_log_that_lacks_a_network_behind_one_that_has_it_is_a_problem(tmp_path: Path) -> None:
    reader = LogReader(ImportOptions(), _AT)
    _read(reader, _written(tmp_path / "irclogs/libera/#c.log", _IRSSI), tmp_path)
    read = _read(reader, _written(tmp_path / "other.log", _IRSSI * 9000), tmp_path)
    assert "--network" in read.result.problem
    assert read.result.tally.lines == 27_000  # of all blocks of the file
    assert read.staged is None


@pytest.mark.parametrize(
    "options",
    [ImportOptions(), ImportOptions(network="net", channel="#c", date="2026-11-23")],
    ids=["as paths tell", "as told"],
)
def test_a_log_of_any_program_reads_the_same_behind_another_of_its_dialect(
    options: ImportOptions, tmp_path: Path
) -> None:
    logs = [each for each in find_logs([str(_GOLDEN)]) if isinstance(each, LogFile)]
    alike = 0
    for log in logs:
        first, second = (LogReader(options, _AT) for _ in range(2))
        alone = first.read(log, tmp_path / "stage")
        if first._last is not None:
            second._last = first._last
            assert second.read(log, tmp_path / "stage") == alone
            alike += 1
    assert alike > len(logs) / 2  # most
