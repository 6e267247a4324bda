"""The filters of an export, from its options and the archive: nicks of accounts that opt out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.export.survey import nicks_of_accounts
from chatlog.export.withholding import Withheld, withholding_of
from chatlog.formats import jsonl
from chatlog.formats.table import FORMATS
from chatlog.query.selection import Query
from chatlog.read.reader import Reader
from chatlog.search.search import Search
from tests.support.archive import event_at, record

EVERYWHERE = Query(places=("*",))
NAMES = st.sampled_from(["ann", "Ann", "b[e]n", "c\\d", 'q"q', "*", "", "ö", "account"])


@pytest.fixture
def published(tmp_path):
    """Return the function that records events, and returns the texts that are published."""
    root = tmp_path / "archive"

    def published(optout, *events):
        record(root, *events)
        (root / "OPTOUT").write_text(optout)
        reader = Reader(root, ("*",))
        filters = withholding_of(Withheld(optout=True), reader, EVERYWHERE).filters
        left = [jsonl.decode(hit.line) for hit in Search(reader, EVERYWHERE).hits()]
        for each in filters:
            left = each(left)
        return [event.text for event in left]

    return published


def test_a_nick_that_an_account_used_is_that_of_the_person_also_without_the_account(published):
    assert published(
        "account:acc\n",
        event_at(1, "before login", nick="Kit"),
        event_at(2, "logged in", nick="kit", account="acc"),
        event_at(3, "who is Kit?", nick="ben"),
        event_at(4, "elsewhere", nick="kit", network="other"),
        event_at(5, "in another channel", nick="kit", target="#d"),
    ) == ["who is …?", "elsewhere"]


def test_a_change_of_nick_under_the_account_is_followed(published):
    assert published(
        "acc\n",
        event_at(1, "", type="nick", nick="kit", subject="kit2", account="acc"),
        event_at(2, "without a tag", nick="kit2"),
        event_at(3, "kit2 and kit3", nick="ben"),
    ) == ["… and kit3"]


def test_a_nick_of_two_accounts_is_left_to_the_other_one(published):
    assert published(
        "account:acc\n",
        event_at(1, "mine", nick="guest", account="acc"),
        event_at(2, "not mine", nick="guest", account="other"),
        event_at(3, "nobody knows", nick="guest"),
        event_at(4, "ask guest", nick="ben"),
    ) == ["not mine", "nobody knows", "ask guest"]


def test_somebody_who_logs_out_is_the_same_person(published):
    assert (
        published(
            "account:a?c\n",
            event_at(1, "", type="account", nick="kit", account="acc"),
            event_at(2, "", type="account", nick="kit", account="*"),
            event_at(3, "hello", nick="kit"),
        )
        == []
    )


def test_a_later_login_changes_what_was_exported_before(published, tmp_path):
    def told():
        reader = Reader(tmp_path / "archive", ("*",))
        return withholding_of(Withheld(optout=True), reader, EVERYWHERE).told

    assert published("account:acc\n", event_at(1, "early", nick="kit")) == ["early"]
    before = told()
    assert published("account:acc\n", event_at(2, "later", nick="kit", account="acc")) == []
    assert told() != before


class SourceOfLines:
    format = FORMATS[0]

    def __init__(self, *lines):
        self._lines = lines

    def blocks(self):
        yield b"".join(self._lines)


def ordered(values):
    """Return a line whose keys stand in another order than ours."""
    text = json.dumps(dict(reversed(values.items())), separators=(",", ":"))
    return text.encode() + b"\n"


@given(st.lists(st.tuples(NAMES, NAMES, NAMES, st.booleans()), max_size=5))
def test_the_nicks_of_lines_are_those_of_their_events_in_any_order_of_keys(some):
    events = [
        event_at(1, f'"account":"{text}"', nick=nick, account=account, type="nick", subject=text)
        for nick, account, text, _ in some
    ]
    lines = [jsonl.encode([event]) for event in events]
    for number, (*_, is_odd) in enumerate(some):
        if is_odd:
            values = json.loads(lines[number])
            lines[number] = ordered(values)
    expected = {
        pair
        for event in events
        if event.account
        for pair in ((event.nick, event.account), (event.subject, event.account))
    }
    assert nicks_of_accounts([SourceOfLines(*lines)]) - {("", "")} == expected
