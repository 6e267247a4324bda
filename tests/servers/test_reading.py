"""What a recorder on a real server writes, read back while it goes on: search, stats, who, tail."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.server


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def recorder(chatlog, inspircd, archive):
    """Record #c; end cleanly."""
    running = chatlog.start(
        "record", "--server", f"127.0.0.1:{inspircd.port}", "--no-tls", "--channel", "c",
        "--network", "net", "--nick", "rec", "--archive", archive, "--verbose",
    )  # fmt: skip
    yield running
    running.interrupt()
    assert running.finish() == 0


@pytest.fixture
def conversation(chatlog, inspircd, person, archive, recorder):
    """Let people talk in #c until that is recorded, as somebody sees who follows."""
    ann = person(inspircd.port, "ann").register()
    ann.join("#c")
    ann.send("NAMES #c")
    if "rec" not in ann.until(" 353 .* #c "):
        ann.until(r"^:rec!\S+ JOIN :?#c")
    following = chatlog.start("tail", "-f", "--json", "--archive", archive)
    bob = person(inspircd.port, "bob").register()
    bob.join("#c")
    bob.send("PRIVMSG #c :a mem\x02ory\x02 leak, is it?", "NICK robert")
    bob.sync()
    ann.send("PRIVMSG #c :see https://example.org/?q=memory", "PRIVMSG #c :\x01ACTION nods\x01")
    ann.sync()
    bob.say("#c", "thank you")
    following.wait_for("thank you", stream="stdout")
    following.interrupt()
    assert following.finish() == 130


@pytest.mark.usefixtures("conversation")
def test_what_was_said_a_moment_ago_is_found_counted_and_read_on(chatlog, archive, tmp_path):
    def read(*arguments):
        done = chatlog.run(*arguments, "--archive", archive)
        assert done.stderr == ""
        return [json.loads(line) for line in done.stdout.splitlines()]

    found = read("search", "--json", "from:bob memory")
    assert [event["text"] for event in found] == ["a mem\x02ory\x02 leak, is it?"]
    followed = read("search", "--json", "--nick", "bob", "--follow-nicks", "--type", "message")
    assert [event["nick"] for event in followed] == ["bob", "robert"]
    assert read("who", "--json", "c")[0]["nicks"] == ["ann", "rec", "robert"]
    people = [each for each in read("stats", "--json", "c") if each["type"] == "person"]
    assert [
        (each["nicks"], each["lines"], each["links"], each["questions"]) for each in people
    ] == [
        (["ann"], 2, 1, 0),
        (["bob", "robert"], 2, 0, 1),
    ]
    first = read("tail", "--json", "--cursor", tmp_path / "cursor")
    assert [event["text"] for event in first if event["type"] == "message"][-1] == "thank you"
    assert read("tail", "--json", "--cursor", tmp_path / "cursor") == []
