"""Write the golden files of programs: `python -m tests.dialects.golden [PROGRAM…]`.

Each case is a folder tests/golden/programs/PROGRAM/CONVERSATION: the files that a program
wrote, byte for byte, in the paths that it uses; `case.json`; and `expected.jsonl`, the events
that an import is held to, which come from the truth and never from a decoder of ours.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chatlog.formats import jsonl
from tests.dialects.capture import capture
from tests.dialects.conversation import CONVERSATIONS
from tests.dialects.holding import HOLDINGS, held
from tests.dialects.programs import PROGRAMS
from tests.dialects.script import CHANNEL, NETWORK, OWN, ZONE
from tests.servers.packages import unpacked

if TYPE_CHECKING:
    from tests.dialects.programs import LoggingProgram

CASES: Final = Path(__file__).parents[1] / "golden" / "programs"

FOLDERS: Final = {
    "irssi": "irclogs",
    "weechat": "logs",
    "znc": f"users/{OWN}/moddata/log",
    "soju": "logs",
    "limnoria": "logs/ChannelLogger",
    "eggdrop": "logs",
    "ii": "irc",
    "bip": "logs",
    "hexchat": "logs",
}
"""Where each program has its logs, below its home or the folder of its settings."""

OPTIONS: Final[dict[str, dict[str, str]]] = {
    "irssi": {"tz": ZONE, "own_nick": OWN},
    "weechat": {"tz": ZONE, "own_nick": OWN},
    "znc": {"tz": ZONE},
    "soju": {"tz": ZONE},
    "limnoria": {"tz": ZONE},
    "eggdrop": {"tz": ZONE, "network": NETWORK, "channel": CHANNEL},
    "ii": {"into-network": NETWORK},
    "bip": {"tz": ZONE},
    "hexchat": {"tz": ZONE, "own_nick": OWN},
}
"""The options without which an import does not know all."""


def log_files(logs: Path) -> list[Path]:
    """Return the files that a program wrote, but for words about a desktop in `NETWORK`."""
    files = [path for path in sorted(logs.rglob("*")) if path.is_file()]
    return [path for path in files if "NETWORK" not in path.parts]


def write(name: str, heard: str) -> Path:
    """Let one program hear a conversation, and write the case; return its folder."""
    holding, kind = HOLDINGS[name], PROGRAMS[name]
    place = CASES / name / heard
    shutil.rmtree(place, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)  # some programs run as nobody
        logs, events = capture(kind, CONVERSATIONS[heard], Path(scratch))
        for path in log_files(logs):
            copy = place / FOLDERS[name] / path.relative_to(logs)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (place / "expected.jsonl").write_bytes(jsonl.encode(held(holding, events)))
    case = json.dumps(_case(name, kind, heard), indent=2, ensure_ascii=False)
    (place / "case.json").write_text(f"{case}\n")
    return place


def _case(name: str, kind: type[LoggingProgram], heard: str) -> dict[str, Any]:
    clock = "the time that the server tells" if kind.by_server_time else "a clock that was set"
    how = f"heard the {heard} of tests/dialects/conversation.py on loopback, by {clock}"
    return {
        "options": OPTIONS[name],
        "proven": f"{name} {_version(kind.package)} of Debian {how}",
        "lacks": HOLDINGS[name].lacks,
        "status": int(HOLDINGS[name].is_ambiguous),
    }


def _version(package: str) -> str:
    asked = ["dpkg-query", "-W", "-f=${Version}", package]
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    if told:
        return told
    changes = unpacked(package) / "usr/share/doc" / package / "changelog.Debian.gz"
    return gzip.decompress(changes.read_bytes()).split()[1].decode().strip("()")


def main() -> None:
    """Write the cases of the programs named, else of all."""
    for name in sys.argv[1:] or PROGRAMS:
        for heard in CONVERSATIONS:
            sys.stdout.write(f"{write(name, heard)}\n")


if __name__ == "__main__":
    main()
