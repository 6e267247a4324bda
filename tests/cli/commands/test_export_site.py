"""`chatlog export --to site`: what people type, and what they see of it."""

import pytest

from chatlog import cli
from tests.support.archive import event_at, record


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def export(archive, tmp_path, capfd):
    record(
        archive,
        event_at(1, "hello"),
        event_at(2, "a secret", target="ann"),
        event_at(90_000, "the next day"),
    )

    def run(*arguments):
        command = ["export", "--to", "site", "--archive", str(archive), *map(str, arguments)]
        status = cli.run(command)
        said = capfd.readouterr()
        return status, said.out, said.err

    return run


def pages(site):
    return {path.relative_to(site).as_posix() for path in site.rglob("*.html")}


def test_a_site_has_a_page_for_each_day_of_a_channel_and_none_for_queries(export, tmp_path):
    site = tmp_path / "site"
    status, out, _ = export("-o", site)
    assert status == 0
    assert out.startswith(f"{site}: 2 lines, ")
    assert pages(site) == {
        "index.html",
        "search.html",
        "net/c/index.html",
        "net/c/stats.html",
        "net/c/people.html",
        "net/c/newest.html",
        "net/c/2026-11-23.html",
        "net/c/2026-11-24.html",
    }
    assert not any("secret" in path.read_text() for path in site.rglob("*") if path.is_file())


def test_a_site_built_again_writes_nothing(export, tmp_path):
    export("-o", tmp_path / "site")
    assert "0 files written" in export("-o", tmp_path / "site")[1]


def test_a_feed_needs_the_address_of_the_site(export, tmp_path):
    export("-o", tmp_path / "site")
    assert not (tmp_path / "site/net/c/feed.xml").exists()
    export("-o", tmp_path / "site", "--url", "https://logs.example.org")
    feed = (tmp_path / "site/net/c/feed.xml").read_text()
    assert "https://logs.example.org/net/c/2026-11-24.html" in feed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--nick", "ann"), "a site shows whole channels"),
        (("--partition", "day"), "a site is a directory of pages by day"),
        (("--url", "logs.example.org"), "no address such as https://"),
        (("--tz", "Mars/North"), "Mars/North"),
    ],
)
def test_an_impossible_option_is_one_clear_error(export, tmp_path, arguments, words):
    status, out, err = export("-o", tmp_path / "site", *arguments)
    assert (status, out) == (2, "")
    assert words in err


def test_a_site_within_the_archive_is_refused(export, archive):
    status, _, err = export("-o", archive / "site")
    assert status == 2
    assert "is in the archive itself; name a place outside" in err


def test_an_option_of_sites_is_refused_for_other_formats(archive, tmp_path, capfd):
    record(archive, event_at(1, "hello"))
    command = ["export", "--to", "csv", "-o", str(tmp_path / "x.csv"), "--title", "x"]
    assert cli.run([*command, "--archive", str(archive)]) == 2
    assert "--title is for --to site" in capfd.readouterr().err


def test_a_channel_that_is_not_there_is_told(export, tmp_path):
    status, _, err = export("#nowhere", "-o", tmp_path / "site")
    assert status == 1
    assert "#nowhere" in err
