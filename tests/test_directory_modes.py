"""The modes of an archive's directories and files: for the owner and the group, and nobody else."""

import os

import pytest

from chatlog.archive.storage import Storage
from chatlog.archive.system import System
from chatlog.bus.messages import LedgerPiece
from chatlog.bus.own_files import own_directory
from chatlog.bus.witness_files import WitnessFiles
from chatlog.cli import piping
from chatlog.ingest.log_import import LogImport
from chatlog.ingest.options import ImportOptions
from chatlog.upkeep.witness import TargetPlace


@pytest.fixture(autouse=True)
def no_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def import_logs(root):
    options = ImportOptions(network="net", channel="#c")
    work = LogImport(
        options, Storage(root=root), "2026-11-24T00:00:00.000Z", writes=True, workers=1
    )
    work.run([], lambda _what, _done: None)


def collect_ledger(root):
    files = WitnessFiles(root, "w1", System())
    files.take_ledger(TargetPlace("net", "#c"), LedgerPiece(0, 0, b""))


@pytest.mark.parametrize(
    "make",
    [piping.begin, import_logs, lambda root: own_directory(root, ".ship"), collect_ledger],
    ids=["record --pipe", "import", "ship", "collect"],
)
def test_each_command_that_makes_an_archive_keeps_others_out(tmp_path, make):
    root = tmp_path / "new" / "archive"
    make(root)
    made = [root.parent, root, *(path for path in root.rglob("*") if path.is_dir())]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o750}
    files = [path for path in root.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} <= {0o640}
