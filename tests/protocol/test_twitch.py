"""What Twitch says in its own way: with tags on every line, and commands that nobody else has.

See https://dev.twitch.tv/docs/chat/irc/
"""

from __future__ import annotations

import pytest

from chatlog.event import SERVER
from chatlog.protocol.facts import ReconnectRequested, RoomShown, Turn
from chatlog.protocol.message import parse
from chatlog.protocol.privacy import PrivacySettings
from chatlog.protocol.registration.capabilities import Identity, Registration
from tests.support.conversation import NOW, Conversation, short

ME = "justinfan4711"
HOST = ":tmi.twitch.tv"
VIEWER = ":viewer!viewer@viewer.tmi.twitch.tv"
EARLIER = "2026-11-23T18:20:00.900Z"
MILLISECONDS = "1795458000900"

CAPABILITIES = ("twitch.tv/tags", "twitch.tv/commands")
OFFERED = "twitch.tv/commands twitch.tv/membership twitch.tv/tags"
WELCOME = (
    f"{HOST} CAP * LS :{OFFERED}",
    f"{HOST} CAP * ACK :twitch.tv/commands twitch.tv/tags",
    f"{HOST} 001 {ME} :Welcome, GLHF!",
    f"{HOST} 002 {ME} :Your host is tmi.twitch.tv",
    f"{HOST} 003 {ME} :This server is rather new",
    f"{HOST} 004 {ME} :-",
    f"{HOST} 375 {ME} :-",
    f"{HOST} 372 {ME} :You are in a maze of twisty passages, all alike.",
    f"{HOST} 376 {ME} :>",
)
JOINED = (
    f":{ME}!{ME}@{ME}.tmi.twitch.tv JOIN #streamer",
    f":{ME}.tmi.twitch.tv 353 {ME} = #streamer :{ME}",
    f":{ME}.tmi.twitch.tv 366 {ME} #streamer :End of /NAMES list",
)
ROOMSTATE = (
    "@emote-only=0;followers-only=-1;r9k=0;room-id=1337;slow=10;subs-only=0"
    f" {HOST} ROOMSTATE #streamer"
)
SAID = (
    "@badge-info=;badges=glhf-pledge/1;color=#0000FF;display-name=Viewer;emotes=25:0-4;"
    "first-msg=0;flags=;id=885196de-cb67-427a-baa8-82f9b0fcd05f;mod=0;returning-chatter=0;"
    f"room-id=1337;subscriber=0;tmi-sent-ts={MILLISECONDS};turbo=0;user-id=42;user-type="
    f" {VIEWER} PRIVMSG #streamer :Kappa hello"
)


def at_twitch(**settings):
    settings = {
        "channels": ("#streamer",),
        "nick": ME,
        "capabilities": CAPABILITIES,
        **settings,
    }
    talk = Conversation(**settings)
    talk.hear(*WELCOME, *JOINED)
    talk.said.clear()
    return talk


def only(talk, line):
    """Hear a line of which one event is made."""
    (event,) = talk.hear(line)
    return event


ID = "885196de-cb67-427a-baa8-82f9b0fcd05f"
REPLIED = SAID.replace("turbo=0", "reply-parent-msg-id=94e6c7ff").replace(ID, "db25007f")


def test_a_message_has_twitchs_id_and_time_in_its_keys_and_its_other_tags_as_they_came():
    event = only(at_twitch(), SAID)
    assert (event.type, event.target, event.nick) == ("message", "#streamer", "viewer")
    assert (event.text, event.msgid, event.reply_to) == ("Kappa hello", ID, "")
    assert (event.time, event.received, event.via) == (EARLIER, NOW, "")
    assert event.tags["display-name"] == "Viewer"
    assert event.tags["emotes"] == "25:0-4"
    assert not {"id", "tmi-sent-ts"} & event.tags.keys()


def test_a_reply_on_twitch_names_the_message_that_it_answers():
    event = only(at_twitch(), REPLIED)
    assert event.reply_to == "94e6c7ff"
    assert "reply-parent-msg-id" not in event.tags


