"""One connection's conversation: what follows from each message."""

from __future__ import annotations

from itertools import accumulate, pairwise
from operator import length_hint

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.connection.lines import Lines
from chatlog.event import SERVER, Source, is_live
from chatlog.formats import jsonl
from chatlog.protocol.facts import Disconnected, Turn
from chatlog.protocol.manners import MannersSettings
from chatlog.protocol.message import parse
from chatlog.protocol.repeats import REMEMBERED
from chatlog.protocol.session import Session
from chatlog.protocol.twitch_tags import CAPABILITY
from tests.support.conversation import (
    JOINED,
    NOW,
    WELCOME,
    Conversation,
    in_channels,
    short,
    types_by_target,
)
from tests.support.examples import examples_times

BOB = ":bob!u@h"
LOG = ":log!chatlog@here.test"
POLITE = MannersSettings().text
OLD = "2026-11-23T17:00:00.000Z"
FUTURE = "2027-11-23T17:00:00.000Z"


# -- beginning and end -----------------------------------------------------


def test_the_channels_are_joined_once_the_server_has_said_its_greeting():
    talk = Conversation()
    assert talk.outcome(*WELCOME[:2])[-1].startswith("@server other")
    assert talk.said == []
    assert talk.outcome(WELCOME[2]) == [
        "@server connected log text='irc.test:6697'",
        "@server other - command='376' params=('log', 'End of /MOTD')",
    ]
    assert talk.said == ["JOIN #a,#b"]
    talk.hear(WELCOME[2], ":irc.test 422 log :No MOTD")
    assert talk.said == ["JOIN #a,#b"]


@pytest.mark.parametrize(
    "line", [":irc.test 422 log :No MOTD", f"{LOG} JOIN #z"], ids=["no MOTD", "a bouncer's JOIN"]
)
def test_a_greeting_may_end_otherwise(line):
    talk = Conversation()
    talk.hear(WELCOME[0], line)
    assert talk.said == ["JOIN #a,#b"]


def test_a_greeting_without_an_end_is_ended_by_whoever_waits():
    talk = Conversation()
    assert made_ready(talk) == Turn(), "we are not registered yet"
    talk.hear(WELCOME[0])
    turn = made_ready(talk)
    assert [event.target for event in turn.events] == ["@server"]
    assert turn.replies == []
    talk.after(0)
    assert talk.said == ["JOIN #a,#b"]
    assert made_ready(talk) == Turn()


def made_ready(talk):
    turn = Turn()
    talk.session.make_ready(NOW, turn)
    return turn


TOKENS = ["PREFIX", "PREFIX=", "PREFIX=x", "CHANTYPES", "CHANTYPES=", "CHANTYPES=&", "CHANTYPES=bo"]
TOKENS += [
    "-PREFIX",
    "-CHANTYPES",
    "STATUSMSG=#",
    "CASEMAPPING=x",
    "CASEMAPPING=rfc1459",
    "CHANMODES=",
]


@given(st.lists(st.sampled_from(TOKENS), max_size=6))
def test_a_channel_that_we_asked_for_is_recorded_whatever_isupport_says(tokens):
    talk = Conversation()
    isupport = [f":irc.test 005 log {token} :are supported" for token in tokens]
    talk.hear(*WELCOME, *isupport, *JOINED)
    assert talk.outcome(
        f"{BOB} PRIVMSG #A :hi", f"{BOB} MODE #a +o alice", ":carl!u@h JOIN #a", f"{BOB} QUIT :bye"
    ) == [
        "#a message bob text='hi'",
        "#a mode bob command='+o' params=('alice',)",
        "#a join carl",
        "#a quit bob text='bye'",
        "#b quit bob text='bye'",
    ]
    assert talk.hear(f"{BOB} PRIVMSG log :psst") == []


def test_a_casemapping_that_comes_late_folds_the_channels_to_join_too():
    talk = Conversation(channels=("#a[", "#A{"))
    talk.hear(*WELCOME, ":irc.test 005 log CASEMAPPING=rfc1459 :are supported")
    talk.hear(f"{LOG} JOIN #A[")
    assert talk.session.joining.joined_count() == 1
    assert talk.session.joining.is_settled()


def test_tokens_of_isupport_need_no_words_at_the_end():
    talk = Conversation()
    talk.hear(WELCOME[0], ":irc.test 005 log CHANTYPES=& CASEMAPPING=ascii")
    assert talk.session.state.isupport.casemapping.name == "ascii"


def test_the_end_is_said_of_each_channel_that_we_were_in():
    talk = in_channels()
    talk.hear(f"{LOG} PART #b")
    end = Turn()
    talk.session.close("Ping timeout", NOW, end)
    assert [short(event) for event in end.events] == [
        "@server disconnected log text='Ping timeout'",
        "#a parted log text='Ping timeout'",
    ]


def test_a_connection_that_was_never_ready_ends_without_a_word():
    talk = Conversation()
    talk.hear(WELCOME[0])
    end = Turn()
    talk.session.close("refused", NOW, end)
    assert end == Turn(facts=[Disconnected("refused")])


