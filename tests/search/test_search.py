"""Searching an archive: what is found is what somebody finds who reads every line."""

from __future__ import annotations

import contextlib
import json
import re
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.compression import COMPRESSIONS
from chatlog.casemapping import Casemapping
from chatlog.errors import TranscriptError, UsageError
from chatlog.formats import jsonl
from chatlog.formats.visible import unformatted
from chatlog.query.noise import Signal, Talk
from chatlog.query.predicates import (  # fmt: skip
    Account,
    All,
    Between,
    Contains,
    Has,
    Nick,
    Not,
    Place,
    Some,
    Subject,
    Type,
    Via,
)
from chatlog.query.selection import query_for
from chatlog.query.texts import Case, literal, regular
from chatlog.read.reader import Reader
from chatlog.search import context, sieve
from chatlog.search.context import Context
from chatlog.search.search import Search
from tests.support.archive import event_at, read_all, record
from tests.support.examples import examples_times
from tests.support.tending import tend

FOLDS = Casemapping("rfc1459")


@pytest.fixture(params=["hyperscan", "alone"], autouse=True)
def _matcher(request, monkeypatch):
    """Search with the native matcher that the extra `fast` brings, and without."""
    if request.param == "alone":
        monkeypatch.setattr(sieve, "_native", lambda _term, _suffix: None)
    else:
        pytest.importorskip("hyperscan")


def names(_network):
    return FOLDS


def found(root, *terms, **how):
    query = query_for(*terms)
    reader = Reader(root, query.places, query.networks)
    return [jsonl.decode(hit.line) for hit in Search(reader, query, **how).hits()]


def slowly(root, *terms):
    """Find the events that hold, in the order of readers, by reading all."""
    return [event for event in read_all(root) if all(term.holds(event, names) for term in terms)]


# Pieces that have been somebody's bug: formatting in words, letters of two cases or none, escapes.
PIECES = [
    *("memory", "Memory", "MEM", "ory", "leak", "LEAK", " ", " ", "k", "s", "i", "?"),
    *("\x02", "\x0304", "\x0304,12", "\x0f", "\x04ff00ff", "\t", "\x1b", "\x7f"),
    *('"', "\\", "\\u0041", "/", "http://a.b/c?d=e"),
    *("größe", "GRÖSSE", "ß", "日本語", "\N{KELVIN SIGN}", "ſ", "İ", "ı", "e\u0301", "\u3000"),
    *("\u2028", "\u202e", "\U0001f600"),
]
written = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
looked_for = st.lists(
    st.sampled_from([each for each in PIECES if each == unformatted(each)]), min_size=1, max_size=3
).map("".join)
nicks = st.sampled_from(["ann", "Ann", "a[n]n", "A{N}N", "bob", "käse", "x_y", "^v"])
REGEXES = [
    *("mem.*leak", r"\bmem", "^leak", "(?:mem|größe)", "l(e|i)ak$", r"\d", "[A-Z]{3}", "x?"),
    *("ory+", "(?i)memory", "(?i:LEAK) ?m", "[ks]", "İ", "m(?=e)", "(?!x)le", "日|本"),
    *("e\u0301", r"\\", '"'),
    *("(?i)größe", "(?i)ſ|K", "[^a-z]ory", "m.m.ry", r"[\w ]{3}k", "(?:mem|ME)?ory", r"\W\t"),
    *(
        "(?P<a>e)(?P=a)?",
        "(m)?(?(1)e|x)",
        "a??b+?/",
        '[/"]',
        r"[^\x00-\x1f]{20}",
        r"\Aleak",
        "İ.?ı",
    ),
]
cases = st.sampled_from(list(Case))
literals = st.builds(
    lambda text, case, word: literal(text, case, word=word), looked_for, cases, st.booleans()
)
regulars = st.builds(
    lambda pattern, case, word: regular(pattern, case, word=word and "(?i)" not in pattern),
    st.sampled_from(REGEXES),
    cases,
    st.booleans(),
)
texts = literals | regulars
leaves = st.one_of(
    texts.map(Contains),
    st.one_of(nicks, st.sampled_from(["a*", "?nn", "*", "nobody"])).map(Nick),
    nicks.map(Subject),
    st.sampled_from(["acc", "ACC", "a*"]).map(Account),
    st.sampled_from(["message", "nick", "join", "other"]).map(Type),
    st.sampled_from(["live", "playback", "Play*"]).map(Via),
    st.sampled_from(["c", "#C", "#d", "net/*", "no"]).map(Place),
    st.sampled_from(["link", "question", "formatting", "account", "msgid"]).map(Has),
    st.builds(
        lambda low, high: Between(event_at(low).time, event_at(low + high).time),
        st.integers(0, 200_000), st.integers(0, 200_000),
    ),
)  # fmt: skip
terms = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda each: All(tuple(each))),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: Some(tuple(each))),
        inner.map(Not),
    ),
    max_leaves=5,
)
events = st.builds(
    lambda at, text, nick, target, kind, more: event_at(
        at, text, nick=nick, target=target, type=kind, **more
    ),
    st.integers(0, 250_000),
    written,
    nicks,
    st.sampled_from(["#c", "#D"]),
    st.sampled_from(["message", "message", "action", "join", "nick"]),
    st.sampled_from(
        [{}, {"account": "Acc"}, {"subject": "bob"}, {"via": "playback"}, {"msgid": "m1"}]
    ),
)
archives = st.lists(st.lists(events, max_size=8), min_size=1, max_size=3)


