"""Invitations: whose are followed, where we stay, and which channels we do not come back to."""

from __future__ import annotations

import pytest

from chatlog.event import EventType, format_time, parse_time
from chatlog.protocol.facts import InvitationsChanged, Invited, Left
from chatlog.protocol.invitations import (
    MAX_AN_HOUR,
    MAX_BY_HOST,
    MAX_KEPT,
    MAX_TOLD,
    Invitation,
    InvitationSettings,
)
from tests.support.conversation import NOW, in_channels

US = ":log!chatlog@here.test"
ADA = ":ada!a@h.example"
HOUR = 3_600_000


def invited(*extra, accept_invites=True, capabilities=(), **settings):
    """Return a conversation in #a and #b that may be invited to others."""
    return in_channels(
        *extra,
        accept_invites=accept_invites,
        capabilities=capabilities,
        invitations=InvitationSettings(**settings),
    )


def names(talk):
    return talk.session.joining.names()


def known(talk):
    return talk.session._carryover.invitations.known()


def told(talk):
    return [(fact.channel, fact.why) for fact in talk.facts if isinstance(fact, Invited)]


def later(milliseconds):
    return format_time(parse_time(NOW) + milliseconds)


def enter(talk, channel, *members):
    """Let the server let us in, with the members that its list has."""
    return talk.hear(
        f"{US} JOIN {channel}",
        f":irc.test 353 log = {channel} :log {' '.join(members)}",
        f":irc.test 366 log {channel} :End of /NAMES list",
    )


# -- whose invitations are followed ------------------------------------------------------------


def test_no_invitation_is_followed_unless_they_are_accepted():
    talk = invited(accept_invites=False)
    talk.hear(f"{ADA} INVITE log #new")
    assert (names(talk), told(talk), known(talk)) == (["#a", "#b"], [], [])


def test_everybody_may_invite_unless_some_are_named():
    talk = invited()
    talk.hear(f"{ADA} INVITE log #new")
    assert names(talk) == ["#a", "#b", "#new"]
    assert talk.said[-1] == "JOIN #new"
    assert told(talk) == [("#new", "invited by ada!a@h.example")]
    assert known(talk) == [Invitation("#new", "ada!a@h.example", NOW)]


@pytest.mark.parametrize(
    ("allow", "line", "is_followed"),
    [
        ("*!*@h.example", f"{ADA} INVITE log #new", True),
        ("ada", f"{ADA} INVITE log #new", True),
        ("ADA", f"{ADA} INVITE log #new", True),
        ("bob", f"{ADA} INVITE log #new", False),
        ("*!*@*.staff.example", f"{ADA} INVITE log #new", False),
        ("account:Ada", f"@account=ada {ADA} INVITE log #new", True),
        ("account:ada", f"@account=bob {ADA} INVITE log #new", False),
        ("account:ada", f"{ADA} INVITE log #new", False),
        ("ada", ":irc.test INVITE log #new", False),
    ],
)
def test_only_those_who_are_named_may_invite(allow, line, is_followed):
    talk = invited(allow=(allow,), capabilities=("account-tag",))
    talk.hear(line)
    assert ("#new" in names(talk)) == is_followed
    if not is_followed:
        ((channel, why),) = told(talk)
        assert channel == "#new"
        assert why.endswith("not among those who may invite us")
        assert known(talk) == []


@pytest.mark.parametrize(
    ("block", "is_followed"),
    [
        ("ada", False), ("*!*@*.example", False), ("#new", False), ("#NEW", False),
        ("#n*", False), ("#ne?", False), ("#old", True), ("bob", True), ("#[ab]*", True),
    ],
)  # fmt: skip
def test_blocked_people_and_channels_are_not_followed(block, is_followed):
    talk = invited(block=(block,), allow=("ada",))
    talk.hear(f"{ADA} INVITE log #new")
    assert ("#new" in names(talk)) == is_followed


def test_whom_and_what_privacy_leaves_out_does_not_invite():
    from chatlog.protocol.privacy import PrivacySettings

    talk = in_channels(
        accept_invites=True, privacy=PrivacySettings(ignore=("ada",), nolog=("#quiet",))
    )
    talk.hear(f"{ADA} INVITE log #new", ":bob!b@h INVITE log #quiet")
    assert (names(talk), told(talk)) == (["#a", "#b"], [])