def test_a_ping_is_answered_with_its_last_parameter():
    talk = in_channels()
    talk.hear("PING :a token", "PING one two", "PING")
    assert talk.said == ["PONG :a token", "PONG :two", "PONG"]


# -- who and where we are --------------------------------------------------


def test_a_new_nick_of_ours_is_ours_from_then_on():
    talk = in_channels()
    assert talk.outcome(f"{LOG} NICK :recorder") == [
        "#a nick log subject='recorder'",
        "#b nick log subject='recorder'",
    ]
    assert talk.outcome(":recorder!u@h PART #a") == ["#a parted recorder"]
    assert talk.outcome(":log!u@h JOIN #b") == ["#b join log"]


def test_the_nick_that_we_got_instead_of_ours_is_ours():
    talk = Conversation()
    talk.hear(":irc.test 433 * log :In use", ":irc.test 001 log_ :Hi", ":log_!u@h JOIN #a")
    assert talk.said[0] == "NICK log_"
    assert talk.session.state.membership.names() == ["#a"]


def test_a_nick_reaches_exactly_the_channels_of_that_person():
    talk = in_channels()
    assert talk.outcome(":alice!u@h NICK alicia", ":alicia!u@h QUIT") == [
        "#a nick alice subject='alicia'",
        "#a quit alicia",
    ]


def test_who_left_one_channel_quits_only_the_other():
    talk = in_channels()
    talk.hear(f"{BOB} PART #a")
    assert talk.outcome(f"{BOB} QUIT :bye") == ["#b quit bob text='bye'"]


def test_who_was_kicked_from_one_channel_quits_only_the_other():
    talk = in_channels()
    talk.hear(":alice!u@h KICK #b bob")
    assert talk.outcome(f"{BOB} QUIT") == ["#a quit bob"]


FOLDED = {
    "ascii": ("CASEMAPPING=ascii", ["#c[1]", "#C[1]"], ["#c{1}"]),
    "rfc1459": ("CASEMAPPING=rfc1459", ["#c[1]", "#C{1}", "#c[1}"], ["#ç[1]"]),
    "rfc1459 and the tilde": ("CASEMAPPING=rfc1459", ["#c[1]", "#c{1}"], ["#c[1]~"]),
    "rfc1459-strict": ("CASEMAPPING=rfc1459-strict", ["#c{1}"], ["#c[2]"]),
    "an unknown one is ascii": ("CASEMAPPING=rfc7613", ["#C[1]"], ["#c{1}"]),
}


@pytest.mark.parametrize(("token", "same", "other"), FOLDED.values(), ids=FOLDED)
def test_variants_of_a_channels_name_are_one_by_the_casemapping(token, same, other):
    talk = in_channels(f":irc.test 005 log {token} :are supported")
    talk.hear(f"{LOG} JOIN #c[1]", f"{BOB} JOIN #c[1]")
    for name in same:
        assert talk.outcome(f"{BOB} PRIVMSG {name} :hi") == ["#c[1] message bob text='hi'"]
    for name in other:
        assert talk.outcome(f"{BOB} PRIVMSG {name} :hi")[0].startswith("@server other bob")


def test_variants_of_a_nick_are_one_person():
    talk = in_channels(":irc.test 005 log CASEMAPPING=rfc1459 :are supported")
    talk.hear(":dave[]!u@h JOIN #a")
    assert talk.outcome(":DAVE{}!u@h QUIT") == ["#a quit DAVE{}"]


def test_a_casemapping_that_comes_late_forgets_nobody():
    talk = in_channels()
    talk.hear(":dave[]!u@h JOIN #a", ":irc.test 005 log CASEMAPPING=rfc1459 :are supported")
    assert talk.outcome(":dave{}!u@h QUIT") == ["#a quit dave{}"]


# -- our own lines ---------------------------------------------------------


def with_echo(**settings):
    return in_channels(":irc.test CAP log ACK :echo-message", **settings)


def test_what_we_say_is_recorded_once_where_no_echo_brings_it():
    talk = in_channels()
    assert talk.outcome(f"{BOB} PRIVMSG #a :log: hi") == [
        "#a message bob text='log: hi'",
        f"#a notice log text='bob: {POLITE}'",
    ]
    assert talk.said == [f"NOTICE #a :bob: {POLITE}"]


def test_what_we_say_is_recorded_once_where_an_echo_brings_it():
    talk = with_echo()
    assert talk.outcome(f"{BOB} PRIVMSG #a :log: hi") == ["#a message bob text='log: hi'"]
    assert talk.outcome(f"@msgid=m {LOG} NOTICE #a :bob: hm") == [
        "#a notice log text='bob: hm' msgid='m'"
    ]


