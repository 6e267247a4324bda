"""A site in Chromium: read, searched, linked to, by mouse and by keyboard, on phones too."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatlog.export.site.search_terms import packed, shard_of, unpacked
from tests.support.archive import event_at, record
from tests.support.sites import ATTACKS, DAY, build, hostile_site, pages_of, terms_in

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.browser

WIDTHS = (360, 800, 1400)
SCHEMES = ("light", "dark")
PATIENCE = 60_000
"""Milliseconds to wait for an event in a page: many, as other tests load the machine."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DAY_0 = "net/c/2026-11-23.html"


def talk():
    """Return three days of two channels, with everything that a page can show."""
    yield event_at(5, "Welcome to the channel", type="topic", nick="ann")
    for second, nick in enumerate(("bob", "carol", "dave")):
        yield event_at(10 + second, type="join", nick=nick, user="u", host="host.example")
    yield event_at(3661, "the release is tomorrow", msgid="m1")
    yield event_at(3662, "tomorrow is the release", nick="bob", reply_to="m1", msgid="m2")
    yield event_at(3663, "👍", type="react", nick="carol", reply_to="m1")
    yield event_at(3664, "waves at \x02everybody\x02", type="action", nick="carol")
    yield event_at(3665, "see https://example.org/a?b=1&c=2.", nick="dave")
    yield event_at(3666, "東京で会いましょう pythonを使う", nick="櫻")
    yield event_at(3667, "\x0304red\x03 and \x0302blue\x03 and a\x1fb\x1fc", nick="bob")
    yield event_at(3668, "gone", type="quit", nick="dave")
    yield event_at(3669, "first line\nsecond line", nick="ann")
    for number in range(120):
        yield event_at(DAY + number * 60, f"common word {number}", nick=("ann", "bob")[number % 2])
    yield event_at(2 * DAY, "the newest release", nick="bob")
    yield event_at(2 * DAY + 1, "release elsewhere", nick="bob", target="##d")
    yield event_at(-400 * DAY, "the release of last year", nick="ann")


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a browser that goes to another page has hung up


def served(directory):
    """Serve a directory; return the server and its address."""
    handler = functools.partial(Files, directory=str(directory))
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    base = tmp_path_factory.mktemp("site")
    record(base / "archive", *sorted(talk(), key=lambda event: event.time))
    build(base / "archive", base / "site", title="Logs", url="https://logs.example.org/")
    return base / "site"


@pytest.fixture(scope="module")
def address(directory):
    server, url = served(directory)
    yield url
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    driven = pytest.importorskip("playwright.sync_api", reason="needs the extra `browser`")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with driven.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