@given(
    runs=archives,
    formats=st.sampled_from([("jsonl",), ("text",), ("jsonl", "text")]),
    compress=st.sampled_from([None, *COMPRESSIONS]),
    term=terms,
)
@examples_times(1.5)
def test_what_is_found_is_what_a_naive_reader_finds(
    tmp_path_factory, runs, formats, compress, term
):
    root = tmp_path_factory.mktemp("archive")
    for run in runs:
        record(root, *sorted(run, key=lambda event: event.time), formats=formats)
    expected = slowly(root, term) if any(runs) else []
    if compress and any(runs):
        tend(root, compress=compress, now="2026-12-25T12:00:00.000Z")
        expected = found_slowly_in_sealed(root, term)
    assert found(root, term) == expected
    assert found(root, term, newest_first=True) == expected[::-1]


def found_slowly_in_sealed(root, term):
    """Read a sealed archive through the reader that has no query."""
    return [each.event for each in Reader(root).last(1_000_000) if term.holds(each.event, names)]


@given(
    runs=archives,
    compress=st.sampled_from([None, "gzip"]),
    term=terms,
    where=st.tuples(*[st.floats(0, 1, exclude_max=True)] * 2),
    byte=st.sampled_from([None, 0, 0x0A, 0x22, 0x5C, 0xFF]),
)
def test_of_a_damaged_archive_the_rest_is_found(
    tmp_path_factory, runs, compress, term, where, byte
):
    root = tmp_path_factory.mktemp("archive")
    for run in runs:
        record(root, *sorted(run, key=lambda event: event.time))
    if compress and any(runs):
        tend(root, compress=compress, now="2026-12-25T12:00:00.000Z")
    segments = sorted(root.glob("net/*/*_*.jsonl*"))
    if segments:
        damage(segments[int(where[0] * len(segments))], where[1], byte)
    expected = [event for event in read_leniently(segments) if term.holds(event, names)]
    assert found(root, term) == expected


def damage(path, where, byte):
    """Cut a file, or change a byte of it."""
    data = bytearray(path.read_bytes())
    at = int(where * len(data))
    if byte is None:
        del data[at:]
    else:
        data[at] = byte
    path.write_bytes(data)


def read_leniently(segments):
    """Return what can be made out of segments, in the order of readers."""
    events = []
    for path in sorted(segments, key=lambda path: (path.parent, path.name)):
        for line in lines_of(path.read_bytes(), compressed=path.suffix == ".gz"):
            with contextlib.suppress(ValueError):
                events.append(jsonl.decode(line))
    return sorted(events, key=lambda event: event.time)


def lines_of(data, *, compressed):
    if not compressed:
        return data.split(b"\n")[:-1]
    stream, text = zlib.decompressobj(31), b""
    with contextlib.suppress(zlib.error):
        for byte in data:
            text += stream.decompress(bytes([byte]))
    return text.split(b"\n")[:-1]


