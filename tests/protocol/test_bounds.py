"""The tables of a session that a server can fill, each with what happens beyond its bound."""

from __future__ import annotations

from itertools import count

import pytest

from chatlog.casemapping import Casemapping
from chatlog.protocol.copy_budget import BYTES_PER_SECOND, MAX_BYTES, CopyBudget
from chatlog.protocol.facts import BoundExceeded, HistoryPage, Turn
from chatlog.protocol.history.bare_playback import MAX_PLAYING
from chatlog.protocol.history.pages import MAX_BATCHES, MAX_PAGE
from chatlog.protocol.isupport import MAX_CASEMAPPINGS
from chatlog.protocol.joining import MAX_REASON, Joining
from chatlog.protocol.membership import SWEPT, Membership
from chatlog.protocol.names_lists import MAX_TEXT, NamesLists
from chatlog.protocol.registration.capabilities import WANTED
from chatlog.protocol.targets import MAX_UNASKED
from tests.support.conversation import NOW, Conversation, in_channels, short

US = ":log!chatlog@here.test"
LATER = "2026-11-23T18:20:11.123Z"


def exceeded(talk):
    return [fact.consequence for fact in talk.told(BoundExceeded)]


# -- registration --------------------------------------------------------------


@pytest.mark.parametrize("what", ["LS *", "LS", "NEW", "ACK"])
def test_only_capabilities_that_we_know_are_remembered(what):
    talk = Conversation()
    for number in range(50):
        talk.hear(f":s CAP * {what} :batch sts=duration=1 x{number} y{number}=z")
    registration = talk.session.registration
    assert {*registration.offered, *registration.enabled} <= {*WANTED, "sts", "sasl"}


def test_a_capability_that_a_line_names_often_is_requested_once():
    talk = in_channels()
    talk.hear(f":s CAP log NEW :{'batch ' * 50}", f":s CAP log NAK :{'setname batch ' * 20}")
    assert talk.said == ["CAP REQ :batch", "CAP REQ :setname", "CAP REQ :batch"]


def test_the_casemapping_changes_a_bounded_number_of_times():
    talk = in_channels()
    names = [("rfc1459", "ascii")[number % 2] for number in range(3 * MAX_CASEMAPPINGS)]
    seen = []
    for name in names:
        talk.hear(f":s 005 log CASEMAPPING={name} :are supported")
        seen.append(talk.session.state.isupport.casemapping.name)
    assert seen[:4] == names[:4]
    assert len(set(seen[MAX_CASEMAPPINGS:])) == 1


# -- targets -------------------------------------------------------------------


def test_channels_that_nobody_asked_for_are_recorded_up_to_a_number():
    talk = in_channels()
    talk.hear(*(f"{US} JOIN #x{number}" for number in range(MAX_UNASKED)))
    assert exceeded(talk) == []
    assert talk.outcome(f"{US} JOIN #more", ":bob!u@h PRIVMSG #more :hi") == [
        "@server other log command='JOIN' params=('#more',)",
        "@server other bob command='PRIVMSG' params=('#more', 'hi')",
    ]
    assert talk.outcome(f"{US} PART #x1", f"{US} JOIN #x1") == [
        "#x1 parted log",
        "#x1 joined log",
    ]
    assert talk.outcome(f"{US} PART #a", f"{US} JOIN #a") == ["#a parted log", "#a joined log"]
    talk.hear(f"{US} JOIN #evenmore")
    assert len(exceeded(talk)) == 1