class Watch:
    """What a page complained about, and what it asked for."""

    def __init__(self, page, address):
        self.errors, self.asked = [], []
        page.on("console", lambda line: line.type in ("error", "warning") and self._add(line.text))
        page.on("pageerror", lambda error: self._add(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("dialog", lambda dialog: (self._add(dialog.message), dialog.dismiss()))
        self._address = address

    def _add(self, text):
        self.errors.append(text)

    def expect_peace(self):
        assert self.errors == []
        assert [url for url in self.asked if not url.startswith(self._address)] == []


@pytest.fixture
def opened(browser, address):
    """Open a page of the site in a window of its own; check each in the end."""
    contexts = []

    def open_page(path="", *, width=1400, at=address, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        contexts.append((context, Watch(page, at)))
        page.goto(at + path)
        return page

    yield open_page
    for context, watch in contexts:
        context.close()
        watch.expect_peace()


def found_by(page, query, *, place=""):
    """Search; return the lines that are found, as texts."""
    base = page.url.split("#")[0]
    root = re.match(r"https?://[^/]+/", base)[0]
    page.goto(f"{root}search.html?{query_of(query)}{place}")
    page.wait_for_function(DONE)
    return page.locator("#hits p > span:first-of-type").all_inner_texts()


def follow(page, link, url):
    """Click a link; return when its page has loaded, which has an address like `url`."""
    link.click()
    page.wait_for_url(url)


def search_by_typing(page, query):
    """Type a query into the field; return when the page of the search has its result."""
    page.locator("#q").fill(query)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?*")
    page.wait_for_function(DONE)


DONE = "() => /line|day|Nothing|Type a word/.test(document.getElementById('state').textContent)"


def query_of(text):
    from urllib.parse import urlencode

    return urlencode({"q": text})


# -- reading -------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
def test_a_reader_goes_from_the_channels_to_a_day_and_on_to_its_neighbours(opened, width):
    page = opened("", width=width)
    follow(page, page.get_by_role("link", name="#c", exact=True).first, "**/net/c/index.html")
    follow(page, page.get_by_role("link", name="23", exact=True).first, f"**/{DAY_0}")
    follow(page, page.get_by_role("link", name="2026-11-24 ›").first, "**/2026-11-24.html")
    follow(page, page.get_by_role("link", name="Newest"), "**/2026-11-25.html")
    follow(page, page.get_by_role("link", name="‹ 2026-11-24").first, "**/2026-11-24.html")
    assert page.title() == "#c, 2026-11-24 · Logs"


@pytest.mark.parametrize(
    "path",
    ["index.html", "net/c/index.html", DAY_0, "net/c/stats.html", "net/c/people.html",
     "search.html?q=release"],
)  # fmt: skip
def test_no_page_is_wider_than_its_window_and_every_target_has_24_pixels(opened, path):
    page = opened(path)
    if "search" in path:
        page.wait_for_function(DONE)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert page.evaluate(SMALL) == [], width


SMALL = """() => [...document.querySelectorAll("a[href], button, input, summary")]
    .filter(each => each.offsetParent && !each.matches(".skip, p > span a, footer a"))
    .map(each => [each.outerHTML, each.getBoundingClientRect()])
    .filter(([, box]) => box.height < 24 || box.width < 24)
    .map(([html, box]) => html + " " + box.width + "x" + box.height)"""
"""The targets that are smaller than WCAG 2.2 asks for; links in sentences may be."""


@pytest.mark.parametrize("path", ["index.html", "net/c/people.html", "net/c/stats.html"])
def test_no_word_of_a_heading_of_a_table_is_broken_on_a_phone(opened, path):
    page = opened(path, width=360)
    assert page.locator("table th").count() > 0
    assert page.evaluate(BROKEN) == []


BROKEN = r"""() => [...document.querySelectorAll("table th")].flatMap(cell => {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), broken = [];
    while (walker.nextNode())
        for (const word of walker.currentNode.data.matchAll(/\S+/g)) {
            const range = document.createRange();
            range.setStart(walker.currentNode, word.index);
            range.setEnd(walker.currentNode, word.index + word[0].length);
            if (range.getClientRects().length > 1) broken.push(word[0]);
        }
    return broken;
})"""
"""The words of headings that stand on more than one line."""


@pytest.fixture(scope="module")
def axe():
    """Return the script of axe-core, which a page runs though it may load none."""
    package = pytest.importorskip("axe_playwright_python", reason="needs the extra `browser`")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_on_any_kind_of_page(opened, axe, width, scheme):
    page = opened("", width=width, color_scheme=scheme)
    root = page.url
    for path in ("index.html", "net/c/index.html", f"{DAY_0}#010101-", "net/c/2026-11-24.html",
                 "net/c/stats.html", "net/c/people.html", "search.html", "search.html?q=release",
                 "search.html?q=nowhere"):  # fmt: skip
        page.goto(root + path)
        if "q=" in path:
            page.wait_for_function(DONE)
        elif "#" in path:
            first = page.locator("#log p[id]").nth(4).get_attribute("id")
            page.evaluate("id => { location.hash = id; }", first)
            page.wait_for_function(MARKED, arg=1)
            page.keyboard.press("j")
        page.evaluate(axe)
        result = page.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)
        found = [(each["id"], [node["html"] for node in each["nodes"]])
                 for each in result["violations"]]  # fmt: skip
        assert found == [], path


def test_a_page_reads_without_javascript(opened):
    page = opened(DAY_0, java_script_enabled=False)
    assert page.locator("#log").inner_text().count("release") == 2
    assert page.get_by_role("button", name="Light or dark").count() == 0
    assert page.locator("details").count() == 1


def test_a_page_prints_its_lines_and_not_its_controls(opened):
    page = opened(DAY_0)
    page.emulate_media(media="print")
    assert page.locator("#log p[id]").first.is_visible()
    assert not page.locator("header form").is_visible()
    assert not page.locator("nav.days").first.is_visible()


# -- lines ---------------------------------------------------------------------------


MARKED = "count => document.querySelectorAll('#log p.in').length === count"
"""The page marks lines by an event after its address has changed, so that a test awaits them."""


def marked_lines(page, count):
    """Return the texts of the marked lines, when there are `count`."""
    page.wait_for_function(MARKED, arg=count)
    return page.locator("#log p.in > span:first-of-type").all_inner_texts()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_range_is_marked_by_a_click_and_a_click_with_shift(opened, width):
    page = opened(DAY_0, width=width)
    times = page.locator("#log > p[id] > a:first-child")
    first = page.locator("p", has_text="the release is tomorrow")
    last = page.locator("p", has_text="waves at everybody")
    begin, end = first.get_attribute("id"), last.get_attribute("id")
    follow(page, first.locator("a").first, f"**#{begin}")
    last.locator("a").first.click(modifiers=["Shift"])
    page.wait_for_url(f"**#{begin}..{end}")
    assert marked_lines(page, 3)[0] == "the release is tomorrow"
    assert times.count() > 5
    again = opened(page.url.split("/", 3)[3], width=width)
    assert marked_lines(again, 3) == marked_lines(page, 3)


def test_a_range_is_marked_by_the_keyboard_alone(opened):
    page = opened(DAY_0)
    first = page.locator("p", has_text="the release is tomorrow")
    first.locator("a").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    while "waves" not in page.evaluate("() => document.activeElement.parentNode.textContent"):
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Enter")
    page.wait_for_function("() => location.hash.includes('..')")
    assert marked_lines(page, 3)[0] == "the release is tomorrow"
    assert len(page.context.pages) == 1


def test_a_permalink_to_a_folded_line_opens_the_fold_and_is_in_sight(opened):
    page = opened(DAY_0)
    line = page.locator("details p").nth(1)
    link = line.get_attribute("id")
    page = opened(f"{DAY_0}#{link}")
    assert page.locator("details[open]").count() == 1
    page.wait_for_function(
        "id => document.getElementById(id).getBoundingClientRect().top < 800", arg=link
    )
    assert page.locator("p.in").get_attribute("id") == link


def test_joins_and_quits_are_shown_and_folded_by_one_key(opened):
    page = opened(DAY_0)
    assert page.locator("details p").first.is_hidden()
    page.keyboard.press("j")
    assert page.locator("details p").first.is_visible()
    assert page.locator("#fold").get_attribute("aria-pressed") == "true"
    page.keyboard.press("j")
    assert page.locator("details p").first.is_hidden()


def test_keys_go_to_the_neighbouring_days_and_to_the_search_and_not_out_of_it(opened):
    page = opened("net/c/2026-11-24.html")
    page.keyboard.press("n")
    page.wait_for_url("**/2026-11-25.html")
    page.keyboard.press("p")
    page.wait_for_url("**/2026-11-24.html")
    page.keyboard.press("/")
    page.keyboard.type("njp/word")
    assert page.locator("#q").input_value() == "njp/word"


def test_the_first_stop_of_the_keyboard_leads_to_the_content(opened):
    page = opened(DAY_0)
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'main'")


def test_the_scheme_is_that_of_the_system_until_somebody_switches_it_for_good(opened):
    page = opened(DAY_0, color_scheme="dark")
    paper = "() => getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(paper) == "rgb(21, 24, 28)"
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    follow(page, page.get_by_role("link", name="2026-11-24 ›").first, "**/2026-11-24.html")
    assert page.evaluate(paper) == "rgb(255, 255, 255)"


def test_times_are_shown_in_the_zone_of_the_reader_if_wished(opened):
    page = opened(DAY_0, timezone_id="Asia/Kolkata")
    time = page.locator("p", has_text="the release is tomorrow").locator("a").first
    assert time.inner_text() == "01:01"
    page.get_by_role("button", name="Zone: UTC").click()
    assert time.inner_text() == "06:31"
    page.get_by_role("button", name=re.compile("Zone: Asia")).click()
    assert time.inner_text() == "01:01"


def test_a_reply_leads_to_its_message_and_reactions_are_counted(opened):
    page = opened(DAY_0)
    page.get_by_label("in reply to").click()
    assert marked_lines(page, 1) == ["the release is tomorrow"]
    assert page.locator("p.in .react").inner_text() == "👍 1"


# -- the search ----------------------------------------------------------------------

NEWEST = ["the newest release", "tomorrow is the release", "the release is tomorrow",
          "the release of last year"]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("release in:c", NEWEST),
        ("RELEASE in:#c", NEWEST),
        ("release", [NEWEST[0], "release elsewhere", *NEWEST[1:]]),
        ("release tomorrow", NEWEST[1:3]),
        ('"the release" tomorrow', NEWEST[1:3]),
        ('"the release is"', ["the release is tomorrow"]),
        ("release from:ann", [NEWEST[2], NEWEST[3]]),
        ("from:櫻", ["東京で会いましょう pythonを使う"]),
        ("東京", ["東京で会いましょう pythonを使う"]),
        ("会い", ["東京で会いましょう pythonを使う"]),
        ("python", ["東京で会いましょう pythonを使う"]),
        ("京会", []),
        ("abc", ["red and blue and abc"]),
        ("waves everybody", ["waves at everybody"]),
        ("second", ["first line\nsecond line"]),
        ("linesecond", []),
        ("nowhere", []),
        ("release nowhere", []),
        ("in:nowhere release", []),
    ],
)
def test_a_query_finds_these_lines_the_newest_first(opened, query, lines):
    assert found_by(opened(), query) == lines


