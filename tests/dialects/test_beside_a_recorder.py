"""A recorder and a real program hear the same channel: an import gives each line once."""

import pytest

from chatlog.event import TALK
from tests.dialects.frozen import RunningClock
from tests.dialects.golden import OPTIONS, log_files
from tests.dialects.importing import events_of, imported
from tests.dialects.programs import PROGRAMS
from tests.dialects.script import CHANNEL, NETWORK, OWN
from tests.servers.daemons import NotInstalledError
from tests.support.waiting import eventually

LAST = "that is all"
SAID = [
    "hello",
    "hello",
    "*** Joins: mallory (m@evil.example)",
    "\x02bold\x02 and \x0304red\x03",
    "caf\u00e9 \U0001f389 \u05e9\u05dc\u05d5\u05dd",
    "  indented",
    "tab\tbetween",
    *(f"line {number}" for number in range(20)),
    "hello",
    LAST,
]


def is_on(somebody, nick):
    somebody.send(f"ISON {nick}")
    return nick in somebody.until(" 303 ").split(":")[-1]


def is_in(somebody, nick):
    somebody.send(f"NAMES {CHANNEL}")
    return nick in somebody.until(" 353 ").rpartition(":")[2].lstrip("@").split()


def talk_of(events):
    return [(each.type, each.nick) for each in events if each.type in TALK]


@pytest.mark.server
@pytest.mark.parametrize("name", ["irssi", "weechat", "znc", "soju", "limnoria", "ii", "hexchat"])
def test_a_log_of_what_a_recorder_heard_adds_none_of_its_words(
    name, inspircd, chatlog, person, place, miss
):
    root = place / "archive"
    ann = person(inspircd.port, "ann").register()
    ann.join(CHANNEL)
    recorder = chatlog.start(
        "record", "--server", f"irc://127.0.0.1:{inspircd.port}/{CHANNEL}", "--network", NETWORK,
        "--archive", root, "--nick", "listener", "--verbose",
    )  # fmt: skip
    recorder.wait_for(f"{NETWORK}: in 1 of 1 channels")
    try:
        program = PROGRAMS[name](place / "home", inspircd.port, RunningClock())
    except NotInstalledError as error:
        miss(str(error))
    with program:
        eventually(lambda: is_on(ann, OWN))
        program.greet()
        eventually(lambda: is_in(ann, OWN))
        for text in SAID:
            ann.say(CHANNEL, text)
        ann.send(f"PRIVMSG {CHANNEL} :\x01ACTION waves\x01")
        ann.sync()
        eventually(lambda: any(b"waves" in path.read_bytes() for path in log_files(program.logs)))
        program.say_goodbye()
        program.wait()
    recorder.terminate()
    assert recorder.finish() == 0
    heard = events_of(root)
    assert [each.text for each in heard if each.type in TALK] == [*SAID, "waves"]
    _, found = imported(log_files(program.logs), OPTIONS[name], root)
    assert talk_of(found) == talk_of(heard)