@given(text=written, wanted=texts, ascii_only=st.booleans(), spaced=st.booleans())
@examples_times(5)
def test_lines_that_others_wrote_are_found_however_they_escape(
    tmp_path_factory, text, wanted, ascii_only, spaced
):
    root = tmp_path_factory.mktemp("archive")
    directory = root / "net" / "#c"
    directory.mkdir(parents=True)
    separators = (", ", ": ") if spaced else (",", ":")
    fields = {"network": "net", "time": event_at(1).time, "type": "message", "target": "#c",
              "nick": "ann", "text": text}  # fmt: skip
    line = json.dumps(fields, ensure_ascii=ascii_only, separators=separators).replace("/", "\\/")
    (directory / "2026-11-23_001.jsonl").write_text(line + "\n", encoding="utf-8")
    is_there = wanted.compiled.search(unformatted(text)) is not None and bool(text)
    assert bool(found(root, Contains(wanted))) == is_there
    assert found(root, Contains(wanted), Nick("ANN")) == found(root, Contains(wanted))


@pytest.fixture
def damaged(tmp_path):
    """An archive in which a line is torn, one is none, and a compressed segment ends early."""
    for day in range(3):
        record(tmp_path, *(event_at(day * 86_400 + at, f"needle {day} {at}") for at in range(100)))
    directory = tmp_path / "net" / "#c"
    plain = directory / "2026-11-25_001.jsonl"
    lines = plain.read_bytes().splitlines(keepends=True)
    lines[3] = b"needle, and no event\n"
    plain.write_bytes(b"".join(lines) + b'{"time":"needle')
    tend(tmp_path, compress="gzip", now="2026-11-25T12:00:00.000Z")
    sealed = directory / "2026-11-23_001.jsonl.gz"
    sealed.write_bytes(sealed.read_bytes()[:-30])
    return tmp_path


@pytest.mark.parametrize("jobs", [1, 3])
def test_damaged_places_cost_only_themselves_and_are_counted(damaged, jobs, monkeypatch):
    monkeypatch.setattr("chatlog.search.search._WORTH_FORKING", 0)
    query = query_for(Contains(literal("needle")))
    reader = Reader(damaged)
    hits = [jsonl.decode(hit.line).text for hit in Search(reader, query, jobs=jobs).hits()]
    assert [text for text in hits if text.startswith("needle 1")] == [
        f"needle 1 {n}" for n in range(100)
    ]
    assert [text for text in hits if text.startswith("needle 2")] == [
        f"needle 2 {n}" for n in range(100) if n != 3
    ]
    assert {path.rpartition("/")[2]: lines for path, lines in reader.damaged.items()} == {
        "2026-11-23_001.jsonl.gz": 100 - sum(text.startswith("needle 0") for text in hits),
        "2026-11-25_001.jsonl": 1,
    }


@pytest.mark.parametrize("newest_first", [False, True])
def test_many_processes_find_what_one_finds_in_the_same_order(tmp_path, monkeypatch, newest_first):
    monkeypatch.setattr("chatlog.search.search._WORTH_FORKING", 0)
    monkeypatch.setattr("chatlog.search.search._PIECE", 2000)
    for run in range(4):
        record(tmp_path, *(
            event_at(day * 86_400 + run + at * 60, f"{day} {run} {at} " + "x" * (at % 50),
                     target=f"#{at % 3}", via="playback" if run == 2 else "")
            for day in range(5) for at in range(120)
        ))  # fmt: skip
    wanted = Contains(literal("1"))
    alone = found(tmp_path, wanted, jobs=1, newest_first=newest_first)
    assert found(tmp_path, wanted, jobs=4, newest_first=newest_first) == alone
    assert alone == (slowly(tmp_path, wanted)[::-1] if newest_first else slowly(tmp_path, wanted))
    assert len(alone) > 500


def test_counts_are_those_of_what_is_found(tmp_path):
    record(tmp_path, *(event_at(at, f"n {at}", target=f"#{at % 2}") for at in range(100)))
    counts = Search(Reader(tmp_path), query_for(Contains(literal("9")))).counts()
    assert {target.name: count for target, count in counts.items()} == {"#0": 5, "#1": 14}