def test_the_search_marks_words_and_leads_to_the_line_and_can_be_shared(opened):
    page = opened()
    search_by_typing(page, "release tomorrow")
    assert set(page.locator("#hits mark").all_inner_texts()) == {"release", "tomorrow"}
    assert page.locator("#state").inner_text() == "2 lines"
    again = opened(page.url.split("/", 3)[3])
    again.wait_for_function(DONE)
    assert again.locator("#q").input_value() == "release tomorrow"
    follow(again, again.locator("#hits p a").first, "**/2026-11-23.html#*")
    assert marked_lines(again, 1) == ["tomorrow is the release"]


def test_a_search_from_a_channel_stays_in_it_and_says_so(opened):
    page = opened("net/c/index.html")
    search_by_typing(page, "release")
    assert page.locator("#hits p > span:first-of-type").all_inner_texts() == NEWEST
    assert "Only in #c" in page.locator("#place").inner_text()
    follow(page, page.get_by_role("link", name="Search all channels"), "**/search.html?q=release")
    page.wait_for_function(DONE)
    assert page.locator("#hits p").count() == len(NEWEST) + 1


def test_more_than_fifty_lines_are_shown_fifty_by_fifty(opened):
    page = opened()
    lines = found_by(page, "common word")
    assert lines == [f"common word {number}" for number in range(119, 69, -1)]
    assert page.locator("#state").inner_text() == "50 lines so far"
    page.get_by_role("button", name="More").click()
    page.wait_for_function("() => document.querySelectorAll('#hits p').length === 100")
    page.get_by_role("button", name="More").click()
    page.wait_for_function("() => document.getElementById('state').textContent === '120 lines'")
    assert page.locator("#more").is_hidden()


