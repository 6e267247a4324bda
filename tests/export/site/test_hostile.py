"""A site of an archive that attacks its readers in every field: text stays text."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import html5lib
import pytest

from chatlog.export.site.templates import ASSETS
from tests.support.sites import ATTACKS, SCRIPT, Elements, hostile_site, pages_of

OF_EVERY_PAGE = {"site.js", "../../site.js", "search.js"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return hostile_site(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def pages(site):
    return pages_of(site)


def test_every_page_is_valid(pages):
    assert len(pages) > 100
    for page in pages.values():
        html5lib.HTMLParser(strict=True).parse(page)


def test_no_attack_is_an_element_an_attribute_or_an_address_of_a_page(pages):
    for path, page in pages.items():
        found = Elements(page)
        scripts = {
            value for tag, name, value in found.attributes if (tag, name) == ("script", "src")
        }
        assert scripts <= OF_EVERY_PAGE, path
        assert found.elements.count("script") == len(scripts), path
        assert not {"img", "iframe", "object", "style"} & set(found.elements), path
        for tag, name, value in found.attributes:
            assert not name.startswith("on"), path
            assert name != "style", path
            if name in {"href", "src", "action"}:
                assert re.match(r"(https?|ircs?)://|[\w./#%-]+$", value), (path, tag, value)
                assert not value.lower().startswith(("javascript:", "data:")), path


def test_each_page_has_one_main_part_and_ends_where_it_ends(pages):
    for path, page in pages.items():
        found = Elements(page)
        for tag in ("main", "header", "footer", "h1", "body"):
            assert found.elements.count(tag) == 1, (path, tag)
        assert page.endswith("</footer>\n</body>\n</html>\n"), path


def test_attacks_are_shown_as_they_were_said(pages):
    day = Elements(pages["net/c/2026-11-23.html"]).text
    for attack in ATTACKS:
        if attack.isprintable():
            assert day.count(attack) >= 5, attack
    assert SCRIPT in Elements(pages["net/c/people.html"]).text


def test_no_control_and_no_mark_that_turns_writing_is_in_a_page(pages):
    for path, page in pages.items():
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", page), path


def test_feeds_and_the_sitemap_are_xml_that_names_pages_of_the_site(site):
    feeds = list(site.rglob("*.xml"))
    assert len(feeds) > 50
    for path in feeds:
        tree = ET.fromstring(path.read_bytes())
        for element in tree.iter():
            for address in (element.get("href"), element.text if "loc" in element.tag else None):
                if address:
                    place = address.removeprefix("https://logs.example.org/")
                    assert (site / place).is_file(), (path, address)


def test_shards_hold_no_markup_and_call_one_function_each(site):
    for path in (site / "search").rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert "<" not in text, path
        assert re.fullmatch(r"(SHARD|PAGES|PERIODS)\(.*\);\n", text), path


def test_a_page_runs_only_scripts_of_the_site_and_loads_nothing_from_elsewhere(pages):
    for path, page in pages.items():
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
        assert policy is not None, path
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy[1], path
        assert "unsafe" not in policy[1], path
    for asset in ASSETS.iterdir():
        text = asset.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?://|@import|url\(|innerHTML|eval\(", text), asset.name
