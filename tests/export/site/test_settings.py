"""The places of a site's files."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatlog.export.site.settings import SiteChannel, SiteSettings, safe_directory

NAMES = st.one_of(
    st.text(min_size=1).map(lambda text: f"#{text}"),
    st.text(st.sampled_from("#&+!._-aA0é/%\\\ud800"), min_size=1).map(lambda text: f"#{text}"),
    st.text("字x", min_size=40, max_size=200).map(lambda text: f"&{text}"),
)


@given(NAMES)
@example("#..")
@example("#.")
@example("#")
def test_a_directory_is_short_and_made_of_letters_that_nobody_takes_for_anything_else(name):
    made = safe_directory(name)
    assert re.fullmatch(r"[a-z0-9_-][a-z0-9._-]*", made)
    assert len(made) <= 120


@given(NAMES, NAMES)
@example("#a", "##a")
@example("#_23a", "##a")
@example("#A", "#a")
@example("#" + "x" * 300, "#" + "x" * 299 + "y")
def test_two_channels_have_two_directories(one, other):
    assert (safe_directory(one) == safe_directory(other)) == (one == other)


def test_the_directory_of_a_plain_channel_is_its_name():
    assert safe_directory("#python") == "python"
    assert safe_directory("##c++") == "_23_23c_2b_2b"


@pytest.mark.parametrize(
    ("network", "name", "link"),
    [
        ("irc.libera.chat", "#python", "ircs://irc.libera.chat/%23python"),
        ("libera", "#python", ""),
        ("a.b/<i>", "#a b?#c", "ircs://a.b%2F%3Ci%3E/%23a%20b%3F%23c"),
    ],
)
def test_the_link_to_a_channel_is_one_address_whatever_it_is_called(network, name, link):
    assert SiteSettings().live(SiteChannel(network, name, "", "")) == link


def test_the_link_to_a_channel_of_a_known_network_is_to_its_server():
    settings = SiteSettings(hosts={"libera": "irc.libera.chat"})
    channel = SiteChannel("Libera", "#python", "", "")
    assert settings.live(channel) == "ircs://irc.libera.chat/%23python"