def test_a_message_by_the_fast_lane_is_no_other():
    fast, general = at_twitch(), at_twitch()
    for talk in fast, general:
        talk.hear(REPLIED)
    lines, turn = iter([SAID.encode()]), Turn()
    assert list(fast.session._fast_lane.take(lines, NOW, turn.events)) == []
    assert turn.events == general.session.receive_message(parse(SAID.encode()), NOW, Turn()).events


def test_a_message_that_twitch_delivers_twice_is_written_once():
    talk = at_twitch()
    assert [len(talk.hear(SAID)) for _ in range(3)] == [1, 0, 0]


UNCLEAR = {
    "no time": "soon",
    "a time in seconds": "1795458000",
    "digits of another script": "".join(chr(ord(digit) + 0x630) for digit in MILLISECONDS),
}


@pytest.mark.parametrize("claim", UNCLEAR.values(), ids=UNCLEAR)
def test_a_time_of_twitch_that_is_none_stays_in_the_tags(claim):
    event = only(at_twitch(), SAID.replace(MILLISECONDS, claim))
    assert (event.time, event.tags["tmi-sent-ts"]) == (NOW, claim)


def test_the_tags_of_ircv3_count_before_those_of_twitch():
    line = f"@msgid=m1;time={NOW};+draft/reply=m0;reply-parent-msg-id=x;" + SAID[1:]
    event = only(at_twitch(), line)
    assert (event.msgid, event.time, event.reply_to) == ("m1", NOW, "m0")
    assert (event.tags["id"], event.tags["tmi-sent-ts"]) == (ID, MILLISECONDS)


def test_a_clock_of_ours_that_is_wrong_makes_nothing_of_twitch_a_playback():
    """Twitch plays nothing back, so its first time is the measure of its clock."""
    talk = at_twitch()
    received = "2026-11-23T19:00:00.000Z"
    first, second = talk.hear(SAID, REPLIED, at=received)
    assert (first.via, second.via) == ("", "")
    assert (first.time, second.time) == (EARLIER, EARLIER)


def test_twitchs_tags_are_only_tags_unless_the_server_acknowledged_them():
    talk = Conversation(channels=("#streamer",), nick=ME, capabilities=CAPABILITIES)
    talk.hear(WELCOME[0], *WELCOME[2:], *JOINED)
    event = only(talk, SAID)
    assert (event.time, event.msgid) == (NOW, "")
    assert (event.tags["id"], event.tags["tmi-sent-ts"]) == (ID, MILLISECONDS)


CLEARED = {
    "everybody": (
        f"@room-id=1337;tmi-sent-ts={MILLISECONDS} {HOST} CLEARCHAT #streamer",
        "",
        {"room-id": "1337"},
    ),
    "somebody for good": (
        (
            f"@room-id=1337;target-user-id=42;tmi-sent-ts={MILLISECONDS}"
            f" {HOST} CLEARCHAT #streamer :viewer"
        ),
        "viewer",
        {"room-id": "1337", "target-user-id": "42"},
    ),
    "somebody for a while": (
        f"@ban-duration=350;room-id=1337;target-user-id=42 {HOST} CLEARCHAT #Streamer :viewer",
        "viewer",
        {"ban-duration": "350", "room-id": "1337", "target-user-id": "42"},
    ),
}


@pytest.mark.parametrize(("line", "subject", "tags"), CLEARED.values(), ids=CLEARED)
def test_clearchat_says_whose_messages_are_taken_away(line, subject, tags):
    event = only(at_twitch(), line)
    assert (event.type, event.target, event.subject) == ("clear", "#streamer", subject)
    assert event.tags == tags


def test_clearmsg_takes_one_message_back():
    event = only(
        at_twitch(),
        f"@login=viewer;room-id=;target-msg-id=94e6c7ff;tmi-sent-ts={MILLISECONDS}"
        f" {HOST} CLEARMSG #streamer :HeyGuys",
    )
    assert (event.type, event.target, event.text) == ("redact", "#streamer", "HeyGuys")
    assert (event.reply_to, event.subject) == ("94e6c7ff", "viewer")
    assert (event.time, event.tags) == (EARLIER, {"room-id": ""})


