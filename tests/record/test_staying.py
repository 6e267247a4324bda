"""The connection that stays, against a server that does not want it to."""

from __future__ import annotations

import asyncio
import base64

import pytest
import scramp

from chatlog.errors import ChatlogError, NetworkError, RefusedError
from chatlog.protocol.registration.sasl import Login
from chatlog.secret import Secret
from tests.support.loop_clock import LoopClock
from tests.support.recorded import events, texts
from tests.support.recording import in_state, plan_of, play, recorder_of
from tests.support.scripted import ScriptedServer

ACCOUNT = Login(user="user", password=Secret("pencil"), plain_without_tls=True)
FAREWELL = rb"^QUIT"


def types(root, target="#demo"):
    return [event["type"] for event in events(root, target)]


def welcome(peer):
    peer.register()
    peer.join("#demo", "#tea")


def stay_well(peer):
    """Be an ordinary server until the recorder has heard all."""
    welcome(peer)
    peer.send(b":ada!a@h PRIVMSG #demo :after\r\n", b"PING :heard\r\n")
    peer.wait_for(rb"^PONG :?heard")


# -- ends --------------------------------------------------------------------


def test_a_server_that_falls_silent_is_left_and_another_try_is_made(tmp_path):
    clock = LoopClock()

    def fall_silent(peer):
        welcome(peer)
        peer.sync()
        clock.advance(400)
        peer.wait_for(rb"^PING :chatlog$")
        clock.advance(300)
        peer.wait_for_the_end()

    play(tmp_path, fall_silent, stay_well, clock=clock, timeout=3600, plan_timeout=600)
    (reason, _) = texts(tmp_path, "#demo", "parted")
    assert reason.startswith("ping timeout: nothing was heard for")
    assert texts(tmp_path, "#demo", "message") == ["after"]


def test_after_an_error_nobody_waits_for_the_server_to_close(tmp_path):
    def end_without_closing(peer):
        welcome(peer)
        peer.send(b":ada!a@h PRIVMSG #demo :before\r\nERROR :Closing link\r\n")
        peer.wait_for_the_end()

    play(tmp_path, end_without_closing, stay_well)
    assert texts(tmp_path, "#demo", "message") == ["before", "after"]
    assert texts(tmp_path, "#demo", "parted")[0] == "Closing link"


def test_a_server_that_answers_only_our_ping_is_kept(tmp_path):
    clock = LoopClock()

    def answer(peer):
        welcome(peer)
        for _ in range(3):
            peer.sync()
            clock.advance(400)
            peer.wait_for(rb"^PING :chatlog$")
            peer.send(b":scripted PONG scripted :chatlog\r\n")
        peer.send(b":ada!a@h PRIVMSG #demo :still here\r\nPING :heard\r\n")
        peer.wait_for(rb"^PONG :?heard")

    _, status = play(tmp_path, answer, clock=clock, plan_timeout=600)
    assert texts(tmp_path, "#demo", "message") == ["still here"]
    assert status.reconnects == 0


def test_an_end_in_the_middle_of_a_line_costs_nothing_that_came(tmp_path):
    def break_off(peer):
        welcome(peer)
        peer.send(b":ada!a@h PRIVMSG #demo :whole\r\n:ada!a@h PRIVMSG #demo :ha")

    play(tmp_path, break_off, stay_well)
    assert texts(tmp_path, "#demo", "message") == ["whole", "after"]
    (torn,) = [event for event in events(tmp_path, "@server") if "raw" in event]
    assert base64.b64decode(torn["raw"]) == b":ada!a@h PRIVMSG #demo :ha"


@pytest.mark.parametrize(
    "words", ["Closing Link: rec (K-Lined: spam)", "Closing link: (rec@h) [G-lined: go away]"]
)
def test_a_ban_ends_the_network_for_good(tmp_path, words):
    def ban(peer):
        welcome(peer)
        peer.send(f"ERROR :{words}\r\n".encode())

    with pytest.raises(RefusedError, match="will not have us"):
        play(tmp_path, ban, stay_well)
    assert texts(tmp_path, "#demo", "parted") == [words]


