"""The stretches for which a log proves that its program was listening."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatlog.formats.dialects import energymech, hexchat, ii, irssi, mirc, quassel, weechat, znc
from chatlog.formats.dialects.dialect import LogFacts
from chatlog.formats.dialects.event_maker import SEVERAL_CHANNELS

OPENED = "--- Log opened Mon Nov 23 {}:42 2026\n"
CLOSED = "--- Log closed Mon Nov 23 {}:00 2026\n"


def hearing_of(dialect, log, own_nick="ann"):
    facts = LogFacts(network="net", target="#c", date="2026-11-23", own_nick=own_nick)
    decoder = dialect.decoder(facts)
    for _ in decoder.events([log.encode()]):
        pass
    assert decoder.tally.unknown == 0
    return decoder.hearing


def heard(dialect, log, own_nick="ann"):
    """Return the stretches in the order of time, as hours and minutes."""
    found = hearing_of(dialect, log, own_nick).heard
    return [(each.since[11:16], each.until[11:16]) for each in found]


JOIN = "[10:00:00] *** Joins: ann (a@h)\n"
TALK = "[10:05:00] <bob> hi\n"


@pytest.mark.parametrize(
    ("rest", "until"),
    [
        ("", "10:05"),
        ("[11:00:00] *** Parts: ann (a@h) (bye)\n", "11:00"),
        ("[11:00:00] *** Quits: ann (a@h) (bye)\n", "11:00"),
        ("[11:00:00] *** ann was kicked by bob (out)\n", "11:00"),
        ("[11:00:00] *** bob was kicked by ann (out)\n[11:01:00] <eve> x\n", "11:01"),
        ("[11:00:00] *** Parts: bob (b@h) ()\n[11:01:00] <eve> x\n", "11:01"),
        ("[10:30:00] *** ann is now known as eve\n[11:00:00] *** Parts: eve (a@h) ()\n", "11:00"),
    ],
)
def test_a_log_is_heard_from_the_own_join_to_the_own_leaving_or_its_last_event(rest, until):
    assert heard(znc.DIALECT, JOIN + TALK + rest) == [("10:00", until)]


GHOST = (
    "[12:02:00] *** Joins: ann_ (a@h)\n"  # the nick was still in use
    "[12:04:00] *** Quits: ann (a@h) (Ping timeout)\n"
)


@pytest.mark.parametrize(
    "rest",
    [
        "[12:05:00] <bob> x\n",
        "[12:04:00] *** ann_ is now known as ann\n",
        "[12:05:00] *** Joins: eve (e@h)\n[13:00:00] *** Joins: ann (a@h)\n",
        "[12:05:00] <bob> x\n[13:00:00] *** Joins: ann (a@h)\n",
    ],
)
def test_nothing_is_claimed_until_the_quit_of_a_session_that_the_log_outlives(rest):
    claimed = heard(znc.DIALECT, JOIN + TALK + GHOST + rest)
    assert [each for each in claimed if each[0] < "12:04"] == []
    assert hearing_of(znc.DIALECT, TALK + GHOST + rest).carried == ""


def test_an_own_quit_that_ends_the_log_or_comes_before_the_own_join_is_claimed():
    gone = "[11:00:00] *** Quits: ann (a@h) (bye)\n"
    again = "[12:00:00] *** Joins: ann (a@h)\n[12:30:00] <bob> hi\n"
    assert heard(znc.DIALECT, JOIN + TALK + gone + again) == [
        ("10:00", "11:00"),
        ("12:00", "12:30"),
    ]


ENTERED = (
    "Nov 23 10:00:00 *\tNow talking on #c\n"
    "Nov 23 10:05:00 <bob>\thi\n"
    "Nov 23 10:10:00 *\tNow talking on {}\n"
    "Nov 23 11:00:00 <bob>\thi\n"
)
SESSIONS = (
    "Session Start: Mon Nov 23 10:00:00 2026\nSession Ident: #c\n"
    "[10:05] <bob> hi\nSession Close: Mon Nov 23 10:10:00 2026\n"
    "Session Start: Mon Nov 23 10:10:00 2026\nSession Ident: {}\n"
    "[11:00] <bob> hi\nSession Close: Mon Nov 23 11:00:00 2026\n"
)


@pytest.mark.parametrize(
    ("dialect", "log", "until"),
    [(hexchat.DIALECT, ENTERED, "10:05"), (mirc.DIALECT, SESSIONS, "10:10")],
)
def test_a_log_in_which_several_channels_are_entered_claims_nothing_and_tells(dialect, log, until):
    assert heard(dialect, log.format("#C"), "") == [("10:00", until), ("10:10", "11:00")]
    mixed = log.format("#other")
    hearing = hearing_of(dialect, mixed, "")
    assert (hearing.heard, hearing.carried, hearing.goes_on) == ([], "", False)
    decoder = dialect.decoder(LogFacts(network="net", target="#c", date="2026-11-23"))
    events = [event for some in decoder.events([mixed.encode()]) for event in some]
    assert decoder.tally.notes[SEVERAL_CHANNELS] == 1
    assert len(events) == mixed.count("*") + mixed.count("<")


def test_a_second_own_join_ends_the_stretch_before_at_its_last_event():
    again = "[12:00:00] *** Joins: ann (a@h)\n[12:30:00] <bob> hi\n"
    assert heard(znc.DIALECT, JOIN + TALK + again) == [("10:00", "10:05"), ("12:00", "12:30")]


@pytest.mark.parametrize(
    ("before", "stretches"),
    [
        ("[09:00:00] *** Joins: ann_ (a@h)\n", [("09:30", "10:05")]),
        (
            "[09:00:00] *** Joins: ann (a@h)\n[09:10:00] <bob> x\n",
            [("09:00", "09:10"), ("09:30", "10:05")],
        ),
    ],
)
def test_who_takes_the_own_nick_is_the_own_user(before, stretches):
    log = before + "[09:30:00] *** ann_ is now known as ann\n" + TALK
    assert heard(znc.DIALECT, log) == stretches


@pytest.mark.parametrize("own_nick", ["", "Bert"])
def test_joins_of_others_prove_nothing(own_nick):
    assert heard(znc.DIALECT, JOIN + TALK, own_nick) == []


@pytest.mark.parametrize(
    ("dialect", "log"),
    [
        (ii.DIALECT, "1795456800 -!- ann(a@h) has joined #c\n1795456810 <bob> hi\n"),
        (
            energymech.DIALECT,
            "[10:00:00] *** Joins: ann (a@h)\n[10:05:00] <bob> hi\n",
        ),
    ],
)
def test_an_own_join_proves_nothing_in_a_log_that_leaves_out_changes_of_nicks(dialect, log):
    assert heard(dialect, log) == []


def test_a_lost_connection_ends_the_stretch_at_the_event_before():
    log = (
        "Nov 23 10:00:00 *\tNow talking on #c\n"
        "Nov 23 10:05:00 <bob>\thi\n"
        "Nov 23 10:09:00 *\tDisconnected (Connection timed out)\n"
        "Nov 23 10:30:00 *\tNow talking on #c\n"
        "Nov 23 10:35:00 <bob>\thi\n"
    )
    assert heard(hexchat.DIALECT, log, "") == [("10:00", "10:05"), ("10:30", "10:35")]
    log = (
        "2026-11-23 10:00:00\t-->\tann (a@h) has joined #c\n"
        "2026-11-23 10:05:00\tbob\thi\n"
        "2026-11-23 10:09:00\t--\tirc: disconnected from server\n"
    )
    assert heard(weechat.DIALECT, log) == [("10:00", "10:05")]


@pytest.mark.parametrize(
    ("log", "stretches"),
    [
        (
            OPENED.format("10:00") + "10:05 <bob> hi\n" + CLOSED.format("11:00"),
            [("10:00", "11:00")],
        ),
        (
            OPENED.format("10:00")
            + "10:00 -!- ann [a@h] has joined #c\n10:05 <bob> hi\n"
            + CLOSED.format("11:00"),
            [("10:00", "11:00")],
        ),
        (
            OPENED.format("10:00")
            + "10:05 <bob> hi\n10:10 -!- ann was kicked from #c by bob [out]\n"
            + CLOSED.format("11:00"),
            [("10:00", "10:10")],
        ),
        (
            OPENED.format("10:00")
            + "10:05 <bob> hi\n10:30 -!- ann [a@h] has joined #c\n"
            + CLOSED.format("11:00"),
            [("10:00", "10:05"), ("10:30", "11:00")],
        ),
        (
            OPENED.format("10:00")
            + "10:05 <bob> hi\n"
            + OPENED.format("11:00")
            + "11:05 <bob> x\n",
            [("10:00", "10:05"), ("11:00", "11:05")],
        ),
    ],
)
def test_marks_claim_no_time_in_which_the_own_user_was_out_of_the_channel(log, stretches):
    assert heard(irssi.DIALECT, log) == stretches


def test_records_are_heard_target_by_target():
    def row(minute, kind, channel, sender="ann!a@h"):
        at = 1795456800 + 60 * minute
        return f'[{minute},{at},{kind},"{sender}","x","{channel}",2,"net",null]\n'

    rows = [
        row(0, 0x20, "#a"),
        row(1, 0x20, "#b"),
        row(2, 0x1, "#a", "bob!b@h"),
        row(3, 0x40, "#B"),
        row(4, 0x1, "#c", "bob!b@h"),
    ]
    decoder = quassel.DIALECT.decoder(LogFacts(own_nick="ann"))
    for _ in decoder.events(["".join(rows).encode()]):
        pass
    found = {each.target: (each.since[14:16], each.until[14:16]) for each in decoder.hearing.heard}
    assert found == {"#a": ("00", "02"), "#b": ("01", "03")}


COMING = {
    "come": ["*** Joins: ann (a@h)"],
    "ghost": ["*** Joins: ann_ (a@h)", "*** Quits: ann (a@h) (Ping timeout)", "<bob> hi"],
}
LEAVING = {
    "leave": ["*** Parts: {} (a@h) ()"],
    "kick": ["*** {} was kicked by bob (x)"],
    "vanish": [],
}
STEPS = ("talk", "leave", "kick", "vanish", "rename", "bob goes", "bob is ann", "come", "ghost")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=30))
def test_no_time_is_claimed_in_which_the_program_was_not_there(steps):
    """Every line stands in the log only while the program is there, under the nick it then has."""
    lines, there, nick, absent, minute = [], False, "ann", [], 0

    def write(*texts):
        nonlocal minute
        for text in texts:
            lines.append(f"[{minute // 60:02d}:{minute % 60:02d}:00] {text}\n")
            minute += 1

    for step in steps:
        minute += 1
        if step in COMING and not there:
            there, nick = True, COMING[step][0].split()[2]
            write(*COMING[step])
        elif not there:
            absent.append(minute)
        elif step in LEAVING:
            there = False
            write(*(each.format(nick) for each in LEAVING[step]))
        elif step == "rename":
            other = "ann_" if nick == "ann" else "ann"
            write(f"*** {nick} is now known as {other}")
            nick = other
        elif step == "bob goes":
            write("*** Quits: bob (b@h) ()")
        elif step == "bob is ann" and nick != "ann":
            write("*** Joins: ann (b@h)")
            write("*** Quits: ann (b@h) ()")
        else:
            write("<bob> *** Joins: ann (a@h)")
    claimed = heard(znc.DIALECT, "".join(lines)) if lines else []
    times = [f"{each // 60:02d}:{each % 60:02d}" for each in absent]
    assert not [each for each in times for since, until in claimed if since <= each <= until]
