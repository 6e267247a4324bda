"""What a recorder answers, and how often."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog import __version__
from chatlog.event import format_time, parse_time
from chatlog.protocol.manners import Manners, MannersSettings, is_service
from chatlog.protocol.privacy import PrivacySettings
from tests.support.conversation import JOINED, WELCOME, Conversation, in_channels

START = parse_time("2026-11-23T18:00:00.000Z")
TEXT = MannersSettings().text
BURST = 10


def after(seconds):
    return format_time(START + int(seconds * 1000))


@pytest.fixture
def manners():
    return Manners(MannersSettings())


def test_a_whisper_gets_one_notice_an_hour(manners):
    assert manners.answer_whisper("bob", after(0)) == [f"NOTICE bob :{TEXT}"]
    assert manners.answer_whisper("bob", after(3599.999)) == []
    assert manners.answer_whisper("bob", after(3600)) == [f"NOTICE bob :{TEXT}"]


def test_a_line_to_us_gets_one_answer_in_ten_minutes(manners):
    answer = [f"NOTICE #a :bob: {TEXT}"]
    assert manners.answer_addressed("bob", "#a", after(0)) == answer
    assert manners.answer_addressed("bob", "#a", after(599.999)) == []
    assert manners.answer_addressed("bob", "#b", after(1)) == [], "a nick counts, not a channel"
    assert manners.answer_addressed("bob", "#a", after(600)) == answer


def test_a_throttled_try_does_not_put_the_next_answer_off(manners):
    manners.answer_whisper("bob", after(0))
    manners.answer_whisper("bob", after(1800))
    assert manners.answer_whisper("bob", after(3600)) != []


def test_each_nick_and_each_kind_is_throttled_on_its_own(manners):
    assert manners.answer_whisper("bob", after(0))
    assert manners.answer_whisper("alice", after(0))
    assert manners.answer_addressed("bob", "#a", after(0))
    assert manners.answer_ctcp("bob", "VERSION", "", after(0))


CTCP = {
    "VERSION": ("VERSION", "", f"VERSION chatlog {__version__}"),
    "in small letters": ("version", "", f"VERSION chatlog {__version__}"),
    "PING brings its argument back": ("PING", "123 456", "PING 123 456"),
    "at most 64 characters of it": ("PING", "x" * 500, "PING " + "x" * 64),
    "TIME": ("TIME", "", "TIME 2026-11-23T18:00:00.000Z"),
    "SOURCE": ("SOURCE", "", "SOURCE https://pypi.org/project/chatlog/"),
    "CLIENTINFO": ("CLIENTINFO", "", "CLIENTINFO ACTION CLIENTINFO PING SOURCE TIME VERSION"),
}


@pytest.mark.parametrize(("request_", "argument", "answer"), CTCP.values(), ids=CTCP)
def test_the_customary_ctcp_requests_are_answered(manners, request_, argument, answer):
    said = manners.answer_ctcp("bob", request_, argument, after(0))
    assert said == [f"NOTICE bob :\x01{answer}\x01"]


@pytest.mark.parametrize("request_", ["ACTION", "DCC", "FINGER", "", "ERRMSG"])
def test_an_unknown_ctcp_request_gets_nothing(manners, request_):
    assert manners.answer_ctcp("bob", request_, "", after(0)) == []


def test_a_ctcp_request_is_answered_once_in_ten_seconds(manners):
    assert manners.answer_ctcp("bob", "VERSION", "", after(0))
    assert not manners.answer_ctcp("bob", "version", "", after(9.999))
    assert manners.answer_ctcp("bob", "VERSION", "", after(10))


def test_each_answer_to_people_can_be_turned_off():
    quiet = Manners(MannersSettings(whisper=False, addressed=False, ctcp=False))
    assert quiet.answer_whisper("bob", after(0)) == []
    assert quiet.answer_addressed("bob", "#a", after(0)) == []
    assert quiet.answer_ctcp("bob", "VERSION", "", after(0)) == []


def test_a_crowd_cannot_make_us_answer_more_than_the_burst_in_a_minute(manners):
    said = [manners.answer_whisper(f"bob{n}", after(n / 10)) for n in range(200)]
    assert sum(map(len, said)) == BURST
    assert manners.answer_whisper("late", after(61)) != []


def test_our_clock_stepping_back_silences_nobody_for_good(manners):
    manners.answer_whisper("bob", after(7200))
    assert manners.answer_whisper("bob", after(0)) != []


# -- what we say of ourselves on joining ---------------------------------------

ANNOUNCING = MannersSettings(announce="This channel is logged: https://log.test")
ANNOUNCEMENT = "NOTICE #a :This channel is logged: https://log.test"


def test_nothing_is_announced_unless_told(manners):
    assert manners.announcement("#a", after(0)) == []
    assert in_channels().said == []


def test_an_announcement_is_made_once_a_day_in_each_channel():
    manners = Manners(ANNOUNCING)
    assert manners.announcement("#a", after(0)) == [ANNOUNCEMENT]
    assert manners.announcement("#b", after(1)) != []
    assert manners.announcement("#a", after(24 * 3600 - 1)) == []
    assert manners.announcement("#a", after(24 * 3600)) == [ANNOUNCEMENT]


def test_an_announcement_fits_a_line():
    (line,) = Manners(MannersSettings(announce="x" * 1000)).announcement("#a", after(0))
    assert line == "NOTICE #a :" + "x" * 300


@given(st.text())
def test_whatever_is_said_of_us_fits_a_line_and_is_cut_between_characters(text):
    manners = Manners(MannersSettings(announce=text or "x", text=text))
    lines = [
        *manners.announcement("#a", after(0)),
        *manners.answer_whisper("bob", after(0)),
        *manners.answer_addressed("bob", "#a", after(0)),
    ]
    assert all(len(line.encode()) <= 330 for line in lines)
    assert f"NOTICE bob :{text}".startswith(lines[1])


def test_an_announcement_takes_no_answer_from_a_channel_of_its_own_name():
    manners = Manners(ANNOUNCING)
    assert manners.announcement("#a", after(0))
    assert manners.answer_whisper("#a", after(0))


def announcing(*extra, **settings):
    """Return what was said and made of our own JOIN of #a."""
    talk = Conversation(manners=ANNOUNCING, **settings)
    talk.hear(*extra, *WELCOME)
    talk.said.clear()
    made = talk.outcome(JOINED[0])
    return talk, made


