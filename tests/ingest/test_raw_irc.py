"""Lines of IRC as logs: what the recorder would write of them, and what has no place there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.formats.dialects.dialect import LogFacts, OddLine
from chatlog.ingest.raw_irc import DIALECT

STAMP = b"@tmi-sent-ts=1795458642017;id=m1 "


def decoded(*lines, **facts):
    decoder = DIALECT.decoder(LogFacts(**facts))
    return decoder, [event for some in decoder.events([b"\n".join(lines)]) for event in some]


def test_bytes_that_are_not_utf8_keep_their_encoding():
    _, [event] = decoded(STAMP + b":ann!a@h PRIVMSG #c :caf\xe9\r")
    assert (event.text, event.encoding) == ("café", "cp1252")


def test_a_time_of_ircv3_is_a_time_too():
    _, [event] = decoded(
        b"@time=2026-11-23T18:30:42.017Z;msgid=m :ann!a@h PRIVMSG #c :hi", network="net"
    )
    assert (event.time, event.network, event.msgid) == ("2026-11-23T18:30:42.017Z", "net", "m")


def test_a_line_without_time_or_channel_is_told():
    decoder, events = decoded(
        STAMP + b":ann!a@h PRIVMSG #c :hi",
        b":ann!a@h PRIVMSG #c :when",
        STAMP + b":ann!a@h PRIVMSG ben :psst",
        b"[19:31] <ann> hi",
        b"@tmi-sent-ts=17954586420 :ann!a@h PRIVMSG #c :when",
        STAMP + b"PING #c",
    )
    assert [each.text for each in events] == ["hi"]
    assert (decoder.tally.understood, decoder.tally.noise, decoder.tally.unknown) == (1, 1, 4)
    assert [each.why for each in decoder.odd] == [
        "no such time",
        "it names no channel",
        "no record of this dialect",
        "no such time",
    ]
    assert decoder.odd[0] == OddLine(2, ":ann!a@h PRIVMSG #c :when", "no such time")


def test_a_command_without_an_event_of_its_own_is_kept():
    _, [event] = decoded(STAMP + b":tmi.twitch.tv HOSTTARGET #c :other 5")
    assert (event.type, event.command, event.params) == ("other", "HOSTTARGET", ("#c", "other 5"))


def test_the_raw_lines_of_another_day_may_be_of_several_channels():
    decoder, events = decoded(*(STAMP + b":a!a@h PRIVMSG #%d :hi" % each for each in range(3)))
    assert [each.target for each in events] == ["#0", "#1", "#2"]
    assert decoder.target == "#0"


@pytest.mark.parametrize("command", ["JOIN", "PART", "QUIT", "NICK", "MODE", "KICK", "TOPIC"])
def test_events_of_irc_are_of_their_channel(command):
    _, events = decoded(STAMP + f":a!a@h {command} #c +o b".encode())
    assert [each.target for each in events] == ["#c"]


@given(st.lists(st.binary(max_size=100) | st.binary(max_size=60).map(STAMP.__add__), max_size=5))
def test_any_bytes_are_counted_line_by_line(lines):
    whole = STAMP + b":ann!a@h PRIVMSG #c :hi"
    decoder, events = decoded(whole, *lines)
    rest = b"\n".join(lines).split(b"\n")
    assert events[0].text == "hi"
    assert decoder.tally.lines == 1 + sum(
        bool(each.removesuffix(b"\r").strip(b" ")) for each in rest
    )
