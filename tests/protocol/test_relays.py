"""Who spoke through a relay: a key of the event, for configured relays alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.protocol.facts import Turn
from chatlog.protocol.message import parse
from chatlog.protocol.privacy import PrivacySettings
from chatlog.protocol.relays import RelaySettings
from tests.support.conversation import NOW, in_channels, short
from tests.support.examples import examples_times

BRIDGE = ":bridge!b@relay.example"
BOB = ":bob!u@h"
RELAYS = RelaySettings(everywhere=("bridge",))


def bridged(**settings):
    return in_channels(**{"relays": RELAYS, **settings})


SAID = {
    f"{BRIDGE} PRIVMSG #a :<ada> hello": "message bridge text='<ada> hello' relayed_nick='ada'",
    f"{BRIDGE} PRIVMSG #a :[telegram] <a\u200bda> hi": (
        r"message bridge text='[telegram] <a\u200bda> hi'"
        " relayed_nick='ada' relayed_platform='telegram'"
    ),
    f"{BRIDGE} PRIVMSG #a :\x01ACTION [telegram] <ada> waves\x01": (
        "action bridge text='[telegram] <ada> waves' relayed_nick='ada' relayed_platform='telegram'"
    ),
    f"{BRIDGE} NOTICE #a :(ada) hello": "notice bridge text='(ada) hello' relayed_nick='ada'",
    f"{BRIDGE} PRIVMSG #a :I am a bridge": "message bridge text='I am a bridge'",
    f"{BRIDGE} TOPIC #a :<ada> hello": "topic bridge text='<ada> hello'",
    f"{BOB} PRIVMSG #a :<ada> hello": "message bob text='<ada> hello'",
    "@draft/relaymsg=bridge :ada/telegram!ada@h PRIVMSG #a :<x> hi": (
        "message ada/telegram text='<x> hi' relayed_nick='ada' relayed_platform='telegram'"
        " tags={'draft/relaymsg': 'bridge'}"
    ),
    "@draft/relaymsg=other :ada/telegram!ada@h PRIVMSG #a :hi": (
        "message ada/telegram text='hi' tags={'draft/relaymsg': 'other'}"
    ),
    f"@+draft/relaymsg=bridge {BOB} PRIVMSG #a :<ada> hi": (
        "message bob text='<ada> hi' tags={'+draft/relaymsg': 'bridge'}"
    ),
}


@pytest.mark.parametrize(("line", "event"), SAID.items(), ids=map(repr, SAID))
def test_what_a_relay_sends_is_kept_as_it_was_sent_with_who_spoke(line, event):
    talk = bridged()
    assert talk.outcome(line) == [f"#a {event}"]
    assert talk.outcome(line) == [f"#a {event}"]


def test_a_relay_of_one_channel_is_none_elsewhere():
    talk = bridged(relays=RelaySettings(in_channels={"#A": ("bridge",)}))
    there, elsewhere = talk.hear(
        f"{BRIDGE} PRIVMSG #a :<ada> hello", f"{BRIDGE} PRIVMSG #b :<ada> hello"
    )
    assert (there.relayed_nick, elsewhere.relayed_nick) == ("ada", "")


def test_a_relay_follows_its_channel_to_a_new_name():
    talk = bridged(relays=RelaySettings(in_channels={"#a": ("bridge",)}))
    *_, event = talk.hear(f"{BOB} RENAME #a #c", f"{BRIDGE} PRIVMSG #c :<ada> hello")
    assert (event.target, event.relayed_nick) == ("#c", "ada")


def test_a_mask_with_a_host_trusts_no_other_who_takes_the_nick():
    talk = bridged(relays=RelaySettings(everywhere=("bridge!*@relay.example",)))
    ours, other = talk.hear(
        f"{BRIDGE} PRIVMSG #a :<ada> hello", ":bridge!b@evil PRIVMSG #a :<ada> hello"
    )
    assert (ours.relayed_nick, other.relayed_nick) == ("ada", "")


def test_a_relay_that_is_configured_while_it_talks_counts_from_then_on():
    talk = in_channels()
    first, _ = talk.hear(*[f"{BRIDGE} PRIVMSG #a :<ada> hello"] * 2)
    settings = talk.session.settings
    talk.session.apply(
        type(settings)(
            network="test", identity=settings.identity, channels=("#a", "#b"), relays=RELAYS
        ),
        Turn(),
    )
    (second,) = talk.hear(f"{BRIDGE} PRIVMSG #a :<ada> hello")
    assert (first.relayed_nick, second.relayed_nick) == ("", "ada")


def test_who_is_ignored_is_ignored_through_a_relay_too():
    talk = bridged(privacy=PrivacySettings(ignore=("ada",)))
    kept = talk.hear(
        f"{BRIDGE} PRIVMSG #a :[telegram] <Ada> hello",
        f"{BRIDGE} PRIVMSG #a :[telegram] <adam> hello",
    )
    assert [event.relayed_nick for event in kept] == ["adam"]
    assert talk.session.privacy.counts == {"ignored": 1}


@pytest.mark.parametrize("text", ["<ada> [off] secret", "[tg] <ada> \x02[OFF] x", "[off] <ada> x"])
def test_what_is_off_the_record_behind_a_head_is_off_the_record(text):
    talk = bridged()
    assert talk.hear(f"{BRIDGE} PRIVMSG #a :{text}") == []
    assert talk.session.privacy.counts == {"off-record": 1}


def test_history_tells_who_spoke_through_a_relay():
    talk = bridged()
    events = talk.hear(
        ":irc.test BATCH +1 chathistory #a",
        f"@batch=1;time=2026-11-23T18:00:00.000Z {BRIDGE} PRIVMSG #a :[telegram] <ada> hello",
        ":irc.test BATCH -1",
    )
    assert [(event.relayed_nick, event.via) for event in events] == [("ada", "chathistory")]


NICKS = st.sampled_from(["bridge", "Bridge", "bob", "bridge2", "ada/x", "log"])
TAGS = st.sampled_from(["", "@draft/relaymsg=bridge ", "@draft/relaymsg=bob ", "@msgid=m;a=b "])
TEXTS = st.sampled_from(["<ada> hi", "[x] <ada> hi", "(ada) hi", "hi", "\x01ACTION <ada> hi\x01"])
LINES = st.builds(
    "{}:{}!u@h {} #a :{}".format,
    TAGS,
    NICKS,
    st.sampled_from(["PRIVMSG", "PRIVMSG", "NOTICE", "TOPIC", "TAGMSG", "PART"]),
    TEXTS | st.text(st.characters(exclude_characters="\r\n\0"), max_size=20),
)


@examples_times(2)
@given(st.lists(LINES, max_size=12), st.booleans())
def test_nobody_but_a_relay_names_another_speaker_and_both_lanes_agree(lines, anywhere):
    settings = {"everywhere": ("bridge",)} if anywhere else {"in_channels": {"#a": ("bridge",)}}
    fast, general = (in_channels(relays=RelaySettings(**settings)).session for _ in range(2))
    turn, expected = Turn(), Turn()
    for line in [line.encode() for line in lines]:
        fast.receive(iter([line]), NOW, turn)
        general.receive_message(parse(line), NOW, expected)
    assert turn.events == expected.events
    for event in turn.events:
        relay = event.tags.get("draft/relaymsg", event.nick)
        assert not (event.relayed_nick or event.relayed_platform) or relay.lower() == "bridge"


def test_the_events_of_others_are_what_they_are_without_relays():
    lines = [f"{BOB} PRIVMSG #a :<ada> hello", f"{BOB} JOIN #a", f"{BOB} NOTICE #a :(ada) hi"]
    plain = in_channels().hear(*lines)
    assert [short(event) for event in bridged().hear(*lines)] == [short(event) for event in plain]