@pytest.mark.parametrize("service", ["NickServ", "nickserv", "NickServ@services.test", "Q"])
@pytest.mark.parametrize("queries", [False, True])
def test_what_we_say_to_services_is_never_recorded(service, queries):
    talk = with_echo(queries=queries)
    line = f"{LOG} PRIVMSG {service} :IDENTIFY s3cr3t"
    assert talk.outcome(line, f"@time={OLD} {line}") == []
    talk.hear(f"BATCH +1 chathistory {service}")
    assert talk.outcome(f"@batch=1 {line}") == []


# -- private messages ------------------------------------------------------

PRIVATE = [f"{BOB} PRIVMSG log :hi", f"{BOB} NOTICE log :hi", f"@+a=b {BOB} TAGMSG log"]


@pytest.mark.parametrize("line", PRIVATE)
def test_private_messages_are_not_recorded(line):
    talk = in_channels()
    talk.hear("BATCH +1 chathistory bob")
    assert talk.outcome(line) == []
    assert talk.hear(line.replace(":bob", "@batch=1 :bob", 1).replace("b @b", "b;b")) == []


def test_our_polite_answer_to_a_whisper_is_not_recorded():
    talk = Conversation()
    talk.hear(WELCOME[0])
    assert talk.outcome(f"{BOB} PRIVMSG log :hi") == []
    assert talk.said == [f"NOTICE bob :{POLITE}"]


def test_queries_are_recorded_under_the_other_side_where_asked_for():
    talk = in_channels(queries=True)
    assert talk.outcome(f"{BOB} PRIVMSG log :hi", f"{LOG} PRIVMSG Bob :hello") == [
        "bob message bob text='hi'",
        f"bob notice log text='{POLITE}'",
        "bob message log text='hello'",
    ], "one conversation has one name, in which its ledger is kept"


def test_a_query_has_what_is_done_to_its_messages_but_no_typing():
    talk = in_channels(queries=True)
    about = "+draft/reply=m1"
    assert talk.outcome(
        f"@+draft/react=x;{about} {BOB} TAGMSG log",
        f"@+typing=active {BOB} TAGMSG log",
        f"{BOB} REDACT log m1 :typo",
    ) == [
        "bob react bob text='x' reply_to='m1'",
        "bob redact bob text='typo' reply_to='m1'",
    ]


@pytest.mark.parametrize("nick", ["#a", "@server", ""])
def test_no_query_writes_into_a_transcript_that_is_not_a_persons(nick):
    talk = in_channels(queries=True)
    events = talk.hear(f":{nick}!u@h NOTICE log :forged")
    assert [(event.target, event.type) for event in events] == [("@server", "other")]


# -- history and clocks ----------------------------------------------------

HISTORY = [
    "BATCH +h chathistory #a",
    f"@batch=h;time={OLD} :eve!u@h JOIN #a",
    f"@batch=h;time={OLD};msgid=m1 {BOB} PRIVMSG #a :old",
    f"@batch=h;time={OLD} {BOB} NICK robert",
    f"@batch=h;time={OLD} :alice!u@h QUIT :bye",
    f"@batch=h;time={OLD} {LOG} PART #a",
    f"@batch=h;time={OLD} :alice!u@h KICK #a log :out",
    "BATCH -h",
]


@pytest.mark.parametrize(
    ("kind", "via"), [("chathistory", "chathistory"), ("znc.in/playback", "playback")]
)
def test_history_is_marked_dated_and_changes_nobodys_whereabouts(kind, via):
    talk = in_channels()
    before = talk.session.state.membership.members("#a")
    events = talk.hear(*(line.replace("chathistory", kind) for line in HISTORY))
    kinds = ["join", "message", "nick", "quit", "part", "kick"]
    assert types_by_target(events) == {"#a": kinds}
    assert {event.via for event in events} == {via}
    assert {(event.time, event.received) for event in events} == {(OLD, NOW)}
    assert talk.session.state.membership.members("#a") == before
    assert talk.session.state.membership.names() == ["#a", "#b"]


def test_after_the_batch_what_is_said_is_live_again():
    talk = in_channels()
    talk.hear(*HISTORY)
    (event,) = talk.hear(f"@batch=h {BOB} PRIVMSG #a :now")
    assert event.via == ""


def test_what_is_older_than_the_skew_is_playback_and_files_under_its_own_time():
    (event,) = in_channels().hear(f"@time={OLD} {BOB} PRIVMSG #a :hi")
    assert (event.via, event.time, event.received) == ("playback", OLD, NOW)
    assert not is_live(event)


def test_what_claims_to_come_from_the_future_is_dated_by_its_receipt():
    (event,) = in_channels().hear(f"@time={FUTURE} {BOB} PRIVMSG #a :hi")
    assert (event.via, event.time, event.received) == ("", NOW, "")
    assert event.tags == {"time": FUTURE}


def test_the_welcome_measures_the_servers_clock():
    talk = Conversation()
    talk.hear(f"@time={OLD} {WELCOME[0]}", *WELCOME[1:], *JOINED)
    (event,) = talk.hear(f"@time={OLD} {BOB} PRIVMSG #a :hi")
    assert (event.via, event.time, event.received) == ("", OLD, NOW)


# -- manners ---------------------------------------------------------------