def test_a_search_says_that_nothing_was_found_and_that_it_needs_a_word(opened):
    page = opened()
    found_by(page, "nowhere")
    assert page.locator("#state").inner_text() == "Nothing found."
    found_by(page, "...")
    assert page.locator("#state").inner_text() == "Type a word to search for."


def test_from_a_file_pages_are_read_and_the_search_finds_days(browser, directory):
    context = browser.new_context()
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((directory / DAY_0).as_uri())
    page.keyboard.press("j")
    assert page.locator("details p").first.is_visible()
    page.goto(f"{(directory / 'search.html').as_uri()}?q=tomorrow")
    page.wait_for_function("() => /day/.test(document.getElementById('state').textContent)")
    assert page.locator("#hits h2").all_inner_texts() == ["#c, 2026-11-23"]
    follow(page, page.locator("#hits h2 a"), "**/2026-11-23.html")
    assert errors == []
    context.close()


# -- search.js and search_terms.py ---------------------------------------------------

WORDS = st.text(
    st.one_of(
        st.sampled_from("aZ09 _-.'’ßİıΣςσéẞǅ字京で한ｱ٣²½क्षמא😀\u0301"),
        st.characters(max_codepoint=0x2FFF, exclude_categories=["Cs", "Cn", "Co"]),
    ),
    max_size=60,
)


