"""A site that is made again: only what has changed is written, and nothing stays behind."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatlog.export.site.search_terms import shard_of
from chatlog.export.site.site_files import SiteFiles
from tests.support.archive import event_at, record
from tests.support.sites import DAY, build, files_of, terms_in

LAST_YEAR = -400
OVERVIEWS = {"index.html", "net/c/index.html", "net/c/stats.html", "net/c/people.html",
             "net/c/feed.xml"}  # fmt: skip
NEW_DAY = {"sitemap.xml", "net/c/newest.html"}


def said(day, text, target="#c", second=10, **fields):
    return event_at(day * DAY + second, text, target=target, **fields)


TALK = (
    said(LAST_YEAR, "long ago"),
    said(LAST_YEAR + 30, "a month later"),
    *(said(day, f"good morning {day}") for day in (0, 1, 3)),
    *(said(day, f"elsewhere {day}", "#d", nick="bob") for day in (1, 2)),
)


class Made:
    """An archive, its site, and a copy of the site's files as they were."""

    def __init__(self, base, *, url="https://logs.example.org/"):
        self.root, self.site, self.base = base / "archive", base / "site", base
        self.settings = {"url": url}

    def build(self):
        """Build the site; return the paths of the files that have other bytes, or are no more.

        The list of shards is left out: it changes with any of them.
        """
        before = files_of(self.site)
        self.result = build(self.root, self.site, state=self.base / "state", **self.settings)
        after = files_of(self.site)
        changed = {path for path in before.keys() | after if before.get(path) != after.get(path)}
        return changed - {"search/periods.js"}

    def fresh(self):
        """Return the files of a site that is made of the same archive at once."""
        shutil.rmtree(self.base / "fresh", ignore_errors=True)
        build(self.root, self.base / "fresh", **self.settings)
        return files_of(self.base / "fresh")

    def segment(self, day, target="#c"):
        [found] = (self.root / "net" / target).glob(f"{date_of(day)}_*.jsonl")
        return found


def date_of(day):
    return said(day, "").time[:10]


def day_files(*days, suffixes=("html", "txt", "jsonl")):
    return {f"net/c/{date_of(day)}.{suffix}" for day in days for suffix in suffixes}


def shards_of(period, *texts, others=()):
    """Return the shards of the terms of texts."""
    count = 64 if len(period) == 7 else 256
    terms = {*others}.union(*map(terms_in, texts))
    return {f"search/{period}/{shard_of(term, count):x}.js" for term in terms}


@pytest.fixture
def made(tmp_path):
    found = Made(tmp_path)
    record(found.root, *TALK)
    found.build()
    return found


def test_a_second_run_writes_nothing(made):
    states = {path: path.stat().st_mtime_ns for path in made.site.rglob("*")}
    assert made.build() == set()
    assert made.result.written == made.result.removed == 0
    assert {path: path.stat().st_mtime_ns for path in made.site.rglob("*")} == states


def test_a_line_more_changes_its_day_the_shards_of_its_words_and_what_counts(made):
    record(made.root, said(1, "good zebra", second=20))
    changed = made.build()
    assert changed == {*day_files(1), *OVERVIEWS, *shards_of("2026-11", "zebra")}
    assert files_of(made.site) == made.fresh()


def test_a_new_day_changes_its_neighbour_too(made):
    record(made.root, said(5, "good zebra"))
    changed = made.build()
    words = shards_of("2026-11", "ann good zebra", others=["from:ann"])
    around = day_files(3, suffixes=["html"])
    assert changed == {*day_files(5), *around, *OVERVIEWS, *NEW_DAY, *words}
    assert files_of(made.site) == made.fresh()


def test_late_history_on_a_day_between_changes_both_neighbours(made):
    record(made.root, said(2, "good zebra"))
    changed = made.build()
    words = shards_of("2026-11", "ann good zebra", others=["from:ann"])
    around = day_files(1, 3, suffixes=["html"])
    assert changed == {*day_files(2), *around, *OVERVIEWS, "sitemap.xml", *words}
    assert files_of(made.site) == made.fresh()


