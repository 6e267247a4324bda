"""Sites of one talk that archives keep in different ways: the pages are the same."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from chatlog.archive.layout import Rotate
from chatlog.export import line_blocks
from chatlog.export.reading import QueryReader
from chatlog.export.site.build import Site
from chatlog.export.site.settings import SiteSettings
from chatlog.read.reader import Reader
from chatlog.read.segment_reader import SegmentReader
from tests.support.archive import event_at, record
from tests.support.sites import DAY, NOW, build, files_of
from tests.support.tending import age, tend

ZONE = {"tz": ZoneInfo("America/New_York"), "zone": "America/New_York"}
KEY = bytes(range(32))

TALK = [
    event_at(day * DAY + minute * 60, f"line {minute} of day {day}", nick=nick, target=target)
    for day in (0, 1, 8, 9, 40)
    for minute, nick in ((1, "ann"), (239, "ben"), (241, "ann"), (1439, "cat"))
    for target in ("#c", "#d")
]
"""Lines around midnight in UTC and in New York."""

OTHERS = [
    event_at(5, "not this one", target="#e"),
    event_at(5, "not this one", network="other", target="#f"),
]
KEPT = {
    **{str(rotate): {"rotate": rotate} for rotate in Rotate},
    "text": {"formats": ("text",)},
    "hourly text": {"formats": ("text",), "rotate": Rotate.HOURLY},
    "text of another zone": {"formats": ("text",), "tz": "Asia/Tokyo"},
}


def site_of(base, *events, patterns=(), zone, compress=None, **storage):
    """Return the files of the site of an archive, whose key is always the same."""
    root = base / "archive"
    root.mkdir(parents=True)
    (root / "SITEKEY").write_bytes(KEY)
    record(root, *events, **storage)
    if compress:
        age(root)
        tend(root, compress=compress)
        assert [*root.rglob(f"*.{'zst' if compress == 'zstd' else 'gz'}")]
    build(root, base / "site", patterns=patterns, **zone)
    return files_of(base / "site")


@pytest.fixture(scope="module", params=[{}, ZONE], ids=["UTC", "New York"])
def zone(request):
    return request.param


@pytest.fixture(scope="module")
def expected(tmp_path_factory, zone):
    """Return the site of the archive as it is by default."""
    return site_of(tmp_path_factory.mktemp("site"), *TALK, zone=zone)


def differing(one, other):
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


@pytest.mark.parametrize("kind", KEPT)
def test_the_site_of_an_archive_does_not_depend_on_how_its_segments_are_kept(
    kind, expected, zone, tmp_path
):
    assert differing(site_of(tmp_path, *TALK, zone=zone, **KEPT[kind]), expected) == []


@pytest.mark.parametrize("compress", ["gzip", "zstd"])
@pytest.mark.parametrize("rotate", [Rotate.HOURLY, Rotate.DAILY, Rotate.MONTHLY], ids=str)
def test_sealed_segments_make_the_same_site(compress, rotate, expected, zone, tmp_path):
    found = site_of(tmp_path, *TALK, zone=zone, compress=compress, rotate=rotate)
    assert differing(found, expected) == []


def test_several_processes_make_the_same_site(expected, zone, tmp_path):
    assert differing(site_of(tmp_path, *TALK, zone={**zone, "workers": 3}), expected) == []


@pytest.mark.parametrize("months", [1, 12])
def test_an_archive_that_is_never_rotated_is_read_as_often_for_many_months_as_for_one(
    months, tmp_path, monkeypatch
):
    talk = [event_at(month * 31 * DAY, f"month {month}") for month in range(months)]
    record(tmp_path / "archive", *talk, rotate=Rotate.NEVER)
    reads = []
    blocks = SegmentReader.blocks
    monkeypatch.setattr(
        SegmentReader, "blocks", lambda self, *of: reads.append(1) or blocks(self, *of)
    )
    build(tmp_path / "archive", tmp_path / "site")
    assert len([*(tmp_path / "site").rglob("2*.html")]) == months
    assert len(reads) == 3  # its months, its redactions, its lines


@pytest.mark.parametrize("rotate", [Rotate.DAILY, Rotate.NEVER], ids=str)
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("is_long", [True, False])
def test_lines_that_cannot_be_read_are_counted_once(
    is_long, rotate, workers, tmp_path, monkeypatch
):
    if is_long:  # so that it is looked through before it is read
        monkeypatch.setattr(line_blocks, "_HELD", 1)
    record(tmp_path / "archive", *TALK, rotate=rotate)
    paths = sorted((tmp_path / "archive" / "net").glob("#*/*.jsonl"))
    for path in paths:
        with path.open("ab") as file:
            file.write(b'{"time":\n')
    reader = Reader(tmp_path / "archive", ())
    site = Site(reader, tmp_path / "site", SiteSettings(), NOW, None)
    site.build(workers, lambda _bytes: None)
    assert reader.damaged == {str(path): 1 for path in paths}


def test_a_segment_of_a_day_is_read_once_though_it_has_lines_of_two_local_days(
    tmp_path, monkeypatch
):
    record(tmp_path / "archive", event_at(3600, "late"), event_at(23 * 3600, "early"))
    reads = []
    decoded = QueryReader.read
    monkeypatch.setattr(
        QueryReader, "read", lambda self, source: reads.append(source.path) or decoded(self, source)
    )
    build(tmp_path / "archive", tmp_path / "site", **ZONE)
    assert len([*(tmp_path / "site").rglob("2*.html")]) == 2
    assert len(reads) == 1


@pytest.mark.parametrize("patterns", [("#c", "#d"), ("net/#c", "net/#d")], ids=str)
def test_the_site_of_chosen_channels_has_nothing_of_others(patterns, expected, zone, tmp_path):
    found = site_of(tmp_path, *TALK, *OTHERS, zone=zone, patterns=patterns)
    assert differing(found, expected) == []


def test_days_are_those_of_the_zone(expected, zone):
    first = "net/c/2026-11-22.html" if zone else "net/c/2026-11-23.html"
    assert min(path for path in expected if path.startswith("net/c/2")) == first