def test_a_ban_at_the_door_ends_the_network_for_good(tmp_path):
    def ban(peer):
        peer.wait_for(rb"^USER")
        peer.send(b":scripted 465 rec :You are banned\r\nERROR :Closing Link: (K-Lined)\r\n")

    with pytest.raises(RefusedError, match="banned"):
        play(tmp_path, ban, retry=True)


@pytest.mark.parametrize(
    ("words", "least"),
    [
        ("Closing Link: (Excess Flood)", 30),
        ("Trying to reconnect too fast.", 60),
        ("Closing Link: rec (Killed (oper (go away)))", 60),
    ],
)
def test_parting_words_say_how_long_to_stay_away(tmp_path, words, least):
    def part(peer):
        welcome(peer)
        peer.send(f":oper!o@h KILL rec :go away\r\nERROR :{words}\r\n".encode())

    _, status = play(tmp_path, part, until="waiting")
    assert status.state == f"waiting {least} s to reconnect"


def test_a_server_that_lets_nobody_in_is_given_up_in_time(tmp_path):
    clock = LoopClock()

    def delay(peer):
        peer.wait_for(rb"^USER")
        peer.send(b":scripted NOTICE * :Looking up your hostname...\r\n")
        clock.advance(600)
        peer.wait_for_the_end()

    with pytest.raises(NetworkError, match=r"did not welcome us in 600 s; we waited for"):
        play(tmp_path, delay, clock=clock, timeout=300)


def test_the_next_server_of_the_list_is_tried_at_once(tmp_path, closed_port):
    play(tmp_path, stay_well, before=[closed_port], reconnect_min=3600, reconnect_max=3600)
    assert texts(tmp_path, "#demo", "message") == ["after"]


def test_a_server_that_asks_us_to_come_again_is_obeyed_at_once(tmp_path):
    def reconnect(peer):
        welcome(peer)
        peer.send(b":tmi.twitch.tv RECONNECT\r\n")
        peer.wait_for(FAREWELL)

    play(tmp_path, reconnect, stay_well, reconnect_min=3600, reconnect_max=3600)
    assert texts(tmp_path, "#demo", "message") == ["after"]


def test_a_plan_that_changes_between_two_connections_counts_on_the_next(tmp_path):
    clock, rarely = LoopClock(), {"reconnect_min": 600, "reconnect_max": 600, "timeout": 3600}

    async def scenario():
        async with ScriptedServer(welcome, stay_on) as server:
            recorder = recorder_of(tmp_path, server.port, **rarely)
            run = asyncio.ensure_future(recorder.run())
            await in_state(recorder, "waiting")
            channels = {"channels": ("#demo", "#new")}
            recorder.reload([plan_of(server.port, session=channels, **rarely)])
            (network,) = recorder._networks.values()
            (supervisor,) = network.supervisors
            assert supervisor.carryover.joining.changed, "nothing was asked for on a dead line"
            clock.advance(600)
            await asyncio.to_thread(server.wait_for, rb"^JOIN #demo,#new$")
            recorder.stop("enough")
            await run

    def stay_on(peer):
        peer.register()
        peer.wait_for(FAREWELL)

    clock.run(scenario())


# -- capabilities --------------------------------------------------------------


