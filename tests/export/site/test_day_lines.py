"""The lines of a day: rows that are made together are the rows that each line has alone."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from chatlog.export.site.day_lines import DayGap, DayRenderer
from tests.support.archive import event_at

KEY = b"k" * 32
TEXTS = st.sampled_from(
    ["hello", "see https://a.b/?c&d", "\x02bold\x02", "a\nb", "<b>", "[redacted]", "", "\x1b[31m"]
)
EVENTS = st.lists(
    st.builds(
        dict,
        text=TEXTS,
        type=st.sampled_from(["message"] * 4 + ["action", "notice", "topic", "mode"]),
        nick=st.sampled_from(["ann", "<bob>"]),
        relayed_nick=st.sampled_from(["", "", "eve"]),
        statusmsg=st.sampled_from(["", "", "@"]),
        subject=st.sampled_from(["", "", "kim"]),
        tags=st.sampled_from([{}, {}, {"edit-of": "m0"}]),
    ),
    max_size=8,
)


def rendered(events, gaps=()):
    return DayRenderer(KEY, UTC).render("2026-11-23", events, gaps, {})


def rows_of(page):
    return page.html.split("\n"), page.text.split("\n")[:-1]


def events_of(several):
    return [event_at(at, **fields) for at, fields in enumerate(several)]


@given(EVENTS)
def test_the_rows_of_a_day_are_those_of_each_line_alone(several):
    events = events_of(several)
    together = rendered(events)
    alone = [rendered([event]) for event in events]
    assert together.html == "\n".join(each.html for each in alone)
    assert together.text == "".join(each.text for each in alone)
    assert together.terms == set().union(*(each.terms for each in alone))
    assert together.summary.said == sum(each.summary.said for each in alone)


def test_joins_and_quits_are_folded_and_a_gap_or_a_message_ends_a_fold():
    kinds = ["join", "quit", "join", "message", "part", "topic", "join", "nick", "nick"]
    events = [event_at(at, "x", type=kind, msgid=f"m{at}") for at, kind in enumerate(kinds)]
    gap, end = DayGap(events[2].time, "Not heard"), DayGap(event_at(60).time, "Not heard since")
    html, text = rows_of(rendered(events, [gap, end]))
    shown = [line if "id=" not in line else "" for line in html]
    fold = "<details><summary>1 joined, 1 quit</summary>"
    changes = "<details><summary>1 joined, 2 changed nicks</summary>"
    assert shown == [
        *(fold, "", "", "</details>", '<p class="gap">Not heard</p>', "", "", "", ""),
        *(changes, "", "", "", "</details>", '<p class="gap">Not heard since</p>'),
    ]
    assert len(text) == len(kinds)


def test_a_reply_links_to_a_message_before_it_and_to_none_behind_it():
    events = [
        event_at(0, "question", msgid="q"),
        event_at(1, "answer", msgid="a", reply_to="q"),
        event_at(2, "early", reply_to="later"),
        event_at(3, "late", msgid="later", reply_to="later"),
    ]
    question, answer, early, late = rows_of(rendered(events))[0]
    anchor = question.partition('id="')[2].partition('"')[0]
    assert f'<a class="re" href="#{anchor}" aria-label="in reply to">' in answer
    assert 'class="re"' not in early + late


def test_a_reply_of_the_next_day_links_to_the_page_of_the_message():
    renderer = DayRenderer(KEY, UTC)
    renderer.render("2026-11-23", [event_at(0, msgid="q")], (), {})
    page = renderer.render("2026-11-24", [event_at(86_400, reply_to="q")], (), {})
    assert 'href="2026-11-23.html#000000-' in page.html