ANSWERED = {
    "a whisper": (f"{BOB} PRIVMSG log :hi", [f"NOTICE bob :{POLITE}"]),
    "a line that begins with our nick": (
        f"{BOB} PRIVMSG #A :LOG, hi",
        [f"NOTICE #A :bob: {POLITE}"],
    ),
    "our nick alone": (f"{BOB} PRIVMSG #a log", [f"NOTICE #a :bob: {POLITE}"]),
    "CTCP": (f"{BOB} PRIVMSG log :\x01PING 1\x01", ["NOTICE bob :\x01PING 1\x01"]),
    "a notice": (f"{BOB} NOTICE log :hi", []),
    "a CTCP reply": (f"{BOB} NOTICE log :\x01PING 1\x01", []),
    "a notice to us in a channel": (f"{BOB} NOTICE #a :log: hi", []),
    "our nick inside a word": (f"{BOB} PRIVMSG #a :logs: hi", []),
    "our nick later": (f"{BOB} PRIVMSG #a :hi log", []),
    "another line": (f"{BOB} PRIVMSG #a :hi", []),
    "CTCP to a channel": (f"{BOB} PRIVMSG #a :\x01VERSION\x01", []),
    "an action to us": (f"{BOB} PRIVMSG log :\x01ACTION waves\x01", []),
    "a channel that we are not in": (f"{BOB} PRIVMSG #z :log: hi", []),
    "a service": (":NickServ!s@services PRIVMSG log :This nick is registered", []),
    "a server": (":irc.test PRIVMSG log :hi", []),
    "nobody": ("PRIVMSG log :hi", []),
    "ourselves": (f"{LOG} PRIVMSG log :hi", []),
    "ourselves in a channel": (f"{LOG} PRIVMSG #a :log: hi", []),
    "playback": (f"@time={OLD} {BOB} PRIVMSG log :hi", []),
    "history": (f"@batch=h {BOB} PRIVMSG #a :log: hi", []),
    "a whisper without a text": (f"{BOB} PRIVMSG log", []),
}


@pytest.mark.parametrize(("line", "said"), ANSWERED.values(), ids=ANSWERED)
def test_each_kind_of_message_gets_its_answer_or_none(line, said):
    talk = in_channels()
    talk.hear("BATCH +h chathistory #a", line)
    assert talk.said == said


def test_answers_are_throttled_by_the_time_of_receipt():
    talk = in_channels()
    for at in (NOW, "2026-11-23T19:20:01.122Z", "2026-11-23T19:20:01.123Z"):
        talk.hear(f"{BOB} PRIVMSG log :hi", at=at)
    assert len(talk.said) == 2


def test_a_crowd_gets_no_more_than_the_burst():
    talk = in_channels()
    for n in range(50):
        talk.hear(f":nick{n}!u@h PRIVMSG log :\x01VERSION\x01", f":nick{n}!u@h PRIVMSG #a :log: hi")
    assert len(talk.said) == 10


# -- messages that are delivered twice ---------------------------------------

LIVE = "@time=2026-11-23T18:20:01.000Z;msgid"


@pytest.mark.parametrize(
    "rest",
    [
        "PRIVMSG #a :hi",
        "PRIVMSG #a :\x01ACTION waves\x01",
        "PRIVMSG #a :\x01ACTION waves",
        "PRIVMSG #a :",
        "QUIT",
        "NOTICE #a :hi",
        "TOPIC #a :new",
        "PRIVMSG #z :hi",
        "QUIT :bye",
    ],
)
@pytest.mark.parametrize("earlier", [[], [f"{BOB} PRIVMSG #a :this teaches the fast lane"]])
def test_a_message_that_is_delivered_twice_live_is_written_once(rest, earlier):
    talk = in_channels()
    talk.hear(*earlier)
    line = f"{LIVE}=m1 {BOB} {rest}"
    assert talk.hear(line)
    assert talk.hear(line) == []
    assert talk.hear(f"@msgid=m1 {BOB} {rest}") == [], "which takes the other lane"


def test_a_message_that_comes_again_on_the_next_connection_is_written_once():
    talk = in_channels()
    line = f"{LIVE}=m1 {BOB} PRIVMSG #a :hi"
    assert talk.hear(line)
    talk.session = Session(talk.session.settings, talk.session._carryover)
    talk.hear(*WELCOME, *JOINED)
    assert talk.hear(line) == []


def test_a_msgid_that_a_server_uses_again_for_other_words_or_channels_loses_nothing():
    talk = in_channels()
    rests = ("#a :1", "#a :2", "#b :2", "#b :1", "#b :\x01ACTION 1\x01")
    lines = [f"{LIVE}=m {BOB} PRIVMSG {rest}" for rest in rests]
    assert [event.text for event in talk.hear(*lines)] == ["1", "2", "2", "1", "1"]


