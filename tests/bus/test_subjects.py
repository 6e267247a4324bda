"""Subjects and ids of the bus: one token for any name, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.layout import directory_name
from chatlog.bus.subjects import (
    ANSWERS,
    RUNS,
    MessageId,
    ask_subject,
    is_witness_name,
    ledger_subject,
    lines_subject,
    network_of,
    network_subject,
    parse_id,
    place_of_ledger,
    place_of_lines,
    witness_name,
)
from chatlog.upkeep.witness import TargetPlace

_COMPONENTS = st.text(max_size=300).map(directory_name)
_PLACES = st.builds(TargetPlace, _COMPONENTS, _COMPONENTS)


@given(_PLACES)
def test_a_target_is_known_by_the_subjects_of_its_lines_and_of_its_ledger(
    place: TargetPlace,
) -> None:
    assert place_of_lines(lines_subject(place)) == place
    assert place_of_ledger(ledger_subject(place)) == place
    assert place_of_lines(ledger_subject(place)) is None
    assert place_of_ledger(lines_subject(place)) is None


@given(_PLACES)
def test_a_network_is_known_by_the_subject_of_its_files(place: TargetPlace) -> None:
    subject = network_subject(place.network)
    assert network_of(subject) == place.network
    assert place_of_lines(subject) is None
    assert network_of(lines_subject(place)) is None


@given(_PLACES, _PLACES)
def test_no_two_targets_share_a_subject(one: TargetPlace, other: TargetPlace) -> None:
    assert (lines_subject(one) == lines_subject(other)) is (one == other)


@given(_PLACES)
def test_a_subject_has_no_character_that_nats_gives_a_meaning(place: TargetPlace) -> None:
    tokens = lines_subject(place).split(".")
    assert len(tokens) == len(("chatlog", *place))
    assert all(each.isascii() and each.isprintable() and each for each in tokens)
    assert not any({*each} & {*" *>$\t"} for each in tokens)


@pytest.mark.parametrize(
    "subject",
    [
        RUNS,
        ANSWERS,
        "chatlog",
        "chatlog.libera",
        "chatlog.libera.%u2e%u2e",
        "chatlog.%u2e.x",
        "chatlog.libera.%u2f",
        "chatlog.libera.%u00",
        "chatlog.libera.%u41",  # an A needs no escape: it would be a second name of one target
        "chatlog.libera.ü",
        f"chatlog.libera.{'a' * 256}",
        "chatlog.a.b.c.d",
        "chatlog.libera.network%u2ejson",  # a name that other files have
        "chatlog.libera.My%u20Logs",  # no directory of ours
    ],
)
def test_a_subject_that_could_leave_the_archive_is_of_no_target(subject: str) -> None:
    assert place_of_lines(subject) is None
    assert place_of_ledger(f"{subject}.$ledger") is None


@given(st.builds(MessageId, st.text(max_size=80), st.integers(1, 10**18 - 1), st.booleans()))
def test_an_id_is_read_back_whatever_the_machine_is_called(made: MessageId) -> None:
    name = witness_name(made.witness)
    assert is_witness_name(name)
    found = made._replace(witness=name)
    assert parse_id(str(found)) == found
    assert ask_subject(name).count(".") == 1


@given(st.text())
def test_text_of_others_is_an_id_only_in_our_form(text: str) -> None:
    found = parse_id(text)
    assert found is None or str(found) == text


@pytest.mark.parametrize(
    "text", ["", "a", "a:", "a:0", "a:01", "a:-1", "a b:1", ":1", "a:1\n", "a:1:", "a:1:agai"]
)
def test_what_is_nearly_an_id_is_none(text: str) -> None:
    assert parse_id(text) is None
