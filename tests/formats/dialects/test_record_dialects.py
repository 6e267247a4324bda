"""Dialects of records: damage is counted, the rest is read, and foreign logs are one error."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatlog.event import is_time
from chatlog.formats.dialects.dialect import MOST_ODD_LINES, LogFacts
from chatlog.formats.dialects.record_dialect import NO_TIME, OTHER_FORM, TORN
from chatlog.ingest.detection import detect
from chatlog.ingest.dialects import DIALECTS, dialect_named

GOLDEN = Path(__file__).parents[2] / "golden" / "dialects"
NOT_LOGS = {"case.json", "expected.jsonl"}
LOGS = [
    (name, path.read_bytes())
    for name in ("adium", "colloquy", "discord", "halloy", "matrix")
    for path in sorted(GOLDEN.glob(f"{name}/**/*"))
    if path.is_file() and path.name not in NOT_LOGS
]


def decoded(name, *blocks):
    decoder = dialect_named(name).decoder(LogFacts(network="net"))
    return decoder, [event for some in decoder.events(blocks) for event in some]


def discord(*messages):
    head = {"guild": {"name": "g"}, "channel": {"name": "c", "type": "GuildTextChat"}}
    return json.dumps({**head, "messages": messages}).encode()


def message(**fields):
    whole = {"id": "1", "timestamp": "2026-11-23T19:30:42Z", "author": {"id": "2", "name": "ann"}}
    return {**whole, "content": "hi", **fields}


@pytest.mark.parametrize(("name", "log"), LOGS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_damaged_log_gives_what_is_whole_or_one_error(name, log, data):
    at = data.draw(st.integers(0, len(log)))
    cut = data.draw(st.integers(0, 20))
    put = data.draw(st.binary(max_size=8))
    damaged = log[:at] + put + log[at + cut :]
    decoder = dialect_named(name).decoder(LogFacts())
    events = []
    with suppress(ValueError):
        for some in decoder.events([damaged]):
            events += some
    assert all(is_time(event.time) for event in events)
    assert len(decoder.odd) == min(decoder.tally.unknown, MOST_ODD_LINES)
    assert not events or decoder.tally.understood


@pytest.mark.parametrize("name", sorted({name for name, _ in LOGS}))
@given(log=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_a_log_of_any_bytes_gives_nothing_or_one_error(name, log):
    with suppress(ValueError):
        decoder, events = decoded(name, log)
        assert (events, decoder.tally.lines) == ([], 0)


def test_every_record_counts_once_and_the_odd_ones_are_told():
    log = discord(message(), {"id": 5}, message(timestamp="2026-13-23T00:00:00Z"), message(id="2"))
    decoder, events = decoded("discord", log[:-20] + b'"x')
    assert [each.msgid for each in events] == ["1"]
    assert (decoder.tally.understood, decoder.tally.unknown, decoder.tally.torn) == (1, 3, 1)
    assert [(each.number, each.why) for each in decoder.odd] == [
        (2, OTHER_FORM),
        (3, NO_TIME),
        (4, TORN),
    ]


def test_a_channel_without_messages_is_no_error():
    decoder, events = decoded("discord", discord())
    assert (events, decoder.target, decoder.tally.lines) == ([], "#c", 0)


def test_a_document_of_another_program_is_given_up_early():
    foreign = b"[" + b'{"a":1},' * 1_000_000 + b"{}]"
    decoder = dialect_named("matrix").decoder(LogFacts())
    with pytest.raises(ValueError, match="none of its records is one of Matrix"):
        for _ in decoder.events([foreign[:100_000], foreign[100_000:]]):
            pass
    assert decoder.tally.lines == 100


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Default", "message"),
        ("Reply", "message"),
        ("20", "message"),
        ("GuildMemberJoin", "join"),
        ("Call", "other"),
        ("12", "other"),
    ],
)
def test_a_message_of_discord_itself_is_no_message_of_a_person(kind, expected):
    assert decoded("discord", discord(message(type=kind)))[1][0].type == expected


def test_a_private_chat_is_a_query():
    log = discord(message()).replace(b"GuildTextChat", b"DirectTextChat")
    assert decoded("discord", log)[1][0].target == "c"


def test_a_forwarded_message_has_its_words():
    log = discord(message(content="", forwardedMessage={"content": "aye", "attachments": []}))
    assert decoded("discord", log)[1][0].text == "aye"


@pytest.mark.parametrize(("name", "log"), LOGS)
def test_the_beginning_of_a_log_tells_its_dialect(name, log):
    assert detect(log, "any.json", DIALECTS).dialect is dialect_named(name)
    assert detect(log[: len(log) * 2 // 3], "any.json", DIALECTS).dialect is dialect_named(name)


def test_a_reaction_of_halloy_stands_behind_the_messages_before_it():
    source = {"channel": {"raw": "#c"}, "source": {"User": "ann"}}
    reaction = {"sender": "ben", "text": "+", "server_time": "2026-11-23T18:31:00Z"}
    log = [
        {
            "server_time": f"2026-11-23T18:{minute}:00Z",
            "direction": "Received",
            "target": {"Channel": source},
            "text": minute,
            "id": minute,
            "reactions": [reaction] if minute == "29" else [],
        }
        for minute in ("29", "30", "32")
    ]
    _, events = decoded("halloy", json.dumps(log).encode())
    assert [each.text for each in events] == ["29", "30", "+", "32"]
    assert events[2].reply_to == "29"