def test_clearmsg_does_not_tell_what_an_ignored_person_said():
    talk = at_twitch(privacy=PrivacySettings(ignore=("viewer",)))
    assert talk.hear(f"@login=viewer;target-msg-id=94e6c7ff {HOST} CLEARMSG #streamer :spam") == []
    assert talk.session.privacy.counts == {"ignored": 1}


def test_clearmsg_does_not_tell_what_was_off_the_record():
    talk = at_twitch()
    line = f"@login=viewer;target-msg-id=94e6c7ff {HOST} CLEARMSG #streamer :[off] secret"
    assert talk.hear(line) == []
    assert talk.session.privacy.counts == {"off-record": 1}


NOTICED = {
    "a subscription": (
        (
            "@badges=subscriber/6;display-name=Viewer;id=db25007f;login=viewer;msg-id=resub;"
            "msg-param-cumulative-months=6;msg-param-sub-plan-name=Channel\\sSubscription;"
            "system-msg=Viewer\\ssubscribed\\sat\\sTier\\s1.\\sThey've\\ssubscribed\\sfor\\s6\\smonths!"
            f" {HOST} USERNOTICE #streamer :Great stream -- keep it up!"
        ),
        "viewer",
        "Great stream -- keep it up!",
        "Viewer subscribed at Tier 1. They've subscribed for 6 months!",
    ),
    "a gift without words": (
        (
            "@login=giver;msg-id=subgift;msg-param-recipient-user-name=viewer;"
            f"system-msg=Giver\\sgifted\\sa\\ssub\\sto\\sViewer! {HOST} USERNOTICE #streamer"
        ),
        "giver",
        "",
        "Giver gifted a sub to Viewer!",
    ),
    "a raid": (
        (
            "@login=raider;msg-id=raid;msg-param-viewerCount=15;"
            f"system-msg=15\\sraiders\\sfrom\\sRaider\\shave\\sjoined! {HOST} USERNOTICE #streamer"
        ),
        "raider",
        "",
        "15 raiders from Raider have joined!",
    ),
    "nobody by name": (
        f"@msg-id=x;system-msg=a\\:b {HOST} USERNOTICE #streamer",
        "tmi.twitch.tv",
        "",
        "a;b",
    ),
}


@pytest.mark.parametrize(("line", "nick", "text", "system"), NOTICED.values(), ids=NOTICED)
def test_usernotice_is_of_whom_it_concerns(line, nick, text, system):
    event = only(at_twitch(), line)
    assert (event.type, event.target, event.nick, event.text) == (
        "usernotice",
        "#streamer",
        nick,
        text,
    )
    assert event.tags["system-msg"] == system
    assert "login" not in event.tags


def test_roomstate_is_kept_with_what_it_says():
    event = only(at_twitch(), ROOMSTATE)
    assert (event.type, event.target, event.command) == ("other", "#streamer", "ROOMSTATE")
    assert event.tags == {
        "emote-only": "0",
        "followers-only": "-1",
        "r9k": "0",
        "room-id": "1337",
        "slow": "10",
        "subs-only": "0",
    }


def rooms_shown(talk, *lines):
    talk.hear(*lines)
    return talk.told(RoomShown)


def test_roomstate_tells_the_room_of_a_channel_that_we_are_in():
    assert rooms_shown(at_twitch(), ROOMSTATE) == [RoomShown("#streamer", "1337")]


@pytest.mark.parametrize(
    "line",
    [
        f"@room-id=1337 {HOST} ROOMSTATE #elsewhere",
        f"@room-id=1337 {HOST} ROOMSTATE",
        f"@room-id= {HOST} ROOMSTATE #streamer",
        f"@room-id=../x {HOST} ROOMSTATE #streamer",
        f"@room-id={'1' * 21} {HOST} ROOMSTATE #streamer",
        f"@room-id=\u0661 {HOST} ROOMSTATE #streamer",
        f"{HOST} ROOMSTATE #streamer",
    ],
)
def test_a_room_that_is_no_number_or_of_no_channel_of_ours_is_none(line):
    assert rooms_shown(at_twitch(), line) == []


