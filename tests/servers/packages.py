"""Servers that only Debian trixie has, unpacked into a folder and not installed.

`python -m tests.servers.packages` fetches what is missing, from the archive and
with the keys that this machine's apt already uses; .ci/run calls it. It changes
nothing of the machine's own packages, and no test calls it. The programs are Go,
linked statically, so that they run on an older Debian as they are.

The folder is CHATLOG_TEST_PACKAGES, else chatlog-tests in the user's cache.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.daemons import Daemon, NotInstalledError

if TYPE_CHECKING:
    from collections.abc import Sequence


_SUITE = "trixie"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_PROGRAMS = {
    "ergochat": "ergochat",
    "soju": "soju",
    "sojuctl": "soju",
}


class FetchError(Exception):
    """A package could not be fetched; the message is one line."""


class Packaged(Daemon):
    """A server whose program may lie in the folder of unpacked packages."""

    @staticmethod
    def find(program: str) -> str:
        """Where a program is: the machine's own, else the unpacked one."""
        return find(program)


def find(program: str) -> str:
    """Find a program of these packages: the machine's own, else the unpacked one.

    Raises NotInstalledError.
    """
    return shutil.which(program) or str(unpacked(_PROGRAMS[program]) / "usr/bin" / program)


def unpacked(package: str) -> Path:
    """Return the folder that a package is unpacked in; raise NotInstalledError."""
    place = _folder() / package
    if not place.is_dir():
        raise NotInstalledError(
            f"{package} is not installed: run `python -m tests.servers.packages`"
        )
    return place


def fetch() -> list[str]:
    """Fetch and unpack the packages that are missing, and return their names.

    Raises FetchError.
    """
    missing = sorted(
        {
            package
            for program, package in _PROGRAMS.items()
            if not (shutil.which(program) or (_folder() / package).is_dir())
        }
    )
    if missing:
        _folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_folder(), prefix=".fetch-") as scratch:
            _fetch(missing, Path(scratch))
    return missing


def _fetch(packages: Sequence[str], scratch: Path) -> None:
    options = _private(scratch, _archive())
    _run("apt-get", *options, "-qq", "update", cwd=scratch)
    _run("apt-get", *options, "-qq", "download", *packages, cwd=scratch)
    for package in packages:
        [archive] = scratch.glob(f"{package}_*.deb")
        _run("dpkg-deb", "-x", archive.name, package, cwd=scratch)
        # Renamed when it is whole: half a package would pass for one.
        (scratch / package).rename(_folder() / package)


def _folder() -> Path:
    if chosen := os.environ.get("CHATLOG_TEST_PACKAGES"):
        return Path(chosen).absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "chatlog-tests"


def _archive() -> str:
    """Ask apt which mirror of Debian this machine uses."""
    wanted = ("Created-By: Packages", "Label: Debian", "Origin: Debian")
    found = _run("apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted).split()
    if not found:
        raise FetchError("apt knows no Debian archive here: run `apt-get update` first")
    return found[0]


def _private(scratch: Path, archive: str) -> list[str]:
    """Make a place for apt that knows this suite alone; return the options that say so."""
    (scratch / "lists/partial").mkdir(parents=True)
    (scratch / "cache/archives/partial").mkdir(parents=True)
    source = f"deb [signed-by={_KEYRING}] {archive} {_SUITE} main\n"
    (scratch / "sources.list").write_text(source)
    settings = {
        "Dir::Etc::SourceList": scratch / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State::Lists": scratch / "lists",
        "Dir::Cache": scratch / "cache",
        "Acquire::Languages": "none",
        "APT::Default-Release": "",
        "APT::Sandbox::User": "root",  # apt's own user may not write in this folder
        "APT::Update::Error-Mode": "any",  # else yesterday's archive is only warned of
    }
    return [f"-o{name}={value}" for name, value in settings.items()]


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True)
    except OSError as error:
        raise FetchError(f"{command[0]} cannot be run: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        why = " ".join(error.stderr.split()) or f"it ended with {error.returncode}"
        raise FetchError(f"{command[0]} could not fetch from {_SUITE}: {why}") from error
    return done.stdout


def main() -> None:
    """Fetch what is missing, and say what came."""
    try:
        came = fetch()
    except FetchError as error:
        sys.exit(f"tests.servers.packages: {error}")
    if came:
        sys.stdout.write(f"{_folder()}: {', '.join(came)}\n")


if __name__ == "__main__":
    main()
