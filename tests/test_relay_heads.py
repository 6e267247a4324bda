"""Who really spoke, by the head that a bridge puts before a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.relay_heads import FORMS, LONGEST, RelayHead, head_of, text_behind_head

HEADS = {
    "<ada> hello": RelayHead("ada", "", "hello"),
    "[telegram] <ada> hello": RelayHead("ada", "telegram", "hello"),
    "[telegram] (ada) hello": RelayHead("ada", "telegram", "hello"),
    "(ada) hello": RelayHead("ada", "", "hello"),
    "<ada@OFTC> hello": RelayHead("ada", "OFTC", "hello"),
    "<@ada:matrix.org> hello": RelayHead("@ada:matrix.org", "", "hello"),
    "<Ada Lovelace> hello": RelayHead("Ada Lovelace", "", "hello"),
    "<Ada (she)> hello": RelayHead("Ada (she)", "", "hello"),
    "<ada>": RelayHead("ada", "", ""),
    "<ada> <bob> said so": RelayHead("ada", "", "<bob> said so"),
    "<ada>  two spaces": RelayHead("ada", "", " two spaces"),
    "<a\u200bda> hello": RelayHead("ada", "", "hello"),
    "<\u2060a\ufeffd\u00ada> he\u200bllo": RelayHead("ada", "", "he\u200bllo"),
    "<\x02ada\x02> hello": RelayHead("ada", "", "hello"),
    "\x02<ada>\x02 \x1dhello": RelayHead("ada", "", "\x1dhello"),
    "<\x0304ada\x03> hello": RelayHead("ada", "", "hello"),
    "<\x0304,12ada\x0f> \x0305hello": RelayHead("ada", "", "\x0305hello"),
    "<\x04ff0000ada\x04> hello": RelayHead("ada", "", "hello"),
    "\x0314[\x0fdiscord\x0314]\x0f <\x02a\u200bda\x0f> hi": RelayHead("ada", "discord", "hi"),
}


@pytest.mark.parametrize(("text", "head"), HEADS.items(), ids=map(repr, HEADS))
def test_a_head_names_who_spoke_and_leaves_the_text_as_it_was_sent(text, head):
    assert head_of(text) == head
    assert text_behind_head(text) == head.text


NO_HEADS = [
    "",
    "hello",
    "ada: hello",
    "<ada>hello",
    "<> hello",
    "<\u200b> hello",
    "<  > hello",
    "hello <ada> there",
    " <ada> hello",
    "[telegram] hello",
    "<ada hello",
    "<a\x01da> hello",
    f"<{'a' * 65}> hello",
    f"<{chr(0x200B) * LONGEST}ada> hello",
]


@pytest.mark.parametrize("text", NO_HEADS, ids=map(repr, NO_HEADS))
def test_any_other_text_has_no_head(text):
    assert head_of(text) is None
    assert text_behind_head(text) == text


MARKS = st.sampled_from(["", "\u200b", "\u2060", "\ufeff", "\x02", "\x0f", "\x03"])
LETTERS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="<>()[]@:,"))
NAMES = LETTERS.filter(lambda name: name and name[0] not in "0123456789" and len(name) < 20)
TEXTS = st.text(st.characters(exclude_characters="\r\n\0"))


@given(st.sampled_from(sorted(FORMS)), NAMES, NAMES, MARKS, MARKS, TEXTS)
def test_every_form_gives_back_nick_platform_and_text(form, nick, platform, mark, other, text):
    shown = nick[:1] + mark + nick[1:] if nick[1:2] not in {*"0123456789"} else nick
    head = form.removesuffix(" text")
    head = head.replace("nick", other + shown + other, 1)
    for word in ("platform", "network"):
        head = head.replace(word, platform, 1) if word in form else head
    is_known = "platform" in form or "network" in form
    if "nick" in platform or ("nick" in nick and is_known):
        return  # the words of the form itself
    found = head_of(f"{head} {text}")
    assert found is not None
    assert (found.nick, found.platform) == (nick, platform if is_known else "")
    assert found.text == text


@given(st.text())
def test_a_head_is_followed_by_the_end_of_the_text_as_it_was_sent(text):
    head = head_of(text)
    assert text.endswith(text_behind_head(text))
    assert head is None or (head.nick == head.nick.strip() != "")
