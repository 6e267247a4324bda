"""The demo's server, as a client on a real socket sees it."""

from __future__ import annotations

import asyncio
import re

import pytest

from chatlog.demo.server import HOST, Server
from chatlog.demo.state import CAPABILITIES
from tests.support.waiting import PATIENCE

TIME = "2026-11-23T18:20:01.123Z"


class Client:
    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer

    async def send(self, *lines):
        for line in lines:
            data = line if isinstance(line, bytes) else line.encode()
            self._writer.write(data + b"\r\n")
        await self._writer.drain()

    async def until(self, pattern):
        """Return the lines up to the first in which the pattern is found."""
        heard = []
        while not heard or not re.search(pattern, heard[-1]):
            line = await asyncio.wait_for(self._reader.readuntil(b"\n"), PATIENCE)
            heard.append(line.rstrip(b"\r\n").decode("utf-8", "backslashreplace"))
        return heard

    async def ended(self):
        return await asyncio.wait_for(self._reader.read(), PATIENCE)

    def close(self):
        self._writer.close()


def on_server(conversation, **options):
    """Run a conversation of one registered client, with all capabilities or those named."""
    capabilities = options.pop("with_capabilities", ())

    async def scenario():
        async with Server(clock=lambda: TIME, **options) as server:
            client = Client(*await asyncio.open_connection(HOST, server.port))
            try:
                if capabilities:
                    await client.send("CAP LS 302", f"CAP REQ :{' '.join(capabilities)}")
                await client.send("NICK rec", "USER rec 0 * :Rec")
                if capabilities:
                    await client.send("CAP END")
                await client.until(" 422 ")
                return await conversation(server, client)
            finally:
                client.close()

    return asyncio.run(scenario())


def heard_in_channel(act, *, with_capabilities=()):
    """Return what a client in #a hears when ada, who is there too, does something."""

    async def conversation(server, client):
        ada = server.person("ada", host="home.example", account="lovelace")
        ada.join("#a")
        await client.send("JOIN #a")
        await client.until(" 366 ")
        act(ada)
        await client.send("PING end")
        return (await client.until("PONG"))[:-1]

    return on_server(conversation, with_capabilities=with_capabilities)


@pytest.mark.parametrize(
    ("line", "heard"),
    [
        ("PRIVMSG #a :hello", ":ada!ada@home.example PRIVMSG #a :hello"),
        ("NOTICE #a :hello", ":ada!ada@home.example NOTICE #a :hello"),
        ("PRIVMSG @#a :ops only", None),
        ("PRIVMSG rec :psst", ":ada!ada@home.example PRIVMSG rec :psst"),
        ("TOPIC #a :new", ":ada!ada@home.example TOPIC #a :new"),
        ("PART #a :bye", ":ada!ada@home.example PART #a :bye"),
        ("KICK #a rec :out", ":ada!ada@home.example KICK #a rec :out"),
        ("MODE #a +v rec", ":ada!ada@home.example MODE #a +v :rec"),
        ("NICK lovelace", ":ada!ada@home.example NICK :lovelace"),
        ("QUIT :bye", ":ada!ada@home.example QUIT :Quit: bye"),
        ("TAGMSG #a", None),
        ("AWAY :lunch", None),
        ("SETNAME :Ada", None),
        ("NONSENSE #a", None),
        ("", None),
    ],
)
def test_a_plain_client_hears_what_rfc_1459_knows(line, heard):
    assert heard_in_channel(lambda ada: ada.raw(line)) == ([heard] if heard else [])


@pytest.mark.parametrize(
    ("capabilities", "line", "heard"),
    [
        (["server-time"], "PRIVMSG #a :x", f"@time={TIME} :ada!ada@home.example PRIVMSG #a :x"),
        (["account-tag"], "PRIVMSG #a :x", "@account=lovelace :ada!ada@home.example PRIVMSG #a :x"),
        (["message-tags"], "@+draft/react=ok TAGMSG #a", "@+draft/react=ok;msgid=m5 "),
        (["away-notify"], "AWAY :lunch", ":ada!ada@home.example AWAY :lunch"),
        (["away-notify"], "AWAY", ":ada!ada@home.example AWAY"),
        (["setname"], "SETNAME :Ada L", ":ada!ada@home.example SETNAME :Ada L"),
    ],
)
def test_a_capability_has_its_effect(capabilities, line, heard):
    (only,) = heard_in_channel(lambda ada: ada.raw(line), with_capabilities=capabilities)
    assert only.startswith(heard)


def test_account_and_host_changes_reach_those_who_asked_for_them():
    def act(ada):
        ada.login("")
        ada.move("new", "elsewhere.example")

    assert heard_in_channel(act, with_capabilities=["account-notify", "chghost"]) == [
        ":ada!ada@home.example ACCOUNT :*",
        ":ada!ada@home.example CHGHOST new :elsewhere.example",
    ]
    assert heard_in_channel(act) == []


