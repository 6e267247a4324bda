"""Counts: of parts they add up to those of the whole, and each is what a slow count says."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatlog.casemapping import Casemapping
from chatlog.coverage.by_hour import attention_to
from chatlog.coverage.fold import Coverage
from chatlog.coverage.gap_list import Gaps
from chatlog.event import TALK, format_time
from chatlog.formats.jsonl import Brief
from chatlog.formats.visible import unformatted
from chatlog.query.predicates import LINK, is_question
from chatlog.relay_heads import text_behind_head
from chatlog.report import counts, hours, people
from chatlog.report.counts import Counts, Person
from chatlog.report.holders import Holders, holders_in, renames_in
from tests.support.archive import START
from tests.support.events import MIRC, anything

FOLDS = Casemapping("rfc1459")
ODD = [
    *("", " ", "  ", "   ", "\t", "\u3000", "\xa0", "\n", "\x1f", "\u2028", "\u200b", "\ud800"),
    *(MIRC + "\x0304,12"),
    *("a", "bc", "é", "日本", "?", "?!", "a?b", "??", "."),
    *(
        "http://a.b/c?d",
        "https://a.b/?",
        "HTTP://X",
        "www.a.b",
        "Www.a",
        "WWW.a.b?",
        "wWw.a",
        "://",
    ),
    *("irc://x/#c", "<http://a>", '"http://b"', "xhttp://a", "http://a\x02b"),
]
texts = st.one_of(st.lists(st.sampled_from(ODD), max_size=8).map("".join), anything)
times = st.integers(START, START + 3 * 86_400_000).map(format_time)
NICKS = ["ann", "Ann", "ann[]", "ANN{}", "bob", "bob~", "Bob^", ""]


@st.composite
def deeds(draw):
    return Brief(
        draw(times),
        draw(st.sampled_from(["message", "action", "notice", "join", "nick", "hologram", ""])),
        draw(st.sampled_from(NICKS)),
        draw(st.sampled_from(["", "", "one", "two"])),
        draw(texts),
        draw(st.sampled_from(NICKS)),
        draw(st.sampled_from(["", "", "eve", "Ann"])),
    )


def did(seconds, text="hello", nick="ann", kind="message", **fields):
    return Brief(format_time(START + seconds * 1000), kind, nick, text=text, **fields)


def renamed(old, new, seconds=0):
    return did(seconds, "", old, "nick", subject=new)


def counted(*several, grain=hours.HOUR):
    return counts.count([several], holders(several), grain)


def holders(several, folds=FOLDS):
    data = msgspec.msgpack.encode(renames_in([several], folds))
    return holders_in("net", folds, [("#c", data)])


BARE = Holders("net", FOLDS)


def slowly(several, grain):
    """Count as simply as it can be said, one deed at a time."""
    found = Counts()
    for deed in map(spoken, several):
        found.types[deed.type] = found.types.get(deed.type, 0) + 1
        found.first = min(found.first or deed.time, deed.time)
        found.last = max(found.last, deed.time)
        if deed.type in TALK and deed.nick:
            nick, slot = FOLDS[deed.nick], slot_of(deed.time, grain)
            found.slots[slot] = found.slots.get(slot, 0) + 1
            key = ("net", nick, deed.account, nick)
            found.people[key] = one_more(found.people.get(key), deed)
    return found


def spoken(deed):
    if not deed.relayed_nick:
        return deed
    text = text_behind_head(deed.text)
    return Brief(deed.time, deed.type, deed.relayed_nick, text=text, subject=deed.subject)


def slot_of(time, grain):
    if grain == hours.HOUR:
        return time[: hours.HOUR]
    return f"{time[:14]}{int(time[14:16]) // 15 * 15:02}"


def one_more(person, deed):
    text = unformatted(deed.text)
    before = person or Person(deed.nick, deed.time, deed.time)
    return Person(
        min((before.first, before.nick), (deed.time, deed.nick))[1],
        min(before.first, deed.time),
        max(before.last, deed.time),
        before.lines + 1,
        before.words + len(text.split()),
        before.letters + len(text),
        before.questions + is_question(text),
        before.links + len(LINK.findall(text)),
    )


# -- counting --------------------------------------------------------------------------


@given(several=st.lists(deeds(), max_size=20), size=st.integers(1, 7), to_minutes=st.booleans())
@example(several=[did(1), did(1, nick="Ann"), did(0, nick="ANN")], size=1, to_minutes=False)
def test_counting_in_batches_of_any_size_equals_counting_one_by_one(several, size, to_minutes):
    grain = len("2026-11-23T18:20") if to_minutes else hours.HOUR
    batches = [several[begin : begin + size] for begin in range(0, len(several), size)]
    assert counts.count(batches, BARE, grain) == slowly(several, grain)


@given(several=st.lists(texts, min_size=1, max_size=8))
@example(several=["see http://a", "http://b", "www.c?", "  two  words ", "a\tb\u3000c\xa0d", ""])
@example(several=["", ""])
@example(several=[" ", "\x02"])
def test_texts_counted_together_come_to_what_they_do_one_by_one(several):
    spoken = counted(*[did(0, text) for text in several])
    assert spoken == slowly([did(0, text) for text in several], hours.HOUR)


def test_counting_more_lines_than_are_held_at_once_equals_counting_one_by_one():
    several = [did(each, f"text {each}?", nick=f"nick{each % 7}") for each in range(20_001)]
    batches = [several[begin : begin + 999] for begin in range(0, len(several), 999)]
    assert counts.count(batches, BARE) == slowly(several, hours.HOUR)


@given(data=st.data(), several=st.lists(deeds(), max_size=20))
def test_counts_of_parts_add_up_to_those_of_the_whole_in_any_order(data, several):
    numbers = [data.draw(st.integers(0, 3)) for _ in several]
    parts = [
        counts.count(
            [[deed for deed, number in zip(several, numbers, strict=True) if number == each]], BARE
        )
        for each in range(4)
    ]
    before = [msgspec.msgpack.encode(part) for part in parts]
    whole = Counts()
    for part in data.draw(st.permutations(parts)):
        whole.add(part)
    assert whole == slowly(several, hours.HOUR)
    assert [msgspec.msgpack.encode(part) for part in parts] == before


@given(st.lists(deeds(), max_size=20))
def test_counts_come_back_from_a_worker_as_they_were(several):
    counts = counted(*several)
    data = msgspec.msgpack.encode(counts)
    assert msgspec.msgpack.decode(data, type=Counts) == counts


@given(st.lists(deeds(), max_size=20))
def test_what_people_said_adds_up_to_what_was_said(several):
    counts = counted(*several)
    for join in (True, False):
        found = people.people_in(counts, join=join)
        assert sum(each.total.lines for each in found) == counts.said
        assert {FOLDS[nick] for each in found for nick in each.nicks} == {
            nick for *_, nick in counts.people
        }
    assert counts.events == len(several)


def test_a_link_counts_for_one_and_its_question_mark_for_none():
    counts = counted(did(0, "see http://a.b/?q http://c.d? WWW.e.f"), did(1, "(www.g.h) ok?"))
    person = counts.people["net", "ann", "", "ann"]
    assert (person.links, person.questions, person.words) == (4, 1, 6)


def test_formatting_is_neither_a_letter_nor_parts_words():
    person = counted(did(0, "\x0304,01re\x02d\x0f apple")).people["net", "ann", "", "ann"]
    assert (person.words, person.letters) == (2, 9)


def test_who_spoke_through_a_relay_is_counted_by_the_own_nick_without_the_relays_head():
    relayed = {"nick": "bridge", "account": "bridge"}
    said = [
        did(0, "<ada> hello all", relayed_nick="ada", **relayed),
        did(1, "[tg] <bob> hi", relayed_nick="bob", **relayed),
        did(2, "I relay", **relayed),
        did(3, "hello", nick="ada", account="lovelace"),
    ]
    assert groups(*said) == [(["ada"], "lovelace"), (["bob"], ""), (["bridge"], "bridge")]
    person = counted(*said).people["net", "ada", "", "ada"]
    assert (person.lines, person.words, person.letters) == (1, 2, 9)


# -- people ----------------------------------------------------------------------------


def groups(*several, join=True):
    """Say which nicks are one person, and whose account it is."""
    found = people.people_in(counted(*several), join=join)
    return [(each.nicks, each.account) for each in found]


def test_nicks_that_are_one_to_the_network_are_one_person():
    several = [did(1, nick="Ann[]~"), did(2, nick="ann{}^"), did(3, nick="bob")]
    assert groups(*several) == groups(*several, join=False) == [(["Ann[]~"], ""), (["bob"], "")]


def test_nicks_that_differ_in_brackets_are_two_people_on_an_ascii_network():
    ascii_network = Holders("net", Casemapping("ascii"))
    several = counts.count([[did(1, nick="ann[]"), did(2, nick="ann{}")]], ascii_network)
    assert len(people.people_in(several)) == 2


def test_nicks_of_one_account_are_one_person_called_as_mostly():
    several = [
        did(0, nick="ann_", account="ann"),
        did(1, nick="annie", account="ann"),
        did(2, nick="annie"),
        did(3, nick="bob"),
    ]
    assert groups(*several) == [(["annie", "ann_"], "ann"), (["bob"], "")]
    assert groups(*several, join=False) == [(["annie"], "ann"), (["ann_"], "ann"), (["bob"], "")]


def test_nicks_changed_into_one_another_are_one_person_also_by_way_of_a_silent_nick():
    several = [
        renamed("Ann", "away"),
        renamed("AWAY", "ann2"),
        did(1, nick="ann"),
        did(2, nick="ann2", account="acc"),
        did(3, nick="bob"),
    ]
    assert groups(*several) == [(["ann", "ann2"], "acc"), (["bob"], "")]


def test_a_change_of_nick_does_not_make_one_of_two_accounts():
    several = [
        did(0, nick="ann", account="one"),
        did(1, nick="bob", account="two"),
        renamed("ann", "bob"),
    ]
    assert groups(*several) == [(["ann"], "one"), (["bob"], "two")]


def test_of_a_nick_that_two_accounts_had_each_has_the_lines_that_were_said_with_it():
    several = [
        did(0, nick="ann", account="one"),
        did(1, nick="guest", account="one"),
        did(2, nick="guest", account="two"),
        did(3, nick="guest"),
        did(4, nick="bob", account="two"),
        renamed("carol", "visitor", 5),
        did(6, nick="visitor"),
    ]
    assert groups(*several) == [
        (["ann", "guest"], "one"),
        (["bob", "guest"], "two"),
        (["guest"], ""),
        (["visitor"], ""),
    ]


@given(st.lists(deeds(), max_size=30))
def test_never_are_two_accounts_one_person(several):
    counts = counted(*several)
    found, spoken_by = people.people_in(counts), [spoken(each) for each in several]
    for account in {account for _, _, account, _ in counts.people if account}:
        [somebody] = [each for each in found if each.account == account]
        said = sum(each.account == account and each.type in TALK for each in spoken_by if each.nick)
        assert somebody.total.lines >= said
    assert len({each.account for each in found if each.account}) == sum(
        bool(each.account) for each in found
    )


def test_a_change_of_nick_that_names_only_one_joins_nobody():
    several = [renamed("ann", ""), renamed("bob", ""), renamed("", "ann"), renamed("", "bob")]
    assert groups(*several, did(1), did(2, nick="bob")) == [(["ann"], ""), (["bob"], "")]


def test_a_nick_that_goes_on_for_ever_is_followed_to_its_end():
    changes = [renamed(f"n{each:06}", f"n{each - 1:06}") for each in range(50_000, 0, -1)]
    several = [*changes, did(1, nick="n000000"), did(2, nick="n050000")]
    assert groups(*several) == [(["n000000", "n050000"], "")]


def test_who_said_most_comes_first_and_who_said_as_much_by_name():
    several = [did(0, nick="carol"), did(1, nick="bob"), did(2, nick="ann"), did(3, nick="carol")]
    assert [nicks for nicks, _ in groups(*several)] == [["carol"], ["ann"], ["bob"]]


# -- times -----------------------------------------------------------------------------

MINUTES = len("2026-11-23T18:20")
YEARS = [int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1990, 2040)]
WINTER = int(datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp())  # when Berlin's clocks go back
moments = st.integers(YEARS[0], YEARS[1] - 1)
DAY_LONG = 86_400_000
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]


@pytest.mark.parametrize(
    ("zone", "grain"),
    [
        ("UTC", hours.HOUR), ("Europe/Berlin", hours.HOUR), ("America/Los_Angeles", hours.HOUR),
        ("Asia/Kolkata", MINUTES), ("Asia/Kathmandu", MINUTES), ("Australia/Lord_Howe", MINUTES),
        ("Asia/Pyongyang", MINUTES),
    ],
)  # fmt: skip
def test_minutes_are_counted_only_for_zones_that_part_hours(zone, grain):
    assert hours.grain_for(ZoneInfo(zone)) == grain


@given(moments=st.lists(moments, max_size=20), zone=st.sampled_from(ZONES))
@example(moments=[WINTER - 5400, WINTER - 1800, WINTER + 1800], zone="Europe/Berlin")
def test_times_fall_where_the_clocks_of_a_zone_stood(moments, zone):
    tz = ZoneInfo(zone)
    there = [datetime.fromtimestamp(moment, tz) for moment in moments]
    several = [Brief(format_time(moment * 1000), "message", "ann") for moment in moments]
    slots = counted(*several, grain=hours.grain_for(tz)).slots
    of_day = Counter(moment.hour for moment in there)
    days = Counter(moment.weekday() for moment in there)
    assert hours.by_hour(slots, tz) == [of_day[hour] for hour in range(24)]
    assert hours.by_weekday(slots, tz) == [days[day] for day in range(7)]
    for form, length in (("%Y", 4), ("%Y-%m", 7), ("%Y-%m-%d", 10), ("%Y-%m-%dT%H", 13)):
        expected = Counter(moment.strftime(form) for moment in there)
        found = Counter()
        for name, number in hours.by_period(slots, tz, length).items():
            found[name[:length]] += number  # a name may have an offset behind it
        assert found == expected


@given(day=st.integers(0, 20_000), days=st.integers(1, 40), zone=st.sampled_from(ZONES))
@example(day=20_752, days=1, zone="Europe/Berlin")  # 2026-10-26, after the clocks went back
@example(day=20_751, days=1, zone="Europe/Berlin")
def test_the_slot_of_a_whole_day_counts_as_the_slots_of_its_quarters_would(day, days, zone):
    tz = ZoneInfo(zone)
    names = [format_time((day + number) * DAY_LONG)[:10] for number in range(days)]
    whole = dict.fromkeys(names, DAY_LONG)
    parts = {
        f"{name}T{minute // 60:02}:{minute % 60:02}": DAY_LONG // 96
        for name in names
        for minute in range(0, 1440, 15)
    }
    assert hours.by_hour(whole, tz) == hours.by_hour(parts, tz)
    assert hours.by_weekday(whole, tz) == hours.by_weekday(parts, tz)
    for length in (4, 7, 10, 13):
        assert hours.by_period(whole, tz, length) == hours.by_period(parts, tz, length)


@pytest.mark.parametrize(
    ("zone", "begin", "minutes", "of_hours"),
    [
        ("Europe/Berlin", "2026-10-24T22:00", 25 * 60, {2: 120}),
        ("Europe/Berlin", "2026-03-28T23:00", 23 * 60, {2: 0}),
        ("America/New_York", "2026-11-01T04:00", 25 * 60, {1: 120}),
        ("America/New_York", "2026-03-08T05:00", 23 * 60, {2: 0}),
        ("Australia/Lord_Howe", "2026-04-04T13:00", 24 * 60 + 30, {1: 90}),
        ("Australia/Lord_Howe", "2026-10-03T13:30", 23 * 60 + 30, {2: 30}),
        ("Asia/Kathmandu", "2026-10-24T18:15", 24 * 60, {}),
    ],
)
@pytest.mark.parametrize("around", [0, 3])
def test_each_hour_of_a_day_on_which_clocks_change_is_as_long_as_clocks_show_it(
    zone, begin, minutes, of_hours, around
):
    tz = ZoneInfo(zone)
    first = int(datetime.fromisoformat(begin).replace(tzinfo=UTC).timestamp()) * 1000
    since, until = (
        format_time(first - around * DAY_LONG),
        format_time(first + minutes * 60_000 + around * DAY_LONG),
    )
    whole = Coverage(since, until, [], Gaps())
    length = 15 if hours.grain_for(tz) == MINUTES else 60
    meant = attention_to([whole], since, until, length).meant
    assert [each // 60_000 for each in hours.by_hour(meant, tz)] == [
        2 * around * 60 + of_hours.get(hour, 60) for hour in range(24)
    ]
    days = hours.by_period(meant, tz, 10)
    day = datetime.fromtimestamp(first / 1000, tz).strftime("%Y-%m-%d")
    assert (days[day] // 60_000, sum(days.values()) // 60_000) == (
        minutes, minutes + 2 * around * 1440,
    )  # fmt: skip
    of_hour = hours.by_period(meant, tz, hours.HOUR)
    assert max(of_hour.values()) == 3_600_000  # an hour that comes twice is two
    assert sum(of_hour.values()) == sum(days.values())


@pytest.mark.parametrize("hour", ["0001-01-01T00", "0001-01-02T00", "9999-12-31T23"])
def test_hours_at_both_ends_of_time_are_counted_by_the_local_clock_if_it_has_them(hour):
    found = hours.by_period({hour: 1, "2026-11-23T18": 1}, None, hours.HOUR)
    assert 1 <= sum(found.values()) <= 2  # an hour of the year 0 or 10000 has no name


@pytest.mark.parametrize(
    ("zone", "moments", "names"),
    [
        ("Europe/Berlin", ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30"],
         ["2026-10-25T02+02:00", "2026-10-25T02+01:00", "2026-10-25T03"]),
        ("Australia/Lord_Howe", ["2026-04-04T14:15", "2026-04-04T14:45", "2026-04-04T15:15"],
         ["2026-04-05T01+11:00", "2026-04-05T01+11:00", "2026-04-05T01+10:30"]),
    ],
)  # fmt: skip
def test_the_two_hours_that_a_clock_shows_alike_are_named_with_their_offsets(zone, moments, names):
    found = hours.by_period(dict.fromkeys(moments, 1), ZoneInfo(zone), hours.HOUR)
    assert found == Counter(names)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", "2026-11-23"), ("Asia/Kathmandu", "2026-11-24"), ("Pacific/Honolulu", "2026-11-23")],
)
def test_a_day_of_the_counts_begins_at_midnight_of_the_zone(zone, day):
    assert hours.day_of("2026-11-23T18:20:01.123Z", ZoneInfo(zone)) == day


def test_what_is_no_time_counts_but_for_no_hour():
    counts = counted(Brief("some time later", "message", "ann", text="hi"), did(0))
    assert (counts.said, sum(hours.by_hour(counts.slots, UTC))) == (2, 1)
    assert hours.day_of("some time later", UTC) == "some time "
    assert hours.day_of("", UTC) == ""
    assert hours.day_of("0001-01-01T00:00:00.000Z", ZoneInfo("America/New_York")) == "0001-01-01"


# -- netsplits -----------------------------------------------------------------------


HUB = "hub.example leaf.example"


@pytest.mark.parametrize(
    ("moments", "number"),
    [([], 0), ([0, 0, 1, 100], 1), ([0, 300, 600], 1), ([0, 3600], 2)],
    ids=["none", "one", "one that takes long", "two"],
)
def test_a_netsplit_is_counted_once_however_many_left_by_it(moments, number):
    quits = [did(moment, "x", kind="quit", split=HUB) for moment in moments]
    found = counted(*quits)
    assert (found.netsplits, found.types.get("quit", 0)) == (number, len(moments))


def test_netsplits_of_parts_are_those_of_the_whole():
    first = [did(n, HUB, f"p{n}", "quit") for n in range(3)]
    other = [did(2, "hub.example far.example", "bob", "quit"), did(3, "Quit: bye", "eve", "quit")]
    parts = counted(*first[:1])
    parts.add(counted(*first[1:], *other))
    assert parts.netsplits == counted(*first, *other).netsplits == 2


def test_a_quit_at_no_time_belongs_to_no_netsplit():
    assert counted(Brief("some time later", "quit", "ann", text=HUB), did(0)).netsplits == 0
