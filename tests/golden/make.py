"""Make golden archives with the chatlog that PYTHONPATH names: see README.md beside this.

    PYTHONPATH=TREE python tests/golden/make.py DIRECTORY [NAME]…

Each function in `ARCHIVES` makes one archive: the real program records it from
servers on loopback, with its clock set back. The program wrote every byte, but
for the zeros in `killed`.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # older trees have no `staged`
import questions
import staged

_STAGED = Path(staged.__file__)
_CLOCK = Path(tempfile.mkdtemp(prefix="golden-")) / "clock"
_REAL_TIME = time.time_ns
staged.set_clock(_CLOCK)
_PATIENCE = 60
_SERVERS = itertools.count(1)
_TALKERS = ("ada", "grace", "alan")


class Stage:
    """A directory that holds an archive, and the clock of all that happens there."""

    def __init__(self, place):
        self.place = place
        self.archive = place / "archive"
        self._pid = 4710
        self._began = _REAL_TIME()
        self._slept = 0
        self.at("2025-10-24T08:00:00Z")

    def at(self, moment):
        """Set the clock; the files written since the last time get the times of that clock."""
        self._age()
        nanoseconds = int(datetime.fromisoformat(moment).timestamp()) * 1_000_000_000
        self._ahead = nanoseconds - _REAL_TIME()
        self._write_clock()

    def sleep(self, seconds):
        """Let the machine sleep for some seconds."""
        self._ahead += seconds * 1_000_000_000
        self._slept += seconds * 1_000_000_000
        self._write_clock()

    def _write_clock(self):
        beside = _CLOCK.with_suffix(".new")
        beside.write_text(f"{self._ahead} {self._slept}\n")
        beside.replace(_CLOCK)

    def _age(self):
        for path in self.place.rglob("*"):
            state = path.lstat()
            if path.is_file() and state.st_mtime_ns >= self._began:
                moment = state.st_mtime_ns + self._ahead
                os.utime(path, ns=(moment, moment))

    def environment(self, **more):
        self._pid += 1
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.place / "home"),
            "PYTHONPATH": os.environ["PYTHONPATH"],
            "PYTHONUNBUFFERED": "1",
            "STAGE_CLOCK": str(_CLOCK),
            "STAGE_PID": str(self._pid),
            **more,
        }

    def run(self, *arguments, status=0, death=""):
        """Run a command to its end."""
        more = {"STAGE_DEATH": death} if death else {}
        done = subprocess.run(
            [sys.executable, str(_STAGED), *arguments, "--output", "archive"],
            cwd=self.place, env=self.environment(**more), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=_PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == status, (arguments, done)
        return done

    @contextlib.contextmanager
    def recorder(self, *arguments, channels, death="", ends=0):
        """Record until the end of the block, or until it dies."""
        from tests.support.process import Running

        more = {"STAGE_DEATH": death} if death else {}
        command = [sys.executable, str(_STAGED), "record", *arguments, "--output", "archive"]
        running = Running([*command, "--verbose"], self.environment(**more), self.place)
        try:
            for network, count in channels.items():
                running.wait_for(f"{network}: in {count} of {count} channels", timeout=_PATIENCE)
            yield running
            if ends == 0:
                running.terminate()
            status = running.finish(_PATIENCE)
            assert status == ends, (status, running.stderr)
        except BaseException:
            sys.stderr.write(running.stderr)
            raise
        finally:
            running.kill()
            running.finish()


class Net:
    """A server, and the people on it."""

    def __init__(self, port, **options):
        from tests.support.embedded import EmbeddedServer

        self.port = port
        self._embedded = EmbeddedServer(port=port, **options)
        self.url = f"irc://127.0.0.1:{port}"

    def __enter__(self):
        self._embedded.__enter__()
        self.server._messages = 1000 * next(_SERVERS)  # no two servers give one msgid
        return self

    def __exit__(self, *error):
        self._embedded.__exit__(*error)

    @property
    def server(self):
        return self._embedded.server

    def act(self, nick, *lines):
        """Send lines of the protocol as a person, who comes if they are not here yet."""

        async def do():
            people = self._embedded._people
            if nick not in people:
                people[nick] = self.server.person(
                    nick, user=nick.strip("-[]"), host=f"{nick.strip('-[]')}.example",
                    account=nick if nick in _TALKERS else "",
                )  # fmt: skip
            for line in lines:
                people[nick].raw(line)

        self._embedded._run(do())

    def renamed(self, old, new):
        people = self._embedded._people
        people[new] = people.pop(old)

    def say(self, channel, *texts, nick="ada"):
        self.act(nick, f"JOIN {channel}", *(f"PRIVMSG {channel} :{text}" for text in texts))

    def do(self, action):
        """Call a function of the server in the thread of its loop."""

        async def call():
            result = action(self.server)
            if result is not None:
                await result

        self._embedded._run(call())

    def answered(self, nick="chatlog"):
        """Wait until the recorder has written every line that it was sent."""
        self._embedded.answered(nick)

    def back(self, channel):
        self._embedded.joined("chatlog", channel)


def eventually(condition):
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, condition
        time.sleep(0.02)


def ledger_has(stage, place, **fields):
    """Wait until an entry of a ledger has these fields."""

    def found():
        path = stage.archive / place / "LEDGER"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return any(fields.items() <= json.loads(line).items() for line in lines if line[:1] == b"{")

    eventually(found)


def holds(path, text):
    """Wait until a file contains a text."""
    eventually(lambda: path.exists() and text.encode() in path.read_bytes())


# -- the archives ----------------------------------------------------------------------


ODD_NAMES = ("##c", "#C++", "#[Dev]~", "#a%b", "#a/b", "#..", "#Über日本")
LIBERA = ("#python", "#tea", *ODD_NAMES)


def jsonl(stage):
    """Record three networks in JSONL for three days, gzip: gaps, history, odd names, queries."""
    everything = _config(stage, LIBERA)
    with (
        Net(16667, name="one.libera.example", network="libera") as libera,
        Net(16668, name="one.oftc.example", network="oftc", casemapping="ascii",
            capabilities=("server-time", "message-tags", "multi-prefix")) as oftc,
        Net(16669, name="one.undernet.example", network="undernet",
            casemapping="rfc1459-strict", answers_cap=False) as undernet,
    ):  # fmt: skip
        _talk_of_everything(libera)
        inside = {"libera": len(LIBERA), "oftc": 1, "undernet": 1}
        stage.at("2025-10-24T08:00:00Z")
        with stage.recorder("--config", everything, channels=inside):
            _first_day(libera, oftc, undernet)
        libera.say("#python", "nobody hears this", "lol", "lol", "lol")
        stage.at("2025-10-24T19:30:00Z")
        libera.say("#python", "nor this, in the evening")
        oftc.say("#debian", "this nobody gets back")
        stage.at("2025-10-25T00:30:00Z")
        stage.run("maintain", "--compress", "gzip")
        libera.say("#python", "after midnight")
        stage.at("2025-10-25T09:00:00Z")
        with stage.recorder("--config", everything, channels=inside, ends=-9) as recorder:
            _second_day(stage, libera, oftc, undernet, recorder)
        stage.at("2025-10-25T21:00:00Z")
        libera.say("#python", "said to a recorder that was dead")
        stage.at("2025-10-26T10:00:00Z")
        with stage.recorder(
            "--config", everything, "--rotate-size", "3K", channels=inside
        ) as recorder:
            _third_day(stage, libera, recorder)


def _config(stage, channels):
    named = ", ".join(json.dumps(name, ensure_ascii=False) for name in channels)
    (stage.place / "chatlog.toml").write_text(
        f"""[defaults]