def test_join_is_extended_names_are_full_and_own_lines_echoed_for_those_who_asked():
    async def conversation(server, client):
        ada = server.person("ada", account="lovelace", host="h")
        ada.join("#a")
        ada.raw("MODE #a +v ada")
        await client.send("JOIN #a", "PRIVMSG #a :me")
        heard = await client.until("PRIVMSG")
        server.person("bob", host="h").join("#a")
        return heard + await client.until("JOIN")

    wanted = ["extended-join", "userhost-in-names", "multi-prefix", "echo-message"]
    assert on_server(conversation, with_capabilities=wanted) == [
        ":rec!~rec@localhost JOIN #a * :Rec",
        ":demo.chatlog 353 rec = #a :@+ada!ada@h rec!~rec@localhost",
        ":demo.chatlog 366 rec #a :End of /NAMES list",
        ":rec!~rec@localhost PRIVMSG #a :me",
        ":bob!bob@h JOIN #a * :",
    ]


def test_an_unknown_capability_refuses_the_whole_request_and_ls_names_what_there_is():
    async def conversation(_server, client):
        await client.send("CAP LS 302", "CAP REQ :server-time nonsense", "CAP LIST")
        return await client.until("LIST")

    listed, refused, mine = on_server(conversation)
    assert listed.endswith(":" + " ".join(CAPABILITIES))
    assert refused == ":demo.chatlog CAP rec NAK :server-time nonsense"
    assert mine == ":demo.chatlog CAP rec LIST :"


@pytest.mark.parametrize(
    ("line", "numeric"),
    [
        ("NICK ada", "433"),
        ("NICK 1ada", "432"),
        ("JOIN nothing", "403"),
        ("JOIN #locked", "475"),
        ("PRIVMSG nobody :hi", "401"),
        ("KICK #a", "461"),
        ("PART #elsewhere", "442"),
        ("FROBNICATE", "421"),
    ],
)
def test_what_cannot_be_is_answered_with_its_numeric(line, numeric):
    async def conversation(server, client):
        ada = server.person("ada")
        ada.join("#locked")
        ada.raw("MODE #locked +k sekrit")
        await client.send(line)
        return await client.until(rf" {numeric} rec ")

    assert on_server(conversation)


def test_bad_bytes_do_not_hurt_the_server():
    async def conversation(_server, client):
        await client.send(
            b"\xff\xfe\0", b":", b"@", b"   ", b"CAP", b"USER", b"PRIVMSG", "PING end"
        )
        return (await client.until("PONG"))[-1]

    assert on_server(conversation).endswith(":end")


@pytest.mark.parametrize("length", [8704, 20_000, 300_000])
def test_an_over_long_line_is_refused_whole_and_costs_no_neighbour(length):
    async def conversation(_server, client):
        await client.send("PING before", b"PRIVMSG rec :".ljust(length, b"x"), "PING after")
        return await client.until("PONG.*after")

    _before, refused, _after = on_server(conversation)
    assert refused == ":demo.chatlog 417 rec :Input line was too long"


def test_a_line_of_the_longest_length_is_taken():
    async def conversation(_server, client):
        await client.send("PRIVMSG rec :".ljust(8191 + 512 - 2, "x"), "PING end")
        return await client.until("PONG")

    assert [line.split()[1] for line in on_server(conversation)] == ["PRIVMSG", "PONG"]


@pytest.mark.parametrize("first", [["CAP LS 302"], ["CAP REQ :setname"], ["CAP LS", "CAP LIST"]])
def test_nobody_is_welcomed_while_capabilities_are_negotiated(first):
    async def scenario():
        async with Server(clock=lambda: TIME) as server:
            client = Client(*await asyncio.open_connection(HOST, server.port))
            await client.send(*first, "NICK rec", "USER rec 0 * :Rec", "PING before", "CAP END")
            heard = await client.until(" 422 ")
            client.close()
            return heard

    kinds = [line.split()[1] for line in asyncio.run(scenario())]
    assert kinds[len(first) :] == ["PONG", "001", "002", "005", "422"]


@pytest.mark.parametrize(
    ("modes", "bobs"),
    [
        ("+v bob", "+bob"),
        ("+ov bob bob", "@+bob"),
        ("+bo *!*@bad.example bob", "@bob"),
        ("+k-k+v key key bob", "+bob"),
        ("+l-l+v 5 bob", "+bob"),
        ("+imv bob", "+bob"),
        ("+o", "bob"),
    ],
)
def test_modes_take_the_arguments_that_isupport_promises(modes, bobs):
    async def conversation(server, client):
        ada, bob = server.person("ada"), server.person("bob")
        ada.join("#a")
        bob.join("#a")
        ada.raw(f"MODE #a {modes}")
        await client.send("JOIN #a")
        return (await client.until(" 353 "))[-1]

    assert f" {bobs} " in on_server(conversation, with_capabilities=["multi-prefix"])


def test_a_closed_connection_hears_why_and_a_dropped_one_hears_nothing():
    async def politely(server, client):
        server.close(server.client("rec"), "enough")
        return await client.ended()

    assert on_server(politely) == b"ERROR :Closing link: (enough)\r\n"

    async def abruptly(server, client):
        server.drop("rec")
        return await client.ended()

    with pytest.raises(ConnectionResetError):
        on_server(abruptly)


def test_raw_bytes_are_sent_as_they_are():
    async def conversation(server, client):
        server.send_raw("rec", b"\xff\r\nend\r\n")
        return await client.until("end")

    assert on_server(conversation) == [r"\xff", "end"]


def test_a_server_that_does_not_know_cap_keeps_silent_about_it():
    async def conversation(_server, client):
        await client.send("CAP LS 302", "PING end")
        return await client.until("PONG")

    assert len(on_server(conversation, answers_cap=False)) == 1
