"""Lines of JSON that keep their bytes: what they have in common, and what is added to them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.event import Event
from chatlog.formats import jsonl
from chatlog.formats.verbatim import begin_alike, encoded_as, tails, with_witness

TIME = "2026-11-23T18:20:01.123Z"
texts = st.text(st.characters(codec="utf-8"), max_size=20)
fields = st.fixed_dictionaries(
    {"text": texts, "network": texts, "target": texts},
    optional={
        "nick": texts,
        "received": st.just(TIME),
        "msgid": texts,
        "tags": st.dictionaries(texts, texts, max_size=2),
        "via": st.sampled_from(["merge", "chathistory"]),
    },
)


def event_of(**settings):
    return Event(time=TIME, type="message", **{"network": "net", "target": "#c", **settings})


def lines_of(*events):
    return [jsonl.encode([event])[:-1] for event in events]


def tails_of(*events):
    return tails(lines_of(*events), events)


@given(fields, fields)
def test_two_lines_have_one_tail_only_if_they_have_the_same_words(one, other):
    names = {"network": one["network"], "target": one["target"]}
    merged = {"witness": "one"} if "via" in other else {}
    events = event_of(**one), event_of(**{**other, **names, **merged})
    first, second = tails_of(*events)
    assert first
    same = [
        {key: value for key, value in jsonl_keys(event).items() if key not in OWN}
        for event in events
    ]
    assert (first == second) == (same[0] == same[1])


OWN = {"time", "received", "via", "witness"}


def jsonl_keys(event):
    return msgspec.json.decode(jsonl.encode([event]))


@pytest.mark.parametrize(
    "line",
    [
        b'{"time":"2026-11-23T18:20:01.123Z","text":"a","type":"message","target":"#c"}',
        b'{"time":"2026-11-23T18:20:01.123Z","network":"net","target":"#c","nick":"n","type":"join"}',
        b'{"type":"message","time":"2026-11-23T18:20:01.123Z"}',
        b'{"text":"%b","network":"net","target":"#c","type":"message","time":"%b"}'
        % (b"x" * 24, TIME.encode()),
        b'{"time":"%b","text":"%b","network":"net","target":"#c","type":"message"}'
        % (TIME.encode(), b"x" * 28),
        b'{"time": "2026-11-23T18:20:01.123Z", "network": "net", "target": "#c", "type": "join"}',
    ],
)
def test_a_line_with_its_keys_in_another_order_has_no_tail(line):
    first = event_of(text="a")
    events = [first, jsonl.decode(line)]
    assert tails([*lines_of(first), line], events)[1] == b""
    assert not begin_alike([*lines_of(first), line], events)


def test_lines_of_other_names_have_no_tail():
    assert tails_of(event_of(text="a"), event_of(text="a", target="#C"))[1] == b""


@given(st.lists(texts, min_size=1, max_size=5))
def test_a_witness_is_added_to_each_line_and_nothing_else_is_changed(said):
    events = [event_of(text=text) for text in said]
    found = jsonl.decode_lines(with_witness(lines_of(*events), "merge", 'a "quoted" one'))
    assert [(event.via, event.witness) for event in found] == [("merge", 'a "quoted" one')] * len(
        said
    )
    assert [event.text for event in found] == said


def test_a_line_of_another_program_is_safe_to_show_once_it_is_added():
    line = '{"time":"2026-11-23T18:20:01.123Z","type":"message","text":"\u202eevil\x7f"}'.encode()
    assert "\u202e" not in with_witness([line], "merge", "one").decode()
    assert "\x7f" not in with_witness([line], "merge", "one").decode()


def test_an_event_is_encoded_with_the_keys_of_a_later_version_of_its_line():
    line = lines_of(event_of(text="a"))[0][:-1] + b',"mood":{"a":[1, "\xe2\x80\xae"]},"new":1}'
    assert encoded_as(event_of(text="b"), line) == (
        jsonl.encode([event_of(text="b")])[:-2] + b',"mood":{"a":[1, "\\u202e"]},"new":1}\n'
    )
