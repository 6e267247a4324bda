"""What is kept out of the transcript because somebody asked for it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.casemapping import Casemapping
from chatlog.event import Event, EventType, Source
from chatlog.protocol.facts import Turn
from chatlog.protocol.message import parse
from chatlog.protocol.privacy import Privacy, PrivacySettings
from tests.support.conversation import NOW, in_channels, short

RFC1459 = Casemapping("rfc1459")
ASCII = Casemapping("ascii")
BOB = ":bob!u@bad.host"
ALICE = ":alice!a@good.host"
OFF = ("[off]", "[nolog]")


def said(text, kind=EventType.MESSAGE, **fields):
    who = {"target": "#a", "nick": "bob", "user": "u", "host": "bad.host"}
    return Event(time=NOW, type=kind, text=text, **{**who, **fields})


def kept(events, casemapping=ASCII, **settings):
    return Privacy(PrivacySettings(**settings)).keep(events, casemapping)


# -- off the record ----------------------------------------------------------

OFF_RECORD = {
    "at the beginning": "[off] secret",
    "in another case": "[OfF] secret",
    "with nothing between": "[off]secret",
    "with nothing else": "[nolog]",
    "after spaces": "  \t[off] secret",
    "after a no-break space": "\u00a0[off] secret",
    "after bold": "\x02[off] secret",
    "after a colour": "\x034[off] secret",
    "after two colours": "\x0304,12[off] secret",
    "after the end of a colour": "\x03[off] secret",
    "after a colour in hexadecimal": "\x04ff0000[off] secret",
    "after two colours in hexadecimal": "\x04ff0000,00FF00[off] secret",
    "after many of them": "\x02\x1d\x0304,12 \x1f\x16\x11\x1e\x0f[NOLOG] secret",
}
ON_RECORD = {
    "later": "he said [off]",
    "cut": "[off",
    "another word": "[offer] of the day",
    "no brackets": "off we go",
    "nothing": "",
    "formatting alone": "\x02\x0304",
    "other brackets": "{off} secret",
}


@pytest.mark.parametrize("text", OFF_RECORD.values(), ids=OFF_RECORD)
@pytest.mark.parametrize("kind", [EventType.MESSAGE, EventType.NOTICE, EventType.ACTION])
def test_what_begins_with_a_prefix_is_off_the_record(kind, text):
    privacy = Privacy(PrivacySettings())
    assert privacy.keep([said(text, kind)], ASCII) == []
    assert privacy.counts == {"off-record": 1}


@pytest.mark.parametrize("text", ON_RECORD.values(), ids=ON_RECORD)
def test_anything_else_is_on_the_record(text):
    privacy = Privacy(PrivacySettings())
    assert privacy.keep([said(text)], ASCII) == [said(text)]
    assert privacy.counts == {}


@pytest.mark.parametrize("kind", [EventType.TOPIC, EventType.QUIT, EventType.PART])
def test_only_what_people_say_can_be_off_the_record(kind):
    assert kept([said("[off] secret", kind)])


def test_a_deletion_does_not_tell_what_was_off_the_record():
    assert not kept([said("[off] secret", EventType.REDACT)])
    assert not kept([said("[off] secret", EventType.USERNOTICE)])


@pytest.mark.parametrize("text", ["[off] x", "\x01ACTION [off] x\x01", "\x01action [off] x"])
def test_a_line_that_has_no_place_is_off_the_record_just_as_well(text):
    other = said("", EventType.OTHER, command="PRIVMSG", params=("#z", text))
    assert not kept([other])
    assert kept([said("", EventType.OTHER, command="WALLOPS", params=("#z", text))])
    assert kept([said("", EventType.OTHER, command="PRIVMSG", params=("#z",))])


def test_the_off_record_prefixes_can_be_replaced_or_removed():
    assert kept([said("[off] x"), said("%% y")], off_record=("%%",)) == [said("[off] x")]
    assert kept([said("[off] x")], off_record=()) == [said("[off] x")]
    assert kept([said("[off] x"), said("")], off_record=("",)) == [said("[off] x"), said("")]


@pytest.mark.parametrize("text", ["[ВЫКЛ] x", "[выкл] x"])
def test_off_record_prefixes_ignore_case_in_any_script(text):
    assert not kept([said(text)], off_record=("[Выкл]",))


# -- who is ignored ------------------------------------------------------------

MASKS = {
    "a nick": ("bob", "bob!u@h", True),
    "a nick in another case": ("BOB", "bob!u@h", True),
    "not the beginning of a nick": ("bob", "bobby!u@h", False),
    "not the end of a nick": ("bob", "abob!u@h", False),
    "a nick and anything": ("bob*", "bobby!u@h", True),
    "one letter": ("b?b", "bab!u@h", True),
    "not two letters": ("b?b", "baab!u@h", False),
    "a whole mask": ("*!*@*.spam.example", "any!u@a.spam.example", True),
    "a whole mask of another": ("*!*@*.spam.example", "any!u@spam.example", False),
    "a host alone": ("*@bad.host", "bob!u@bad.host", True),
    "a nick and a host": ("bob@bad.host", "bob!u@bad.host", True),
    "a nick and a user": ("bob!u", "bob!u@h", True),
    "a nick and another user": ("bob!v", "bob!u@h", False),
    "a source without user and host": ("irc.test", "irc.test", True),
    "brackets are letters": ("[bob]", "[bob]!u@h", True),
    "and no choice of letters": ("[bob]", "b!u@h", False),
    "a bracket alone": ("bob[", "bob[!u@h", True),
    "a backslash": ("bo\\b", "bo\\b!u@h", True),
    "a dot is a dot": ("*@bad.host", "bob!u@badxhost", False),
}


@pytest.mark.parametrize(("mask", "source", "matches"), MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("casemapping", [RFC1459, ASCII], ids=["rfc1459", "ascii"])
def test_an_ignore_mask_matches_whole_sources(mask, source, matches, casemapping):
    privacy = Privacy(PrivacySettings(ignore=("nobody", mask, "*@elsewhere.invalid")))
    assert privacy.ignores(Source.parse(source), casemapping) is matches


def test_a_network_says_which_letters_are_the_same():
    privacy = Privacy(PrivacySettings(ignore=("bob[x]",)))
    assert privacy.ignores(Source("BOB{X}"), RFC1459)
    assert not privacy.ignores(Source("BOB{X}"), ASCII)
    assert privacy.ignores(Source("BOB[X]"), ASCII)


def test_nobody_is_ignored_unless_told():
    assert not Privacy(PrivacySettings()).ignores(Source("bob", "u", "h"), ASCII)


@pytest.mark.parametrize("mask", ["*a*a*a*a*a*a*a*a*a*b", "*" * 200 + "b", "?*" * 30 + "b"])
def test_a_hostile_source_does_not_keep_a_mask_busy(mask):
    # A matcher that tries every way to part the text would never come back.
    source = Source("a" * 4000, "a" * 2000, "a" * 2000)
    assert not Privacy(PrivacySettings(ignore=(mask,))).ignores(source, ASCII)


def test_people_are_ignored_by_their_accounts_as_well():
    by_account = msgspec.structs.replace(said("hi"), account="Ada")
    privacy = Privacy(PrivacySettings(ignore_accounts=("ada", "b*")))
    assert privacy.keep([by_account, said("hi")], ASCII) == [said("hi")]
    assert (privacy.counts, privacy.is_wide) == ({"ignored": 1}, True)


def test_nothing_that_an_ignored_person_does_is_kept():
    kinds = [EventType.JOIN, EventType.QUIT, EventType.NICK, EventType.OTHER, EventType.MESSAGE]
    privacy = Privacy(PrivacySettings(ignore=("bob",)))
    assert privacy.keep([said("", kind) for kind in kinds], ASCII) == []
    assert privacy.counts == {"ignored": len(kinds)}


def test_a_deletion_does_not_tell_what_an_ignored_person_said():
    who = {"nick": "tmi.twitch.tv", "user": "", "host": "", "subject": "bob"}
    assert not kept([said("spam", EventType.REDACT, **who)], ignore=("BOB",))
    assert kept([said("", EventType.CLEAR, **who)], ignore=("bob",))


@pytest.mark.parametrize("kind", [EventType.KICK, EventType.MODE, EventType.TOPIC])
def test_what_others_do_to_an_ignored_person_is_kept(kind):
    event = said("bob", kind, nick="alice", subject="bob", params=("bob",))
    assert kept([event], ignore=("bob",)) == [event]


def test_somebody_who_quits_several_channels_is_counted_in_each():
    privacy = Privacy(PrivacySettings(ignore=("bob",)))
    quits = [said("bye", EventType.QUIT, target=channel) for channel in ("#a", "#b")]
    assert privacy.keep(quits, ASCII) == []
    assert privacy.counts == {"ignored": 2}


def test_an_ignored_person_is_left_out_of_the_names():
    names = said("@alice +bob %bobby ~&bob carol", EventType.NAMES, nick="", user="", host="")
    (event,) = kept([names], ignore=("BOB",))
    assert event.text == "@alice %bobby carol"
    assert kept([names]) == [names]


# -- of what nothing is written ------------------------------------------------


def test_nothing_is_kept_of_a_channel_that_is_not_to_be_logged():
    privacy = Privacy(PrivacySettings(nolog=("#Quiet[]",)))
    events = [said("hi", target="#quiet{}"), said("hi"), said("x", EventType.TOPIC, target="#a")]
    assert privacy.keep(events, RFC1459) == events[1:]
    assert privacy.counts == {"nolog": 1}


BESIDE = {
    "what was said in it when we had left": ("PRIVMSG", ("#quiet{}", "secret")),
    "what was said to its operators": ("PRIVMSG", ("@#quiet[]", "secret")),
    "its topic": ("332", ("log", "#QUIET[]", "secret")),
    "its members": ("353", ("log", "=", "#quiet[]", "alice bob")),
}


@pytest.mark.parametrize(("command", "params"), BESIDE.values(), ids=BESIDE)
def test_no_server_event_that_names_a_nolog_channel_is_kept(command, params):
    other = said("", EventType.OTHER, target="@server", command=command, params=params)
    assert not kept([other], RFC1459, nolog=("#Quiet[]",))
    assert kept([other], RFC1459, nolog=("#quiet", "secret{}")) == [other]


def test_a_channel_that_begins_as_a_status_does_is_one_as_well():
    other = said("", EventType.OTHER, target="@server", command="332", params=("log", "&x", "y"))
    assert not kept([other], nolog=("&x",))


def test_the_recorder_still_says_when_it_was_there():
    own = said("", EventType.CONNECTED)
    assert kept([own], nolog=("#a",), ignore=("*",)) == [own]


def test_new_privacy_settings_keep_the_counts():
    privacy = Privacy(PrivacySettings(ignore=("bob",)))
    assert not privacy.keep([said("hi")], ASCII)
    privacy.apply(PrivacySettings(ignore=("carol",)))
    assert privacy.keep([said("hi"), said("[off]")], ASCII) == [said("hi")]
    assert privacy.counts == {"ignored": 1, "off-record": 1}


# -- any events, any settings --------------------------------------------------

TEXTS = st.one_of(
    st.text(max_size=20), st.sampled_from([*OFF_RECORD.values(), *ON_RECORD.values()])
)
EVENTS = st.lists(
    st.builds(
        said,
        TEXTS,
        st.sampled_from(list(EventType)),
        nick=st.sampled_from(["bob", "B[b", "", "carol"]),
        target=st.sampled_from(["#a", "#A", "#b", "@server"]),
    )
)
SETTINGS = st.builds(
    PrivacySettings,
    off_record=st.lists(st.sampled_from(["[off]", "", "ſ", "ß"])).map(tuple),
    ignore=st.lists(st.one_of(st.text(max_size=5), st.just("b*"))).map(tuple),
    nolog=st.lists(st.sampled_from(["#a", "#B"])).map(tuple),
)


@given(EVENTS, SETTINGS)
def test_what_was_kept_once_is_kept_again_in_the_same_order(events, settings):
    privacy = Privacy(settings)
    once = privacy.keep(events, RFC1459)
    counted = privacy.counts.total()
    assert counted == len(events) - len(once)
    assert privacy.keep(once, RFC1459) == once
    assert privacy.counts.total() == counted
    rest = iter(events)
    assert all(any(_is_of(event, other) for other in rest) for event in once)


def _is_of(event, original):
    return event is original or (
        event.type == original.type == EventType.NAMES and event.nick == original.nick
    )


# -- through a session ---------------------------------------------------------

TAGS = ["", "@msgid=m1;account=b ", "@time=2026-11-23T18:20:01.000Z ", "@+draft/reply=m0;x=y "]
LINES = [
    *(f"{BOB} PRIVMSG #a :{text}" for text in [*OFF_RECORD.values(), *ON_RECORD.values()]),
    f"{BOB} PRIVMSG #a :\x01ACTION waves\x01",
    *(f"{BOB} PRIVMSG #a :\x01ACTION {text}\x01" for text in OFF_RECORD.values()),
    f"{ALICE} PRIVMSG #a :hi",
    f"{ALICE} PRIVMSG #A :hi",
    f"{ALICE} PRIVMSG #b :hi",
]
PRIVATE = {
    "nothing more": PrivacySettings(),
    "bob ignored": PrivacySettings(ignore=("bob",)),
    "bob's host ignored": PrivacySettings(ignore=("*@bad.host",)),
    "a channel not logged": PrivacySettings(nolog=("#A",)),
    "letters as a prefix": PrivacySettings(off_record=("Kalt", "straße")),
    "no prefix": PrivacySettings(off_record=()),
}


def _by_receive(session, line):
    return session.receive(iter([line]), NOW, Turn())


def _by_receive_message(session, line):
    return session.receive_message(parse(line), NOW, Turn())


def by_both_lanes(line, settings):
    """Return the events of a line by each lane, when all is remembered."""
    found = []
    for receive in (_by_receive, _by_receive_message):
        talk = in_channels(privacy=settings)
        warm = [f"{BOB} PRIVMSG #a :x", f"{ALICE} PRIVMSG #a :x", f"{ALICE} PRIVMSG #A :x"]
        talk.hear(*warm, f"{ALICE} PRIVMSG #b :x")
        events = receive(talk.session, line.encode()).events
        found.append([short(event) for event in events])
    return found


@pytest.mark.parametrize("settings", PRIVATE.values(), ids=PRIVATE)
def test_the_fast_lane_keeps_out_what_the_slow_one_does(settings):
    for tags in TAGS:
        for line in LINES:
            fast, slow = by_both_lanes(tags + line, settings)
            assert fast == slow, tags + line


@given(
    st.sampled_from(["kalt", "straße", "[off]", "ſ", "ẞ", "İ", "ŉ"]),
    st.sampled_from(["", "\x02", "\u2003", "\x1c", "\x0b", "\x85"]),
    st.sampled_from([str, str.upper, str.lower, str.swapcase, str.casefold]),
    st.sampled_from(["", "\u212aalt", "\u017ftraße"]),
)
def test_the_lanes_agree_on_letters_that_are_alike_in_no_simple_way(prefix, before, change, other):
    settings = PrivacySettings(off_record=(prefix, "[off]"))
    fast, slow = by_both_lanes(f"{BOB} PRIVMSG #a :{before}{other or change(prefix)} x", settings)
    assert fast == slow


@pytest.mark.parametrize("tags", TAGS)
@pytest.mark.parametrize("form", ["{}", "\x01ACTION {}\x01", "\x01action {}\x01"])
def test_a_text_off_the_record_leaves_nothing_but_a_count(tags, form):
    talk = in_channels()
    talk.hear(f"{BOB} PRIVMSG #a :hi")
    text = form.format("[off] secret")
    assert talk.outcome(f"{tags}{BOB} PRIVMSG #a :{text}") == []
    assert talk.outcome(f"{tags}{BOB} PRIVMSG @#a :{text}") == []
    assert talk.session.privacy.counts == {"off-record": 2}


def test_a_private_message_off_the_record_is_not_kept_either():
    talk = in_channels(queries=True)
    assert talk.outcome(f"{BOB} PRIVMSG log :[off] secret")[:1] == [
        f"bob notice log text={talk.session.settings.manners.text!r}"
    ]
    assert talk.outcome(f"{BOB} WHISPER log :[off] secret") == []


def test_an_ignored_person_is_not_heard_however_often_they_speak():
    talk = in_channels(privacy=PrivacySettings(ignore=("bob",)))
    lines = [f"{BOB} PRIVMSG #a :one", f"@msgid=x {BOB} PRIVMSG #a :two", f"{BOB} TOPIC #a :three"]
    assert talk.outcome(*lines, *lines) == []
    assert talk.outcome(f"{ALICE} PRIVMSG #a :hi") == ["#a message alice text='hi'"]
    assert talk.session.privacy.counts == {"ignored": 6}


def test_a_line_with_the_account_of_an_ignored_person_is_not_kept_though_its_source_is_known():
    talk = in_channels(privacy=PrivacySettings(ignore_accounts=("ada",)))
    line = f"{BOB} PRIVMSG #a :hi"
    assert talk.outcome(line, line) == ["#a message bob text='hi'"] * 2
    assert talk.outcome(f"@account=ada {line}", f"@account=Ada;msgid=x {line}") == []


def test_an_ignored_person_is_not_in_the_names_and_still_known():
    talk = in_channels(privacy=PrivacySettings(ignore=("bob",)))
    assert talk.outcome(
        ":irc.test 353 log = #a :log @alice bob", ":irc.test 366 log #a :End of /NAMES list"
    ) == ["#a names - text='log @alice'"]
    assert talk.outcome(f"{BOB} QUIT :gone") == []


def test_who_is_ignored_from_now_on_is_not_heard_from_now_on():
    talk = in_channels()
    talk.hear(f"{BOB} PRIVMSG #a :hi", f"{ALICE} PRIVMSG #b :hi")
    more = PrivacySettings(ignore=("bob",), nolog=("#b",))
    settings = type(talk.session.settings)(
        network="test", identity=talk.session.settings.identity, channels=("#a", "#b"), privacy=more
    )
    talk.session.apply(settings, Turn())
    assert talk.outcome(f"{BOB} PRIVMSG #a :hi", f"{ALICE} PRIVMSG #b :hi") == []
    assert talk.outcome(f"{ALICE} PRIVMSG #a :hi") == ["#a message alice text='hi'"]


def test_a_channel_that_is_not_logged_has_our_coming_and_going_and_nothing_else():
    talk = in_channels(privacy=PrivacySettings(nolog=("#b",)))
    lines = [f"{BOB} PRIVMSG #b :hi", f"{BOB} PRIVMSG #B :hi", f"{BOB} TOPIC #b :x"]
    assert talk.outcome(*lines, *lines, ":irc.test 332 log #b :old", f"{BOB} PART #b") == []
    assert talk.outcome(":log!chatlog@here.test PART #b") == ["#b parted log"]


def test_a_channel_of_which_nothing_is_written_stays_so_under_another_name():
    talk = in_channels(privacy=PrivacySettings(nolog=("#a",)))
    talk.hear(":ada!a@h RENAME #a #c :better")
    assert talk.hear(":ada!a@h PRIVMSG #c :still between us") == []
