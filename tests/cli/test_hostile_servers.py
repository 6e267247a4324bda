"""Servers that send control characters or our secrets in each command, and what is shown then.

The commands are those of the code's own tables: one that is added is sent as well.
"""

from __future__ import annotations

import base64
import os
import pty
import re
import subprocess
import sys

import pytest

from chatlog import cli
from chatlog.cli.commands import tail
from chatlog.cli.show.diagnostics import end_diagnostics, set_up_diagnostics
from chatlog.cli.show.known_secrets import hide_secrets
from chatlog.connection import Route
from chatlog.errors import NetworkError
from chatlog.protocol import concealing, numerics
from chatlog.protocol.events.table import EVENTS
from chatlog.protocol.registration.capabilities import Identity, Registration
from chatlog.protocol.registration.login import LoggingIn
from chatlog.protocol.registration.sasl import Login
from chatlog.protocol.session import Session
from chatlog.protocol.session_settings import SessionSettings
from chatlog.secret import Secret, SecretMask
from tests.support.process import killed_on_failure
from tests.support.recording import plan_of, play
from tests.support.scripted import ScriptedServer
from tests.support.waiting import PATIENCE

C0 = "".join(map(chr, {*range(0x20)} - {0x0A}))
C1 = "".join(map(chr, range(0x7F, 0xA0)))
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
SEPARATORS = "\u2028\u2029\x0b\x0c\x85"
FORGED = "12:00:00 all is well"
FORMS = {
    "C0": C0,
    "C1 and DEL": C1,
    "bidi": BIDI,
    "separators": f"{SEPARATORS}{FORGED}",
    "carriage return": f"\r\x1b[2K\r{FORGED}",
    "line breaks": f"\u2028{FORGED}\u0085{FORGED}\x1bE{FORGED}",
    "CSI": "\x1b[2J\x1b[1;1H\x1b[31m\x9b2J\x1b[?1049h\x1b[6n",
    "OSC": "\x1b]52;c;aGk=\x07\x1b]0;title\x1b\\\x9d8;;http://x\x9c",
    "other strings": "".join(f"\x1b{begin}x\x1b\\" for begin in "P_^X") + "\x90q\x9c\x9fa\x9c",
    "ESC alone": "\x1bc\x1b7\x1b8\x1bM\x1b#8\x1b(0\x1b%G\x1bN\x1bO",
}
"""Each way to steer a terminal, to hide what was shown, or to make one line look like two."""

NUMERICS = {
    digits
    for value in vars(numerics).values()
    for digits in (value if isinstance(value, tuple) else (value,))
    if isinstance(digits, str) and re.fullmatch(r"\d{3}", digits)
}
HANDLED = set(Session(SessionSettings(network="n", identity=Identity(nick="n")))._all_handlers())
COMMANDS = sorted({*HANDLED, *EVENTS, *NUMERICS, "FAIL", "WARN", "NOTE", "KILL", "WALLOPS", "999"})
"""Every command and numeric that has a meaning for us, and some that have none."""

# These end the connection, or take the channel away: each has a connection of its own.
_LAST = ("ERROR", "RECONNECT")