def test_coming_into_a_channel_we_say_what_we_are_and_record_that_we_said_it():
    talk, made = announcing()
    assert talk.said == [ANNOUNCEMENT]
    assert made == [
        "#a joined log",
        "#a notice log text='This channel is logged: https://log.test'",
    ]


def test_where_our_lines_are_echoed_the_echo_is_what_is_recorded():
    offer = (":irc.test CAP * LS :echo-message", ":irc.test CAP * ACK :echo-message")
    talk, made = announcing(*offer)
    assert talk.said == [ANNOUNCEMENT]
    assert made == ["#a joined log"]
    echo = f":log!chatlog@here.test {ANNOUNCEMENT}"
    assert talk.outcome(echo) == ["#a notice log text='This channel is logged: https://log.test'"]


def test_coming_in_again_soon_we_say_nothing():
    talk, _ = announcing()
    talk.said.clear()
    assert talk.outcome(":log!chatlog@here.test PART #a", JOINED[0]) == [
        "#a parted log",
        "#a joined log",
    ]
    assert not any(line.startswith("NOTICE") for line in talk.said)


def test_nobody_else_coming_in_makes_us_say_anything():
    talk, _ = announcing()
    talk.said.clear()
    talk.hear(":dave!u@h JOIN #a", ":dave!u@h JOIN #z")
    assert talk.said == []


def test_a_channel_that_is_not_logged_is_told_nothing_of_a_log():
    talk, made = announcing(privacy=PrivacySettings(nolog=("#a",)))
    assert talk.said == []
    assert made == ["#a joined log"]


ASKED = st.tuples(
    st.floats(0, 30),
    st.sampled_from(["answer_whisper", "answer_addressed", "answer_ctcp"]),
    st.integers(0, 50),
)


@given(st.lists(ASKED, max_size=100))
def test_whoever_asks_whatever_the_rate_is_bounded(asked):
    manners, now, times = Manners(MannersSettings()), 0.0, []
    arguments = {
        "answer_whisper": (),
        "answer_addressed": ("#a",),
        "answer_ctcp": ("VERSION", ""),
    }
    for wait, method, who in asked:
        now += wait
        answers = getattr(manners, method)(f"nick{who}", *arguments[method], after(now))
        times += [now] * len(answers)
    # Two windows that touch may each be full.
    for start in times:
        assert sum(start <= time < start + 60 for time in times) <= 2 * BURST


def test_the_memory_of_who_was_answered_is_bounded(manners):
    for n in range(9000):
        manners.answer_whisper(f"bob{n}", after(n * 61))
    assert len(manners._answered) <= 8192


SERVICES = ["NickServ", "nickserv", "ChanServ", "Q", "X", "AuthServ", "NickServ@services.test"]
PEOPLE = ["bob", "Servant", "nickserver", "", "qq"]


@pytest.mark.parametrize("nick", SERVICES)
def test_services_are_known_by_their_nicks(nick):
    assert is_service(nick)


@pytest.mark.parametrize("nick", PEOPLE)
def test_people_are_no_services(nick):
    assert not is_service(nick)