@pytest.mark.parametrize("name", ["nobody", "", "#x,#y", "#x y", "#x\ay", "#" + "x" * 500, "@#a"])
def test_an_invitation_to_no_channel_is_not_followed(name):
    talk = invited()
    talk.hear(f"{ADA} INVITE log :{name}", f"{ADA} INVITE log", f"{ADA} INVITE bob #new")
    assert (names(talk), known(talk)) == (["#a", "#b"], [])


# -- operators ---------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["@ada", "@+ada", "@Ada!a@h.example"])
def test_an_operator_may_invite_if_operators_may(member):
    talk = invited(allow=("ops",))
    talk.hear(f"{ADA} INVITE log #new")
    enter(talk, "#new", "bob", member)
    assert "#new" in names(talk)
    assert talk.said[-1] == "JOIN #new"


@pytest.mark.parametrize("members", [("ada",), ("+ada", "@bob"), ("@bob",)])
def test_a_channel_is_left_again_if_no_operator_invited_us(members):
    talk = invited(allow=("ops",), notice="hello")
    talk.hear(f"{ADA} INVITE log #new")
    enter(talk, "#new", *members)
    assert names(talk) == ["#a", "#b"]
    assert talk.said[-1] == "PART #new"
    assert told(talk)[-1] == ("#new", "left again: the person who invited us is no operator")
    assert known(talk) == []
    talk.hear(f"{US} PART #new")
    assert known(talk) == []


def test_those_who_are_named_beside_operators_need_not_be_any():
    talk = invited(allow=("ops", "ada"))
    talk.hear(f"{ADA} INVITE log #new")
    enter(talk, "#new", "ada", "@bob")
    assert "#new" in names(talk)


# -- the notice --------------------------------------------------------------------------------


def test_a_channel_is_told_once_who_invited_us():
    talk = invited(notice="{nick} asked me {0} {nick!r} %s")
    talk.hear(f"{ADA} INVITE log #new")
    events = enter(talk, "#new", "@ada")
    assert talk.said[-1] == "NOTICE #new :ada asked me {0} {nick!r} %s"
    assert [event.type for event in events][-1] == EventType.NOTICE
    talk.hear(f"{US} PART #new")
    enter(talk, "#new", "@ada")
    assert talk.said[-1].startswith("NOTICE")
    assert sum(line.startswith("NOTICE") for line in talk.said) == 1


def test_a_channel_of_the_configuration_gets_no_such_notice():
    talk = invited(notice="{nick} asked me")
    enter(talk, "#a", "@ada")
    assert not any(line.startswith("NOTICE") for line in talk.said)


# -- kicks -------------------------------------------------------------------------------------


def kick(talk, channel, reason="no bots"):
    talk.hear(f":bob!b@h KICK {channel} log :{reason}")
    talk.after(1000)


def test_a_channel_that_kicked_us_often_enough_is_left_for_good():
    talk = invited(kicks=2)
    talk.hear(f"{ADA} INVITE log #new")
    enter(talk, "#new", "ada")
    kick(talk, "#new", "first")
    assert "#new" in names(talk)
    enter(talk, "#new", "ada")
    kick(talk, "#new", "go \x02away")
    assert names(talk) == ["#a", "#b"]
    assert told(talk)[-1] == (
        "#new",
        "kicked by bob (go \x02away); not coming back, not even on invitation",
    )
    lefts = [fact.wanted for fact in talk.facts if isinstance(fact, Left)]
    assert lefts == [True, False]
    talk.hear(f"{ADA} INVITE log #new")
    assert names(talk) == ["#a", "#b"]
    assert told(talk)[-1][1].endswith("it threw us out for good (kicked by bob (go \x02away))")
    (kept,) = known(talk)
    assert (kept.kicks, kept.over) == (2, True)


def test_kicks_from_a_channel_of_the_configuration_are_not_counted_here():
    talk = invited(kicks=1)
    kick(talk, "#a")
    assert (names(talk), known(talk)) == (["#a", "#b"], [])


def test_a_reason_and_a_source_are_kept_in_part():
    talk = invited(kicks=1)
    talk.hear(f":{'n' * 5000}!u@h INVITE log #new")
    enter(talk, "#new")
    kick(talk, "#new", "x" * 5000)
    (kept,) = known(talk)
    assert (len(kept.by), len(kept.reason)) == (400, 400)


# -- floods ------------------------------------------------------------------------------------