WAYS = {
    "joins": lambda n: [f"{US} JOIN #n{n}", f"{US} PART #n{n}"],
    "new names": lambda n: [f":s RENAME {f'#n{n - 1}' if n else '#a'} #n{n}"],
    "forwards": lambda n: [
        f":s 470 log {f'#n{n - 1}' if n else '#b'} #n{n} :go",
        f"{US} JOIN #n{n}",
    ],
    "invitations": lambda n: [f":op!u@h INVITE log #n{n}", f"{US} JOIN #n{n}"],
    "people": lambda n: [f":p{n}!u@h PRIVMSG log :hello"],
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_no_way_leads_to_more_targets(way):
    talk = in_channels(queries=True, accept_invites=True)
    targets = {
        event.target for number in range(MAX_UNASKED + 50) for event in talk.hear(*way(number))
    }
    assert MAX_UNASKED - 5 < len(targets) <= MAX_UNASKED + 3
    assert len(talk.session.joining.names()) <= MAX_UNASKED + 2
    assert len(exceeded(talk)) == 1


def test_the_number_of_targets_is_that_of_a_run_and_not_of_a_connection():
    talk = in_channels()
    talk.hear(*(f"{US} JOIN #x{number}" for number in range(MAX_UNASKED)))
    assert not talk.session._carryover.targets.admit("#other", Casemapping())
    assert talk.session._carryover.targets.admit("#x3", Casemapping())


def test_a_reason_is_kept_as_far_as_people_read():
    joining, turn = Joining(["#a"]), Turn()
    joining.refused("#a", "474", "x" * 9000, turn)
    (absent,) = turn.facts
    assert len(absent.why) < MAX_REASON + 40
    assert absent.why.endswith("(474); asking again")


# -- people --------------------------------------------------------------------


def test_a_long_list_of_names_becomes_several_events():
    talk = in_channels()
    nicks = [f"@somebody{number}" for number in range(3 * MAX_TEXT // 12)]
    lines = [f":s 353 log = #a :{' '.join(nicks[at : at + 40])}" for at in range(0, len(nicks), 40)]
    found = talk.hear(*lines, ":s 366 log #a :End")
    assert [event.params for event in found] == [(), *[("continued",)] * (len(found) - 1)]
    assert len(found) > 2
    assert all(len(event.text) < MAX_TEXT + 600 for event in found)
    assert " ".join(event.text for event in found).split() == nicks
    assert [short(event) for event in talk.hear(":s 353 log = #a :log", ":s 366 log #a :End")] == [
        "#a names - text='log'"
    ]


def test_lists_of_names_that_never_end_do_not_add_up():
    lists = NamesLists(max_text=100, max_gathered=1000)
    for number in range(500):
        channel = f"#{number}"
        if lists.is_full(channel):
            lists.take(channel)
        lists.add(channel, ["x" * 30])
        lists.add(channel, ["x" * 30])
        if lists.is_full(channel):
            lists.take(channel)
    assert lists._size == sum(
        map(len, (t for texts in lists._texts.values() for t in texts))
    ) + sum(map(len, lists._texts.values()))
    assert lists._size <= 1000 + 62


def test_members_of_a_channel_that_we_left_are_swept_out_a_few_at_a_time():
    membership = Membership(Casemapping())
    membership.enter("#large")
    for number in range(SWEPT + 5000):
        membership.add("#large", f"n{number}")
    membership.leave("#large")
    assert len(membership._channels_of) == 5000
    assert membership.channels_of("n1") == []
    membership.enter("#large")
    membership.add("#large", "n1")
    assert membership.channels_of("n1") == ["#large"]
    for number in range(2000):
        membership.add("#large", f"m{number}")
    assert len(membership._channels_of) == 2001
    assert not membership._dropped


def test_a_channel_that_gives_its_members_up_is_reported_once():
    talk = in_channels()
    talk.session.state.membership._max_weight = 3000
    for number in range(100):
        talk.hear(f":n{number}!u@h JOIN #a", f":m{number}!u@h JOIN #b")
    (consequence,) = exceeded(talk)
    assert "given up" in consequence
    assert talk.session.state.membership.given_up() == ["#a", "#b"]
    assert talk.outcome(":n1!u@h QUIT :bye") == ["@server quit n1 text='bye'"]


CHANGES = {
    "away": ":bob!u@h AWAY :" + "x" * 300,
    "account": ":bob!u@h ACCOUNT " + "x" * 300,
    "chghost": ":bob!u@h CHGHOST u " + "x" * 300,
    "setname": ":bob!u@h SETNAME :" + "x" * 300,
}


@pytest.mark.parametrize("line", CHANGES.values(), ids=CHANGES)
def test_changes_of_people_that_come_too_fast_are_kept_once(line):
    talk = in_channels()
    talk.session.state.copies = CopyBudget(most=1000, per_second=100)
    found = [[event.target for event in talk.hear(line)] for _ in range(4)]
    assert found == [["#a", "#b"], ["#a", "#b"], ["@server"], ["@server"]]
    assert [event.target for event in talk.hear(line, at=LATER)] == ["#a", "#b"]
    assert len(exceeded(talk)) == 1
    assert len(talk.hear(":bob!u@h QUIT :bye")) == 2


def test_the_budget_for_copies_is_enough_for_all_members_of_a_large_network_at_once():
    budget = CopyBudget()
    assert all(budget.allows(5, 30, NOW) for _ in range(50_000))
    assert MAX_BYTES > 50 * BYTES_PER_SECOND


# -- history -------------------------------------------------------------------


def test_playbacks_and_batches_that_begin_and_never_end_are_bounded():
    talk = in_channels()
    for number in range(500):
        talk.hear(
            f":***!znc@znc.in PRIVMSG #{number} :Buffer Playback...",
            f":s BATCH +{number} chathistory #a",
        )
    state, batches = talk.session.state, talk.session.batches
    assert len(state.bare_playback.playing) == MAX_PLAYING
    assert len(batches.open) == MAX_BATCHES


def test_a_batch_of_long_lines_comes_in_pages_of_bounded_size():
    talk = in_channels()
    talk.hear(":s BATCH +b chathistory #a")
    line = f"@batch=b;time=2026-11-20T00:00:00.000Z :a!u@h PRIVMSG #a :{'x' * 8000}"
    for _ in range(100):
        talk.hear(line)
    pages = talk.told(HistoryPage)
    assert len(pages) > 3
    assert all(sum(len(event.text) for event in page.events) <= MAX_PAGE for page in pages)


def test_a_whois_without_end_remembers_our_own_channels_alone():
    talk = in_channels()
    talk.session.ask_presence()
    for number in range(100):
        talk.hear(f":s 319 log log :#a @#b #x{number} #y{number}")
    assert talk.session.state.places == {"#a", "#b", ""}


# -- memories ------------------------------------------------------------------


def test_long_names_are_not_remembered():
    talk, numbers = in_channels(), count()
    before = len(talk.session._lines._sources.known)
    for _ in range(20):
        talk.hear(f":{'n' * 3000}{next(numbers)}!u@h PRIVMSG #a :hi")
        talk.hear(f":bob!u@h PRIVMSG #{'c' * 3000}{next(numbers)} :hi")
    assert len(talk.session._lines._sources.known) <= before + 1
    assert max(map(len, talk.session.state.isupport.casemapping)) <= 256