def test_half_of_the_capabilities_are_better_than_none(tmp_path):
    def deny(peer):
        peer.nick = peer.wait_for(rb"^NICK (\S+)")[1].decode()
        peer.wait_for(rb"^CAP LS 302")
        peer.send(b":scripted CAP * LS :server-time batch message-tags sasl=PLAIN\r\n")
        peer.wait_for(rb"^CAP REQ :server-time message-tags batch$")
        peer.send(b":scripted CAP * NAK :server-time message-tags batch\r\n")
        for name in (b"server-time", b"message-tags", b"batch"):
            peer.wait_for(rb"^CAP REQ :%s$" % name)
            answer = b"NAK" if name == b"batch" else b"ACK"
            peer.send(b":scripted CAP * %s :%s\r\n" % (answer, name))
        peer.wait_for(rb"^CAP END")
        peer.send(b":scripted 001 rec :Welcome\r\n:scripted 376 rec :End of MOTD\r\n")
        peer.join("#demo", "#tea")
        peer.send(b"@time=2020-01-01T00:00:00.000Z;msgid=x :ada!a@h PRIVMSG #demo :hi\r\n")
        peer.send(b"PING :heard\r\n")
        peer.wait_for(rb"^PONG :?heard")

    play(tmp_path, deny)
    (message,) = [event for event in events(tmp_path, "#demo") if event["type"] == "message"]
    assert message["msgid"] == "x"


def test_capabilities_come_and_go_and_before_the_welcome_too(tmp_path):
    def change(peer):
        peer.nick = peer.wait_for(rb"^NICK (\S+)")[1].decode()
        peer.wait_for(rb"^CAP LS 302")
        peer.send(b":scripted CAP * LS :batch\r\n")
        peer.wait_for(rb"^CAP REQ :batch")
        peer.send(b":scripted CAP * ACK :batch\r\n")
        peer.wait_for(rb"^CAP END")
        peer.send(b":scripted CAP * DEL :batch sasl\r\n:scripted CAP * NEW :chghost\r\n")
        peer.wait_for(rb"^CAP REQ :chghost")
        peer.send(b":scripted CAP * ACK :chghost\r\n:scripted 001 rec :Welcome\r\n")
        peer.send(b":scripted 376 rec :End of MOTD\r\n")
        peer.join("#demo", "#tea")
        peer.send(b":scripted CAP rec NEW :setname\r\n")
        peer.wait_for(rb"^CAP REQ :setname")

    play(tmp_path, change)
    assert types(tmp_path)[:1] == ["joined"]


# -- login ---------------------------------------------------------------------


def ask_for_login(peer, mechanisms=b"PLAIN"):
    peer.nick = peer.wait_for(rb"^NICK (\S+)")[1].decode()
    peer.wait_for(rb"^CAP LS 302")
    peer.send(b":scripted CAP * LS :sasl=%s\r\n" % mechanisms)
    peer.wait_for(rb"^CAP REQ :sasl")
    peer.send(b":scripted CAP * ACK :sasl\r\n")
    return peer.wait_for(rb"^AUTHENTICATE (\S+)$")[1]


def hear_response(peer):
    """Return what the client says by AUTHENTICATE, however many lines it takes."""
    text = b""
    while True:
        part = peer.wait_for(rb"^AUTHENTICATE (\S+)$")[1]
        text += b"" if part == b"+" else part
        if len(part) < 400:
            return base64.b64decode(text)


def challenge(peer, data):
    """Say this by AUTHENTICATE, in chunks of 400."""
    text = base64.b64encode(data)
    for start in range(0, len(text) + 1, 400):
        peer.send(b"AUTHENTICATE %s\r\n" % (text[start : start + 400] or b"+"))


def let_in(peer):
    peer.send(b":scripted 900 * rec!r@h user :You are now logged in as user\r\n")
    peer.send(b":scripted 903 * :SASL authentication successful\r\n")
    peer.wait_for(rb"^CAP END")
    peer.send(b":scripted 001 rec :Welcome\r\n:scripted 376 rec :End of MOTD\r\n")
    peer.join("#demo", "#tea")


@pytest.mark.parametrize("length", [10, 290, 291, 900])
def test_a_password_of_any_length_arrives_whole(tmp_path, length):
    heard = []

    def log_in(peer):
        ask_for_login(peer)
        peer.send(b"AUTHENTICATE +\r\n")
        heard.append(hear_response(peer))
        let_in(peer)

    login = Login(user="user", password=Secret("p" * length), plain_without_tls=True)
    play(tmp_path, log_in, identity={"login": login})
    assert heard == [b"user\0user\0" + b"p" * length]