def test_a_flood_of_invitations_is_followed_a_few_times_an_hour():
    talk = invited()
    for number in range(1000):
        talk.hear(f":n{number}!u@h{number} INVITE log #n{number}")
    assert len(names(talk)) == 2 + MAX_AN_HOUR
    assert len(told(talk)) == MAX_AN_HOUR + MAX_TOLD
    talk.hear(f"{ADA} INVITE log #later", at=later(HOUR))
    assert "#later" in names(talk)


def test_one_host_cannot_use_up_the_invitations_of_all():
    talk = invited()
    for number in range(100):
        talk.hear(f":n{number}!u@flood.example INVITE log #n{number}")
    assert len(names(talk)) == 2 + MAX_BY_HOST
    talk.hear(f"{ADA} INVITE log #new")
    assert "#new" in names(talk)


def test_invitations_to_a_channel_that_refuses_us_let_us_ask_once_a_minute():
    talk = invited(accept_invites=False)
    talk.hear(":bob!b@h KICK #a log :out")
    talk.said.clear()
    for _ in range(100):
        talk.hear(f"{ADA} INVITE log #a", ":irc.test 474 log #a :Cannot join channel (+b)")
    assert talk.said == ["JOIN #a"]
    talk.hear(f"{ADA} INVITE log #a", at=later(60_000))
    assert talk.said == ["JOIN #a"] * 2


# -- from run to run ---------------------------------------------------------------------------


def test_channels_of_invitations_are_joined_again_by_the_next_run():
    kept = [
        Invitation("#new", "ada!a@h.example", NOW),
        Invitation("#gone", "ada!a@h.example", NOW, 3, "out", over=True),
        Invitation("#blocked", "eve!e@h.example", NOW),
    ]
    talk = invited(block=("eve",))
    talk.session._carryover.restore(kept)
    assert names(talk) == ["#a", "#b", "#new"]
    assert known(talk) == kept
    talk.hear(f"{ADA} INVITE log #gone")
    assert names(talk) == ["#a", "#b", "#new"]


def test_what_cannot_be_a_channel_of_an_earlier_run_is_left_out():
    talk = invited()
    talk.session._carryover.restore(
        [Invitation("#x\r\nQUIT"), Invitation(""), Invitation("#x,#y"), Invitation("#z", at="soon")]
    )
    assert (names(talk), known(talk)) == (["#a", "#b"], [])


def test_a_change_of_the_settings_leaves_channels_that_are_blocked_now():
    import msgspec

    from chatlog.protocol.facts import Turn

    talk = invited()
    talk.hear(f"{ADA} INVITE log #new")
    enter(talk, "#new")
    turn = Turn()
    settings = talk.session.settings
    blocking = msgspec.structs.replace(settings, invitations=InvitationSettings(block=("#new",)))
    talk.session.apply(blocking, turn)
    assert turn.replies == ["PART #new"]
    back = Turn()
    talk.session.apply(settings, back)
    assert "#new" in names(talk)


def test_a_channel_keeps_its_invitation_under_a_new_name():
    talk = invited(capabilities=("draft/channel-rename",))
    talk.hear(f"{ADA} INVITE log #new")
    enter(talk, "#new")
    talk.hear(":irc.test RENAME #new #newer :spelling")
    assert [each.channel for each in known(talk)] == ["#newer"]
    assert sum(isinstance(fact, InvitationsChanged) for fact in talk.facts) == 2


def test_a_new_name_does_not_forgive_that_a_channel_threw_us_out_for_good():
    talk = invited(kicks=1)
    for channel in ("#out", "#new"):
        talk.hear(f"{ADA} INVITE log {channel}")
        enter(talk, channel)
    talk.hear(":op!o@h KICK #out log :away", ":irc.test RENAME #new #out :trick")
    assert [(each.channel, each.over) for each in known(talk)] == [("#out", True)]


def test_of_a_file_only_names_of_channels_are_joined_and_no_more_than_are_kept():
    talk = invited()
    odd = ("0", "ada", "", "#a,0", "#a 0", "#" + "x" * 400)
    many = [f"#c{number}" for number in range(MAX_KEPT + 100)]
    invitations = talk.session._carryover.invitations
    invitations.restore(Invitation(each) for each in (*odd, *many))
    assert [each.channel for each in known(talk)] == many[:MAX_KEPT]