@pytest.fixture(scope="module")
def script(browser, address):
    page = browser.new_page()
    page.goto(address + "search.html")
    yield page
    page.close()


def test_the_search_and_the_index_take_texts_apart_alike(script):
    texts = []

    @settings(max_examples=400, database=None)
    @given(WORDS)
    def collect(text):
        texts.append(text)

    collect()
    texts += [each for each in ATTACKS if each.isprintable()]
    asked = script.evaluate("texts => texts.map(text => [...SEARCH.terms(text)])", texts)
    indexed = script.evaluate("texts => texts.map(text => [...SEARCH.indexed(text)])", texts)
    for text, query, index in zip(texts, asked, indexed, strict=True):
        assert set(index) == terms_in(text), text
        assert set(query) <= terms_in(text), text
    terms = sorted({term for some in indexed for term in some})
    shards = script.evaluate("terms => terms.map(term => SEARCH.shard(term, 256))", terms)
    assert shards == [shard_of(term, 256) for term in terms]


@given(st.sets(st.integers(0, 100_000), min_size=1).map(sorted))
def test_packed_numbers_are_unpacked_as_they_were(numbers):
    assert unpacked(packed(numbers)) == numbers


# -- attacks -------------------------------------------------------------------------


def test_a_hostile_archive_runs_nothing_and_asks_for_nothing(browser, tmp_path):
    site = hostile_site(tmp_path)
    server, address = served(site)
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    watch = Watch(page, address)
    paths = [path for path in pages_of(site) if path.startswith(("net/c/", "index", "search"))]
    paths += [path for path in pages_of(site) if path.endswith("index.html")]
    paths.remove("net/c/newest.html")  # leads to another one at once
    for path in paths:
        page.goto(address + path)
        assert "owned" not in page.title().replace("'owned'", ""), path
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate("() => document.querySelectorAll('main, footer').length") == 2
    for attack in (each for each in ATTACKS if each.isprintable()):
        page.goto(f"{address}search.html?{query_of(attack)}")
        page.wait_for_function(DONE)
        assert page.locator("#q").input_value() == attack.strip(), attack
        assert (
            page.evaluate("() => document.querySelectorAll('#hits script, #hits img').length") == 0
        )
    context.close()
    server.shutdown()
    server.server_close()
    watch.expect_peace()