def test_a_line_more_in_a_year_that_is_over_changes_shards_of_the_year(made):
    record(made.root, said(LAST_YEAR, "long zebra", second=20))
    changed = made.build()
    year = date_of(LAST_YEAR)[:4]
    assert changed == {*day_files(LAST_YEAR), *OVERVIEWS, *shards_of(year, "zebra")}
    assert files_of(made.site) == made.fresh()


def test_an_erased_line_is_in_no_file_any_more(made):
    record(made.root, said(1, "a secret word", second=20))
    made.build()
    path = made.segment(1)
    kept = [line for line in path.read_bytes().splitlines(keepends=True) if b"secret" not in line]
    path.write_bytes(b"".join(kept))
    changed = made.build()
    assert changed == {*day_files(1), *OVERVIEWS, *shards_of("2026-11", "a secret word")}
    assert not [path for path, data in files_of(made.site).items() if b"secret" in data]
    assert files_of(made.site) == made.fresh()


def test_a_removed_segment_takes_its_day_along(made):
    made.segment(1).unlink()
    changed = made.build()
    words = shards_of("2026-11", "ann good morning 1", others=["from:ann"])
    around = day_files(0, 3, suffixes=["html"])
    assert changed == {*day_files(1), *around, *OVERVIEWS, "sitemap.xml", *words}
    assert files_of(made.site) == made.fresh()


def test_a_removed_channel_takes_its_pages_and_its_directory_along(made):
    shutil.rmtree(made.root / "net" / "#d")
    made.build()
    assert not (made.site / "net" / "d").exists()
    assert not [path for path, data in files_of(made.site).items() if b"elsewhere" in data]
    assert files_of(made.site) == made.fresh()


def test_a_new_channel_is_found_as_if_it_had_been_there_at_first(made):
    record(made.root, said(1, "aside", "#a"))
    made.build()
    assert files_of(made.site) == made.fresh()


def test_years_that_are_over_are_one_index_each_and_the_year_that_runs_one_a_month(made):
    assert periods(made) == ["2025", "2026-11"]
    record(made.root, said(60, "a new year"))
    made.build()
    assert periods(made) == ["2025", "2026", "2027-01"]
    assert files_of(made.site) == made.fresh()
    made.segment(60).unlink()
    made.build()
    assert periods(made) == ["2025", "2026-11"]
    assert files_of(made.site) == made.fresh()


def periods(made):
    return sorted(path.name for path in (made.site / "search").iterdir() if path.is_dir())


def test_other_settings_make_all_pages_again(made):
    made.settings["title"] = "Another title"
    changed = made.build()
    assert {path for path in files_of(made.site) if path.endswith(".html")} <= changed
    assert files_of(made.site) == made.fresh()


@pytest.mark.parametrize("of", ["search/2026-11", "search/2025"])
@pytest.mark.parametrize("damage", [b"", b"SHARD(1);\n", None])
def test_a_shard_that_somebody_removed_or_cut_is_written_again(of, damage, made):
    path = min((made.site / of).glob("[0-9a-f]*.js"))
    path.unlink() if damage is None else path.write_bytes(damage)
    assert made.build() == {str(path.relative_to(made.site))}
    assert files_of(made.site) == made.fresh()
    assert made.build() == set()


@pytest.mark.parametrize("damage", [b"", b"SHARD(", b'PAGES("2026-11",["x"]);\n', None])
def test_a_damaged_search_is_made_again(made, damage):
    record(made.root, said(1, "zebra", second=20))
    for path in (made.site / "search" / "2026-11").iterdir():
        path.unlink() if damage is None else path.write_bytes(damage)
    made.build()
    assert files_of(made.site) == made.fresh()


def test_every_file_of_a_site_that_somebody_removed_is_made_again(made):
    before = files_of(made.site)
    for path in before:
        if path != "search/periods.js":
            (made.site / path).unlink()
            assert made.build() == {path}, path
    assert files_of(made.site) == before


def test_the_numbers_of_a_run_are_those_of_all_files(made):
    def numbers():
        result, files = made.result, files_of(made.site)
        assert result.written + result.unchanged == len(files)
        assert result.size == sum(map(len, files.values()))
        return result.written

    assert numbers() == len(files_of(made.site))
    made.build()
    assert numbers() == 0
    record(made.root, said(1, "good zebra", second=20))
    made.build()
    assert 0 < numbers() < 20


