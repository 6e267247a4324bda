"""Each option of `chatlog import`, on a log that a real program wrote: what it changes.

A case is imported without the option and with it; the same question is asked of both archives.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from chatlog import cli
from chatlog.cli.commands import import_logs
from chatlog.coverage import ledger
from chatlog.coverage.entries import CoveredEntry
from tests.dialects.importing import events_of

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMS = Path(__file__).parents[2] / "golden" / "programs"
IRSSI = "irssi/evening/irclogs/goldnet/#golden.log"
ZNC = "znc/night/users/rec/moddata/log/goldnet/#golden/2026-10-24.log"
EGGDROP = "eggdrop/evening/logs/golden.log.23Nov2026"
LIMNORIA = "limnoria/evening/logs/ChannelLogger/goldnet/#golden/#golden.log"


class Imported(NamedTuple):
    """The result of a command: its status, what it printed, and the archive."""

    status: int
    out: str
    archive: Path

    @property
    def events(self):
        return events_of(self.archive)

    def told(self, field: str) -> Any:
        """Return a field of the first event; of no event, the words of the refusal."""
        events = self.events
        return getattr(events[0], field) if events else self.out.split("; ")[0].split(": ")[-1]


def text_of_bytes(done: Imported) -> tuple[str, str]:
    [event] = [each for each in done.events if each.encoding]
    return event.text, event.encoding


def relayed(done: Imported) -> list[tuple[str, ...]]:
    some = [each for each in done.events if each.relayed_nick]
    return [(each.relayed_nick, each.relayed_platform, each.nick, each.text) for each in some]


def claims(done: Imported) -> int:
    [place] = done.archive.glob("*/#golden")
    return sum(isinstance(each, CoveredEntry) for each in ledger.each(place))


class Case(NamedTuple):
    """One option with its value, on one log that is imported under a name, beside others."""

    option: str
    log: str
    ask: Callable[[Imported], Any]
    without: Any
    with_it: Any
    name: str = ""
    beside: tuple[str, ...] = ()


def first(field: str) -> Callable[[Imported], Any]:
    return lambda done: done.told(field)


CASES = [
    Case("--dialect=generic", ZNC, first("via"), "import:znc", "import:generic",
         beside=("--network=net", "--channel=#c", "--date=2026-10-24")),
    Case("--network=net", EGGDROP, first("network"), "its network is not known", "net",
         beside=("--channel=#c",)),
    Case("--channel=#c", ZNC, first("target"), "its channel is not known", "#c",
         name="a.log", beside=("--network=net", "--date=2026-10-24")),
    Case("--into-network=new", IRSSI, first("network"), "goldnet", "new"),
    Case("--path-pattern={network}-{hashless}-{date}.txt", ZNC, first("target"),
         "its lines tell no date, and its path neither", "#c", name="net-c-20261024.txt"),
    Case("--tz=Europe/Berlin", LIMNORIA, first("time"),
         "2026-11-23T19:00:00.000Z", "2026-11-23T18:00:00.000Z"),
    Case("--date=2026-10-23", ZNC, first("time"), "its lines tell no date, and its path neither",
         "2026-10-23T23:40:00.000Z", name="a.log", beside=("--network=net", "--channel=#c")),
    Case("--own-nick=rec", LIMNORIA, claims, 0, 1),
    Case("--encoding=cp866", ZNC, text_of_bytes, ("café über €", "cp1252"),
         ("cafщ №ber А", "cp866")),
    Case("--relay=be*!*@*", ZNC, relayed, [],
         [("ann", "23:51:00", "ben", "[23:51:00] <ann> nor this"),
          ("ann", "", "ben", "<ann> a quotation")]),
    Case("--dry-run", LIMNORIA, lambda done: (done.archive.exists(), "10 lines" in done.out),
         (True, True), (False, True)),
    Case("--quiet", LIMNORIA, lambda done: (len(done.events), bool(done.out)),
         (10, True), (10, False)),
    Case("--json", LIMNORIA, lambda done: done.out[:1], "g", "{"),
]  # fmt: skip


def run(arguments, archive, capfd):
    status = cli.run(["import", *arguments, "--archive", str(archive)])
    said = capfd.readouterr()
    return Imported(status, said.out, archive)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.option)
def test_an_option_changes_what_an_import_tells_of_a_real_log(case, tmp_path, capfd):
    path = PROGRAMS / case.log
    if case.name:
        path = tmp_path / case.name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROGRAMS / case.log, path)
    arguments = [str(path), *case.beside]
    assert case.ask(run(arguments, tmp_path / "without", capfd)) == case.without
    assert case.ask(run([*arguments, case.option], tmp_path / "with", capfd)) == case.with_it


def test_the_configuration_tells_the_archive(tmp_path, capfd):
    config = tmp_path / "chatlog.toml"
    config.write_text(f'[storage]\narchive = "{tmp_path}/archive"\n')
    assert cli.run(["import", str(PROGRAMS / LIMNORIA), "--config", str(config)]) == 0
    assert len(events_of(tmp_path / "archive")) == 10


def test_every_option_is_tried():
    tried = {case.option.partition("=")[0] for case in CASES} | {"--archive", "--config"}
    options = {each.opts[-1] for each in import_logs.command.params if each.opts[0][:1] == "-"}
    assert options - {"--help"} == tried
