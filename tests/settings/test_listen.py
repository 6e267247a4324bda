"""Addresses to listen on."""

from __future__ import annotations

import pytest

from chatlog.errors import UsageError
from chatlog.settings.listen import Listen, parse_listen, spell_listen


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("127.0.0.1:9464", Listen("127.0.0.1", 9464)),
        ("localhost:0", Listen("127.0.0.1", 0)),
        ("[::1]:65535", Listen("::1", 65535)),
        ("0.0.0.0:80", Listen("0.0.0.0", 80)),
        ("", None),
    ],
)
def test_an_address_has_a_host_and_a_port(text, listen):
    assert parse_listen(text) == listen
    assert parse_listen(spell_listen(listen)) == listen


@pytest.mark.parametrize(
    "text", ["9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:9464", "a b:1",
             "example.org:80", "127.0.0.1:٣", "http://127.0.0.1:1", "[:]:1", "*:1"],
)  # fmt: skip
def test_any_other_text_is_a_usage_error(text):
    with pytest.raises(UsageError, match=r"say (127\.0\.0\.1:9464|one of this machine)"):
        parse_listen(text)