NASTY = [
    b'{"time":"2026-11-23T18:20:01.123Z","type":"message","text":"a\\u0002b","later":{"x":1}}',
    b'{"type":"join","time":"2026-11-23T18:20:02.123Z","nick":"a"}',
    b'{"time":"2026-11-23T18:20:03.123Z","type":"message","text":"\xff"}',
    b'{"time":"2026-11-23T18:20:04.123Z","type":"message","params":1}',
    b'{"time":"2026-11-23T18:20:05.123Z","type":"mode","nick":"irc.net","params":["+n"]}',
    b'{"time":"2026-11-23T18:20:06.123Z","type":"mode","nick":"irc.net"}',
    b'{"time":"2026-11-23T18:20:07.123Z","type":"started"}',
    *(b"", b"damaged", b"{}", b'{"time":"2026', b'{"time":"t","type":"message"} {}'),
]


@given(
    lines=st.lists(st.sampled_from(NASTY), max_size=12),
    shown=st.sampled_from([Signal(), Talk(), Not(Talk())]),
    until=st.sampled_from(["", "2026-11-23T18:20:04.000Z"]),
)
def test_events_and_damaged_lines_are_counted_as_they_are_found(
    tmp_path_factory, lines, shown, until
):
    root = tmp_path_factory.mktemp("nasty")
    (root / "net" / "#c").mkdir(parents=True)
    (root / "net" / "#c" / "2026-11-23_001.jsonl").write_bytes(
        b"".join(line + b"\n" for line in lines)
    )
    query = query_for(Between("", until)).showing(shown)
    reading, counting = Reader(root), Reader(root)
    hits = list(Search(reading, query).hits())
    assert Search(counting, query).counts().total() == len(hits)
    assert counting.damaged == reading.damaged


def test_a_segment_outside_the_asked_time_is_never_opened(tmp_path, monkeypatch):
    for day in range(3):
        record(tmp_path, event_at(day * 86_400, f"day {day}"))
    opened = []
    from chatlog.read import segment_reader

    monkeypatch.setattr(
        segment_reader,
        "opened",
        lambda path, real=segment_reader.opened: (opened.append(path), real(path))[1],
    )
    found(tmp_path, Between("2026-11-24T00:00:00.000Z", "2026-11-25T00:00:00.000Z"))
    assert [re.search(r"2026-11-\d\d", path)[0] for path in opened] == ["2026-11-24"]


# -- beside a recorder ------------------------------------------------------------------


@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_what_is_sealed_while_a_search_reads_is_found_all_the_same(tmp_path, compress):
    record(tmp_path, *(event_at(day * 86_400, f"needle {day}") for day in range(20)))
    hits = Search(Reader(tmp_path), query_for(Contains(literal("needle"))), jobs=1).hits()
    texts = [jsonl.decode(next(hits).line).text]
    tend(tmp_path, compress=compress, now="2027-06-01T00:00:00.000Z")
    texts += [jsonl.decode(hit.line).text for hit in hits]
    assert texts == [f"needle {day}" for day in range(20)]


def test_a_segment_that_goes_while_it_is_read_is_told(tmp_path):
    record(tmp_path, *(event_at(day * 86_400, f"needle {day}") for day in range(3)))
    tend(tmp_path, compress="gzip", now="2027-06-01T00:00:00.000Z")
    hits = Search(Reader(tmp_path), query_for(Contains(literal("needle"))), jobs=1).hits()
    next(hits)
    for path in (tmp_path / "net" / "#c").glob("*.gz"):
        path.unlink()
    with pytest.raises(TranscriptError, match="went while it was read"):
        list(hits)


def test_no_file_is_left_open(tmp_path):
    record(tmp_path, *(event_at(day * 86_400, f"needle {day}") for day in range(3)))
    before = len(list(Path("/dev/fd").iterdir()))
    hits = Search(Reader(tmp_path), query_for(Contains(literal("needle"))), jobs=1).hits()
    next(hits)
    hits.close()
    assert len(list(Path("/dev/fd").iterdir())) == before


# -- context -----------------------------------------------------------------------------


def islands_of(root, term, before, after, **how):
    context = Context(Search(Reader(root), query_for(term)), before, after, **how)
    return [[jsonl.decode(hit.line).text for hit in island] for island in context.islands()]


