"""Host names in the one form that look-ups, proxies, TLS and policies share."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.host_names import is_address, wire_host

HOSTS = {
    "irc.test": "irc.test",
    "IRC.Test": "irc.test",
    "irc.test.": "irc.test",
    "localhost": "localhost",
    "my_host-1.test": "my_host-1.test",
    "bücher.test": "xn--bcher-kva.test",
    "BÜCHER.test.": "xn--bcher-kva.test",
    "irc。test。": "irc.test",
    "xn--bcher-kva.test": "xn--bcher-kva.test",
    "127.0.0.1": "127.0.0.1",
    "127.0.0.1.": "127.0.0.1",
    "::1": "::1",
    "fe80::1%eth0": "fe80::1%eth0",
    f"{'x' * 63}.test": f"{'x' * 63}.test",
    ".".join(["abc"] * 63): ".".join(["abc"] * 63),
}


@pytest.mark.parametrize(("text", "host"), HOSTS.items())
def test_a_host_has_one_form_on_the_wire(text, host):
    assert wire_host(text) == host
    assert wire_host(host) == host


NO_HOSTS = [
    "",
    ".",
    "..",
    "a..b",
    ".a",
    "a..",
    "x" * 64,
    f"{'x' * 64}.test",
    ".".join(["abc"] * 64),
]
NO_HOSTS += [
    "a b",
    "a\0b",
    "a/b",
    "a:b",
    "a@b",
    "[::1]",
    "ü" * 63,
    "ü" * 100_000,
    "a.ü..b",
    "1::2::3",
]


NO_HOSTS += ["fe80::1%a b", "fe80::1%a\r\nb", "fe80::1%é"]


@pytest.mark.parametrize("text", NO_HOSTS)
def test_any_other_text_is_no_host(text):
    with pytest.raises(ValueError, match=r"\w"):
        wire_host(text)


@given(st.text(st.sampled_from("aZ0.-_ü。ß\u200d:%[]@ \0"), max_size=70) | st.text(max_size=20))
def test_whatever_is_taken_has_labels_that_every_resolver_takes(text):
    try:
        host = wire_host(text)
    except ValueError:
        return
    assert is_address(host) or re.fullmatch(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", host)
    assert wire_host(host) == host