def scram_server(peer, *, honest=True):
    mechanism = scramp.ScramMechanism("SCRAM-SHA-256")
    salt, stored, server, count = mechanism.make_auth_info("pencil", salt=bytes(400))
    about = mechanism.make_server(lambda _user: (salt, stored, server, count))
    assert ask_for_login(peer, b"SCRAM-SHA-256,PLAIN") == b"SCRAM-SHA-256"
    peer.send(b":scripted AUTHENTICATE :+\r\n")
    about.set_client_first(hear_response(peer).decode())
    challenge(peer, about.get_server_first().encode())
    about.set_client_final(hear_response(peer).decode())
    final = about.get_server_final().encode()
    challenge(peer, final if honest else b"v=" + base64.b64encode(bytes(32)))


def test_scram_logs_in_with_a_server_that_proves_itself_in_long_lines(tmp_path):
    def log_in(peer):
        scram_server(peer)
        assert hear_response(peer) == b""
        let_in(peer)

    play(tmp_path, log_in, identity={"login": ACCOUNT})
    assert types(tmp_path)[:1] == ["joined"]


def test_a_server_that_proves_nothing_is_left_for_good(tmp_path):
    def cheat(peer):
        scram_server(peer, honest=False)
        peer.wait_for(rb"^AUTHENTICATE \*$")
        peer.send(b":scripted 903 * :Come in all the same\r\n")
        peer.wait_for(rb"^QUIT :")

    with pytest.raises(RefusedError, match="SCRAM makes no sense"):
        play(tmp_path, cheat, identity={"login": ACCOUNT}, retry=True)
    assert types(tmp_path, "@server")[-1] == "stopped"


def test_a_server_that_never_answers_a_login_is_left_in_time_and_said_so(tmp_path):
    clock = LoopClock()

    def keep_silent(peer):
        ask_for_login(peer)
        clock.advance(600)
        peer.wait_for_the_end()

    with pytest.raises(NetworkError, match=r"we waited for the answer to our login \(SASL\)"):
        play(tmp_path, keep_silent, identity={"login": ACCOUNT}, clock=clock, timeout=300)


def test_without_the_login_that_was_asked_for_there_is_no_recording(tmp_path):
    with pytest.raises(NetworkError, match="without a login"):
        play(
            tmp_path,
            lambda peer: (peer.register(), peer.wait_for(rb"^QUIT :")),
            identity={"login": ACCOUNT},
        )


@pytest.mark.parametrize("capabilities", [b"sasl=EXTERNAL", b"sasl=FROB", b"batch"])
def test_a_server_without_a_login_that_can_be_used_is_left_with_quit(tmp_path, capabilities):
    def offer(peer):
        peer.wait_for(rb"^CAP LS 302")
        peer.send(b":scripted CAP * LS :%s\r\n" % capabilities)
        request = peer.wait_for(rb"^CAP REQ :(.*)")[1]
        peer.send(b":scripted CAP * ACK :%s\r\n" % request)
        peer.wait_for(rb"^QUIT :")

    with pytest.raises(ChatlogError, match=r"login \(SASL\)"):
        play(tmp_path, offer, identity={"login": ACCOUNT})


def test_a_wrong_server_password_is_for_good(tmp_path):
    def refuse(peer):
        assert peer.wait_for(rb"^PASS :(.*)")[1] == b"open sesame"
        peer.wait_for(rb"^USER")
        peer.send(b":scripted 464 * :Password incorrect\r\nERROR :Bad password\r\n")

    with pytest.raises(RefusedError, match="wants another password"):
        play(tmp_path, refuse, identity={"password": Secret("open sesame")}, retry=True)


# -- nick and channels -----------------------------------------------------------