@pytest.mark.parametrize("suffix", ["html", "txt", "jsonl"])
@pytest.mark.parametrize("damage", [b"", b"<p>", None])
def test_a_file_of_a_day_that_somebody_removed_or_cut_is_written_again(suffix, damage, made):
    path = made.site / "net" / "c" / f"{date_of(1)}.{suffix}"
    path.unlink() if damage is None else path.write_bytes(damage)
    assert made.build() == day_files(1, suffixes=[suffix])
    assert files_of(made.site) == made.fresh()
    assert made.build() == set()


def test_without_the_state_everything_is_made_again_with_the_same_bytes(made):
    (made.base / "state").write_bytes(b"{broken")
    assert made.build() == set()


def test_a_moved_line_keeps_its_former_anchor_and_keeps_it_for_good(made):
    path = made.segment(1)
    time = said(1, "").time.encode()
    later = said(1, "", second=12).time.encode()
    path.write_bytes(path.read_bytes().replace(time, later))
    made.build()
    page = made.site / "net" / "c" / f"{date_of(1)}.html"
    once = page.read_text()
    assert '<a id="000010-' in once
    assert '<p id="000012-' in once
    (made.base / "state").unlink()
    made.build()
    assert page.read_text() == once


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["add", "cut", "drop"]),
        st.sampled_from([LAST_YEAR, LAST_YEAR + 30, 0, 1, 2, 3, 60]),
        st.sampled_from(["#c", "#d", "#e"]),
        st.sampled_from(["zebra", "good morning", "字典"]),
    ),
    max_size=4,
)


@settings(max_examples=25, deadline=None)
@given(rounds=st.lists(CHANGES, min_size=1, max_size=3))
def test_a_site_is_the_same_whether_it_grew_or_was_made_at_once(tmp_path_factory, rounds):
    made = Made(tmp_path_factory.mktemp("grown"))
    record(made.root, *TALK)
    made.build()
    for number, changes in enumerate(rounds):
        for change, day, target, text in changes:
            _change(made, change, day, target, f"{text} {number}")
        made.build()
    assert files_of(made.site) == made.fresh()


def _change(made, change, day, target, text):
    paths = [*(made.root / "net" / target).glob(f"{date_of(day)}_*.jsonl")]
    if change == "add":
        record(made.root, said(day, text, target, second=len(text) + 30))
    for path in paths:
        if change == "drop":
            path.unlink()
        elif change == "cut":
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


# -- kills ---------------------------------------------------------------------------

EVERY = 1 if "CHATLOG_TORTURE_ROUNDS" in os.environ else 7
"""How many writes are between two kills: `make torture` kills at each."""


def _killed_at(number, made):
    """Build the site in this process, and kill it at one of its writes."""
    counted = iter(range(10_000))

    def dying(real, half=None):
        def call(self, *arguments):
            if next(counted) == number:
                if half is not None:
                    real(self, *half(*arguments))
                os.kill(os.getpid(), signal.SIGKILL)
            return real(self, *arguments)

        return call

    SiteFiles._write = dying(SiteFiles._write, lambda place, data: (place, data[: len(data) // 2]))
    Path.unlink = dying(Path.unlink)
    os.replace = dying(os.replace)
    made.build()


def test_a_run_that_was_killed_at_any_write_is_completed_by_the_next_one(made):
    shutil.copytree(made.base, made.base.with_name("as-it-was"))
    record(
        made.root,
        said(1, "zebra", second=20),
        said(2, "a new channel", "#a"),
        said(60, "a new year"),
    )
    made.segment(3).unlink()
    expected = made.fresh()
    fork = multiprocessing.get_context("fork")
    for number in range(0, 10_000, EVERY):
        for name in ("site", "state"):
            former = made.base.with_name("as-it-was") / name
            _copy(former, made.base / name)
        process = fork.Process(target=_killed_at, args=(number, made))
        process.start()
        process.join()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        made.build()
        assert files_of(made.site) == expected, number
    assert number > 50


def _copy(former, place):
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    shutil.copytree(former, place) if former.is_dir() else shutil.copy2(former, place)
