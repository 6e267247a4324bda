"""One line of IRC, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatlog.protocol.message import KEPT_RAW, MAX_LINE, Message, decode, parse, parse_text

SPLIT = {
    # The forms of a line: https://modern.ircdocs.horse/#message-format
    "no source, no trailing": ("foo bar baz asdf", "", "FOO", ["bar", "baz", "asdf"]),
    "a source": (":coolguy foo bar baz", "coolguy", "FOO", ["bar", "baz"]),
    "a trailing parameter": ("foo bar baz :asdf quux", "", "FOO", ["bar", "baz", "asdf quux"]),
    "an empty trailing": (":x foo bar baz :", "x", "FOO", ["bar", "baz", ""]),
    "a trailing colon": ("foo bar baz ::asdf", "", "FOO", ["bar", "baz", ":asdf"]),
    "blanks in the trailing": (":x foo bar :  a b ", "x", "FOO", ["bar", "  a b "]),
    "only blanks in the trailing": (":x foo bar :  ", "x", "FOO", ["bar", "  "]),
    "a smiley is no second trailing": (":x PRIVMSG b :lol :) ", "x", "PRIVMSG", ["b", "lol :) "]),
    "a command alone": ("COMMAND", "", "COMMAND", []),
    "a command and its source": (":src AWAY", "src", "AWAY", []),
    "a blank at the end": (":src AWAY ", "src", "AWAY", []),
    "only a trailing": (":src JOIN :#chan", "src", "JOIN", ["#chan"]),
    "runs of spaces": (":x  432   #m  :Bad nick", "x", "432", ["#m", "Bad nick"]),
    "spaces at the end": (":s MODE #c +o foobar  ", "s", "MODE", ["#c", "+o", "foobar"]),
    "spaces in front": ("  :x PRIVMSG #c :hi", "x", "PRIVMSG", ["#c", "hi"]),
    "a colon inside a parameter": ("foo a:b c", "", "FOO", ["a:b", "c"]),
    "a trailing mode": (":op MODE #c +oo one :two", "op", "MODE", ["#c", "+oo", "one", "two"]),
    "a small command": (":x privmsg #c :hi", "x", "PRIVMSG", ["#c", "hi"]),
    "an empty source": (": PRIVMSG #c :hi", "", "PRIVMSG", ["#c", "hi"]),
    "an empty text": (":x PRIVMSG #c :", "x", "PRIVMSG", ["#c", ""]),
    "a text of one word without colon": (":x PRIVMSG #c hi", "x", "PRIVMSG", ["#c", "hi"]),
    "the command's name in the text": (
        ":x NOTICE #c :y PRIVMSG #d :z",
        "x",
        "NOTICE",
        ["#c", "y PRIVMSG #d :z"],
    ),
    # Only U+0020 separates.
    "a tab in the source": (":cool\tguy foo bar", "cool\tguy", "FOO", ["bar"]),
    "colours in the host": (":a!b@n\x035w\x03k foo :x y", "a!b@n\x035w\x03k", "FOO", ["x y"]),
    "NBSP in a channel": (":x PRIVMSG #a\xa0b :hi", "x", "PRIVMSG", ["#a\xa0b", "hi"]),
    "U+3000 in a channel": (":x JOIN #a\u3000b", "x", "JOIN", ["#a\u3000b"]),
    "mIRC italic, strike, underline": ("foo a\x1db \x1ec\x1f", "", "FOO", ["a\x1db", "\x1ec\x1f"]),
    "separators of ASCII": ("foo a\x1cb\x85c", "", "FOO", ["a\x1cb\x85c"]),
    "NUL and CR inside": (":x PRIVMSG #c :a\0b\rc", "x", "PRIVMSG", ["#c", "a\0b\rc"]),
    # What is no message is kept whole.
    "nothing but a source": (":x", "", "", [":x"]),
    "nothing but spaces": ("   ", "", "", ["   "]),
    "nothing but tags": ("@a=b", "", "", ["@a=b"]),
    "a lone colon": (":", "", "", [":"]),
    "a command with a mark": ("FO-O bar", "", "", ["FO-O bar"]),
    "a byte order mark": ("\ufeffPING x", "", "", ["\ufeffPING x"]),
}


@pytest.mark.parametrize(("line", "source", "command", "params"), SPLIT.values(), ids=SPLIT)
def test_a_line_is_split_into_source_command_and_params(line, source, command, params):
    assert parse(line.encode()) == Message(command, params, source)


TAGS = {
    "values and none": ("a=b;c=32;k;rt=ql7", {"a": "b", "c": "32", "k": "", "rt": "ql7"}),
    "an empty value is as none": ("c;h=;a=b", {"c": "", "h": "", "a": "b"}),
    "escapes": (r"a=b\\and\nk;c=72\s45;d=gh\:764", {"a": "b\\and\nk", "c": "72 45", "d": "gh;764"}),
    "many escapes": (r"foo=\\\\\:\\s\s\r\n", {"foo": "\\\\;\\s \r\n"}),
    "an escaped backslash is no escape": (r"a=value\\ntest", {"a": "value\\ntest"}),
    "an escape that is none": (r"a=value\1", {"a": "value1"}),
    "a lone backslash at the end": ("a=value1\\", {"a": "value1"}),
    "the last of equal keys": ("a=1;b=3;a=5", {"a": "5", "b": "3"}),
    "vendors' keys are their own": ("a=1;vendor/a=8", {"a": "1", "vendor/a": "8"}),
    "client-only tags": ("+draft/reply=x", {"+draft/reply": "x"}),
    "an equals sign in a value": ("a=b=c", {"a": "b=c"}),
    "no key": ("=x;;a", {"a": ""}),
}


@pytest.mark.parametrize(("text", "tags"), TAGS.values(), ids=TAGS)
def test_tags_are_unescaped(text, tags):
    message = parse(f"@{text} :src COMMAND param".encode())
    assert message.tags() == tags
    assert (message.source, message.command, message.params) == ("src", "COMMAND", ["param"])


def test_a_line_without_tags_has_none():
    assert parse(b":x PRIVMSG #c :hi").tags() == {}


PIECES = st.sampled_from(
    [
        *(" ", ":", "@", ";", "=", "\\", "\t", "\xa0", "\u3000", "PRIVMSG", " PRIVMSG ", "privmsg"),
        *("NOTICE", "#c", "bob", " :", "bob!u@h", "time=1", "", "é", "\0"),
    ]
)
NEAR_PRIVMSG = st.builds(
    "".join,
    st.one_of(
        st.lists(PIECES, min_size=1, max_size=12),
        st.tuples(PIECES, st.just(":bob!u@h PRIVMSG #c :"), st.text(max_size=5)),
        st.tuples(st.just("@"), PIECES, PIECES, st.just(" :b PRIVMSG "), PIECES, PIECES, PIECES),
    ),
)


@given(NEAR_PRIVMSG)
@example("@a :b PRIVMSG #c :hi")
@example(":b PRIVMSG :c :hi")
@example(":b PRIVMSG  #c :hi")
def test_the_fast_lane_equals_the_general_one(line):
    data = line.encode(errors="ignore")
    assert parse(data) == parse_text(data.decode())


@given(st.binary(max_size=200))
@example(b"")
@example(b"@\xff")
@example(b"@\xff :x PRIVMSG #c :hi")
def test_parsing_never_raises_and_nothing_becomes_irrecoverable(data):
    message = parse(data)
    message.tags()
    if message.raw:
        assert message.raw == data
    elif not message.command:
        assert message.params[0].encode(message.encoding or "utf-8") == data


DECODED = {
    "UTF-8": ("grüße 👋".encode(), "grüße 👋", ""),
    "Windows quotes": (b"it\x92s", "it’s", "cp1252"),
    "Latin-1": ("Grüße".encode("latin-1"), "Grüße", "cp1252"),
    "one of the five holes of cp1252": (b"a\x81b\xe9", "a\x81bé", "latin-1"),
    "one bad byte in plain text": (b"caf\xe9 au lait", "café au lait", "cp1252"),
    # Reads as UTF-8 here and there by accident, but mostly not.
    "Latin-1 with a lucky pair": (b"\xc3\xa9 \xe9 \xe8 \xe0", "Ã© é è à", "cp1252"),
}


@pytest.mark.parametrize(("data", "text", "encoding"), DECODED.values(), ids=DECODED)
def test_what_is_not_utf_8_turns_back_into_its_bytes(data, text, encoding):
    assert decode(data) == (text, encoding, True)
    assert text.encode(encoding or "utf-8") == data


@given(st.binary(max_size=60))
def test_decoding_is_exact_or_says_that_it_is_not(data):
    text, encoding, exact = decode(data)
    assert exact == (text.encode(encoding or "utf-8") == data)


def test_utf_8_cut_inside_a_character_stays_utf_8_and_keeps_its_bytes():
    line = ":b PRIVMSG #c :привет мир".encode()[:-1]
    message = parse(line)
    assert message.params == ["#c", "привет ми\ufffd"]
    assert (message.encoding, message.raw) == ("", line)


def test_tags_stay_utf_8_beside_a_text_that_is_not():
    message = parse("@a=é :b PRIVMSG #c :".encode() + b"caf\xe9")
    assert message == Message("PRIVMSG", ["#c", "café"], "b", "a=é", "cp1252")


def test_tags_that_are_not_utf_8_keep_the_line():
    line = b"@a=\xff :b PRIVMSG #c :hi"
    message = parse(line)
    assert (message.tags(), message.params, message.raw) == ({"a": "\ufffd"}, ["#c", "hi"], line)


@pytest.mark.parametrize("last", [b"x", b"\xff"], ids=["UTF-8", "not UTF-8"])
def test_an_over_long_line_is_not_taken_apart_and_its_beginning_is_kept(last):
    beginning = b":b PRIVMSG #c :"
    fits = beginning + b"x" * (MAX_LINE - len(beginning) - 1) + last
    too_long = fits + b"x"
    assert parse(fits).command == "PRIVMSG"
    assert parse(too_long) == Message("", [], raw=too_long[:KEPT_RAW])


def test_tags_of_the_greatest_length_are_read():
    value = "x" * (8191 - len("@a= "))
    message = parse(f"@a={value} :b PRIVMSG #c :hi".encode())
    assert message.tags() == {"a": value}
    assert message.params == ["#c", "hi"]
