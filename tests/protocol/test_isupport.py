"""What the server says of itself, odd values included."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.protocol.history.chathistory import terms_of
from chatlog.protocol.isupport import MAX_TOKENS, ISupport


def isupport(*tokens):
    found = ISupport()
    found.receive(tokens)
    return found


def test_before_anything_is_said_the_defaults_of_rfc_1459_hold():
    found = ISupport()
    assert (found.casemapping.name, found.chantypes, found.prefixes) == ("rfc1459", "#&+!", "@+")
    assert (found.statusmsg, found.targets_per_join()) == ("", 10)


TOKENS = {
    "a value": ("NETWORK=Test", "NETWORK", "Test"),
    "no value": ("WHOX", "WHOX", ""),
    "an empty value": ("EXCEPTS=", "EXCEPTS", ""),
    "a key in small letters": ("network=Test", "NETWORK", "Test"),
    "an escaped space": (r"NETWORK=My\x20Net", "NETWORK", "My Net"),
    "an escape cut short": (r"NETWORK=a\x2", "NETWORK", r"a\x2"),
    "an equals sign in the value": ("A=b=c", "A", "b=c"),
}


@pytest.mark.parametrize(("token", "key", "value"), TOKENS.values(), ids=TOKENS)
def test_a_token_is_kept_with_its_value(token, key, value):
    assert isupport(token)[key] == value


def test_a_token_is_taken_back():
    found = isupport("CHANTYPES=#", "STATUSMSG=@")
    found.receive(["-CHANTYPES", "-STATUSMSG", "-NEVERSAID"])
    assert (found.chantypes, found.statusmsg) == ("#&+!", "")


CASEMAPPINGS = {"ascii": "ascii", "RFC1459": "rfc1459", "rfc1459-strict": "rfc1459-strict"}
CASEMAPPINGS |= {"": "rfc1459", "rfc7613": "ascii", "\x00": "ascii"}


@pytest.mark.parametrize(("said", "meant"), CASEMAPPINGS.items())
def test_casemapping_is_the_one_said_and_an_unknown_one_is_ascii(said, meant):
    assert isupport(f"CASEMAPPING={said}").casemapping.name == meant


def test_the_casemapping_object_stays_while_its_name_stays():
    found = isupport("CASEMAPPING=ascii")
    before = found.casemapping
    found.receive(["CASEMAPPING=ascii", "NETWORK=x"])
    assert found.casemapping is before


CHANNELS = {
    "#a is a channel by default": ([], "#a", True),
    "no name is none": ([], "", False),
    "a nick is none": ([], "bob", False),
    "only the types said": (["CHANTYPES=#"], "&a", False),
    "no types are the default": (["CHANTYPES="], "#a", True),
    "no usable type is the default": (["CHANTYPES=@b"], "#a", True),
    "a letter is no type: every nick would be a channel": (["CHANTYPES=b#"], "bob", False),
    "@ is no type: it is how @server begins": (["CHANTYPES=@#"], "@server", False),
    "the others still count": (["CHANTYPES=b@,#"], "#a", True),
}


@pytest.mark.parametrize(("tokens", "name", "expected"), CHANNELS.values(), ids=CHANNELS)
def test_a_channel_is_known_by_its_first_character(tokens, name, expected):
    assert isupport(*tokens).is_channel(name) is expected


STATUSMSG = {
    "a prefix": (["STATUSMSG=@+"], "@#a", ("@", "#a")),
    "two prefixes": (["STATUSMSG=@+"], "@+#a", ("@+", "#a")),
    "none": (["STATUSMSG=@+"], "#a", ("", "#a")),
    "none without the token": ([], "@#a", ("", "@#a")),
    "a nick is no channel": (["STATUSMSG=@+"], "@bob", ("", "@bob")),
    "a prefix of its own": (["STATUSMSG=@+"], "~#a", ("", "~#a")),
    "an empty target": (["STATUSMSG=@+"], "", ("", "")),
}


@pytest.mark.parametrize(("tokens", "target", "parts"), STATUSMSG.values(), ids=STATUSMSG)
def test_statusmsg_is_parted_from_the_channel(tokens, target, parts):
    assert isupport(*tokens).split_statusmsg(target) == parts


TARGETS = {
    "ten where nothing is said": ([], 10),
    "TARGMAX": (["TARGMAX=NAMES:1,JOIN:4,KICK:"], 4),
    "no limit": (["TARGMAX=JOIN:"], 999),
    "zero is no limit": (["TARGMAX=JOIN:0"], 999),
    "a limit that is no number": (["TARGMAX=JOIN:x"], 10),
    "no colon": (["TARGMAX=JOIN"], 10),
    "a limit of 5000 digits": (["TARGMAX=JOIN:" + "9" * 5000], 999_999_999),
    "TARGMAX without JOIN": (["TARGMAX=PRIVMSG:4"], 10),
    "TARGMAX without a colon": (["TARGMAX=PRIVMSG"], 10),
    "MAXTARGETS": (["MAXTARGETS=3"], 3),
    "MAXTARGETS of zero": (["MAXTARGETS=0"], 1),
    "MAXTARGETS that is no number": (["MAXTARGETS=x"], 10),
    "MAXTARGETS of 5000 digits": (["MAXTARGETS=" + "9" * 5000], 10),
}


@pytest.mark.parametrize(("tokens", "limit"), TARGETS.values(), ids=TARGETS)
def test_isupport_says_how_many_channels_one_join_may_name(tokens, limit):
    assert isupport(*tokens).targets_per_join() == limit


def test_which_modes_take_an_argument_and_when():
    found = isupport("CHANMODES=b,k,l,imnpst", "PREFIX=(ov)@+")
    assert found.modes_with_argument == {"b": "+-", "k": "+-", "l": "+", "o": "+-", "v": "+-"}


def derived(found):
    """List all that is read off the tokens."""
    return (
        *(found.casemapping.name, found.chantypes, found.prefixes, found.statusmsg),
        *(found.modes_with_argument, found.targets_per_join(), found.monitors, found.bot_mode),
        terms_of(found),
    )


MALFORMED = {
    "CASEMAPPING": [],
    "CHANTYPES": ["abc", "@", ",", " :"],
    "PREFIX": [
        *("@+", "(ov)", "()", "(ov)@", "(o)@+", "(ov)ab", "(oo)@+", "(ov)@@", "ov)@+", "(ov@+"),
        *("(12)@+", "(ov)@,", "(ov)#+", "(ov)[_", "(ov)@é", "(ov)@ "),
    ],
    "STATUSMSG": ["ab", "#", "@ +", "@,+", "é"],
    "CHANMODES": ["b", "b,k", "b,k,l", "1,2,3,4", "b,k,l,i ", "b;k;l;i", "é,k,l,i"],
    "TARGMAX": ["JOIN", "JOIN:x", "JOIN:-1", "JOIN:²", ":3", ",,", "4"],
    "MAXTARGETS": ["x", "-1", "1.5", "²", "9" * 5000],
    "MONITOR": ["x", "0", "-1", "²"],
    "BOT": ["1", "BB", "B x", "+B", "é", "\\x0d\\x0aB"],
    "CHATHISTORY": ["x", "-1", "²"],
    "MSGREFTYPES": [",", "x", "msgid;timestamp"],
}
USABLE = {
    "CASEMAPPING": "ascii",
    "CHANTYPES": "&",
    "PREFIX": "(qov)~@+",
    "STATUSMSG": "@",
    "CHANMODES": "b,k,l,",
    "TARGMAX": "JOIN:3",
    "MAXTARGETS": "3",
    "MONITOR": "100",
    "BOT": "B",
    "CHATHISTORY": "7",
    "MSGREFTYPES": "timestamp,msgid",
}
CASES = [
    (key, token)
    for key, values in MALFORMED.items()
    for token in [
        *(f"{key}={value}" for value in ["", *values] if (key, value) != ("MONITOR", "")),
        *([] if key == "MONITOR" else [key]),  # which is what MONITOR without a limit looks like
        f"-{key}",
        f"-{key}={USABLE[key]}",
        f"-{key.lower()}",
    ]
]


@pytest.mark.parametrize(("key", "token"), CASES)
def test_a_token_that_says_nothing_usable_means_its_default(key, token):
    found = isupport(f"{key}={USABLE[key]}")
    assert derived(found) != derived(ISupport())
    found.receive([token])
    assert derived(found) == derived(ISupport())


@pytest.mark.parametrize(("tokens", "monitors"), [("MONITOR", True), ("MONITOR=", True)])
def test_monitor_without_a_limit_is_monitor(tokens, monitors):
    assert isupport(tokens).monitors is monitors


@pytest.mark.parametrize(
    "prefix", ["(qaohv)~&@%+", "(Yov)!@+", "(ohv)@%+", "(yqaohv)*~&@%+", "(qaohvV)~&@%+-"]
)
def test_the_prefixes_of_real_servers_are_taken(prefix):
    assert isupport(f"PREFIX={prefix}").prefixes == prefix.partition(")")[2]


KEYS = ["CHANTYPES", "PREFIX", "STATUSMSG", "CHANMODES", "CASEMAPPING", "TARGMAX", "MAXTARGETS"]
VALUES = st.text(st.sampled_from("(),:@+#ovbk=\\x2019JOIN"), max_size=12) | st.text(max_size=8)


@given(st.lists(st.builds("{}={}".format, st.sampled_from(KEYS), VALUES) | st.text(max_size=8)))
def test_odd_tokens_of_isupport_never_raise(tokens):
    found = isupport(*tokens)
    assert found.targets_per_join() >= 1
    found.split_statusmsg("@#a")
    found.is_channel("#a")


def test_tokens_without_end_are_bounded_and_known_ones_still_change():
    found = isupport("CHANTYPES=#", *(f"TOKEN{number}=x" for number in range(10_000)))
    assert len(found) == MAX_TOKENS
    found.receive(["CHANTYPES=&", "-TOKEN1", "NEW=1"])
    assert (found.chantypes, found["NEW"]) == ("&", "1")