def test_a_room_counts_only_where_the_server_acknowledged_twitchs_tags():
    talk = Conversation(channels=("#streamer",), nick=ME, capabilities=CAPABILITIES)
    assert rooms_shown(talk, WELCOME[0], *WELCOME[2:], *JOINED, ROOMSTATE) == []


STATES = {
    "our own state in a channel": (
        f"@badges=;mod=0 {HOST} USERSTATE #streamer",
        (
            "#streamer other tmi.twitch.tv command='USERSTATE' params=('#streamer',)"
            " tags={'badges': '', 'mod': '0'}"
        ),
    ),
    "our own state": (
        f"@user-id=42 {HOST} GLOBALUSERSTATE",
        "@server other tmi.twitch.tv command='GLOBALUSERSTATE' tags={'user-id': '42'}",
    ),
    "another channel that is shown": (
        f"{HOST} HOSTTARGET #streamer :other 10",
        "#streamer other tmi.twitch.tv command='HOSTTARGET' params=('#streamer', 'other 10')",
    ),
}


@pytest.mark.parametrize(("line", "event"), STATES.values(), ids=STATES)
def test_states_are_kept_with_what_they_say(line, event):
    assert at_twitch().outcome(line) == [event]


@pytest.mark.parametrize("command", ["CLEARCHAT", "CLEARMSG", "USERNOTICE"])
@pytest.mark.parametrize("params", ["", " #elsewhere :text"], ids=["nothing", "another channel"])
def test_what_belongs_to_no_channel_of_ours_is_kept_beside_them(command, params):
    event = only(at_twitch(), f"@room-id=1 {HOST} {command}{params}")
    assert (event.type, event.target, event.command) == ("other", SERVER, command)


WHISPER = f"@message-id=306;thread-id=1_2;user-id=1 {VIEWER} WHISPER {ME} :psst"


def test_a_whisper_is_private():
    assert at_twitch().hear(WHISPER) == []


def test_a_whisper_is_recorded_where_private_messages_are():
    talk = at_twitch(queries=True)
    event = only(talk, WHISPER)
    assert (event.type, event.target, event.nick, event.text) == (
        "message",
        "viewer",
        "viewer",
        "psst",
    )
    assert event.tags == {"message-id": "306", "thread-id": "1_2", "user-id": "1"}
    assert talk.said == [], "nobody can answer a whisper by a NOTICE"


def test_we_come_again_elsewhere_when_told_to():
    talk = at_twitch()
    assert talk.outcome(f"{HOST} RECONNECT") == [
        f"{SERVER} other tmi.twitch.tv command='RECONNECT'"
    ]
    assert talk.told(ReconnectRequested) == [ReconnectRequested()]


def test_a_viewer_cannot_send_us_elsewhere():
    talk = at_twitch()
    talk.hear(f"{VIEWER} PRIVMSG #streamer :RECONNECT")
    assert talk.told(ReconnectRequested) == []


def test_twitchs_capabilities_are_requested_if_they_are_configured():
    wanted = ("twitch.tv/tags", "twitch.tv/commands")
    listed = parse(WELCOME[0].encode())
    for configured, said in (wanted, "CAP REQ :twitch.tv/tags twitch.tv/commands"), ((), "CAP END"):
        registration = Registration(Identity(nick=ME, capabilities=configured), tls=True)
        turn = Turn()
        registration.receive(listed, turn)
        assert turn.replies == [said]


def test_a_notice_of_twitch_to_a_channel_is_a_notice():
    line = f"@msg-id=slow_on {HOST} NOTICE #streamer :This room is now in slow mode."
    event = only(at_twitch(), line)
    assert short(event) == (
        "#streamer notice tmi.twitch.tv text='This room is now in slow mode.'"
        " tags={'msg-id': 'slow_on'}"
    )
