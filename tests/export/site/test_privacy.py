"""What a site tells of people: nothing of those who opt out, no hosts, no removed message."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatlog.export.withholding import MARK, Withheld
from tests.support.archive import event_at, record
from tests.support.sites import DAY, build, files_of, pages_of

NICK, ACCOUNT, HOST = "Zqann", "zqacc", "zqhost.example"
TYPES = ("message", "action", "notice", "topic", "join", "part", "quit", "kick", "nick", "mode",
         "away", "account", "chghost", "setname", "names", "invite", "react", "other",
         "usernotice", "redact", "tagmsg")  # fmt: skip

WORDS = st.sampled_from([
    *(NICK, NICK.upper(), NICK.lower(), f"@{NICK}", f"{NICK}:", f"<{NICK}>", f"\x02{NICK}\x02"),
    *("\x0304zq\u200bann\x0f", f"https://example.org/{NICK}", f"{NICK}|away", f"_{NICK}_"),
    *(ACCOUNT, "hello", "world", "…", "<b>", "&amp;", "東京"),
])  # fmt: skip
TEXTS = st.lists(WORDS, max_size=6).map(" ".join)
NICKS = st.sampled_from([NICK, NICK.lower(), "ben", "cat", f"ben|{NICK}"])
EVENTS = st.lists(
    st.builds(
        event_at,
        st.integers(0, 3 * DAY),
        TEXTS,
        type=st.sampled_from(TYPES),
        nick=NICKS,
        user=st.sampled_from(["", "~u", f"~{NICK}"]),
        host=st.sampled_from(["", HOST]),
        account=st.sampled_from(["", ACCOUNT, "ben"]),
        subject=st.sampled_from(["", NICK, "ben"]),
        relayed_nick=st.sampled_from(["", "", "", NICK]),
        params=st.lists(st.sampled_from([NICK, f"*!*@{HOST}", HOST, "ben"]), max_size=3).map(tuple),
        reply_to=st.sampled_from(["", "m1", "m2"]),
        msgid=st.sampled_from(["", "m1", "m2"]),
        tags=st.dictionaries(st.sampled_from(["a", "edit-of"]), TEXTS, max_size=1),
    ),
    min_size=1,
    max_size=30,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tmp_path_factory.mktemp("sites")


def told_by(data):
    """Return the text of a file of a site, with what JSON and HTML escape."""
    return data.decode("utf-8").replace("\\u200b", "").replace("\u200b", "").lower()


@given(EVENTS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_file_of_a_site_names_people_who_opted_out_or_hosts(base, events):
    root, site = _places(base)
    record(root, *sorted(events, key=lambda event: event.time))
    (root / "OPTOUT").write_text(f"{NICK}\n{ACCOUNT}\n")
    build(root, site, url="https://logs.example.org/")
    for path, data in files_of(site).items():
        text = told_by(data)
        for name in (NICK.lower(), ACCOUNT, HOST):
            assert name not in text, path


def _places(base):
    number = sum(1 for _ in base.iterdir()) + 1
    place = base / str(number)
    place.mkdir()
    return place / "archive", place / "site"


@pytest.fixture
def places(tmp_path):
    return tmp_path / "archive", tmp_path / "site"


def test_people_who_opt_out_later_vanish_and_the_lines_of_others_keep_their_anchors(places):
    root, site = places
    record(root, event_at(1, "hello ben"), event_at(2, "ann: ben?", nick="ben"),
           event_at(40 * DAY, "ben", nick="cat"))  # fmt: skip
    build(root, site, state=root / "state")
    before = anchors(site)
    (root / "OPTOUT").write_text("ann\n")
    build(root, site, state=root / "state")
    assert not re.search(r"\bann\b", shown(site))
    assert anchors(site) < before
    assert len(anchors(site)) == 2


def anchors(site):
    return {
        each for page in pages_of(site).values() for each in re.findall(r'<p id="(\d.+?)"', page)
    }


REMOVAL = (
    event_at(1, "the secret", msgid="a"),
    event_at(2, "edited secret", tags={"edit-of": "a"}, msgid="b"),
    event_at(3, "hello", nick="ben"),
    event_at(50 * DAY, "other", nick="ben"),
)


def shown(site):
    return b"\n".join(files_of(site).values()).decode()


def test_a_removed_message_is_in_no_file_though_it_was_removed_months_later(places):
    root, site = places
    record(root, *REMOVAL)
    build(root, site, state=root / "state")
    assert "the secret" in shown(site)
    record(root, event_at(51 * DAY, "secret!", type="redact", nick="op", reply_to="a"))
    build(root, site, state=root / "state")
    assert "secret" not in shown(site)
    again = build(root, site, state=root / "state")
    assert again.written == 0


def test_a_rebuild_of_a_site_gives_the_same_pages_as_its_updates(places, tmp_path):
    root, site = places
    record(root, *REMOVAL)
    build(root, site, state=root / "state")
    record(root, event_at(51 * DAY, "", type="redact", nick="op", reply_to="a"))
    build(root, site, state=root / "state")
    build(root, tmp_path / "anew")
    assert files_of(site) == files_of(tmp_path / "anew")


def test_the_place_of_a_removed_message_can_be_marked(places):
    root, site = places
    record(root, *REMOVAL, event_at(4, "", type="redact", nick="op", reply_to="a"))
    build(root, site, withheld=Withheld(redact=MARK))
    page = pages_of(site)["net/c/2026-11-23.html"]
    assert page.count('<i class="gone">[redacted]</i>') == 2
    assert "secret" not in shown(site)


def test_removals_and_edits_can_be_shown_as_what_they_are(places):
    root, site = places
    record(root, *REMOVAL, event_at(4, "", type="redact", nick="op", reply_to="a"))
    build(root, site, withheld=Withheld())
    page = pages_of(site)["net/c/2026-11-23.html"]
    first, second = re.findall(r"<span>.*secret.*</p>", page)
    assert "(edited)" in first
    assert "(taken back)" in first
    assert re.search(r'<a class="re" href="#000001-\w+" aria-label="edit of">✎</a> '
                     "<span>edited secret", page)  # fmt: skip
    assert "(edited)" not in second


def test_nothing_younger_than_the_delay_is_shown_until_it_is_old_enough(places):
    root, site = places
    record(root, event_at(1, "early"), event_at(DAY + 1, "tardy"))
    build(root, site, state=root / "state", until="2026-11-24T00:00:01.000Z")
    assert "tardy" not in shown(site)
    assert "net/c/2026-11-24.html" not in files_of(site)
    build(root, site, state=root / "state", until="2026-11-24T00:00:02.000Z")
    assert "tardy" in pages_of(site)["net/c/2026-11-24.html"]


def test_pseudonyms_stand_for_all_nicks_also_of_other_channels(places):
    root, site = places
    record(root, event_at(1, "zqben: hi", nick="zqann"), event_at(2, target="#d", nick="zqben"))
    build(root, site, withheld=Withheld(pseudonyms=True))
    assert not re.search("zqann|zqben", shown(site))
    (line,) = files_of(site)["net/c/2026-11-23.jsonl"].splitlines()
    (other,) = files_of(site)["net/d/2026-11-23.jsonl"].splitlines()
    assert json.loads(line)["text"] == f"{json.loads(other)['nick']}: hi"