def test_a_nick_that_is_changed_for_us_is_ours_and_the_wanted_one_is_watched(tmp_path):
    def rename(peer):
        peer.register(tokens="MONITOR=10")
        peer.join("#demo", "#tea")
        peer.send(b":rec!u@h NICK :Guest7\r\n")
        peer.wait_for(rb"^MONITOR \+ rec$")
        peer.send(b":scripted 730 Guest7 :rec!x@y\r\n:scripted 731 Guest7 :rec\r\n")
        peer.wait_for(rb"^NICK rec$")
        peer.send(b":Guest7!u@h NICK :rec\r\n:ada!a@h PRIVMSG rec :hello\r\n")
        peer.wait_for(rb"^MONITOR - rec$")
        peer.wait_for(rb"^NOTICE ada ")

    play(tmp_path, rename)
    assert types(tmp_path).count("nick") == 2


def test_a_forward_is_recorded_where_it_leads(tmp_path):
    def forward(peer):
        peer.register()
        peer.wait_for(rb"^JOIN #old")
        peer.send(b":scripted 470 rec #old ##new :Forwarding to another channel\r\n")
        peer.send(b":rec!u@h JOIN ##new\r\n:ada!a@h PRIVMSG ##new :here\r\nPING :heard\r\n")
        peer.wait_for(rb"^PONG :?heard")

    _, status = play(tmp_path, forward, session={"channels": ("#old",)})
    assert texts(tmp_path, "##new", "message") == ["here"]
    assert status.wanted == 1


def test_a_renamed_channel_goes_on_under_its_new_name(tmp_path):
    def rename(peer):
        welcome(peer)
        peer.send(b":ada!a@h RENAME #demo #show :better\r\n:ada!a@h PRIVMSG #show :here\r\n")
        peer.send(b"PING :heard\r\n")
        peer.wait_for(rb"^PONG :?heard")

    play(tmp_path, rename)
    assert types(tmp_path)[-2:] == ["other", "parted"]
    assert types(tmp_path, "#show")[:3] == ["other", "joined", "message"]
    assert texts(tmp_path, "#demo", "parted") == ["renamed to #show"]
    assert texts(tmp_path, "#show", "joined") == ["renamed from #demo"]


def test_refused_channels_do_not_keep_the_others_out_and_are_told(tmp_path, caplog):
    caplog.set_level("INFO")

    def refuse(peer):
        peer.register()
        peer.wait_for(rb"^JOIN #demo,#tea$")
        peer.send(b":scripted 474 rec #demo :Cannot join channel (+b)\r\n")
        peer.send(b":rec!u@h JOIN #tea\r\nPING :heard\r\n")
        peer.wait_for(rb"^PONG :?heard")

    _, status = play(tmp_path, refuse)
    assert status.problems == ("#demo: Cannot join channel (+b) (474); asking again",)
    assert "joined" in types(tmp_path, "#tea")
    assert "net: in 1 of 2 channels; #demo refused: banned" in caplog.text


def test_an_invitation_is_followed_where_that_is_configured(tmp_path):
    def invite(peer):
        welcome(peer)
        peer.send(b":ada!a@h INVITE rec :#party\r\n")
        peer.join("#party")
        peer.send(b"PING :heard\r\n")
        peer.wait_for(rb"^PONG :?heard")

    play(tmp_path, invite, session={"accept_invites": True})
    assert "joined" in types(tmp_path, "#party")


def test_a_key_opens_a_channel_and_is_nowhere_written(tmp_path, caplog):
    def lock(peer):
        peer.register()
        assert peer.wait_for(rb"^JOIN (.*)")[1] == b"#tea,#demo sesame"
        peer.send(b":rec!u@h JOIN #demo\r\n:rec!u@h JOIN #tea\r\n")
        peer.send(b":ada!a@h MODE #demo +k sesame\r\n:scripted 324 rec #demo +k sesame\r\n")
        peer.send(b"PING :heard\r\n")
        peer.wait_for(rb"^PONG :?heard")

    with caplog.at_level("DEBUG"):
        play(tmp_path, lock, session={"keys": {"#tea": Secret("sesame")}})
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"sesame" not in written
    assert "sesame" not in caplog.text
