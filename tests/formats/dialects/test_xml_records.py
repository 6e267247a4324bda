"""The records of XML documents: whole, torn or damaged, in blocks of any size."""

import re
import subprocess
import sys
from unittest import mock
from xml.etree.ElementTree import fromstring, tostring
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.formats.dialects import xml_records
from chatlog.formats.dialects.json_records import MOST_NESTED
from chatlog.formats.dialects.log_lines import LONGEST
from chatlog.formats.dialects.markup_text import text_of
from chatlog.formats.dialects.xml_records import XmlRecords, parsed

TEXTS = st.lists(
    st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
)


def document(texts):
    return b'<?xml version="1.0"?>\n<log a="b">%s</log>\n' % b"\n".join(
        f"<m>{escape(text)}</m>".encode() for text in texts
    )


def records_of(data, size=1000):
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    records = XmlRecords(blocks, "log", ("m",))
    return records, [each for some in records.pieces() for each in some]


def texts_of(records):
    return [each if each is None else parsed(each).text or "" for each in records]


@given(TEXTS, st.integers(1, 50))
def test_each_element_below_the_root_is_a_record_in_blocks_of_any_size(texts, size):
    records, found = records_of(document(texts), size)
    assert texts_of(found) == texts
    assert records.attributes == {"a": "b"}
    assert not records.is_torn


@given(TEXTS, st.integers(1, 50), st.data())
def test_a_document_that_ends_too_early_loses_no_record_before_its_end(texts, size, data):
    whole = document(texts)
    begin = whole.index(b">", 30) + 1
    end = data.draw(st.integers(begin, len(whole)))
    records, found = records_of(whole[:end], size)
    if records.is_torn:
        found.pop()
    assert texts_of(found) == texts[: len(found)]
    assert len(found) == whole[:end].count(b"</m>")


@given(st.binary(max_size=200) | st.binary(max_size=200).map(b"<log><m>".__add__))
def test_any_bytes_give_records_or_one_error(data):
    try:
        records_of(data, 7)
    except ValueError as error:
        assert str(error).endswith(("of log", "no log does"))  # noqa: PT017 - some bytes are one


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_behind_damage_the_next_record_is_read(size):
    data = b"<log><m>a</m>\n<m>b<bad</m>\n<m>c</m> & <m>d</m></log>\n<log><m>e</m>"
    _, found = records_of(data, size)
    whole = [each for each in found if each.startswith(b"<m>") and each.endswith(b"</m>")]
    assert [parsed(each).text for each in whole][:1] == ["a"]
    assert [parsed(each).text for each in whole][-1] == "e"
    assert b"<m>d</m>" in whole
    assert len(found) > len(whole)


@pytest.mark.parametrize(
    "head",
    [
        b'<!DOCTYPE log [<!ENTITY a "b">]><log><m>&a;</m></log>',
        b'<!DOCTYPE log SYSTEM "http://127.0.0.1/x.dtd"><log/>',
    ],
)
def test_a_document_that_declares_a_type_is_refused(head):
    with pytest.raises(ValueError, match="declares a type"):
        records_of(head)


def test_an_entity_that_nothing_declares_is_damage():
    _, found = records_of(b"<log><m>&a;</m><m>b</m></log>")
    assert found[-1] == b"<m>b</m>"
    assert found[0].startswith(b"&a;")


@pytest.mark.parametrize("data", [b"", b"hi", b"<chat/>", b"<html><log/></html>", b"\0\0"])
def test_a_document_with_another_root_is_an_error(data):
    with pytest.raises(ValueError, match="no XML document of log"):
        records_of(data)


def test_a_record_that_is_too_long_or_too_deep_is_none_and_the_next_is_whole():
    long = b"<m>" + b"x" * (LONGEST + 1) + b"</m>"
    deep = b"<m>" + b"<b>" * MOST_NESTED + b"</b>" * MOST_NESTED + b"</m>"
    _, found = records_of(b"<log>%s<m>a</m>%s<m>b</m></log>" % (long, deep), 65536)
    assert found == [None, b"<m>a</m>", None, b"<m>b</m>"]


NESTED = st.recursive(
    st.sampled_from(["", "x", "<b/>", "<b>x</b>"]),
    lambda inner: st.lists(inner, max_size=4).map(lambda some: f"<b>{''.join(some)}</b>"),
    max_leaves=20,
)


@given(st.lists(NESTED, max_size=6), st.integers(1, 50), st.integers(2, 8), st.integers(5, 20))
def test_of_a_record_that_is_dropped_nothing_reaches_the_next(bodies, size, deep, long):
    whole = [f"<m>{body}</m>" for body in bodies]
    data = f"<log>{''.join(whole)}</log>".encode()
    with (
        mock.patch.object(xml_records, "MOST_NESTED", deep),
        mock.patch.object(xml_records, "LONGEST", long),
    ):
        _, found = records_of(data, size)
    shown = [None if each is None else tostring(parsed(each)) for each in found]
    expected = [tostring(fromstring(each)) for each in whole]
    assert len(shown) == len(expected)
    assert all(each in (None, other) for each, other in zip(shown, expected, strict=True))
    fits = [_size(each) <= long and _depth(each) <= deep for each in whole]
    assert [each is not None for each in shown] == fits


def _size(record):
    """Count the letters of names and texts, by which a record is too long."""
    return len(re.sub(r"</\w+>|[<>/]", "", record))


def _depth(record):
    """Return how deep the elements of a record go, the root of the document counted."""
    depths, depth = [2], 1
    for mark in re.findall(r"<(/?)\w+(/?)>", record):
        depth += 0 if mark[0] else 1
        depths.append(depth)
        depth -= 1 if mark[0] or mark[1] else 0
    return max(depths)


def test_formatting_becomes_mirc_codes_and_breaks_are_newlines():
    element = parsed(
        b'<div>a<b>b<i>c</i></b><br/><span style="FONT-WEIGHT: bold; color: red">d</span>'
        b'<p>e <img alt=":)" src="x"/></p></div>'
    )
    assert text_of(element) == "a\x02b\x1dc\x1d\x02\n\x02d\x02e :)"


HUGE = """
import resource
from chatlog.formats.dialects.xml_records import XmlRecords
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def blocks():
    yield b"<log><m>a</m><m>"
    for _ in range(200):
        yield b"x" * 1_000_000
    yield b"</m><m>b</m><m a='"
    for _ in range(200):
        yield b"x" * 1_000_000
    yield b"'/><m>c</m>"
found = [each for some in XmlRecords(blocks(), "log", ("m",)).pieces() for each in some]
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(found, (after - before) // 1024, sep="|")
"""


def test_a_document_of_hundreds_of_megabytes_takes_little_memory():
    command = [sys.executable, "-c", HUGE]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found, grown = done.stdout.split("|")
    assert found == "[b'<m>a</m>', None, b'<m>b</m>', None, b'<m>c</m>']"
    assert int(grown) < 60
