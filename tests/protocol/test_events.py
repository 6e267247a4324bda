"""What each command of the server says, as events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.event import EventType
from chatlog.protocol.events.modes import hide_keys
from chatlog.protocol.events.talk import ctcp_of
from chatlog.protocol.facts import Turn
from tests.support.conversation import NOW, in_channels, short, types_by_target

BOB = ":bob!u@h"
ALICE = ":alice!u@h"
LOG = ":log!chatlog@here.test"

SAID = {
    "a message": (f"{BOB} PRIVMSG #a :hi", "#a message bob text='hi'"),
    "an empty message": (f"{BOB} PRIVMSG #a :", "#a message bob"),
    "another case of the channel": (f"{BOB} PRIVMSG #A :hi", "#a message bob text='hi'"),
    "a notice": (f"{BOB} NOTICE #a :hi", "#a notice bob text='hi'"),
    "an action": (f"{BOB} PRIVMSG #a :\x01ACTION waves\x01", "#a action bob text='waves'"),
    "an action left open": (f"{BOB} PRIVMSG #a :\x01ACTION waves", "#a action bob text='waves'"),
    "an action in small letters": (f"{BOB} PRIVMSG #a :\x01action x\x01", "#a action bob text='x'"),
    "an action of nothing": (f"{BOB} PRIVMSG #a :\x01ACTION\x01", "#a action bob"),
    "a lone delimiter is text": (f"{BOB} PRIVMSG #a :\x01", "#a message bob text='\\x01'"),
    "a delimiter later is text": (
        f"{BOB} PRIVMSG #a :a\x01ACTION x\x01b",
        "#a message bob text='a\\x01ACTION x\\x01b'",
    ),
    "another CTCP": (
        f"{BOB} PRIVMSG #a :\x01VERSION\x01",
        "#a other bob command='PRIVMSG' params=('#a', '\\x01VERSION\\x01')",
    ),
    "an ACTION in a notice is none": (
        f"{BOB} NOTICE #a :\x01ACTION x\x01",
        "#a other bob command='NOTICE' params=('#a', '\\x01ACTION x\\x01')",
    ),
    "to the operators": (f"{BOB} PRIVMSG @#a :hi", "#a message bob statusmsg='@' text='hi'"),
    "to the voiced, in another case": (
        f"{BOB} NOTICE +#A :hi",
        "#a notice bob statusmsg='+' text='hi'",
    ),
    "an action to the operators": (
        f"{BOB} PRIVMSG @#a :\x01ACTION x\x01",
        "#a action bob statusmsg='@' text='x'",
    ),
    "a reaction": (
        f"@+draft/react=👋;+draft/reply=m1 {BOB} TAGMSG #a",
        "#a react bob text='👋' reply_to='m1'",
    ),
    "a reaction that is withdrawn": (
        f"@+draft/unreact=👋;+draft/reply=m1;msgid=m2 {BOB} TAGMSG #a",
        "#a unreact bob text='👋' msgid='m2' reply_to='m1'",
    ),
    "a reaction by its later name, to the operators": (
        f"@+react=x;+draft/reply=m1 {BOB} TAGMSG @#a",
        "#a react bob statusmsg='@' text='x' reply_to='m1'",
    ),
    "a reaction to nothing": (f"@+draft/react=x {BOB} TAGMSG #a", "#a react bob text='x'"),
    "a reaction while typing": (
        f"@+draft/react=x;+typing=done {BOB} TAGMSG #a",
        "#a react bob text='x' tags={'+typing': 'done'}",
    ),
    "a reaction of nothing": (
        f"@+draft/react=;+draft/reply=m1 {BOB} TAGMSG #a",
        "#a other bob command='TAGMSG' params=('#a',) reply_to='m1' tags={'+draft/react': ''}",
    ),
    "typing": (f"@+typing=active {BOB} TAGMSG #a", None),
    "typing by its draft's name": (f"@+draft/typing=done {BOB} TAGMSG #a", None),
    "typing an answer, as the server tells it": (
        f"@+typing=active;+draft/reply=m1;msgid=m2;account=b;bot {BOB} TAGMSG #a",
        None,
    ),
    "typing in a private message": (
        f"@+typing=active;+draft/channel-context=#a {BOB} TAGMSG log",
        None,
    ),
    "typing elsewhere": (f"@+typing=active {BOB} TAGMSG #z", None),
    "typing, and more": (
        f"@+typing=active;+x=y {BOB} TAGMSG #a",
        "#a other bob command='TAGMSG' params=('#a',) tags={'+typing': 'active', '+x': 'y'}",
    ),
    "other tags alone": (
        f"@+example.org/x=y {BOB} TAGMSG #a",
        "#a other bob command='TAGMSG' params=('#a',) tags={'+example.org/x': 'y'}",
    ),
    "tags that have a key": (
        f"@msgid=m1;account=robert;+draft/reply=m0;label=x;a=b {BOB} PRIVMSG #a :hi",
        "#a message bob account='robert' text='hi' msgid='m1' reply_to='m0' tags={'a': 'b'}",
    ),
    "a channel that we are not in": (
        f"{BOB} PRIVMSG #z :hi",
        "@server other bob command='PRIVMSG' params=('#z', 'hi')",
    ),
    "some members, though not advertised": (
        f"{BOB} NOTICE ~%#A :hi",
        "#a notice bob statusmsg='~%' text='hi'",
    ),
    "some members elsewhere": (
        f"{BOB} NOTICE %#z :hi",
        "@server other bob command='NOTICE' params=('%#z', 'hi')",
    ),
    "everybody": (f"{BOB} PRIVMSG * :hi", "@server other bob command='PRIVMSG' params=('*', 'hi')"),
    "everybody on some servers": (
        f"{BOB} PRIVMSG $*.test :hi",
        "@server other bob command='PRIVMSG' params=('$*.test', 'hi')",
    ),
    "everybody on some hosts": (
        f"{BOB} NOTICE $#*.test :hi",
        "@server other bob command='NOTICE' params=('$#*.test', 'hi')",
    ),
    "another nick than ours": (
        f"{BOB} PRIVMSG eve :hi",
        "@server other bob command='PRIVMSG' params=('eve', 'hi')",
    ),
    "a reaction elsewhere": (
        f"@+draft/react=x {BOB} TAGMSG #z",
        "@server other bob command='TAGMSG' params=('#z',) tags={'+draft/react': 'x'}",
    ),
    "the server": (":irc.test NOTICE log :hi", "@server notice irc.test text='hi'"),
    "nobody": ("NOTICE * :Looking up your host", "@server notice - text='Looking up your host'"),
}

HAPPENED = {
    "a join": (":dave!u@h JOIN #a", "#a join dave"),
    "an extended join": (
        ":dave!u@h JOIN #a david :Dave D.",
        "#a join dave account='david' text='Dave D.'",
    ),
    "an extended join without account": (":d!u@h JOIN #a * :D", "#a join d text='D'"),
    "a realname without account": (":d!u@h JOIN #a :Dave D.", "#a join d text='Dave D.'"),
    "one word without account": (":d!u@h JOIN #a Dave", "#a join d text='Dave'"),
    "a realname in several parameters": (
        ":d!u@h JOIN #a david Dave :D. E.",
        "#a join d account='david' text='Dave D. E.'",
    ),
    "a join elsewhere": (":d!u@h JOIN #z", "@server other d command='JOIN' params=('#z',)"),
    "our join": (f"{LOG} JOIN #New", "#New joined log"),
    "a part": (f"{BOB} PART #a", "#a part bob"),
    "a part with a reason": (f"{BOB} PART #A :bye all", "#a part bob text='bye all'"),
    "our part": (f"{LOG} PART #a :bye", "#a parted log text='bye'"),
    "a kick": (f"{ALICE} KICK #a bob :out", "#a kick alice text='out' subject='bob'"),
    "a kick without reason": (f"{ALICE} KICK #a bob", "#a kick alice subject='bob'"),
    "a kick by nobody": ("KICK #a bob", "#a kick - subject='bob'"),
    "a kick elsewhere": (
        f"{ALICE} KICK #z bob :out",
        "@server other alice command='KICK' params=('#z', 'bob', 'out')",
    ),
    "our quit": (f"{LOG} QUIT :bye", "@server quit log text='bye'"),
    "a topic": (f"{ALICE} TOPIC #a :new", "#a topic alice text='new'"),
    "a topic taken away": (f"{ALICE} TOPIC #a :", "#a topic alice"),
    "the topic that stood": (":irc.test 332 log #a :old", "#a topic - text='old'"),
    "a mode": (f"{ALICE} MODE #a +o bob", "#a mode alice command='+o' params=('bob',)"),
    "a mode of ours": (":log MODE log :+i", "@server mode log subject='log' command='+i'"),
    "an invitation here": (f"{ALICE} INVITE dave #a", "#a invite alice subject='dave'"),
    "an invitation elsewhere": (
        f"{ALICE} INVITE log :#z",
        "@server invite alice subject='log' params=('#z',)",
    ),
    "a retraction": (f"{BOB} REDACT #a m1 :typo", "#a redact bob text='typo' reply_to='m1'"),
    "a retraction without a reason": (
        f"@msgid=m2;account=b {BOB} REDACT #A m1",
        "#a redact bob account='b' msgid='m2' reply_to='m1'",
    ),
    "a retraction elsewhere": (
        f"{BOB} REDACT #z m1",
        "@server other bob command='REDACT' params=('#z', 'm1')",
    ),
    "a retraction of a private message": (f"{BOB} REDACT log m1 :typo", None),
    "a failure that names a channel": (
        ":irc.test FAIL REDACT FORBIDDEN #A m1 :No",
        "#a other irc.test command='FAIL' params=('REDACT', 'FORBIDDEN', '#A', 'm1', 'No')",
    ),
    "a warning that names a channel later": (
        ":irc.test WARN RENAME ODD x #a :hm",
        "#a other irc.test command='WARN' params=('RENAME', 'ODD', 'x', '#a', 'hm')",
    ),
    "a note about nothing": (
        "NOTE * OPER_MESSAGE :#a",
        "@server other - command='NOTE' params=('*', 'OPER_MESSAGE', '#a')",
    ),
    "a failure about a channel elsewhere": (
        ":irc.test FAIL JOIN X #z :no",
        "@server other irc.test command='FAIL' params=('JOIN', 'X', '#z', 'no')",
    ),
    "a numeric that names a nick before its channel": (
        ":irc.test 443 log bob #a :is already on channel",
        "#a other - command='443' params=('log', 'bob', '#a', 'is already on channel')",
    ),
    "an invitation that was sent": (
        ":irc.test 341 log dave #a",
        "#a other - command='341' params=('log', 'dave', '#a')",
    ),
    "channels of a person": (
        ":irc.test 319 log bob :#a",
        "@server other - command='319' params=('log', 'bob', '#a')",
    ),
    "a new name in case alone": (
        f"{ALICE} RENAME #a #A :louder",
        "#a other alice command='RENAME' params=('#a', '#A', 'louder')",
    ),
    "an end of names without names": (":irc.test 366 log #a :End", None),
    "names elsewhere": (
        ":irc.test 353 log = #z :bob",
        "@server other - command='353' params=('log', '=', '#z', 'bob')",
    ),
    "a numeric of a channel": (
        ":irc.test 329 log #a 1795460588",
        "#a other - command='329' params=('log', '#a', '1795460588')",
    ),
    "a numeric of nothing": (
        ":irc.test 265 log :Users",
        "@server other - command='265' params=('log', 'Users')",
    ),
    "an error": ("ERROR :Closing link", "@server other - command='ERROR' params=('Closing link',)"),
    "an unknown command": (
        ":irc.test FROB #a x",
        "#a other irc.test command='FROB' params=('#a', 'x')",
    ),
    "a wallops": (f"{ALICE} WALLOPS :hm", "@server other alice command='WALLOPS' params=('hm',)"),
}

EVERYWHERE = {
    "a quit": (f"{BOB} QUIT :gone", "quit bob text='gone'"),
    "a quit without reason": (f"{BOB} QUIT", "quit bob"),
    "a new nick": (f"{BOB} NICK :robert", "nick bob subject='robert'"),
    "gone away": (f"{BOB} AWAY :lunch", "away bob text='lunch'"),
    "back again": (f"{BOB} AWAY", "away bob"),
    "logged in": (f"{BOB} ACCOUNT robert", "account bob account='robert'"),
    "logged out": (f"@account=robert {BOB} ACCOUNT *", "account bob"),
    "another host": (f"{BOB} CHGHOST u2 h2", "chghost bob params=('u2', 'h2')"),
    "another realname": (f"{BOB} SETNAME :Bob B.", "setname bob text='Bob B.'"),
}


@pytest.mark.parametrize(("line", "event"), (SAID | HAPPENED).values(), ids=SAID | HAPPENED)
def test_a_line_becomes_one_event(line, event):
    assert in_channels().outcome(line) == ([event] if event else [])


@pytest.mark.parametrize(("line", "event"), EVERYWHERE.values(), ids=EVERYWHERE)
def test_what_somebody_does_to_the_network_is_in_every_channel_that_we_share(line, event):
    assert in_channels().outcome(line) == [f"#a {event}", f"#b {event}"]


@pytest.mark.parametrize(("line", "event"), EVERYWHERE.values(), ids=EVERYWHERE)
def test_of_somebody_never_seen_it_is_beside_all_channels(line, event):
    line, event = line.replace("bob!", "eve!"), event.replace(" bob", " eve")
    assert in_channels().outcome(line) == [f"@server {event}"]


def test_an_event_says_who_where_and_when():
    (event,) = in_channels().hear("@time=2026-11-23T18:20:00.500Z :bob!u@h PRIVMSG #a :hi")
    assert (event.nick, event.user, event.host) == ("bob", "u", "h")
    assert (event.network, event.target, event.type) == ("test", "#a", EventType.MESSAGE)
    assert event.time == "2026-11-23T18:20:00.500Z"
    assert event.received == "2026-11-23T18:20:01.123Z"


MACHINERY = [
    "PING :token",
    "PONG irc.test :token",
    "CAP log NEW :x",
    "AUTHENTICATE +",
    ":irc.test BATCH +1 netsplit a b",
    ":irc.test BATCH -1",
]


@pytest.mark.parametrize("line", MACHINERY)
def test_the_protocols_own_machinery_is_not_recorded(line):
    assert in_channels().outcome(line) == []


def test_names_are_gathered_into_one_event():
    outcome = in_channels().outcome(
        ":irc.test 353 log = #a :log @+alice!u@h",
        ":irc.test 353 log = #a :bob +carol",
        ":irc.test 366 log #a :End",
    )
    assert outcome == ["#a names - text='log @+alice bob +carol'"]


PREFIX_TOKENS = ["PREFIX=(Yqaohv)!~&@%+", "PREFIX=(ov)@+", "PREFIX=(yov)!@+", "PREFIX", "PREFIX=x"]
ITEMS = st.tuples(
    st.sampled_from(["", "!", "@", "+", "!@", "!@+", "!!", "@!"]),
    st.sampled_from(["ann", "bob", "d`e|", "4[x]"]),
    st.sampled_from(["", "!~u@h", "!u@h:1::2", "!", "!u", "!u!v@w@h"]),
)


@given(st.sampled_from(PREFIX_TOKENS), st.lists(ITEMS, min_size=1, unique_by=lambda item: item[1]))
def test_every_name_of_a_list_is_a_member_and_in_the_event_with_its_prefixes(token, items):
    talk = in_channels(f":irc.test 005 log {token} :are supported")
    shown = " ".join("".join(item) for item in items)
    *_, names = talk.outcome(f":irc.test 353 log = #b :{shown}", ":irc.test 366 log #b :End")
    wanted = " ".join(f"{prefixes}{nick}" for prefixes, nick, _ in items)
    assert names == f"#b names - text={wanted!r}"
    for _, nick, _ in items:
        assert talk.outcome(f":{nick}!u@h AWAY :x")[-1] == f"#b away {nick} text='x'"


@pytest.mark.parametrize("item", ["@", "!", "!@", "!u@h", "@!u@h"])
def test_an_item_of_a_list_without_a_nick_is_kept_as_it_came(item):
    names = f":irc.test 353 log = #a :bob {item}"
    outcome = in_channels().outcome(names, ":irc.test 366 log #a :End")
    assert outcome == [f"#a names - text='bob {item}'"]


def test_a_bouncer_that_does_not_say_our_nick_in_numerics_is_understood():
    outcome = in_channels().outcome(
        ":soju.test 005 * CHANTYPES=# :are supported by this server",
        ":soju.test 353 * = #a :log bob",
        ":soju.test 366 * #a :End",
    )
    assert outcome[1:] == ["#a names - text='log bob'"]


def test_who_is_in_the_names_is_known_without_prefix_and_host():
    talk = in_channels()
    talk.hear(":irc.test 353 log = #a :@+dave!u@h")
    assert talk.outcome(":dave!u@h QUIT") == ["#a quit dave"]


def test_when_we_are_kicked_we_also_parted():
    talk = in_channels()
    assert talk.outcome(f"{ALICE} KICK #A LOG :out") == [
        "#a kick alice text='out' subject='LOG'",
        "#a parted log text='kicked'",
    ]
    assert talk.session.state.membership.names() == ["#b"]


@pytest.mark.parametrize("name", ["0", "#c,0", "#c d", "bob", "#" + "x" * 400])
def test_no_server_gives_a_channel_a_name_that_a_join_could_not_say(name):
    talk = in_channels()
    talk.hear(f":irc.test RENAME #a :{name}")
    if " " not in name:
        talk.hear(f":irc.test 470 log #b {name} :go")
    assert talk.session.state.membership.names() == ["#a", "#b"]
    assert talk.session.joining.names() == ["#a", "#b"]


def test_a_channel_has_one_line_where_we_begin_to_hear_it_and_one_where_we_no_longer_do():
    talk = in_channels()
    assert talk.outcome(f"{LOG} JOIN #a") == [
        "#a parted log text='removed'",
        "#a joined log",
    ], "the server had removed us silently"
    assert talk.outcome(":irc.test RENAME #a #c :better")[2:] == [
        "#a parted log text='renamed to #c'",
        "#c joined log text='renamed from #a'",
    ]
    end = Turn()
    talk.session.close("gone", NOW, end)
    assert [event.type for event in end.events if event.target == "#a"] == []
    assert [event.type for event in end.events if event.target == "#c"] == ["parted"]


def test_a_batch_of_netsplit_quits_is_live():
    events = in_channels().hear(
        ":irc.test BATCH +n netsplit one.test two.test",
        "@batch=n :bob!u@h QUIT :one.test two.test",
        ":irc.test BATCH -n",
    )
    assert types_by_target(events) == {"#a": ["quit"], "#b": ["quit"]}
    assert {event.via for event in events} == {""}


KEYS = {
    "set": "MODE #a +k s3cr3t",
    "set, trailing": "MODE #a +k :s3cr3t",
    "taken away": "MODE #a -k s3cr3t",
    "after an operator": "MODE #a +ok bob s3cr3t",
    "before an operator": "MODE #a +ko s3cr3t bob",
    "after a ban and a limit": "MODE #a +blk *!*@x 10 s3cr3t",
    "after a limit that is taken away and has no argument": "MODE #a -l+k s3cr3t",
    "exchanged": "MODE #a -k+k s3cr3t s3cr3t",
    "modes and key as one parameter": "MODE #a :+nk s3cr3t",
    "after a mode that we do not know to take an argument": "MODE #a +Lk #b s3cr3t",
    "taken away and set again, with an operator between": "MODE #a -k+ok s3cr3t bob s3cr3t",
    "after a key that is taken away without being named": "MODE #a -ko+k bob s3cr3t",
    "too many arguments": "MODE #a +k s3cr3t s3cr3t",
    "not joined": "MODE #z +k s3cr3t",
    "another case": "MODE #A +k s3cr3t",
    "of no channel": "MODE log +k s3cr3t",
    "in reply": "324 log #a +ntk s3cr3t",
    "in reply, trailing": "324 log #a :+ntk s3cr3t",
    "in reply, not joined": "324 log #z +ntkl s3cr3t 10",
}


@pytest.mark.parametrize("line", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("source", ["", ":irc.test ", ":alice!u@h "])
def test_a_channels_key_is_in_no_event(line, source):
    events = in_channels().hear(source + line)
    assert len(events) == 1
    assert "s3cr3t" not in repr(events)


def test_a_key_that_is_not_utf_8_is_not_kept_as_raw_bytes():
    (event,) = in_channels().hear(":привет MODE #a +k ключ".encode()[:-1])
    assert (event.params, event.raw) == (("*",), "")


def test_the_key_in_history_is_hidden_too():
    talk = in_channels()
    lines = ("BATCH +1 chathistory #a", "@batch=1 :alice!u@h MODE #a +k s3cr3t", "BATCH -1")
    events = talk.hear(*lines)
    assert [short(event) for event in events] == [
        "#a mode alice command='+k' params=('*',) via='chathistory'"
    ]


HIDDEN = {
    "no key": ("+ob-v", ["a", "b", "c"], ["a", "b", "c"]),
    "a key among others": ("+okb", ["a", "s", "b"], ["a", "*", "b"]),
    "no argument at all": ("+k", [], []),
    "a limit has an argument only when it is set": ("-lk", ["s"], ["*"]),
    "a flag has none": ("+ntk", ["s"], ["*"]),
    "more arguments than modes": ("+k", ["a", "s"], ["*", "*"]),
    "fewer arguments than modes": ("+ok", ["s"], ["*"]),
}


@pytest.mark.parametrize(("modes", "arguments", "safe"), HIDDEN.values(), ids=HIDDEN)
def test_only_the_key_is_hidden_unless_it_cannot_be_told_from_the_rest(modes, arguments, safe):
    takes = {"o": "+-", "b": "+-", "v": "+-", "k": "+-", "l": "+"}
    assert hide_keys(modes, arguments, takes) == safe


CTCP = {
    "\x01VERSION\x01": ("VERSION", ""),
    "\x01ping 1 2\x01": ("PING", "1 2"),
    "\x01PING 1": ("PING", "1"),
    "\x01\x01": ("", ""),
    "\x01": None,
    "VERSION": None,
    "": None,
}


@pytest.mark.parametrize(("text", "parts"), CTCP.items())
def test_a_ctcp_message_is_parted_into_command_and_argument(text, parts):
    assert ctcp_of(text) == parts
