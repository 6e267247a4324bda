"""The destinations of events and intervals: the writer, the ledgers, and their null objects."""

from __future__ import annotations

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.casemapping import Casemapping
from chatlog.event import SERVER, Event
from chatlog.record.durability import Durability
from chatlog.record.intake import Intake
from chatlog.record.intervals import Moment
from chatlog.record.ledgers import Ledgers
from chatlog.record.limits import Limiter, Limits
from chatlog.record.sinks import Flusher, LedgerSink, NullLedgers, NullSink, Sink
from chatlog.record.waiting_sink import WaitingSink
from chatlog.write.writer import Storage, Writer

TIME = "2026-11-23T18:20:01.123Z"


def methods_of(protocol):
    return {
        name: inspect.signature(method)
        for name, method in vars(protocol).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }


def parameters_of(signature):
    return list(signature.parameters)


def message(target, text="hello"):
    return Event(time=TIME, network="net", target=target, type="message", nick="ada", text=text)


def never(*_arguments):
    raise AssertionError("nothing stops here")


def intake_on(sink, flusher, **options):
    return Intake("net", sink, Limiter(Limits(), never), flusher, stop=never, **options)


@pytest.fixture(params=["writer", "null"])
def intake(request, tmp_path):
    """An Intake on each sink."""
    if request.param == "null":
        sink = NullSink()
        yield intake_on(sink, sink)
        return
    writer = Writer(Storage(root=tmp_path))
    yield intake_on(writer, Durability(writer, stop_reading=never, read_on=never))
    writer.close()


@pytest.mark.parametrize(
    ("protocol", "implementation"),
    [
        (Sink, Writer),
        (Sink, NullSink),
        (Sink, WaitingSink),
        (Flusher, Durability),
        (Flusher, NullSink),
        (LedgerSink, Ledgers),
        (LedgerSink, NullLedgers),
    ],
)
def test_a_sink_has_every_method_of_the_protocol_with_the_same_parameters(protocol, implementation):
    wanted = methods_of(protocol)
    assert wanted
    for name, signature in wanted.items():
        found = inspect.signature(getattr(implementation, name))
        assert parameters_of(found) == parameters_of(signature), name


def test_an_intake_counts_the_same_events_on_every_sink(intake):
    intake.hold(("#demo",))
    intake.write([message("#demo"), message("#demo"), message("ada")], "rfc1459")
    intake.flush()
    assert intake.failure is None
    assert intake.channels == ("#demo",)
    assert dict(intake.counts) == {"#demo": 2, "ada": 1}
    assert intake.last_event == TIME


SPELLINGS = st.sampled_from(["#demo", "#Demo", "#DEMO", "#other", "#a[", "#A{", SERVER])


@given(st.lists(SPELLINGS, max_size=12), st.sampled_from(["ascii", "rfc1459"]))
def test_the_lines_of_a_transcript_keep_their_order_however_its_name_is_spelled(
    tmp_path_factory, targets, casemapping
):
    writer = Writer(Storage(root=tmp_path_factory.mktemp("archive")))
    intake = intake_on(writer, Durability(writer, stop_reading=never, read_on=never))
    intake.hold(())
    intake.write([message(each, str(n)) for n, each in enumerate(targets)], casemapping)
    writer.close()
    folds = Casemapping(casemapping)
    expected = {}
    for number, target in enumerate(targets):
        expected.setdefault(folds[target], []).append(f'"text":"{number}"')
    for target, texts in expected.items():
        (file,) = writer.path("net", target).glob("*.jsonl")
        assert re.findall(r'"text":"[0-9]+"', file.read_text("utf-8")) == texts


def test_an_intake_records_a_target_from_its_first_event_on_every_sink(intake):
    intake.hold(())
    assert intake.takes(SERVER)
    assert not intake.takes("#demo")
    intake.write([message("#demo")], "rfc1459")
    assert intake.takes("#demo")


def test_a_null_sink_is_held_by_any_number_of_recorders():
    sink = NullSink()
    intakes = [intake_on(sink, sink) for _ in range(2)]
    for intake in intakes:
        intake.hold(("#demo",))
    assert [intake.channels for intake in intakes] == [("#demo",), ("#demo",)]


def test_an_intake_on_a_null_sink_announces_no_directory(caplog):
    caplog.set_level("INFO")
    sink = NullSink()
    intake = intake_on(sink, sink)
    intake.hold(("#demo",))
    intake.write([message("#demo")], "rfc1459")
    assert caplog.messages == []


def test_null_ledgers_keep_no_interval_so_that_nothing_is_missed():
    ledgers = NullLedgers()
    moment = Moment(TIME)
    first = ledgers.entered("#demo", moment, "m1")
    assert list(ledgers.losing(moment, "Ping timeout")) == []
    assert ledgers.silence("#demo") == ""
    assert ledgers.entered("#demo", moment, "m2") == first
    assert (first.target, first.gaps, first.is_first) == ("#demo", [], False)
