"""Whatever a server says on the way in and afterwards: no error, and no state without a way out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatlog.protocol.carryover import Carryover
from chatlog.protocol.facts import Challenged, Turn
from chatlog.protocol.numerics import RPL_ENDOFMOTD, RPL_WELCOME
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.registration.sasl import Login
from chatlog.protocol.session import Session
from chatlog.protocol.session_settings import SessionSettings
from chatlog.secret import Secret
from tests.support.examples import examples_times

NOW = "2026-11-23T18:20:01.123Z"
NICKS = ["log", "LOG", "log_", "ada", "*", ""]
CHANNELS = ["#a", "#A", "#b", "#z", "#a,#b", "@#a", ""]
OTHERS = ["sasl", "sasl=PLAIN", "sts=port=6697", "+", "AAAA", "cj1hLHM9YSxpPTQwOTY=", "log"]
OTHERS += ["LS", "ACK", "NAK", "NEW", "DEL", "*", "batch server-time", "PLAIN,EXTERNAL", "ada,log"]
OTHERS += ["CASEMAPPING=ascii", "TARGMAX=JOIN:1", "MONITOR=1", "BOT=B", "CHANTYPES=&", "hello"]
VERBS = ["CAP", "AUTHENTICATE", "JOIN", "PART", "KICK", "NICK", "INVITE", "RENAME", "RECONNECT"]
VERBS += ["001", "005", "376", "403", "405", "432", "433", "437", "470", "471", "473", "474", "477"]
VERBS += ["731", "900", "902", "903", "904", "905", "906", "907", "908", "QUIT", "PING", "PRIVMSG"]


def as_line(source, verb, params):
    words = [word for word in params[:-1] if word and " " not in word]
    text = " ".join([verb, *words, *(f":{word}" for word in params[-1:])])
    return f":{source}!u@h {text}".encode() if source else text.encode()


LINES = st.builds(
    as_line,
    st.sampled_from(NICKS),
    st.sampled_from(VERBS),
    st.lists(st.sampled_from(NICKS + CHANNELS + OTHERS), max_size=4),
)
STEPS = st.lists(LINES | st.floats(0, 2000), max_size=40)
LOGINS = st.sampled_from(
    [
        None,
        Login(user="u", password=Secret("hush"), mechanism="PLAIN"),
        Login(user="u", password=Secret("hush"), mechanism="SCRAM-SHA-256"),
        Login(user="u", password=Secret("hush"), certificate=True),
    ]
)


class Connection:
    """A session whose lines are remembered, and whose work is done at once."""

    def __init__(self, login, carryover=None):
        identity = Identity(nick="log", login=login, nickserv=Secret("hush"))
        about = SessionSettings(
            network="net", identity=identity, channels=("#a", "#b"), accept_invites=True
        )
        self.carryover = carryover or Carryover(about)
        self.session = Session(about, self.carryover, tls=True)
        self.now = 0.0
        self.events = []
        self.sent = self.session.start()

    def take(self, step):
        turn = Turn()
        if isinstance(step, float):
            self.now += step
            self.session.advance(self.now, turn)
        else:
            self.session.receive(iter([step]), NOW, turn)
            for fact in [fact for fact in turn.facts if isinstance(fact, Challenged)]:
                self.session.go_on(fact.respond(), turn)
        self.events += turn.events
        self.sent += turn.replies
        if self.session.changed and not isinstance(step, float):
            self.take(0.0)

    def let_in(self):
        """Be a server that grants every JOIN, for a while."""
        for _ in range(40):
            self.sent.clear()
            self.take(2000.0)
            for line in [line for line in self.sent if line.startswith("JOIN ")]:
                for name in line.split(" ")[1].split(","):
                    self.take(f":{self.session.state.me.nick}!u@h JOIN {name}".encode())


@examples_times(3)
@given(LOGINS, STEPS)
def test_nothing_raises_and_nothing_secret_is_recorded_or_said_in_clear(login, steps):
    connection = Connection(login)
    for step in steps:
        connection.take(step)
    assert all("\n" not in line and "\r" not in line for line in connection.sent)
    assert "hush" not in str(connection.events)
    secret = [line for line in connection.sent if "hush" in line]
    assert all(line.startswith("PRIVMSG NickServ :") for line in secret)


@examples_times(3)
@given(STEPS)
def test_after_anything_every_channel_is_joined_or_it_is_said_why_not(steps):
    connection = Connection(None)
    for step in steps:
        connection.take(step)
    again = Connection(None, connection.carryover)
    again.take(f":irc.test {RPL_WELCOME} log :Welcome".encode())
    again.take(f":irc.test {RPL_ENDOFMOTD} log :End of MOTD".encode())
    again.let_in()
    joining = again.session.joining
    there = {name for name in joining.names() if again.session.state.membership.name(name)}
    assert there | set(joining.problems()) == set(joining.names())


@examples_times(3)
@given(LOGINS, STEPS)
def test_a_login_ends_in_an_account_in_a_refusal_or_goes_on(login, steps):
    connection = Connection(login)
    for step in steps:
        connection.take(step)
    registration = connection.session.registration
    assert not (registration.registered and registration.refused)
    if login is not None and registration.registered:
        assert "AUTHENTICATE" in "".join(connection.sent)
