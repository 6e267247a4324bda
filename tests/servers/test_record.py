"""`chatlog record` on real servers: people do all they can, and files are compared whole.

The expected files are in `expected/`; times, message ids and addresses are
normalised. After a wanted change: CHATLOG_REWRITE_EXPECTED=1, and read the diff.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.server

EXPECTED = Path(__file__).parent / "expected"
CHANNELS = ("#one", "#two", "#three")
_NORMAL = (
    (rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", b"TIME"),
    (rb"\[\d\d:\d\d:\d\d\]", b"[TIME]"),
    (rb'"msgid":"[^"]+"', b'"msgid":"ID"'),
    (rb'"reply_to":"[^"]+"', b'"reply_to":"ID"'),
    (rb"(reacted to) \S+", rb"\1 ID"),
    (rb"(127\.0\.0\.1|localhost)(:\d+)?", b"HOST"),
    (rb"\b1[78]\d{8}\b", b"SECONDS"),
)


def normal(data):
    for pattern, replacement in _NORMAL:
        data = re.sub(pattern, replacement, data)
    return data


def compare(directory, server):
    """Compare every transcript of the channels and queries, whole."""
    found = {
        f"{path.parent.name.strip('#')}{path.suffix}": normal(path.read_bytes())
        for path in sorted(directory.glob("*/*_001.*"))
        if path.parent.name != "@server"
    }
    place = EXPECTED / server
    if os.environ.get("CHATLOG_REWRITE_EXPECTED"):
        place.mkdir(parents=True, exist_ok=True)
        for name, data in found.items():
            (place / name).write_bytes(data)
    wanted = {path.name: path.read_bytes() for path in sorted(place.iterdir())}
    assert {name: data.decode().splitlines() for name, data in found.items()} == {
        name: data.decode().splitlines() for name, data in wanted.items()
    }


def start(chatlog, tmp_path, *arguments):
    """Record the three channels into both formats; return when all are joined."""
    channels = [part for name in CHANNELS for part in ("--channel", name)]
    return chatlog.start(
        "record", *channels, "--nick", "rec", "--network", "net", "--archive", tmp_path / "archive",
        "--format", "jsonl", "--format", "text", "--verbose", *arguments,
    )  # fmt: skip


def do(*steps):
    """Let people do things one after the other, as the server sees it."""
    for who, *lines in steps:
        who.send(*lines)
        if lines[-1][:4] == "QUIT":
            who.until("^ERROR")
        else:
            who.sync()


def wait_until_joined(who):
    """Return when the recorder is in all channels, in which this person is already."""
    for channel in CHANNELS:
        who.send(f"NAMES {channel}")
        if not re.search(r"\brec\b", who.until(rf" 353 .* {channel} ").rpartition(":")[2]):
            who.until(rf"^:rec!\S+ JOIN :?{channel}")


def arrive(person, port):
    """Bring alice into all three channels, and bob into the first two."""
    alice, bob = person(port, "alice").register(), person(port, "bob").register()
    alice.join(*CHANNELS)
    alice.send("TOPIC #one :what stood before")
    alice.sync()
    bob.join("#one", "#two")
    return alice, bob


def test_everything_that_people_can_do_on_inspircd_is_recorded(
    chatlog, tmp_path, inspircd, certificates, person
):
    """Over TLS, with all its capabilities."""
    alice, bob = arrive(person, inspircd.port)
    recorder = start(
        chatlog, tmp_path, "--queries",
        "--server", f"localhost:{inspircd.tls_port}", "--tls-ca", certificates.ca,
    )  # fmt: skip
    for channel in CHANNELS:
        alice.until(rf" JOIN :?{channel}")
    alice.send("MODE #one +o rec", "MODE #three +o rec")
    alice.until(r"MODE #three \+o")
    carol = person(inspircd.port, "carol").register("message-tags")
    do(
        (carol, "JOIN #one"),
        (alice, "PRIVMSG #one :hello", "PRIVMSG #ONE :in another case"),
        (bob, "PRIVMSG #one :\x01ACTION waves\x01", "NOTICE #one :a notice"),
        (alice, "PRIVMSG @#one :only for operators"),
        (bob, b"PRIVMSG #one :caf\xe9 in Latin-1", "PRIVMSG #two :お茶 \N{HOT BEVERAGE}"),
        (alice, b"PRIVMSG #one :hello\x10n[12:00:00] <bob> I resign \x1b[2J\xc2\x9b31m"),
        (alice, "TOPIC #one :another topic", "TOPIC #one :"),
        (alice, "MODE #one +v bob", "MODE #one +k sekrit", "MODE #one -k sekrit"),
        (alice, "MODE #one +b *!*@elsewhere.example"),
        (alice, "INVITE carol #three"),
        (carol, "@+draft/react=ok;+draft/reply=abc TAGMSG #one"),
        (bob, "PRIVMSG #one :\x01VERSION\x01"),
        (bob, "AWAY :at lunch", "AWAY", "SETNAME :Bob the Builder"),
        (alice, "OPER oper oper", "CHGHOST bob builder.example", "CHGIDENT bob builder"),
        (alice, "SAPART carol #one :with a reason"),
        (carol, "JOIN #one", "PART #one", "JOIN #one"),
        (alice, "KICK #one carol :out"),
        (bob, "NICK robert"),
    )
    bob.say("rec", "a whisper")
    bob.until("NOTICE robert :I am a recorder")
    alice.say("rec", "\x01PING 42\x01")
    alice.until("NOTICE alice :\x01PING 42")
    bob.say("#two", "rec: are you there?")
    bob.until("NOTICE #two :robert: I am a recorder")
    do(
        (bob, "QUIT :until tomorrow"),
        (alice, "SAKICK #three rec :out with you", "PRIVMSG #three :unheard"),
        (alice, "PRIVMSG #one :last"),
    )
    recorder.terminate()
    assert recorder.finish() == 0
    compare(tmp_path / "archive" / "net", "inspircd")


def test_everything_that_people_can_do_on_ngircd_is_recorded(chatlog, tmp_path, ngircd, person):
    """Plain, with next to no capabilities; it slows down who talks much."""
    alice, bob = arrive(person, ngircd.port)
    recorder = start(chatlog, tmp_path, "--server", f"127.0.0.1:{ngircd.port}", "--no-tls")
    for channel in CHANNELS:
        alice.until(rf" JOIN :?{channel}")
    do(
        (alice, "PRIVMSG #one :hello"),
        (bob, "PRIVMSG #one :\x01ACTION waves\x01"),
        (bob, "NOTICE #two :a notice"),
        (alice, b"PRIVMSG #two :caf\xe9 in Latin-1"),
        (alice, "TOPIC #one :another topic"),
        (alice, "MODE #one +v bob"),
        (alice, "MODE #one +k sekrit"),
        (bob, "PART #two :with a reason"),
        (bob, "JOIN #two"),
        (alice, "KICK #two bob :out"),
        (bob, "JOIN #two"),
        (bob, "NICK robert"),
        (bob, "QUIT :until tomorrow"),
        (alice, "PRIVMSG #three :last"),
    )
    recorder.interrupt()
    assert recorder.finish() == 0
    compare(tmp_path / "archive" / "net", "ngircd")


def said(tmp_path, channel):
    data = b"".join(
        path.read_bytes() for path in sorted((tmp_path / "archive/net" / channel).glob("*.jsonl"))
    )
    return [json.loads(line) for line in data.splitlines()]


@pytest.mark.parametrize("name", ["inspircd", "ngircd"])
def test_a_server_that_comes_back_is_recorded_again_without_a_person(
    request, chatlog, tmp_path, person, name
):
    """And the break is visible in every channel."""
    server = request.getfixturevalue(name)
    with person(server.port, "alice").register() as alice:
        alice.join(*CHANNELS)
        recorder = start(
            chatlog, tmp_path, "--server", f"127.0.0.1:{server.port}", "--no-tls",
            "--reconnect-min", "0.1", "--reconnect-max", "0.5",
        )  # fmt: skip
        for channel in CHANNELS:
            alice.until(rf" JOIN :?{channel}")
        alice.say("#one", "before")
        alice.sync()
    server.stop()
    recorder.wait_for("connecting again")
    server.start()
    alice = person(server.port, "alice").register()
    alice.join(*CHANNELS)
    wait_until_joined(alice)
    alice.say("#one", "after")
    alice.sync()
    recorder.terminate()
    assert recorder.finish() == 0
    for channel in CHANNELS:
        kinds = [event["type"] for event in said(tmp_path, channel)]
        assert [kind for kind in kinds if kind in {"joined", "parted"}] == [
            "joined", "parted", "joined", "parted",
        ]  # fmt: skip
    texts = [event["text"] for event in said(tmp_path, "#one") if event["type"] == "message"]
    assert texts == ["before", "after"]


@pytest.mark.parametrize(
    ("shows", "says"),
    [
        ("wronghost", "not valid for"),
        ("expired", "expired"),
        ("selfsigned", "self-signed|self signed"),
    ],
)
def test_a_certificate_that_cannot_be_trusted_ends_the_run_for_good(
    chatlog, tmp_path, start_daemon, certificates, shows, says
):
    from tests.servers.daemons import Ngircd

    server = start_daemon(Ngircd, shows)
    done = chatlog.run(
        "record", "--server", f"localhost:{server.tls_port}", "--channel", "one",
        "--tls-ca", certificates.ca, "--archive", tmp_path, "--quiet",
    )  # fmt: skip
    assert done.returncode == 6
    assert re.search(says, done.stderr)
    assert "--tls-ca" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_our_own_authority_the_systems_ones_decide(chatlog, tmp_path, ngircd):
    done = chatlog.run(
        "record", "--server", f"localhost:{ngircd.tls_port}", "--channel", "one",
        "--archive", tmp_path, "--quiet",
    )  # fmt: skip
    assert done.returncode == 6


def test_tls_to_a_plain_port_says_what_to_do(chatlog, tmp_path, ngircd):
    done = chatlog.run(
        "record", "--server", f"localhost:{ngircd.port}", "--channel", "one",
        "--archive", tmp_path, "--quiet", "--connect-timeout", "5s",
    )  # fmt: skip
    assert done.returncode == 4
    assert "--no-tls" in done.stderr