@pytest.mark.parametrize("rest", ["PRIVMSG #a :hi", "JOIN #a", "NOTICE #a :hi", "QUIT :bye"])
def test_a_msgid_that_comes_again_from_another_source_is_another_message(rest):
    talk = in_channels()
    events = talk.hear(*(f"@msgid=m :{nick}!u@h {rest}" for nick in ("alice", "bob")))
    assert [event.nick for event in events if event.target == "#a"] == ["alice", "bob"]


def test_messages_without_a_msgid_may_repeat():
    talk = in_channels()
    assert len(talk.hear(*[f"@time=2026-11-23T18:20:01.000Z {BOB} PRIVMSG #a :hi"] * 2)) == 2


def test_the_memory_of_msgids_is_bounded_and_holds_the_last_ones():
    talk = in_channels()
    lines = [f"{LIVE}={number} {BOB} PRIVMSG #a :hi" for number in range(3 * REMEMBERED)]
    assert len(talk.hear(*lines)) == len(lines)
    assert talk.hear(*lines[-REMEMBERED:]) == []
    assert len(talk.hear(lines[0])) == 1
    repeats = talk.session._carryover.repeats
    assert len(repeats.recent) + len(repeats.older) <= 2 * REMEMBERED


@pytest.mark.parametrize(("msgid", "text"), [("x" * 600, "hi"), ("m", "hi" * 300)])
@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
def test_a_message_with_a_long_id_or_text_is_not_remembered(verb, msgid, text):
    talk = in_channels()
    assert len(talk.hear(*[f"{LIVE}={msgid} {BOB} {verb} #a :{text}"] * 2)) == 2


# -- whatever the server says ----------------------------------------------

SOURCES = st.sampled_from(
    [
        *("", "irc.test", "bob!u@h", "Bob!u@h", "alice!u@h", "eve!x@y", "eve", "!u@h", "#a!u@h"),
        *("[log]!chatlog@here", "{LOG}!c@h", "NickServ!s@services", "@server!u@h", "café!u@h"),
    ]
)
TAGS = st.lists(
    st.sampled_from(
        [
            *("time=2026-11-23T18:20:00.5Z", "time=2026-11-23T18:15:01.1Z", "time=x", "time="),
            *(
                f"time={OLD}",
                f"time={FUTURE}",
                "batch=1",
                "batch=2",
                "batch=",
                "msgid=m",
                "label=l",
            ),
            *("account=acc", "a=b\\s", "+draft/react=x", "+draft/reply=m"),
        ]
    ),
    max_size=3,
).map(";".join)
VERBS = ["PRIVMSG", "PRIVMSG", "NOTICE", "TAGMSG", "JOIN", "PART", "KICK", "QUIT", "NICK", "AWAY"]
VERBS += ["ACCOUNT", "CHGHOST", "SETNAME", "TOPIC", "INVITE", "REDACT", "MODE", "PING", "CAP"]
VERBS += ["BATCH", "ERROR", "FAIL", "WALLOPS", "AUTHENTICATE", "001", "005", "324", "332", "353"]
VERBS += ["366", "376", "422", "432", "433", "437", "464", "473", "900", "999", "7", "FROB"]
WORDS = [
    "#a",
    "#A",
    "#b",
    "#z",
    "@#a",
    "+@#a",
    "&x",
    "@server",
    "[log]",
    "{LOG}",
    "bob",
    "NickServ",
]
WORDS += ["*", "", "+k", "-k+o", "+ob", "LS", "ACK", "NAK", "NEW", "DEL", "batch echo-message"]
WORDS += ["+1", "-1", "+2", "-2", "chathistory", "znc.in/playback", "=", "hi", "log: hi"]
WORDS += [
    "[log]: hi",
    "{log}, hi",
    "\x01ACTION x\x01",
    "\x01VERSION\x01",
    "\x01",
    "@+bob alice!u@h",
]
WORDS += ["CASEMAPPING=ascii", "CASEMAPPING=rfc1459", "CHANTYPES=&", "CHANTYPES=", "STATUSMSG=#@"]
WORDS += ["STATUSMSG=@+", "PREFIX=", "CHANMODES=,,k", "TARGMAX=JOIN:0", "-CHANTYPES"]
PARAMS = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=5)


def as_line(tags, source, verb, params):
    """Write a line as a server would; an empty parameter can only be the last one."""
    middle = [word.replace(" ", "") or "*" for word in params[:-1]]
    words = [verb, *middle, *(f":{word}" for word in params[-1:])]
    prefix = (f"@{tags} " if tags else "") + (f":{source} " if source else "")
    line = prefix + " ".join(words)
    return line.replace("\n", "").encode(errors="ignore")


LINES = st.builds(as_line, TAGS, SOURCES, st.sampled_from(VERBS), PARAMS)
STREAMS = st.lists(LINES | st.binary(max_size=30), max_size=25)
IN_CHANNELS = tuple(
    line.replace(" log ", " [log] ").replace(":log!", ":[log]!")
    for line in (WELCOME[0], WELCOME[2], *JOINED)
)
BEGINNINGS = st.sampled_from([(), IN_CHANNELS])