reconnect-min = "0.2s"
[networks.libera]
servers = ["irc://127.0.0.1:16667"]
channels = [{named}]
queries = true
[networks.oftc]
servers = ["irc://127.0.0.1:16668"]
channels = ["#debian"]
[networks.undernet]
servers = ["irc://127.0.0.1:16669"]
channels = ["#Café[1]"]
"""
    )
    return "chatlog.toml"


def _talk_of_everything(libera):
    libera.act("ada", "JOIN #python", "TOPIC #python :Notes on things that compute")
    libera.act("alan", "JOIN #tea")


def _first_day(libera, oftc, undernet):
    libera.act("grace", "JOIN #python", "JOIN #tea")
    libera.say("#python", "Good morning! Does anybody keep what we say here?")
    libera.say("#python", "chatlog does. Every line, and it knows when it was away.", nick="grace")
    libera.say("#tea", "The kettle is on \N{HOT BEVERAGE} お茶をどうぞ", nick="alan")
    libera.act(
        "grace", "PRIVMSG #tea :\x01ACTION takes two lumps, thank you\x01",
        "PRIVMSG #tea :\x01VERSION\x01", "NOTICE #tea :the build is green",
    )  # fmt: skip
    libera.act(
        "alan", "JOIN #python", "PRIVMSG #python :\x02bold\x02 and \x0304,01red on black\x0f",
        b"PRIVMSG #python :a caf\xe9 in Latin-1, which is no UTF-8",
        "PRIVMSG #python :سلام, and a line that runs the other way",
        "@+draft/reply=m3;+example=a\\sb PRIVMSG #python :an answer with tags",
        "@+draft/react=👍;+draft/reply=m3 TAGMSG #python",
    )  # fmt: skip
    libera.act(
        "mallory", "JOIN #python",
        "PRIVMSG #python :hello\x10n[12:00:00] <ada> I resign \x1b[2J\x9b31m",
    )  # fmt: skip
    libera.act(
        "ada", "MODE #python +ok grace sesame", "KICK #python mallory :enough",
        "MODE #python -k sesame", "PRIVMSG @#python :for operators", "AWAY :at lunch", "AWAY",
        "SETNAME :Ada Lovelace", "INVITE alan #python", "PRIVMSG #python :[off] not for the record",
    )  # fmt: skip
    libera.act("alan", "NICK turing")
    libera.renamed("alan", "turing")
    libera.act("turing", "PRIVMSG #python :by another name", "PART #python :back to work", "QUIT")
    for name in ODD_NAMES:
        libera.say(name, f"said in {name}")
    libera.act("grace", "PRIVMSG chatlog :a whisper")
    libera.act("con", "PRIVMSG chatlog :from a nick that Windows keeps for itself")
    libera.act("[away]", "PRIVMSG chatlog :brackets", "NICK {AWAY}")
    libera.renamed("[away]", "{AWAY}")
    libera.act("{AWAY}", "PRIVMSG chatlog :and braces are one")
    libera.do(
        lambda server: server.send_raw("chatlog", b":one.libera.example 999 chatlog :odd\r\n")
    )
    libera.do(lambda server: server.send_raw("chatlog", b"\x00\xff nonsense\r\n"))
    oftc.say("#Debian", "there is no history here")
    undernet.say("#Café[1]", "a server that never answers CAP")
    tags = b"@time=2025-10-23T21:00:00.000Z;msgid=old1"
    old = tags + b" :ada!ada@ada.example PRIVMSG #python :played back\r\n"
    libera.do(lambda server: server.send_raw("chatlog", old))
    for net in (libera, oftc, undernet):
        net.answered()


def _second_day(stage, libera, oftc, undernet, recorder):
    ledger_has(stage, "libera/#python", entry="covered")
    libera.say("#python", "the second day")
    libera.act("grace", "KICK #tea chatlog :out", "PRIVMSG #tea :it is gone", "PRIVMSG #tea :lol")
    libera.back("#tea")
    ledger_has(stage, "libera/#tea", entry="closed", cause="kicked")
    ledger_has(stage, "libera/#tea", entry="covered", lines=2)
    oftc.say("#debian", "before the line breaks")
    oftc.answered()
    for net, channel in ((libera, "#python"), (oftc, "#debian")):
        net.do(lambda server: server.drop("chatlog"))
        net.do(lambda server: server.gone("chatlog"))
        net.say(channel, "said while the line was broken")
        net.back(channel)
    ledger_has(stage, "libera/#python", entry="closed", cause="closed")
    ledger_has(stage, "oftc/#debian", entry="closed", cause="closed")
    eventually(lambda: b"while the line was" in _all_bytes(stage.archive / "libera" / "#python"))
    libera.say("#python", "and on it goes")
    libera.answered()
    stage.sleep(3600)
    undernet.say("#Café[1]", "after an hour of sleep")
    undernet.answered()
    stage.at("2025-10-25T10:00:30Z")
    libera.say("#python", "the clock was set back")
    libera.answered()
    ledger_has(stage, "libera/#python", entry="noticed", cause="clock")
    recorder.kill()


def _all_bytes(directory):
    return b"".join(path.read_bytes() for path in sorted(directory.glob("2*.jsonl")))


def _third_day(stage, libera, recorder):
    ledger_has(stage, "libera/#python", entry="closed", cause="killed")
    for number in range(12):
        libera.say("#python", f"line {number} of a segment that ends for its size {'.' * 200}")
    libera.answered()
    eventually(lambda: list((stage.archive / "libera/#python").glob("2025-10-26_0*.jsonl.gz")))
    eventually(lambda: list((stage.archive / "undernet").glob("*/2025-10-25_0*.jsonl.gz")))
    _config(stage, [name for name in LIBERA if name != "#tea"])
    os.kill(recorder.pid, signal.SIGHUP)
    ledger_has(stage, "libera/#tea", entry="unwanted")
    libera.say("#python", "the last word")
    libera.answered()


def text(stage):
    """Record text alone, in another zone, over the night in which its clocks are set back."""
    libera_only = ("--server", "irc://127.0.0.1:16667/#python", "--network", "libera")
    with Net(16667, name="one.libera.example", network="libera") as libera:
        here = {"libera": 1}
        daily = (*libera_only, "--format", "text", "--tz", "Europe/Berlin", "--compress", "none")
        stage.at("2025-10-25T20:00:00Z")
        with stage.recorder(*daily, channels=here):
            _talk_in_text(libera)
        stage.at("2025-10-25T22:30:00Z")
        libera.say("#python", "missed, half past midnight in Berlin")
        stage.at("2025-10-26T00:10:00Z")
        with stage.recorder(*daily, channels=here):
            holds(stage.archive / "libera/#python/2025-10-26_001.log", "half past midnight")
            libera.say("#python", "ten past two, in summer time")
            libera.answered()
        stage.at("2025-10-26T01:10:00Z")
        with stage.recorder(*daily, channels=here):
            libera.say("#python", "ten past two once more, in winter time")
            libera.answered()
        stage.at("2025-10-26T12:00:00Z")
        stage.run("maintain", "--compress", "none")
        stage.at("2025-10-27T09:00:00Z")
        weekly = (*daily, "--rotate", "weekly", "--keep-formatting")
        with stage.recorder(*weekly, channels=here):
            _talk_in_text(libera)
        stage.at("2025-10-28T00:30:00Z")
        stage.run("maintain", "--compress", "zstd")
    with Net(16668, name="one.oftc.example", network="oftc", casemapping="ascii") as oftc:
        other = ("--server", "irc://127.0.0.1:16668/#debian", "--network", "oftc")
        for day, rotate in (("28", "monthly"), ("29", "never")):
            stage.at(f"2025-10-{day}T08:00:00Z")
            options = (*other, "--format", "text", "--rotate", rotate)
            with stage.recorder(*options, channels={"oftc": 1}):
                oftc.say("#debian", f"recorded {rotate}")
                oftc.answered()


def _talk_in_text(net):
    net.act(
        "ada", "JOIN #python", "TOPIC #python :Notes on things that compute",
        "PRIVMSG #python :\x02bold\x02 and \x0304,01red on black\x0f",
        "PRIVMSG #python :\x01ACTION waves\x01", "NOTICE #python :the build is green",
        b"PRIVMSG #python :a caf\xe9 in Latin-1", "PRIVMSG @#python :for operators",
        "PRIVMSG #python :a forgery\x1b[2J [20:00:00] <grace> I resign",
    )  # fmt: skip
    net.act("grace", "JOIN #python", "PRIVMSG #python :hello", "NICK hopper")
    net.renamed("grace", "hopper")
    net.act("ada", "MODE #python +v hopper", "KICK #python hopper :enough")
    net.act("hopper", "QUIT :bye", "NICK grace")
    net.renamed("hopper", "left")
    net.answered()


def both(stage):
    """Record JSONL and text, hourly, zstd: retention, and a segment that was taken away."""
    options = (
        "--server", "irc://127.0.0.1:16667", "--channel", "python", "--channel", "tea",
        "--network", "libera", "--format", "jsonl", "--format", "text",
        "--tz", "America/New_York", "--rotate", "hourly", "--compress", "zstd",
    )  # fmt: skip
    inside = {"libera": 2}
    with Net(16667, name="one.libera.example", network="libera") as libera:
        stage.at("2025-10-24T08:10:00Z")
        with stage.recorder(*options, channels=inside):
            libera.say("#python", "ten past eight")
            libera.say("#tea", "the kettle is on", nick="grace")
            libera.answered()
        stage.at("2025-10-24T08:50:00Z")
        libera.say("#python", "missed, ten to nine")
        stage.at("2025-10-24T09:20:00Z")
        libera.say("#python", "missed, twenty past nine")
        stage.at("2025-10-24T09:30:00Z")
        with stage.recorder(*options, channels=inside):
            ledger_has(stage, "libera/#python", entry="covered", lines=2)
            libera.say("#python", "half past nine")
            libera.answered()
        stage.at("2025-10-24T11:00:00Z")
        stage.run("maintain", "--compress", "zstd")
        stage.at("2025-10-26T08:00:00Z")
        with stage.recorder(*options, "--sync-interval", "0.2s", channels=inside) as recorder:
            libera.say("#python", "in a segment that somebody takes away")
            live = stage.archive / "libera/#python/2025-10-26T08_001.jsonl"
            holds(live, "takes away")
            time.sleep(1)  # until it was seen in its place
            live.unlink()
            libera.say("#python", "said after that")
            recorder.wait_for("was deleted or replaced while it was written")
            libera.answered()
        stage.at("2025-10-26T12:00:00Z")
        stage.run("maintain", "--compress", "zstd", "--keep", "50h30m")
        stage.at("2025-10-26T12:30:00Z")
        with stage.recorder(*options, channels=inside):
            libera.say("#tea", "live, half past twelve", nick="grace")
            libera.answered()


def batches(stage):
    """Record by `sync` alone, from cron: planned gaps, and gaps that stay for several reasons."""
    where = (
        "sync", "--server", "irc://127.0.0.1:16667", "--channel", "python", "--network", "libera",
    )  # fmt: skip
    server = {"name": "one.libera.example", "network": "libera"}
    stage.at("2025-10-24T10:00:00Z")
    with Net(16667, **server) as libera:
        for number in range(103):  # more than one page
            libera.say("#python", f"line {number}")
        stage.at("2025-10-24T10:05:00Z")
        stage.run(*where)
        stage.at("2025-10-24T10:10:00Z")
        libera.say("#python", "between two batches", "lol", "lol")
        stage.at("2025-10-24T10:20:00Z")
        stage.run(*where)
        stage.at("2025-10-24T10:35:00Z")
        stage.run(*where)
    stage.at("2025-10-24T10:50:00Z")
    with Net(16667, **server) as libera:
        libera.say("#python", "the server forgot what was before")
        stage.at("2025-10-24T11:05:00Z")
        stage.run(*where)
        stage.at("2025-10-24T11:15:00Z")
        libera.say("#python", "the channel was locked soon after")
        libera.act("ada", "MODE #python +k sesame")
        stage.at("2025-10-24T11:20:00Z")
        stage.run(*where, "--within", "4s", status=0)
        stage.at("2025-10-24T11:30:00Z")
        libera.act("ada", "MODE #python -k sesame")
        stage.at("2025-10-24T11:35:00Z")
        stage.run(*where)
    without_history = ("server-time", "message-tags", "multi-prefix", "batch")
    with Net(16667, **server, capabilities=without_history) as libera:
        libera.say("#python", "this server keeps nothing")
        stage.at("2025-10-24T11:50:00Z")
        with stage.recorder(*where[1:], channels={"libera": 1}, ends=-9) as recorder:
            libera.say("#python", "heard by a recorder that is killed")
            libera.answered()
            recorder.kill()
        stage.at("2025-10-24T12:05:00Z")
        stage.run(*where, status=1)
        stage.at("2025-10-24T12:20:00Z")
        stage.run(*where)
    stage.at("2025-10-25T03:00:00Z")
    stage.run("maintain", "--compress", "gzip")
    with Net(16667, **server, capabilities=without_history) as libera:
        stage.at("2025-10-25T03:10:00Z")
        stage.run(*where, "--for", "1s")


def _one_channel(network):
    return ("--server", "irc://127.0.0.1:16667/#a", "--network", network)


def _until_death(recorder, net):
    """Send messages until the recorder is dead."""
    for number in range(50):
        net.say("#a", f"one by one, {number}")
        with contextlib.suppress(subprocess.TimeoutExpired):
            recorder.finish(0.3)
            return
    raise AssertionError("it lives")


_DEATHS = {
    "one": "write */one/#a/*.jsonl 4",
    "two": "write */two/#a/LEDGER 2",
    "three": "write */three/#a/MANIFEST 1",
    "four": "write */four/#a/*.log 4",
    "five": "",
}


def killed(stage):
    """Kill recorders in the middle of a line: of JSONL, LEDGER, MANIFEST, text, and between.

    To the JSONL of `five`, zeros are added by hand, as a power cut leaves them.
    """
    for hour, (network, death) in enumerate(_DEATHS.items(), 10):
        options = (*_one_channel(network), "--format", "jsonl", "--format", "text")
        stage.at(f"2025-10-24T{hour}:00:00Z")
        with (
            Net(16667, name=f"{network}.example", network=network) as net,
            stage.recorder(
                *options, channels={network: 1} if network != "three" else {}, death=death, ends=-9
            ) as recorder,
        ):
            if network == "two":
                net.say("#a", "said before the ledger was torn")
                net.answered()
                recorder.terminate()
            elif network == "five":
                net.say("#a", "said before the power was cut")
                net.answered()
                recorder.kill()
            else:
                _until_death(recorder, net)
    with (stage.archive / "five/#a/2025-10-24_001.jsonl").open("ab") as file:
        file.write(bytes(64))


def recovered(stage):
    """Record on in an archive like `killed`."""
    killed(stage)
    for hour, network in enumerate(_DEATHS, 16):
        options = (*_one_channel(network), "--format", "jsonl", "--format", "text")
        stage.at(f"2025-10-24T{hour}:00:00Z")
        with (
            Net(16667, name=f"{network}.example", network=network) as net,
            stage.recorder(*options, channels={network: 1}),
        ):
            net.say("#a", "and on it goes")
            net.answered()


def spool(stage):
    """Refuse the disk to a recorder with a spool directory, and kill it; and to one without."""
    kept = ("--spool-dir", "spool")
    with _refused(stage, "libera", 10, *kept, ends=-9) as recorder:
        waiting = stage.place / "spool"
        eventually(
            lambda: b"line 5 of" in b"".join(each.read_bytes() for each in waiting.iterdir())
        )
        recorder.kill()
    with _refused(stage, "memory", 11, ends=3) as recorder:
        recorder.terminate()


@contextlib.contextmanager
def _refused(stage, network, hour, *more, ends):
    stage.at(f"2025-10-24T{hour}:00:00Z")
    with (
        Net(16667, name=f"one.{network}.example", network=network) as net,
        stage.recorder(*_one_channel(network), *more, channels={network: 1}, ends=ends) as recorder,
    ):
        for number in range(12):
            net.say("#a", f"line {number} of those that find room {'.' * 300}")
        net.answered()
        _, hard = resource.prlimit(recorder.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(recorder.pid, resource.RLIMIT_FSIZE, (7_000, hard))
        for number in range(6):
            net.say("#a", f"line {number} of those that find no room {'.' * 300}")
            net.answered()
        recorder.wait_for("File too large")
        yield recorder


_HALVES = {
    "one": "replace */one/#a/.*.sealing 1",
    "two": "unlink */two/#a/2025-10-24_001.jsonl 1",
    "three": "write */three/#a/.*.sealing 1",
    "four": "replace */four/#a/.SHA256SUMS.* 1",
    "five": "unlink */five/#a/2025-10-22_001.jsonl.gz 1",
}


def half_done(stage):
    """Kill recorders while they seal, and `five` while it removes."""

    def record(network, moment, text, *more, death=""):
        options = (*_one_channel(network), *more)
        stage.at(moment)
        with (
            Net(16667, name=f"{network}.example", network=network) as net,
            stage.recorder(
                *options, channels={network: 1}, death=death, ends=-9 if death else 0
            ) as recorder,
        ):
            net.say("#a", text)
            net.answered()
            if death:
                recorder.finish(_PATIENCE)

    record("five", "2025-10-22T10:00:00Z", "removed later")
    stage.at("2025-10-23T10:00:00Z")
    stage.run("maintain")
    for network in _HALVES:
        record(network, "2025-10-24T10:00:00Z", "sealed the day after the next")
    for hour, (network, death) in enumerate(_HALVES.items(), 10):
        more = ("--keep", "3d") if network == "five" else ()
        moment = f"2025-10-26T{hour}:00:00Z"
        record(network, moment, "said while it was sealed", *more, death=death)


ARCHIVES = (jsonl, text, both, batches, killed, recovered, spool, half_done)


def main(directory, *names):
    """Make the archives of these names, or all of them, each with its answers."""
    for make in ARCHIVES:
        if names and make.__name__ not in names:
            continue
        with tempfile.TemporaryDirectory(prefix="golden-") as place:
            stage = Stage(Path(place))
            make(stage)
            result = Path(directory) / make.__name__
            shutil.rmtree(result, ignore_errors=True)
            for each in ("archive", "spool"):
                if (stage.place / each).exists():
                    shutil.copytree(stage.place / each, result / each)
            _ask(stage, make.__name__, result / "answers")
    sums = [
        f"{hashlib.sha256((Path(directory) / path).read_bytes()).hexdigest()}  {path}\n"
        for path in questions.files_in(Path(directory))
    ]
    (Path(directory) / "SHA256SUMS").write_text("".join(sums))


def _ask(stage, name, answers):
    """Write the output of each command, and the exit statuses."""
    answers.mkdir()
    statuses = {}
    moment = int(datetime.fromisoformat(questions.NOW).timestamp()) * 1_000_000_000
    _CLOCK.write_text(str(moment))
    for question, arguments in questions.questions_of(name).items():
        done = subprocess.run(
            [sys.executable, str(_STAGED), *arguments, "--output", "archive"],
            cwd=stage.place, env=stage.environment(), stdin=subprocess.DEVNULL,
            capture_output=True, timeout=_PATIENCE, check=False,
        )  # fmt: skip
        (answers / f"{question}.jsonl").write_bytes(done.stdout)
        statuses[question] = done.returncode
    (answers / "statuses.json").write_text(json.dumps(statuses, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
