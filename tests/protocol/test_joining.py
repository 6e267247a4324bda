"""Getting into channels, staying there, and knowing when to give up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.protocol import numerics
from chatlog.protocol.facts import Absent, Forwarded, Turn
from chatlog.protocol.isupport import ISupport
from chatlog.protocol.join_answers import REFUSALS
from chatlog.protocol.join_line import MAX_BYTES
from chatlog.protocol.join_window import SILENCE
from chatlog.protocol.joining import Joining
from chatlog.protocol.shared_limit import SharedLimit
from chatlog.protocol.wanted import Absence
from chatlog.secret import Secret


def isupport_of(*tokens):
    isupport = ISupport()
    isupport.receive(tokens)
    return isupport


class Talk:
    """Joins on a connection, with a clock that a test sets; `turn` gathers what follows."""

    def __init__(self, *channels, tokens=(), keys=None, **settings):
        secrets = {name: Secret(key) for name, key in (keys or {}).items()}
        self.joining = Joining(channels, secrets, **settings)
        self.isupport = isupport_of(*tokens)
        self.joining.begin(self.isupport)
        self.now = 1000.0
        self.wake_at = None
        self.turn = Turn()

    def after(self, seconds=0.0):
        """Say what is sent so many seconds later."""
        self.now += seconds
        self.turn.replies.clear()
        self.wake_at = self.joining.advance(self.now, self.turn)
        return [*self.turn.replies]

    def reports(self):
        """Return, once, the channels that we are not in and why."""
        facts = [*self.turn.facts]
        self.turn.facts.clear()
        return facts

    def let_in(self, line):
        for name in named(line):
            self.joining.joined(name)

    def all_lines(self):
        """Let every JOIN succeed at once, and return them all."""
        lines = []
        while more := self.after():
            lines += more
            for line in more:
                self.let_in(line)
        return lines


def named(line):
    return line.split(" ")[1].split(",")


# -- what one line holds -----------------------------------------------------


def test_without_channels_no_join_is_sent():
    assert Talk().all_lines() == []


def test_channels_share_a_line_up_to_what_the_server_takes():
    talk = Talk("#a", "#b", "#c", tokens=["TARGMAX=JOIN:2"])
    assert talk.all_lines() == ["JOIN #a,#b", "JOIN #c"]


def test_ten_share_a_line_where_the_server_says_nothing():
    talk = Talk(*(f"#{n}" for n in range(25)))
    assert [line.count("#") for line in talk.all_lines()] == [10, 10, 5]


def test_a_line_is_filled_to_its_last_byte_and_not_over():
    room = MAX_BYTES - len("JOIN #a,#")
    assert Talk("#a", "#" + "x" * room).all_lines() == ["JOIN #a,#" + "x" * room]
    longer = "#" + "x" * (room + 1)
    assert Talk("#a", longer).all_lines() == ["JOIN #a", f"JOIN {longer}"]


def test_channels_with_keys_come_first_so_that_the_keys_fall_to_them():
    talk = Talk("#a", "#b", "#c", keys={"#b": "sesame", "#c": "open"})
    assert talk.all_lines() == ["JOIN #b,#c,#a sesame,open"]


NAMES = st.text("aé👋", min_size=1, max_size=50).map("#{}".format)


@given(st.lists(NAMES, max_size=40, unique=True), st.integers(1, 20))
def test_every_channel_is_joined_once_in_order_within_both_bounds(channels, limit):
    packed = Talk(*channels, tokens=[f"TARGMAX=JOIN:{limit}"]).all_lines()
    assert [name for line in packed for name in named(line)] == channels
    assert all(len(named(line)) <= limit for line in packed)
    assert all(len(line.encode()) <= MAX_BYTES for line in packed)


# -- how fast ----------------------------------------------------------------


def test_only_two_lines_are_on_their_way_until_the_server_answers():
    talk = Talk(*(f"#{n}" for n in range(35)))
    first, second = talk.after()
    assert talk.after() == []
    for name in named(first)[:-1]:
        talk.joining.joined(name)
    assert not talk.joining.changed, "a line counts until all its channels are answered"
    talk.joining.joined(named(first)[-1])
    assert talk.joining.changed
    (third,) = talk.after()
    assert {*named(first), *named(second), *named(third)} == {f"#{n}" for n in range(30)}


def test_a_pace_bounds_the_channels_asked_for_in_its_seconds():
    talk = Talk(*(f"#{n}" for n in range(50)), limit=SharedLimit(20, 10.0))
    lines = talk.all_lines()
    assert sum(len(named(line)) for line in lines) == 20
    assert talk.wake_at == pytest.approx(talk.now + 10.2), "with a margin for the way"
    assert talk.after(10.1) == []
    assert sum(len(named(line)) for line in talk.after(0.2)) == 20


def test_where_a_network_has_a_limit_no_answer_is_waited_for():
    talk = Talk(*(f"#{n}" for n in range(100)), limit=SharedLimit(100, 10.0))
    assert sum(len(named(line)) for line in talk.after()) == 100


def test_connections_that_share_a_limit_ask_for_no_more_than_it_allows():
    limit = SharedLimit(20, 10.0)
    one, other = (Talk(*(f"#{n}" for n in range(15)), limit=limit) for _ in range(2))
    asked = [name for talk in (one, other) for line in talk.after() for name in named(line)]
    assert len(asked) == 20
    assert sum(len(named(line)) for line in other.after(10.2)) == 10


def test_after_a_flood_one_line_at_a_time_goes_out_every_two_seconds():
    talk = Talk(*(f"#{n}" for n in range(30)))
    talk.joining.flooded()
    (line,) = talk.after()
    talk.let_in(line)
    assert talk.after() == []
    assert talk.wake_at == talk.now + 2.0
    assert len(talk.after(2.0)) == 1


# -- refusals ----------------------------------------------------------------


@pytest.mark.parametrize("numeric", [each for each, again in REFUSALS.items() if again is None])
def test_what_will_never_succeed_is_reported_once_and_not_asked_again(numeric):
    talk = Talk("#a")
    talk.after()
    talk.joining.refused("#a", numeric, "No way", talk.turn)
    assert talk.reports() == [Absent("#a", f"No way ({numeric}); not asking again", for_good=True)]
    assert talk.after(1e6) == []
    talk.joining.begin(talk.isupport)
    assert talk.after() == [], "nor on the next connection"
    assert talk.reports() == []
    assert list(talk.joining.problems()) == ["#a"]


@pytest.mark.parametrize(
    ("numeric", "waits"),
    [
        (numerics.ERR_UNAVAILRESOURCE, [60, 120, 240, 480, 960, 1800, 1800]),
        (numerics.ERR_CHANNELISFULL, [60, 120, 240, 480, 960, 1800, 1800]),
        (numerics.ERR_BANNEDFROMCHAN, [900, 900, 900]),
        (numerics.ERR_INVITEONLYCHAN, [900, 900]),
    ],
)
def test_what_may_succeed_later_is_asked_again_and_reported_once(numeric, waits):
    talk = Talk("#a")
    talk.after()
    for wait in waits:
        talk.joining.refused("#a", numeric, "Not now", talk.turn)
        assert talk.after() == []
        assert talk.wake_at == talk.now + wait
        assert talk.after(wait - 0.1) == []
        assert talk.after(0.1) == ["JOIN #a"]
    assert len(talk.reports()) == 1


def test_a_refused_channel_does_not_hold_up_the_others():
    talk = Talk(*(f"#{n}" for n in range(40)))
    for line in talk.after():
        for name in named(line):
            talk.joining.refused(name, numerics.ERR_BANNEDFROMCHAN, "Banned", talk.turn)
    assert len(talk.after()) == 2


@pytest.mark.parametrize("code", ["443", "599", "926", "CHANNEL_FORBIDDEN"])
def test_an_answer_that_no_table_knows_is_a_refusal_to_be_asked_again(code):
    talk = Talk("#a")
    talk.after()
    talk.joining.refused("#a", code, "No", talk.turn)
    assert talk.reports() == [Absent("#a", f"No ({code}); asking again")]
    assert talk.after() == []
    assert talk.wake_at == talk.now + 60
    assert talk.after(60) == ["JOIN #a"]


def test_an_error_that_no_table_knows_is_no_refusal_unless_the_channel_is_asked_for():
    talk = Talk("#a")
    talk.all_lines()
    talk.joining.removed("#a", "kicked", talk.turn)
    talk.after()
    talk.reports()
    talk.joining.refused("#a", "443", "No", talk.turn)
    assert talk.reports() == []
    assert talk.after(5) == ["JOIN #a"]


MANY = [f"#{n}" for n in range(45)]


@given(st.sets(st.sampled_from(MANY)), st.sampled_from([1, 3, 10]))
def test_channels_without_an_answer_hold_back_no_other_for_long(silent, limit):
    talk = Talk(*MANY, tokens=[f"TARGMAX=JOIN:{limit}"])
    asked = []
    for _ in MANY:
        while lines := talk.after():
            for name in [name for line in lines for name in named(line)]:
                asked.append(name)
                if name not in silent:
                    talk.joining.joined(name)
        if len(asked) == len(MANY):
            break
        assert talk.wake_at <= talk.now + SILENCE
        talk.now = talk.wake_at
    assert asked == MANY
    assert talk.joining.joined_count() == len(MANY) - len(silent)


def test_an_answer_ends_the_wait_for_the_lines_before_it():
    talk = Talk("#a", "#b", "#c", "#d", tokens=["TARGMAX=JOIN:1"])
    assert talk.after() == ["JOIN #a", "JOIN #b"]
    talk.joining.joined("#b")
    assert talk.after() == ["JOIN #c", "JOIN #d"]


def test_a_join_without_an_answer_is_repeated_and_then_seldom():
    talk = Talk("#a")
    assert talk.after() == ["JOIN #a"]
    assert talk.after(59.9) == []
    assert not talk.joining.is_settled()
    assert talk.after(0.1) == ["JOIN #a"]
    assert talk.joining.is_settled()
    assert talk.reports() == [Absent("#a", "no answer to JOIN; asking again")]
    for _ in range(3):
        assert talk.after(60) == []
        assert talk.after(3599.9) == []
        assert talk.after(0.1) == ["JOIN #a"]
    assert talk.reports() == []
    assert talk.joining.absences() == [
        Absence("#a", "no answer to JOIN; asking again", "silent"),
    ]


def test_a_channel_that_answers_late_is_one_that_lets_us_in():
    talk = Talk("#a")
    talk.after()
    talk.after(60)
    talk.joining.joined("#a")
    assert talk.joining.problems() == {}
    assert talk.joining.absences() == []


def test_a_refusal_that_comes_late_counts():
    talk = Talk("#a")
    talk.after()
    talk.after(60)
    talk.joining.refused("#a", numerics.ERR_BANNEDFROMCHAN, "Banned", talk.turn)
    assert talk.joining.absences() == [Absence("#a", "Banned (474); asking again", "474")]


def test_channels_that_never_answer_are_asked_for_behind_those_that_were_not_asked_for_yet():
    one_by_one = {"limit": SharedLimit(1, 100.0), "tokens": ["TARGMAX=JOIN:1"]}
    talk = Talk(*(f"#{n}" for n in range(4)), **one_by_one)
    asked = talk.after()
    for _ in range(3):
        asked += talk.after(102)
    assert asked == ["JOIN #0", "JOIN #1", "JOIN #2", "JOIN #3"]


def test_a_refusal_of_a_channel_that_is_not_ours_is_nothing():
    talk = Talk("#a")
    talk.joining.refused("#b", numerics.ERR_BANNEDFROMCHAN, "Banned", talk.turn)
    assert talk.reports() == []


def test_who_is_logged_in_asks_again_where_that_was_missing():
    talk = Talk("#a", "#b")
    talk.after()
    talk.joining.refused("#a", numerics.ERR_NEEDREGGEDNICK, "Log in first", talk.turn)
    talk.joining.refused("#b", numerics.ERR_BANNEDFROMCHAN, "Banned", talk.turn)
    talk.after()
    talk.joining.logged_in()
    assert talk.after() == ["JOIN #a"]


# -- being thrown out --------------------------------------------------------


def test_a_kick_is_followed_by_a_return_each_time_later():
    talk = Talk("#a")
    talk.all_lines()
    for wait in (5, 10):
        talk.joining.removed("#a", "kicked by op (out)", talk.turn)
        assert talk.after() == []
        assert talk.after(wait - 0.1) == []
        assert talk.after(0.1) == ["JOIN #a"]
        talk.joining.joined("#a")


def test_three_kicks_in_ten_minutes_are_enough():
    talk = Talk("#a")
    talk.all_lines()
    for _ in range(3):
        talk.joining.removed("#a", "kicked", talk.turn)
        for line in talk.after() + talk.after(60):
            talk.let_in(line)
    assert talk.after(1e6) == []
    assert talk.reports()[-1] == Absent("#a", "thrown out 3 times; not coming back", for_good=True)


def test_old_kicks_are_forgotten():
    talk = Talk("#a")
    talk.all_lines()
    for _ in range(10):
        talk.joining.removed("#a", "kicked", talk.turn)
        talk.after()
        assert talk.after(5) == ["JOIN #a"]
        talk.joining.joined("#a")
        talk.now += 600


# -- other names, invitations, changes of mind ---------------------------------


def test_a_forward_is_followed_and_said():
    talk = Talk("#old")
    talk.after()
    talk.joining.forwarded("#old", "##new", talk.turn)
    talk.joining.joined("##new")
    assert talk.after() == []
    assert talk.joining.names() == ["##new"]
    assert talk.reports() == [Forwarded("#old", "##new")]


def test_a_renamed_channel_is_ours_by_its_new_name():
    talk = Talk("#old")
    talk.all_lines()
    talk.joining.renamed("#old", "#new")
    assert talk.joining.names() == ["#new"]
    talk.joining.removed("#new", "kicked", talk.turn)
    talk.after()
    assert talk.after(5) == ["JOIN #new"]


def test_an_invitation_to_a_channel_of_ours_is_taken_at_once():
    talk = Talk("#a")
    talk.after()
    talk.joining.refused("#a", numerics.ERR_INVITEONLYCHAN, "Invite only", talk.turn)
    talk.after()
    talk.joining.invited("#A")
    assert talk.after() == ["JOIN #a"]


def test_another_channel_that_invites_us_becomes_ours():
    talk = Talk("#a")
    talk.joining.invited("#b")
    assert talk.joining.names() == ["#a", "#b"]
    assert not talk.joining.is_configured("#b")


def test_a_channel_no_longer_wanted_is_left():
    talk = Talk("#a", "#b")
    talk.all_lines()
    assert talk.joining.unwant("#a") == ["PART #a"]
    assert talk.joining.unwant("#a") == []
    assert talk.joining.names() == ["#b"]


def test_a_channel_wanted_later_is_joined():
    talk = Talk("#a")
    talk.all_lines()
    talk.joining.want("#b", Secret("sesame"))
    assert talk.joining.changed
    assert talk.after() == ["JOIN #b sesame"]


def test_a_new_connection_joins_everything_again():
    talk = Talk("#a", "#b")
    talk.all_lines()
    talk.joining.begin(isupport_of("CASEMAPPING=ascii"))
    assert talk.all_lines() == ["JOIN #a,#b"]


# -- whatever happens --------------------------------------------------------

STEPS = st.one_of(
    st.tuples(st.just("after"), st.floats(0, 2000)),
    st.tuples(st.sampled_from(["joined", "invited", "want", "unwant"]), st.sampled_from("abcde")),
    st.tuples(st.just("removed"), st.sampled_from("abcde")),
    st.tuples(st.sampled_from([*sorted(REFUSALS), "443"]), st.sampled_from("abcde")),
    st.tuples(st.just("forwarded"), st.sampled_from("abcde")),
    st.tuples(st.just("begin"), st.none()),
)


def play(talk, step, argument):
    name = f"#{argument}"
    simple = {"joined", "invited", "want", "unwant"}
    if step == "after":
        return talk.after(argument)
    if step in simple:
        getattr(talk.joining, step)(name)
    elif step == "removed":
        talk.joining.removed(name, "kicked", talk.turn)
    elif step == "forwarded":
        talk.joining.forwarded(name, "#e", talk.turn)
    elif step == "begin":
        talk.joining.begin(talk.isupport)
    else:
        talk.joining.refused(name, step, "no", talk.turn)
    return []


@given(st.lists(STEPS, max_size=60))
def test_whatever_happens_no_channel_is_forgotten_and_no_line_is_sent_too_often(steps):
    talk = Talk("#a", "#b", "#c", tokens=["TARGMAX=JOIN:1"])
    for step in steps:
        assert len(play(talk, *step)) <= 2
    for _ in range(20):
        for line in talk.after(2000):
            talk.let_in(line)
    names, problems = set(talk.joining.names()), set(talk.joining.problems())
    assert talk.joining.joined_count() + len(problems) == len(names)


def test_absences_are_the_channels_that_refuse_and_those_that_never_let_us_in():
    talk = Talk("#a", "#b", "#c", "#d")
    talk.after()
    talk.joining.refused("#a", "403", "No", talk.turn)
    talk.joining.refused("#b", "474", "Banned", talk.turn)
    talk.joining.joined("#c")
    assert talk.joining.absences() == [
        Absence("#a", "No (403); not asking again", "403", for_good=True),
        Absence("#b", "Banned (474); asking again", "474"),
        Absence("#d", "the server has not answered yet", "unanswered"),
    ]
    talk.joining.begin(talk.isupport)
    assert "#c" not in {each.channel for each in talk.joining.absences()}, "only due again"
    talk.joining.joined("#b")
    talk.joining.removed("#c", "kicked", talk.turn)
    assert "#c" not in {each.channel for each in talk.joining.absences()}, "only due again"
    talk.joining.refused("#c", "474", "Banned", talk.turn)
    assert [(each.channel, each.cause) for each in talk.joining.absences()] == [
        ("#a", "403"), ("#c", "474"), ("#d", "unanswered"),
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["403", "474"])
def test_of_several_refusals_of_one_join_the_first_counts(code):
    talk = Talk("#a")
    talk.after()
    for number in range(100):
        talk.joining.refused("#a", code, f"No {number}", talk.turn)
        talk.joining.refused("#a", "471", "Full", talk.turn)
    assert [fact.why.partition(" (")[0] for fact in talk.turn.facts] == ["No 0"]
