"""Messages that no shipper of ours sends: counted, and nothing else comes of them."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatlog.bus.messages import Answered, LedgerPiece, NetworkFile, RunReport, encode
from chatlog.bus.subjects import ANSWERS, RUNS
from tests.support.archive import event_at, record
from tests.support.bus import ListCollector, ListShipper, Stream, texts_in

_TOKENS = st.sampled_from(
    ["net", "#c", "", "%", "%u2e", "%u2e%u2e", "$ledger", "$network", "network%u2ejson", "a%-b"]
)
_SUBJECTS = st.sampled_from([RUNS, ANSWERS]) | st.lists(_TOKENS, max_size=4).map(
    lambda tokens: ".".join(["chatlog", *tokens])
)
_NAMES = st.sampled_from(["", "x", "rec", "../../x:1", "rec:0"]) | st.builds(
    "{}:{}".format, st.sampled_from(["evil", "rec"]), st.integers(1, 10**9)
)
_NUMBERS = st.integers(-5, 10**12)
_DATA = st.one_of(
    st.binary(max_size=40),
    st.builds(LedgerPiece, _NUMBERS, _NUMBERS, st.binary(max_size=9)).map(encode),
    st.builds(NetworkFile, st.sampled_from(["network.json", "../x", "x"]), st.just(b"{}")).map(
        encode
    ),
    st.builds(RunReport, st.sampled_from(["../x", "2026"]), st.booleans(), st.just(b"")).map(
        encode
    ),
    st.builds(Answered, _NUMBERS, _NUMBERS).map(encode),
    st.sampled_from(
        [
            b'{"time":"2026-11-23T00:00:09.000Z","network":"net","target":"#c","type":"message"}',
            b'{"time":"0000","network":"net","target":"#c","type":"message"}',
            b'{"time":"2026-11-23T00:00:09.000Z","type":"message"}\n{}',
        ]
    ),
)


_LINE = b'{"time":"2026-11-23T00:00:09.000Z","network":"net","target":"#c","type":"message"}'


@example(
    [
        ("chatlog.net.$network", "evil:1", encode(NetworkFile("network.json", b"{}"))),
        ("chatlog.net.#c", "evil:2", _LINE),
    ]
)
@example([("chatlog.a%-b.a%-b", "rec:1", _LINE), ("chatlog.a%-b.#c.$ledger", "rec:2", b"{}")])
@settings(max_examples=60)
@given(st.lists(st.tuples(_SUBJECTS, _NAMES, _DATA), max_size=12))
def test_a_message_of_others_costs_no_line_and_makes_no_file_outside(tmp_path_factory, messages):
    root = tmp_path_factory.mktemp("bus")
    record(root / "a", event_at(1, "hello"))
    stream = Stream()
    ListShipper(root / "a", stream, "own").ship()
    collector = ListCollector(root / "all", stream)
    collector.read()
    for number, (subject, name, data) in enumerate(messages, stream.last + 1):
        collector.collection.take(subject, name, data, number)
    collector.settle(everything=True)
    collector.close()
    assert "hello" in texts_in(root / "all")
    assert {each.name for each in root.iterdir()} == {"a", "all"}
    made = {each.name for each in (root / "all").iterdir()}
    assert made <= {".lock", ".witnesses", "FORMAT", "net", "%"}