def lines_of(command: str, words: str) -> bytes:
    """Return lines of a command that have these words in each place where a server can put them."""
    word = words.replace(" ", ",")
    lines = [
        f":scripted {command} rec #demo :{words}",
        f":scripted {command} #demo rec :{words}",
        f":scripted {command} rec {word} #demo :{words}",
        f":scripted {command} rec #demo #{word} :{words}",
        f":{word}!{word}@{word} {command} #demo rec :{words}",
        f":rec!{word}@{word} {command} :{words}",
        f":{word} {command} {word} {word} :{words}",
        f"@time={word};account={word};msgid={word} :ada!a@h {command} #demo :{words}",
        f"{command} :{words}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def boundary(monkeypatch, run):
    """Run a function as a command, and return its exit status."""
    monkeypatch.setattr(tail.command, "callback", lambda **_: run())
    return cli.run(["tail"])


def assert_safe(shown: str) -> None:
    """Assert that no text steers a terminal, and that each line is one that we began."""
    assert {each for each in shown if not (each == "\n" or each.isprintable())} == set()
    lines = shown.splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d |chatlog: |  |$", line) for line in lines), shown
    assert FORGED not in lines


@pytest.mark.parametrize("level", ["quiet", "plain", "verbose"])
@pytest.mark.parametrize("form", FORMS)
def test_no_command_of_a_server_steers_the_terminal_while_we_record(
    tmp_path, capsys, monkeypatch, form, level
):
    set_up_diagnostics(quiet=level == "quiet", verbose=level == "verbose", look_on=False)
    words = FORMS[form]

    def attack(peer):
        peer.register()
        peer.join("#demo", "#tea")
        for command in COMMANDS:
            if command not in _LAST:
                peer.send(lines_of(command, words))
        peer.sync()
        peer.send(lines_of(f"KICK #tea rec :{words}", words))
        peer.sync()
        peer.send(b"".join(lines_of(command, words) for command in _LAST))

    boundary(monkeypatch, lambda: play(tmp_path, attack))
    end_diagnostics()
    shown = capsys.readouterr().err
    assert_safe(shown)
    assert (
        (level == "quiet") or FORGED not in words or FORGED in shown
    )  # it was shown, in its place


REGISTRATION = sorted({*Registration.handled, *LoggingIn.handled, "ERROR", "NOTICE"})


def wait_for_login(peer, command):
    """Let the recorder register, up to its password if a command answers that."""
    peer.wait_for(rb"^USER ")
    if command in LoggingIn.handled:
        peer.send(b":scripted CAP * LS :sasl=PLAIN\r\n")
        peer.wait_for(rb"^CAP REQ")
        peer.send(b":scripted CAP * ACK :sasl\r\n")
        peer.wait_for(rb"^AUTHENTICATE PLAIN")


@pytest.mark.parametrize("command", REGISTRATION)
def test_no_refusal_of_a_server_steers_the_terminal(tmp_path, capsys, monkeypatch, command):
    set_up_diagnostics(quiet=False, verbose=True, look_on=False)
    words = "".join(FORMS.values())
    login = Login(user="u", password=Secret("p"), plain_without_tls=True)

    def refuse(peer):
        wait_for_login(peer, command)
        peer.send(lines_of(command, words))

    run = lambda: play(tmp_path, refuse, identity={"login": login})  # noqa: E731 - short
    assert boundary(monkeypatch, run) in {0, 4, 6}
    assert_safe(capsys.readouterr().err)


def test_a_line_break_that_a_login_hides_in_base64_makes_no_line_of_ours(
    tmp_path, capsys, monkeypatch
):
    set_up_diagnostics(quiet=False, verbose=False, look_on=False)
    login = Login(user="u", password=Secret("pencil"), mechanism="SCRAM-SHA-256")

    def refuse(peer):
        peer.wait_for(rb"^USER ")
        peer.send(b":scripted CAP * LS :sasl=SCRAM-SHA-256\r\n")
        peer.wait_for(rb"^CAP REQ")
        peer.send(b":scripted CAP * ACK :sasl\r\n")
        peer.wait_for(rb"^AUTHENTICATE SCRAM")
        peer.send(b"AUTHENTICATE +\r\n")
        peer.wait_for(rb"^AUTHENTICATE \S{8}")
        reason = base64.b64encode(f"e=no\n{FORGED}\x1b[2J".encode())
        peer.send(b"AUTHENTICATE " + reason + b"\r\n")

    run = lambda: play(tmp_path, refuse, identity={"login": login})  # noqa: E731 - short
    assert boundary(monkeypatch, run) == 6
    assert_safe(capsys.readouterr().err)


SECRETS = {
    "server": "pass-of-the-server",
    "sasl": "pencil-of-sasl",
    "nickserv": "ident-of-nickserv",
    "key": "sesame7",
    "proxy": "proxy-of-ours",
}
PLAIN = base64.b64encode(b"acc\0acc\0pencil-of-sasl").decode()
SENT = [SECRETS[each] for each in ("server", "nickserv", "key")]
"""What a server without SASL is sent, and so can repeat."""


def echo(*secrets):
    return " ".join([*secrets, f"acc:{secrets[0]}", *map(repr, secrets)])


IDENTITY = {"password": Secret(SECRETS["server"]), "nickserv": Secret(SECRETS["nickserv"])}
KEYS = {"keys": {"#demo": Secret(SECRETS["key"])}}
ROUTE = Route(timeout=PATIENCE, proxy_password=Secret(SECRETS["proxy"]))
SASL = Login(user="acc", password=Secret(SECRETS["sasl"]), plain_without_tls=True)
# What people say, lines of members and the machinery of the protocol stay as they came.
ECHOED = [each for each in COMMANDS if each not in {*concealing._AS_THEY_CAME, *_LAST}]


def repeating(command, words):
    """Return the lines of a command that no person sends."""
    return b"".join(
        line for line in lines_of(command, words).splitlines(keepends=True) if b"!" not in line
    )


def assert_no_secret(text: str) -> None:
    """Assert that no secret stands in a text, nor in what its base64 holds."""
    decoded = [base64.b64decode(each) for each in re.findall(r'"raw":"([^"]*)"', text)]
    for shown in (text, *(each.decode(errors="replace") for each in decoded)):
        assert [each for each in (*SECRETS.values(), PLAIN) if each in shown] == []


def all_text(root) -> str:
    """Return the names and the content of every file of an archive."""
    return "".join(
        f"{path}\n{path.read_text()}" for path in sorted(root.rglob("*")) if path.is_file()
    )


@pytest.fixture
def _masked():
    """Hide the secrets in messages, as the plans of a command do, until the test is over."""
    plan = plan_of(1, identity={**IDENTITY, "login": SASL}, session=KEYS, route=ROUTE)
    hide_secrets("net", plan.secret_mask())
    yield
    hide_secrets("net", SecretMask())


@pytest.mark.usefixtures("_masked")
def test_no_secret_that_a_server_repeats_is_shown_or_recorded(tmp_path, capsys, monkeypatch):
    set_up_diagnostics(quiet=False, verbose=True, look_on=False)
    seen, words = [], echo(*SENT)

    def repeat(peer):
        peer.register()
        peer.join("#demo", "#tea")
        for command in ECHOED:
            peer.send(repeating(command, words))
        peer.send(b":scripted 404 rec #demo :\xff\xc3 " + words.encode() + b"\r\n")
        peer.send(b"x" * 20_000 + words.encode() + b"\r\n", words.encode() + b" x\r\n")
        peer.send(f":ada!a@h MODE #demo +k {SECRETS['key']}\r\n".encode())
        peer.send(f":NickServ!s@services NOTICE rec :wrong: {words}\r\n".encode())
        peer.send(f":scripted NOTICE #demo :wrong: {words}\r\n".encode())
        peer.sync()
        peer.send(f"ERROR :Closing link ({words})\r\n".encode())

    def record():
        options = {"identity": IDENTITY, "session": {**KEYS, "queries": True}, "route": ROUTE}
        seen.append(play(tmp_path, repeat, **options)[1])

    boundary(monkeypatch, record)
    shown = capsys.readouterr().err
    assert "***" in shown
    assert "***" in all_text(tmp_path)
    assert_no_secret(shown)
    assert_no_secret(all_text(tmp_path))
    assert_no_secret(repr(seen))


@pytest.mark.usefixtures("_masked")
@pytest.mark.parametrize("command", REGISTRATION)
def test_no_secret_that_a_refusal_repeats_is_shown_or_recorded(
    tmp_path, capsys, monkeypatch, command
):
    set_up_diagnostics(quiet=False, verbose=True, look_on=False)

    def refuse(peer):
        wait_for_login(peer, command)
        peer.send(repeating(command, echo(*SENT, SECRETS["sasl"], PLAIN)))

    def record():
        play(tmp_path, refuse, identity={**IDENTITY, "login": SASL}, session=KEYS, route=ROUTE)

    boundary(monkeypatch, record)
    assert_no_secret(capsys.readouterr().err)
    assert_no_secret(all_text(tmp_path))


@pytest.mark.usefixtures("_masked")
def test_a_password_in_the_answer_of_a_proxy_is_hidden(capsys, monkeypatch):
    def fail():
        raise NetworkError(f"the proxy does not lead to x: it answered '407 {SECRETS['proxy']}'")

    assert boundary(monkeypatch, fail) == 4
    assert capsys.readouterr().err.endswith("it answered '407 ***'\n")


STYLING = re.compile(
    r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\r(?:\x1b\[1A)?\x1b\[2K|\x1b\[1A\x1b\[2K|\r+\n"
)
"""The sequences of rich's live view, and the line ends of a terminal."""


def test_the_live_view_shows_a_hostile_server_safely(chatlog, tmp_path):
    words = "".join(FORMS.values())

    def attack(peer):
        peer.register()
        peer.join("#demo")
        for command in COMMANDS:
            if command not in _LAST:
                peer.send(lines_of(command, words))
        peer.sync()
        peer.send(f"ERROR :{words}\r\n".encode())

    with ScriptedServer(attack) as server:
        shown = in_terminal(
            chatlog, "disconnected from", "record", "--server", f"127.0.0.1:{server.port}",
            "--no-tls", "--network", "net", "--channel", "demo", "--archive", str(tmp_path), "-v",
        )  # fmt: skip
    assert {each for each in STYLING.sub("", shown) if not each.isprintable()} == set()


def in_terminal(chatlog, last: str, *arguments: str) -> str:
    """Run a command in a terminal until it has written a text; return all that it wrote there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "chatlog", *arguments], env=chatlog.environment(TERM="xterm"),
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    with killed_on_failure(process):
        os.close(theirs)
        data, is_stopped = b"", False
        try:
            while piece := os.read(ours, 65_536):
                data += piece
                if not is_stopped and last in STYLING.sub("", data.decode(errors="replace")):
                    process.terminate()
                    is_stopped = True
        except OSError:  # the end of a terminal that nobody holds any more
            pass
        os.close(ours)
    assert is_stopped, data
    return data.decode()