def in_islands(said, before, after):
    """Cut texts in order of time into what stands around those with a needle."""
    islands, last = [], None
    for number, text in enumerate(said):
        around = said[max(0, number - after) : number + before + 1]
        if any("needle" in each for each in around):
            if last != number - 1:
                islands.append([])
            islands[-1].append(text)
            last = number
    return islands


spoken = st.lists(st.tuples(st.booleans(), st.integers(1, 40_000)), max_size=40)


@given(
    runs=st.lists(spoken, min_size=1, max_size=2),
    before=st.integers(0, 4),
    after=st.integers(0, 4),
    form=st.sampled_from(["jsonl", "text"]),
    compress=st.sampled_from([None, *COMPRESSIONS]),
)
@examples_times(0.6)
def test_context_is_what_stands_around_in_the_same_channel(
    tmp_path_factory, runs, before, after, form, compress
):
    root = tmp_path_factory.mktemp("archive")
    said = {}
    for run, flags in enumerate(runs):
        events, at = [], run / 2
        for number, (is_match, pause) in enumerate(flags):
            at += pause
            events.append(event_at(int(at), f"{run}.{number} {'needle' if is_match else ''}"))
        record(root, *events, *(event_at(each, "noise", target="#other") for each in range(5)),
               formats=(form,))  # fmt: skip
        said.update({(event.time, run, number): event.text for number, event in enumerate(events)})
    if compress:
        tend(root, compress=compress, now="2026-12-25T12:00:00.000Z")
    in_order = [said[key] for key in sorted(said)]
    expected = in_islands(in_order, before, after)
    assert islands_of(root, Contains(literal("needle")), before, after) == expected


def test_context_reaches_over_several_short_days(tmp_path):
    record(
        tmp_path, *(event_at(day * 86_400, f"{day}" + " needle" * (day == 4)) for day in range(9))
    )
    assert islands_of(tmp_path, Contains(literal("needle")), 3, 2) == [
        ["1", "2", "3", "4 needle", "5", "6"]
    ]


def test_a_damaged_line_is_no_context(tmp_path):
    record(tmp_path, *(event_at(at, f"{at}" + " needle" * (at == 5)) for at in range(9)))
    path = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[4] = lines[4][:-3] + b"\n"
    path.write_bytes(b"".join(lines))
    assert islands_of(tmp_path, Contains(literal("needle")), 2, 0) == [["2", "3", "5 needle"]]


def test_context_counts_damage_once(tmp_path):
    record(tmp_path, *(event_at(at, "needle" if at == 5 else f"{at}") for at in range(9)))
    path = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    path.write_bytes(path.read_bytes().replace(b"needle", b"needle") + b"no event\n" * 3)
    reader = Reader(tmp_path)
    search = Search(reader, query_for(Some((Contains(literal("needle")), Type("nothing")))))
    assert len(list(Context(search, 1, 1).islands())) == 1
    assert list(reader.damaged.values()) == [3]


def test_context_is_found_in_an_hour_that_the_clock_shows_twice(tmp_path):
    night = event_at(-29 * 86_400)  # 2026-10-25, when clocks go back
    assert night.time.startswith("2026-10-25T00:00")
    said = [event_at(-29 * 86_400 + minute * 60, f"line {minute}") for minute in range(180)]
    record(tmp_path, *said, formats=("text",), tz="Europe/Berlin")
    [island] = islands_of(tmp_path, Contains(literal("line 30", word=True)), 1, 1)
    assert island == ["line 29", "line 30", "line 31"]


def test_of_many_matches_only_as_many_are_shown_as_are_asked_for(tmp_path):
    record(tmp_path, *(event_at(at, "needle" if at % 10 == 5 else f"{at}") for at in range(100)))
    islands = islands_of(tmp_path, Contains(literal("needle")), 1, 1, most=2)
    assert islands == [["4", "needle", "6"], ["14", "needle", "16"]]


def test_more_matches_than_memory_is_for_are_refused_with_context(tmp_path, monkeypatch):
    monkeypatch.setattr(context, "MOST", 10)
    record(tmp_path, *(event_at(at, f"needle {at}") for at in range(11)))
    with pytest.raises(UsageError, match=r"more than 10 events match, .* with -m"):
        islands_of(tmp_path, Contains(literal("needle")), 1, 1)
    assert len(islands_of(tmp_path, Contains(literal("needle")), 1, 1, most=10)) == 1
