"""Links, pipes, sockets and devices in an archive: named, not followed, not waited for."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from chatlog import cli
from tests.support.archive import event_at, record

OUTSIDE = b"precious\nand no newline"


def link(path):
    outside = Path("outside").absolute()
    outside.write_bytes(OUTSIDE)
    path.symlink_to(outside)


def bound(path):
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(path.parent)  # its path has at most 107 bytes
        listening.bind(path.name)


def device(path):
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero, which has no end


ODD = {
    "link": link,
    "loop": lambda path: path.symlink_to(path.name),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "pipe": os.mkfifo,
    "socket": bound,
    "device": device,
    "directory": os.mkdir,
}
PLACES = (
    "net/#c/2026-11-22_001.jsonl",
    "net/#c/2026-11-22_001.jsonl.gz",
    "net/#c/MANIFEST",
    "net/#c/LEDGER",
    "net/#c/SHA256SUMS",
    "net/network.json",
    "net/.rooms.json",
    "net/#d",
    "other",
    "FORMAT",
    ".lock",
    ".runs",
    ".runs/2026-11-23T182001.123Z-12.json",
    ".runs/2026-11-23T182001.123Z-12.lock",
)
COMMANDS = {
    "tail": ("tail",),
    "tail -n": ("tail", "-n", "100000"),
    "search": ("search", "needle"),
    "stats": ("stats",),
    "who": ("who", "c"),
    "gaps": ("gaps",),
    "channels": ("channels",),
    "status": ("status",),
    "verify": ("verify",),
    "repair": ("verify", "--repair"),
    "maintain": ("maintain",),
}
READS_SEGMENTS = {"tail", "tail -n", "search", "stats", "channels", "maintain"}


@pytest.fixture(params=ODD)
def kind(request):
    if request.param == "device" and os.getuid():
        pytest.skip("only root makes devices")
    return request.param


@pytest.mark.parametrize("place", PLACES)
def test_an_odd_file_is_named_and_neither_followed_nor_waited_for(
    tmp_path, kind, place, capfd, monkeypatch
):
    root = tmp_path / "archive"
    record(root, event_at(0, "needle"))
    path = root / place
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    monkeypatch.chdir(tmp_path)
    ODD[kind](path)
    before = path.lstat()
    for name, arguments in COMMANDS.items():
        status = cli.run([*arguments, "--archive", str(root)])
        shown = capfd.readouterr()
        assert status in {0, 1, 3}, (name, shown.err)
        if place.startswith("net/#c/2026") and kind != "directory":
            assert status in {1, 3} or name == "status", name
            assert "needle" in shown.out or name not in {"tail", "tail -n", "search"}
            if name in READS_SEGMENTS:
                assert f"{path} is not a regular file" in shown.err
        if place.startswith("net/") and place.count("/") > 1 and name == "verify":
            assert status == 1
            assert path.name in shown.out
    if place != "net/#c/SHA256SUMS":  # which is replaced, as it says nothing of its own
        assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)
    if kind == "link":
        assert (tmp_path / "outside").read_bytes() == OUTSIDE


@pytest.mark.parametrize("kind", ["link", "dangling", "loop", "pipe"])
def test_a_recorder_begins_another_part_beside_an_odd_one(tmp_path, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "archive"
    target = root / "net" / "#c"
    target.mkdir(parents=True)
    ODD[kind](target / "2026-11-23_001.jsonl")
    record(root, event_at(0, "needle"))
    assert b"needle" in (target / "2026-11-23_002.jsonl").read_bytes()
    if kind == "link":
        assert (tmp_path / "outside").read_bytes() == OUTSIDE
    if kind == "dangling":
        assert not (target / "nowhere").exists()


@pytest.mark.parametrize("place", [".lock", ".runs"])
@pytest.mark.parametrize("kind", ["link", "loop", "pipe", "socket", "directory"])
def test_odd_locks_and_runs_are_named_once_and_no_channel_is_left_out(
    tmp_path, place, kind, capfd, monkeypatch
):
    root = tmp_path / "archive"
    record(root, event_at(0, "needle"), event_at(0, "needle", target="#d"))
    (root / place).unlink(missing_ok=True)
    monkeypatch.chdir(tmp_path)
    ODD[kind](root / place)
    wanted = {"channels": "net/#d", "stats": "2", "gaps": ""}
    for name in wanted if place == ".runs" else ("channels",):
        status = cli.run([*COMMANDS[name], "--archive", str(root)])
        shown = capfd.readouterr()
        assert wanted[name] in shown.out, name
        if (place, kind) == (".runs", "directory"):
            assert str(root / place) not in shown.err
        else:
            assert (status, shown.err.count(str(root / place))) == (3, 1), (name, shown.err)


@pytest.mark.parametrize(
    "command",
    [
        "tail",
        "search one",
        "stats",
        "who net/#c",
        "gaps",
        "channels",
        "verify",
        "maintain",
        "maintain --dry-run",
    ],
)
@pytest.mark.parametrize("place", ["net", "net/#c"])
@pytest.mark.parametrize("others", [False, True])
def test_a_directory_that_may_not_be_read_is_named_and_never_passes_for_nothing(
    tmp_path, monkeypatch, capfd, command, place, others
):
    networks = ("net", "oftc") if others else ("net",)
    record(tmp_path, *(event_at(0, "one", network=each) for each in networks))
    locked = str(tmp_path / place)

    def refusing(real):
        def call(path=".", *arguments, **options):
            name = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
            if name == locked or name.startswith(f"{locked}/"):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
            return real(path, *arguments, **options)

        return call

    for call in ("scandir", "listdir", "open"):
        monkeypatch.setattr(os, call, refusing(getattr(os, call)))
    name, *arguments = command.split()
    status = cli.run([name, "--archive", str(tmp_path), *arguments])
    assert status == (1 if command == "verify" else 3)
    told = capfd.readouterr()
    assert locked in told.err + told.out
    if others and command.split()[0] in {"tail", "search", "channels"}:
        assert "oftc" in told.out or "one" in told.out


REFUSED = {
    "vanishes": errno.ENOENT,
    "may not be read": errno.EACCES,
    "is on a disk that fails": errno.EIO,
}


@pytest.mark.parametrize("place", ["2026-11-22_001.jsonl", "MANIFEST", "LEDGER"])
@pytest.mark.parametrize("refused", REFUSED)
@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "status"])
def test_a_file_that_cannot_be_opened_costs_no_neighbour_and_no_command(
    tmp_path, monkeypatch, capfd, place, refused, name
):
    record(tmp_path, event_at(0, "needle"), event_at(-86_400, "yesterday's needle"))
    directory, number = tmp_path / "net" / "#c", REFUSED[refused]
    path = directory / place
    path.touch()
    real = os.open

    def opened(wanted, *arguments, **options):
        if os.fspath(wanted) == str(path):
            if number == errno.ENOENT:  # gone since the directory was listed
                path.unlink(missing_ok=True)
            raise OSError(number, os.strerror(number), str(path))
        return real(wanted, *arguments, **options)

    monkeypatch.setattr(os, "open", opened)
    status = cli.run([*COMMANDS[name], "--archive", str(tmp_path)])
    shown = capfd.readouterr()
    assert status in {0, 1, 3}, shown.err
    if name in {"tail", "tail -n", "search"}:
        assert "needle" in shown.out
    if (
        number != errno.ENOENT
        and place.startswith("2026")
        and name in READS_SEGMENTS - {"maintain"}
    ):
        assert status == 3
        assert str(path) in shown.err