def as_bytes(line):
    return line if isinstance(line, bytes) else line.encode()


def parsed(stream):
    # Receiving hides channel keys in the message itself, so no message serves twice.
    return [parse(as_bytes(line)) for line in stream]


MACHINERY = {"PING", "PONG", "CAP", "AUTHENTICATE", "BATCH", "CHATHISTORY", "353", "366"}
SAYING = {"PRIVMSG", "NOTICE", "TAGMSG", "REDACT"}
TARGETS = ["#a", "#A", "#z", "@#a", "~&#a", "$*", "$$irc.test", "*", "**", "bob", "", "&x", "+@#z"]


def is_private(message, me):
    """Tell whether a message names our nick or comes from it, as no other line does."""
    if message.command not in SAYING or not message.params:
        return False
    ours = message.source.partition("!")[0] == me
    return ours or me in message.params[0].replace("!", ",").replace("@", ",").split(",")


@examples_times(3)
@given(
    st.lists(
        st.builds(
            as_line,
            st.sampled_from(["", "+draft/react=x", "account=acc"]),
            st.sampled_from(["", "irc.test", "bob!u@h", "eve!x@y", "log!u@h", "@server!u@h"]),
            st.sampled_from([*sorted(SAYING) * 3, *VERBS]),
            st.builds(
                lambda target, rest: [target, *rest],
                st.sampled_from([*TARGETS, "log", "log@irc.test", "log!u@h", "#a,log"]),
                PARAMS,
            ),
        ),
        max_size=10,
    )
)
def test_every_line_that_is_not_private_is_in_a_transcript(stream):
    talk = in_channels()
    for line in stream:
        talk.session.state.be(Source("log", "chatlog", "here.test"))  # a NICK may have come
        (message,) = parsed([line])
        if not talk.hear(line):
            assert message.command in MACHINERY or is_private(message, "log")


@examples_times(3)
@given(BEGINNINGS, STREAMS, st.booleans())
def test_receiving_never_raises_and_files_only_under_what_is_recorded(beginning, stream, queries):
    talk = Conversation(nick="[log]", queries=queries)
    state = talk.session.state
    for line in [*beginning, *stream]:
        recorded = {SERVER, "#a", "#b", *state.membership.names()}
        turn = talk.session.receive(iter([as_bytes(line)]), NOW, Turn())
        recorded |= {*state.membership.names()}
        for event in turn.events:
            if event.target not in recorded:
                assert queries
                assert event.target
                assert event.target[0] not in state.isupport.chantypes + "@"
            assert event.time
            assert event.network == "test"


def two_sessions(*, queries):
    """Return two sessions alike, which know Twitch's tags once the server acknowledges them."""
    settings = {"nick": "[log]", "queries": queries, "capabilities": (CAPABILITY,)}
    return (Conversation(**settings).session for _ in range(2))


def expect_equal_lanes(stream, *, queries):
    fast, general = two_sessions(queries=queries)
    turn, expected = Turn(), Turn()
    for n, line in enumerate(map(as_bytes, stream)):
        received = f"2026-11-23T18:20:{n // 3 % 60:02d}.{n % 3}00Z"
        fast.receive(iter([line]), received, turn)
        general.receive_message(parse(line), received, expected)
        assert turn == expected
        assert what_is_known(fast) == what_is_known(general)


@given(BEGINNINGS, STREAMS, st.booleans())
def test_the_fast_lane_equals_the_general_one(beginning, stream, queries):
    expect_equal_lanes([*beginning, *stream], queries=queries)


LANES = {
    "a casemapping that comes late makes a line one that is to us": [
        ":irc.test 005 [log] CASEMAPPING=ascii :ok",
        ":[log]!c@h JOIN #a",
        ":irc.test 005 [log] CASEMAPPING=rfc1459 :ok",
        f"{BOB} PRIVMSG #a :hi",
        f"{BOB} PRIVMSG #a :{{LOG}}: hi",
    ],
    "a channel may look like the operators of another": [
        ":irc.test 005 [log] STATUSMSG=+ :ok",
        ":[log]!c@h JOIN +#a",
        f"{BOB} PRIVMSG +#a :hi",
        f"{BOB} PRIVMSG +#a :again",
    ],
    "what was a channel may be none any more": [
        f"{BOB} PRIVMSG #a :hi",
        ":irc.test 005 [log] CHANTYPES=& :ok",
        f"{BOB} PRIVMSG #a :again",
        f"{BOB} PRIVMSG #a :and again",
    ],
}


@pytest.mark.parametrize("stream", LANES.values(), ids=LANES)
def test_the_fast_lane_equals_the_general_one_in_odd_turns(stream):
    expect_equal_lanes([*IN_CHANNELS, *stream], queries=True)


