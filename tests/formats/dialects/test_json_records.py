"""The records of JSON documents: whole or torn, too long or too deep, in blocks of any size."""

import json
import subprocess
import sys
from contextlib import suppress
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.formats.dialects import json_records
from chatlog.formats.dialects.json_records import MOST_NESTED, JsonRecords
from chatlog.formats.dialects.log_lines import LONGEST

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
OBJECTS = st.lists(st.dictionaries(st.text(), VALUES, max_size=5), max_size=8)


def blocks_of(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def records_of(data, member="", size=1000):
    records = JsonRecords(blocks_of(data, size), member)
    return records, [each for some in records.pieces() for each in some]


@given(OBJECTS, st.integers(1, 50), st.sampled_from([None, 2]), st.booleans())
def test_each_element_of_an_array_is_a_record_in_blocks_of_any_size(objects, size, indent, ascii_):
    data = json.dumps(objects, indent=indent, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    records, found = records_of(data, size=size)
    assert [json.loads(each) for each in found] == objects
    assert not records.is_torn


@given(OBJECTS, VALUES, VALUES, st.integers(1, 50))
def test_the_head_has_the_members_before_the_records(objects, before, after, size):
    document = {"one": before, "messages": objects, "messageCount": after}
    records, found = records_of(json.dumps(document).encode(), "messages", size)
    assert [json.loads(each) for each in found] == objects
    assert json.loads(records.head) == {"one": before}


@given(OBJECTS, st.integers(1, 50), st.data())
def test_a_document_that_ends_too_early_loses_no_record_before_its_end(objects, size, data):
    whole = json.dumps(objects).encode()
    end = data.draw(st.integers(1, len(whole)))
    records, found = records_of(whole[:end], size=size)
    torn = found.pop() if records.is_torn else None
    assert [json.loads(each) for each in found] == objects[: len(found)]
    assert torn is None or whole[:end].strip(b" ,").endswith(torn)


@given(st.binary(max_size=300), st.integers(1, 50), st.sampled_from(["", "messages"]))
def test_any_bytes_give_records_or_one_error(data, size, member):
    with suppress(ValueError):
        records_of(data, member, size)


@pytest.mark.parametrize("size", [999, 65536, LONGEST * 4])
def test_a_record_that_is_too_long_is_none_and_the_next_is_whole(size):
    long = json.dumps({"text": "x" * (LONGEST + 1)})
    many = json.dumps({"list": ['\\"{'] * LONGEST})
    data = f'[{{"a":1}},{long},{{"b":2}},{many},{{"c":3}}]'.encode()
    _, found = records_of(data, size=size)
    assert found == [b'{"a":1}', None, b'{"b":2}', None, b'{"c":3}']


@given(OBJECTS, st.integers(1, 200), st.integers(20, 100))
def test_records_that_are_too_long_are_none_wherever_blocks_end(objects, size, longest):
    texts = [json.dumps(each, ensure_ascii=False) for each in objects]
    data = f'{{"messages":[{",".join(texts)}],"n":["]"]}}'.encode("utf-8", "surrogatepass")
    with mock.patch.object(json_records, "LONGEST", longest):
        records, found = records_of(data, "messages", size)
    raw = [each.encode("utf-8", "surrogatepass") for each in texts]
    assert found == [each if len(each) <= longest else None for each in raw]
    assert not records.is_torn


def test_a_record_that_is_too_deep_is_none_and_the_next_is_whole():
    deep = "[" * (MOST_NESTED + 1) + "]" * (MOST_NESTED + 1)
    _, found = records_of(f'[{{"a":{deep}}},{{"b":2}}]'.encode())
    assert found == [None, b'{"b":2}']


def test_bytes_between_records_are_a_record_of_their_own():
    _, found = records_of(b'[{"a":1}, 5 ,{"b":2} "x"] [{"c":3}]')
    assert found == [b'{"a":1}', b"5", b'{"b":2}', b'"x"', b'[{"c":3}]']


def test_blanks_of_any_length_are_no_record():
    _, found = records_of(b'[{"a":1}' + b" " * (LONGEST * 2) + b',{"b":2}]', size=70_000)
    assert found == [b'{"a":1}', b'{"b":2}']


@pytest.mark.parametrize(
    ("data", "member"),
    [
        (b"", ""),
        (b"19:31 <ann> hi", ""),
        (b'{"a":[]}', ""),
        (b'[{"a":1}]', "messages"),
        (b'{"a":[{"messages":[]}]}', "messages"),
        (b'{"messages":"none"}', "messages"),
        (b'{"a":"' + b"x" * LONGEST * 2 + b'","messages":[]}', "messages"),
    ],
)
def test_a_document_without_the_array_is_an_error(data, member):
    with pytest.raises(ValueError, match="no JSON document"):
        records_of(data, member)


HUGE = """
import resource
from chatlog.formats.dialects.dialect import LogFacts
from chatlog.formats.dialects.{name} import DIALECT
from chatlog.formats.dialects.json_records import JsonRecords
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def blocks():
    yield {begin!r} + b'{{"id":"1","timestamp":"2026-11-23","author":{{"id":"2"}},"content":"c"}},'
    for _ in range(200):
        yield b" " * 1_000_000
    yield {middle!r} + b'"'
    for _ in range(200):
        yield b"x" * 1_000_000
    yield b'"' + b"[" * 1_000_000
    for _ in range(200):
        yield b"\\0" * 1_000_000
decoder = DIALECT.decoder(LogFacts())
for _ in decoder.events(blocks()):
    pass
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(decoder.tally.understood, decoder.tally.unknown, (after - before) // 1024)
"""


def test_a_document_of_hundreds_of_megabytes_takes_little_memory():
    begin = b'{"guild":{"name":"g"},"channel":{"name":"c"},"messages":['
    program = HUGE.format(name="discord", begin=begin, middle=b'{"id":')
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    understood, unknown, grown = map(int, done.stdout.split())
    assert (understood, unknown) == (1, 1)
    assert grown < 60
