"""Servers as people name them."""

from __future__ import annotations

import pytest

from chatlog.errors import UsageError
from chatlog.settings.server_names import ServerName, choose_tls, network_name, parse_server

SERVERS = {
    "irc.test": ServerName("irc.test"),
    "irc.test:7000": ServerName("irc.test", 7000),
    "irc.test:": ServerName("irc.test"),
    "irc.test.": ServerName("irc.test"),
    "irc.test.:7000": ServerName("irc.test", 7000),
    "bücher.test": ServerName("bücher.test"),
    "ircs://irc.test./#a": ServerName("irc.test", None, tls=True, channels=("#a",)),
    "127.0.0.1:1": ServerName("127.0.0.1", 1),
    "::1": ServerName("::1"),
    "[::1]": ServerName("::1"),
    "[::1]:65535": ServerName("::1", 65535),
    "ircs://irc.test": ServerName("irc.test", None, tls=True),
    "irc://irc.test:6667/": ServerName("irc.test", 6667, tls=False),
    "IRCS://irc.test/#a": ServerName("irc.test", None, tls=True, channels=("#a",)),
    "ircs://irc.test/a": ServerName("irc.test", None, tls=True, channels=("#a",)),
    "ircs://irc.test/#a,#b": ServerName("irc.test", None, tls=True, channels=("#a", "#b")),
    "ircs://irc.test/%23a,b": ServerName("irc.test", None, tls=True, channels=("#a", "#b")),
    "ircs://irc.test/##a": ServerName("irc.test", None, tls=True, channels=("##a",)),
    "irc://[::1]:6667/a": ServerName("::1", 6667, tls=False, channels=("#a",)),
    "ircs://irc.test/#a@b": ServerName("irc.test", None, tls=True, channels=("#a@b",)),
}


@pytest.mark.parametrize(("text", "server"), SERVERS.items())
def test_a_server_is_read_in_every_form_that_people_write(text, server):
    assert parse_server(text) == server


NO_SERVERS = [
    *(".", "a..b", "irc..test:6697", "x" * 64, f"ircs://{'x' * 64}.test/#a", "a\0b", "ü" * 63),
    *("", ":6697", "a b", "a/b", "irc.test:x", "irc.test:0", "irc.test:65536", "irc.test:-1"),
    *("irc.test:" + "9" * 5000, "irc.test:٣", "[::1]x", "[]", "http://irc.test", "ircs://"),
    *("ircs:///#a", "ircs://[::1", "ircs://[x]/#a", "ircs://irc.test/a%20b"),
]


@pytest.mark.parametrize("text", NO_SERVERS)
def test_what_is_no_server_is_refused_in_one_line(text):
    with pytest.raises(UsageError, match=r"names no host|is no |begins with ircs://") as caught:
        parse_server(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ircs://me:hush@irc.test/#a",
            "ircs://me@irc.test",
            "irc://:hush@[::1]:6667",
            "me@irc.test",
        ),
        *("me:hush@irc.test:6697", "http://me:hush@irc.test", "ircs://a@b:hush@irc.test:x"),
    ],
)
def test_a_login_in_the_name_of_a_server_is_refused_and_not_shown(text):
    with pytest.raises(UsageError, match="without a login") as caught:
        parse_server(text)
    assert "hush" not in str(caught.value)
    assert "--sasl-password-file" in str(caught.value)


TLS = {
    "yes unless told otherwise": (ServerName("a"), None, True),
    "as the URL says": (ServerName("a", tls=False), None, False),
    "the option wins over the URL": (ServerName("a", tls=False), True, True),
    "the option off": (ServerName("a", tls=True), False, False),
}


@pytest.mark.parametrize(("server", "option", "expected"), TLS.values(), ids=TLS)
def test_tls_follows_from_the_option_the_server_and_its_port(server, option, expected):
    assert choose_tls(server, option) is expected


NETWORKS = {
    "the host in small letters": (None, ServerName("IRC.Test"), True, "irc.test"),
    "the usual port is not named": (None, ServerName("irc.test", 6697), True, "irc.test"),
    "nor the usual one without TLS": (None, ServerName("irc.test", 6667), False, "irc.test"),
    "another port is": (None, ServerName("irc.test", 7000), True, "irc.test-7000"),
    "the plain port with TLS is": (None, ServerName("irc.test", 6667), True, "irc.test-6667"),
    "the option wins": ("Libera", ServerName("irc.test", 7000), True, "Libera"),
}


@pytest.mark.parametrize(("option", "server", "tls", "name"), NETWORKS.values(), ids=NETWORKS)
def test_the_name_of_a_network_comes_from_its_option_or_its_host(option, server, tls, name):
    assert network_name(option, server, tls=tls) == name