TURNS = [
    "",
    ":irc.test 005 [log] CHANTYPES=& :ok",
    ":irc.test 005 [log] STATUSMSG=+ :ok",
    ":irc.test 005 [log] CASEMAPPING=ascii :ok",
    ":irc.test 005 [log] CASEMAPPING=rfc1459 :ok",
    ":[log]!c@h JOIN +#a",
    ":[log]!c@h PART #a",
    ":[log]!c@h NICK eve",
    ":bob!u@h KICK #b [log]",
    "BATCH +1 chathistory #b",
    "BATCH -1",
    ":irc.test CAP * ACK :twitch.tv/tags",
]
TWITCHS = "1795458000500"  # 2026-11-23T18:20:00.500Z
CHATTER = st.builds(
    "{}:bob!u@h {} {} :{}".format,
    st.sampled_from(
        [
            *("", "@time=2026-11-23T18:20:00.5Z ", "@batch=1 ", "@msgid=m;account=a "),
            *("@time=2026-11-23T18:20:00.5Z;batch=1 ", f"@time={OLD} ", f"@time={FUTURE} "),
            *(f"@id=m;tmi-sent-ts={TWITCHS} ", f"@tmi-sent-ts={TWITCHS};id=n;batch=1 "),
        ]
    ),
    st.sampled_from(["PRIVMSG", "PRIVMSG", "NOTICE"]),
    st.sampled_from(["#a", "+#a", "#A"]),
    st.sampled_from(
        ["hi", "{LOG}, hi", "[log]: hi", "[LO", "{logs}", "", "\x01ACTION x\x01", "eve: hi", "even"]
    ),
)
CHATS = st.lists(
    st.tuples(st.sampled_from(TURNS), st.lists(CHATTER, min_size=2, max_size=8)), max_size=4
)


@examples_times(3)
@given(CHATS)
def test_the_fast_lane_equals_the_general_one_in_a_busy_channel(chats):
    chatter = [line for turn, lines in chats for line in (turn, *lines) if line]
    expect_equal_lanes([*IN_CHANNELS, *chatter], queries=False)


MOVES = [
    *(line for line in TURNS if line),
    *(":[log]!c@h JOIN #a", ":[log]!c@h PART #b", ":[log]!c@h JOIN #b", ":eve!c@h NICK [log]"),
    *(":bob!u@h KICK #a [log]", ":bob!u@h KICK #a {LOG} :out", ":bob!u@h MODE #a +b *!*@h"),
    *(":bob!u@h MODE #a +k hush", ":bob!u@h NICK alice_", ":alice_!u@h NICK bob"),
    *(":bob!u@h QUIT :gone", ":bob!u@h JOIN #a", ":bob!u@h RENAME #a #c", ":bob!u@h PART #a"),
    *(":irc.test 005 [log] CASEMAPPING=rfc1459-strict :ok", ":irc.test 005 [log] CHANTYPES=#+ :ok"),
    *("PING :x", ":[log]!c@h NICK {log}", ":bob!u@h NOTICE #a :hi", "nonsense \xff"),
    *("***!znc@znc.in PRIVMSG #a :x", ":-bip!bip@b.i.p PRIVMSG #a :19:03:34> hi"),
    *(":irc.test CAP * ACK :twitch.tv/tags", ":irc.test CAP * DEL :twitch.tv/tags"),
    *(":***!znc@znc.in PRIVMSG #a :Buffer Playback...", ":bob!u@h PRIVMSG #a :[19:03:34] old"),
    *(":***!znc@znc.in PRIVMSG #a :Playback Complete.", ":[log]!c@h RENAME #b #a"),
    ":***!znc@znc.in NOTICE #a :Buffer Playback...",
]
STORMS = st.builds(":nick{0}!u@h NICK nick{1}".format, st.integers(0, 5), st.integers(0, 5))
SAID = st.builds(
    "{}:{} {} {} {}".format,
    st.sampled_from(
        [
            *("", "", "@time=2026-11-23T18:20:00.500Z ", "@msgid=m;time=2026-11-23T18:20:00.500Z "),
            *("@time=2026-11-23T18:20:00.500Z;msgid=m;account=a ", f"@time={OLD};msgid=n "),
            *("@time=2026-11-23T18:20:00.500Z;account=a;msgid=k ", "@time=x;msgid=k;+y=z "),
            *("@account=a;time=2026-11-23T18:20:00.500Z;account=b ", "@account=;msgid=;time= "),
            *(f"@time={FUTURE};account=a ", "@time=2026-11-23T18:20:00.500Z;msgid=a\\sb "),
            *("@time=2026-11-23T18:20:00.500Z;batch=1 ", "@time=2026-11-23T18:20:00.500Z  ", "@ "),
            "@time=2026-11-23T18:20:00.500Z@msgid=m ",
            *(f"@id=m;tmi-sent-ts={TWITCHS} ", f"@id=;mod=0;tmi-sent-ts={TWITCHS};user-id=1 "),
            *(f"@id=k;msgid=m;reply-parent-msg-id=p;tmi-sent-ts={TWITCHS} ", "@tmi-sent-ts=1 "),
            f"@id=q;tmi-sent-ts={TWITCHS};time=2026-11-23T18:20:00.500Z ",
        ]
    ),
    st.sampled_from(
        ["bob!u@h", "nick1!u@h", "[log]!c@h", "***!znc@znc.in", "irc.test", "", "é!u@h"]
    ),
    st.sampled_from(["PRIVMSG", "PRIVMSG", "NOTICE", "notice"]),
    st.sampled_from(["#a", "#A", "#b", "#c", "+#a", "[log]", " #a", "#a,#b"]),
    st.sampled_from(
        [
            *(":hi", ":", "", "hi", ":é \x02[off] x", ":[off] x", ":{LOG}: hi", ":eve, hi", "a :b"),
            *(":[lo] x", ":{LOG]", ":{logs", ":even"),
            *(":\x01ACTION x\x01", ":\x01ACTION \x01", ":\x01ACTION [off] x\x01", ":\x01VERSION"),
            *(":" + "x" * 600, ":" + "x" * 13_000, ":a\r", ":a :b"),
        ]
    ),
)
READS = st.lists(st.one_of(SAID, SAID, st.sampled_from(MOVES), STORMS), max_size=40)


