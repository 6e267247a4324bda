"""`chatlog export --to site`: what people type, and what they see of it."""

import re

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


def test_a_text_stands_above_the_calendar_of_its_channel_with_its_links(export, archive, tmp_path):
    record(archive, event_at(3, target="#C++"), event_at(3, target="##d"))
    site = tmp_path / "site"
    text = "Be <kind>, x=y: https://example.org/rules."
    typed = ("--channel-text", f"net/#C={text}", "--channel-text", "##*=Two hashes")
    assert export("-o", site, *typed)[0] == 0
    texts = {
        path.parent.name: re.findall('<p class="about">(.*)</p>', path.read_text())
        for path in site.glob("net/*/index.html")
    }
    link = 'href="https://example.org/rules" rel="nofollow noopener noreferrer ugc"'
    shown = f"Be &lt;kind&gt;, x=y: <a {link}>https://example.org/rules</a>."
    assert texts == {"c": [shown], "c_2b_2b": [], "_23_23d": ["Two hashes"]}


def test_another_text_of_a_channel_changes_its_calendar_alone(export, tmp_path):
    site = tmp_path / "site"
    export("-o", site, "--channel-text", "c=one")
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    export("-o", site, "--channel-text", "c=two")
    changed = [path for path, data in before.items() if path.read_bytes() != data]
    assert changed == [site / "net/c/index.html"]


def test_a_channel_of_a_known_network_has_a_link_to_its_server(export, archive, tmp_path):
    record(archive, event_at(1, network="libera", target="#python"))
    export("-o", tmp_path / "site")
    link = '<a href="ircs://irc.libera.chat/%23python">Join the channel</a>'
    for page in ("index", "2026-11-23"):
        assert link in (tmp_path / f"site/libera/python/{page}.html").read_text()
        assert "Join the channel" not in (tmp_path / f"site/net/c/{page}.html").read_text()


def test_numbers_are_said_as_people_say_them(export, tmp_path):
    export("#c", "-o", tmp_path / "site", "--url", "https://x.example/", "--delay", "0.001s")
    place = tmp_path / "site/net/c"
    assert "2 lines on 2 days, from" in (place / "stats.html").read_text()
    assert "1 line by 1 person<" in (place / "feed.xml").read_text()
    assert '2026-11-23: 1 line"' in (place / "index.html").read_text()
    assert 'content="1 line in #c on' in (place / "2026-11-23.html").read_text()


def test_a_text_that_no_channel_gets_is_told(export, tmp_path):
    status, _, err = export("-o", tmp_path / "site", "--channel-text", "#cc=x")
    assert status == 0
    assert "no channel or query in " in err
    assert "matches '#cc'; did you mean '#c'?" in err


def test_the_chart_of_a_channel_shows_months_without_lines_as_zero(export, archive, tmp_path):
    record(archive, event_at(-86_400 * 70, "september"))
    export("-o", tmp_path / "site")
    stats = (tmp_path / "site/net/c/stats.html").read_text()
    months = re.findall(r"<title>(\d{4}-\d\d): (\d+)</title>", stats)
    assert months == [("2026-09", "1"), ("2026-10", "0"), ("2026-11", "2")]


def test_a_chart_of_centuries_has_the_months_of_lines_alone(export, archive, tmp_path):
    record(archive, event_at(-86_400 * 365 * 500, "the clock of a server"))
    export("-o", tmp_path / "site")
    stats = (tmp_path / "site/net/c/stats.html").read_text()
    assert len(re.findall(r"<title>\d{4}-\d\d: \d+</title>", stats)) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--channel-text", "#c"), "--channel-text: say a channel and its text"),
        (("--channel-text", "=x"), "--channel-text: say a channel and its text"),
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
    command = ["export", "--to", "csv", "-o", str(tmp_path / "x.csv"), "--archive", str(archive)]
    for option in ("--title", "--channel-text"):
        assert cli.run([*command, option, "c=x"]) == 2
        assert f"{option} is for --to site" in capfd.readouterr().err


def test_a_channel_that_is_not_there_is_told(export, tmp_path):
    status, _, err = export("#nowhere", "-o", tmp_path / "site")
    assert status == 1
    assert "#nowhere" in err