@examples_times(5)
@given(READS, st.lists(st.integers(1, 400), max_size=30), st.integers(1, 5))
def test_the_fast_lane_equals_the_general_one_byte_for_byte_however_reads_are_cut(
    stream, cuts, patience
):
    fast, general = two_sessions(queries=True)
    turn, expected, asked = Turn(), Turn(), []
    opening = [as_bytes(line) for line in IN_CHANNELS]
    fast.receive(iter(opening), NOW, turn)
    data, whole = b"".join(as_bytes(line) + b"\r\n" for line in stream), Lines()
    for message in parsed([*opening, *whole.feed(data)]):
        general.receive_message(message, NOW, expected)
    buffer = Lines()
    for start, end in pairwise([*accumulate(cuts, initial=0), max(len(data), sum(cuts))]):
        lines = iter(buffer.feed(data[start:end]))
        while length_hint(lines):  # the session may leave lines, if the time is up
            fast.receive(lines, NOW, turn, lambda: asked.append(1) or not len(asked) % patience)
    assert jsonl.encode(turn.events) == jsonl.encode(expected.events)
    assert turn == expected
    assert what_is_known(fast) == what_is_known(general)


def test_our_kick_and_our_return_within_one_read_lose_no_line():
    talk = in_channels()
    message, kick = f"{BOB} PRIVMSG #a :%s", f"{BOB} KICK #a log"
    lines = [message % 1, message % 2, kick, f"{LOG} JOIN #a", message % 3, message % 4]
    turn = talk.session.receive(iter([line.encode() for line in lines]), NOW, Turn())
    kinds = [(event.target, event.type, event.text) for event in turn.events]
    assert [text for target, kind, text in kinds if kind == "message"] == ["1", "2", "3", "4"]
    assert {target for target, _, _ in kinds} == {"#a"}
    assert [kind for _, kind, _ in kinds if kind != "message"] == ["kick", "parted", "joined"]


def what_is_known(session):
    state = session.state
    names = state.membership.names()
    return (
        {name: state.membership.members(name) for name in names},
        (
            state.me,
            vars(state.names_lists),
            dict(state.isupport),
            session.clock.offset,
            session.ready,
        ),
        (session.registration.enabled, session.registration.nick),
        session.batches.open,
    )


def test_the_fast_lane_is_taken():
    talk = in_channels()
    talk.hear(f"{BOB} PRIVMSG #a :first")
    talk.session.receive_message = None
    tags = f"@time={NOW};account=a;msgid="
    assert talk.outcome(
        f"{BOB} PRIVMSG #a :plain",
        f"{tags}m {BOB} PRIVMSG #a :tagged",
        f"{BOB} NOTICE #a :told",
        f"{tags}n {BOB} NOTICE #a :told with tags",
        f"{BOB} PRIVMSG #a :lo, a text that begins like our nick",
    ) == [
        "#a message bob text='plain'",
        "#a message bob account='a' text='tagged' msgid='m'",
        "#a notice bob text='told'",
        "#a notice bob account='a' text='told with tags' msgid='n'",
        "#a message bob text='lo, a text that begins like our nick'",
    ]


def test_the_fast_lane_does_not_outlive_our_leaving():
    talk = in_channels()
    talk.hear(f"{BOB} PRIVMSG #a :first", f"{LOG} PART #a")
    assert talk.outcome(f"{BOB} PRIVMSG #a :second")[0].startswith("@server other")


def test_what_a_hostile_server_makes_us_remember_is_bounded():
    talk = in_channels()
    for n in range(20_000):
        talk.hear(f":nick{n}!u@h PRIVMSG #a :hi")
    talk.hear(*(f"BATCH +{n} chathistory #a" for n in range(200)))
    assert 0 < len(talk.session._fast_lane._heads._people) <= 16_384
    assert 0 < len(talk.session._fast_lane._heads._sources.known) <= 16_384
    assert 0 < len(talk.session._fast_lane._heads) <= 16_384
    assert len(talk.session.batches.open) <= 64
