"""Sites built from archives that the real writer wrote, and the talk that they show."""

from __future__ import annotations

from html.parser import HTMLParser

from chatlog.export.site.build import Site
from chatlog.export.site.search_terms import terms_of
from chatlog.export.site.settings import SiteSettings
from chatlog.read.reader import Reader
from tests.support.archive import event_at, record

DAY = 86_400
NOW = "2026-12-31T12:00:00.000Z"

SCRIPT = "<script>document.title='owned'</script>"
ATTACKS = (
    SCRIPT,
    "<img src=x onerror=document.title='owned'>",
    "\"><svg onload=document.title='owned'>",
    "' onmouseover='document.title=1' x='",
    "</span></p></div></main></body></html>",
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[",
    "&lt;script&gt;&#60;b&#62;&amp;amp;&nbsp &notin; &#0;",
    "{{ 7 * 7 }}{% raw %}{# #}",
    "javascript:document.title='owned'",
    "https://example.org/\"onclick=\"document.title='owned'",
    "https://example.org/'onclick='document.title=1'>x</a><script>1</script>",
    "https://javascript:alert(1)@example.org/)](",
    "\u202eturned\u2066\u2067\u2068 never ended",
    "\x00\x01\x07\x08\x0b\x0c\x1b[31m\x7f\x85\x9f",
    "\ufffe\uffff\U0001fffe\U0010ffff\ufdd0",
    "\u2028\u2029</title></textarea></style>",
    "\x02bold \x1dboth\x02 \x0304,01colours\x03 \x1e\x1f\x11\x16 <b>\x0f\x04ff0000hex",
    "Z\u0351\u036b\u0343" + "\u0334" * 200,
    "w" * 2000,
    "字" * 400,
    "\u00ad\u200b\u200d\ufeff",
    "\ud800 half",
    "one\ntwo\r\nthree",
)
"""Texts that try to be more than text."""


def channel_name(number):
    """Return the name of a channel that is an attack, as a server could have it."""
    made = ATTACKS[number].replace(" ", "_").replace(",", "").replace("\x07", "")
    return "#" + "".join(each for each in made if each not in "\x00\r\n")[:50]


def hostile_events():
    """Return an evening of attacks in every field that a page shows."""
    events = []
    for number, attack in enumerate(ATTACKS):
        at = number * 60
        word = attack.replace(" ", "_")
        seen = {"nick": attack, "user": attack, "host": attack}
        events += [
            event_at(at, attack, **seen, msgid=f"m{number}"),
            event_at(at + 1, attack, type="action", **seen, reply_to=f"m{number}"),
            event_at(at + 2, attack, type="notice", nick=word, relayed_nick=attack,
                     relayed_platform=attack),
            event_at(at + 3, attack, type="topic", **seen),
            event_at(at + 4, attack, type="kick", subject=word, **seen),
            event_at(at + 5, type="join", account=attack, **seen),
            event_at(at + 6, attack, type="quit", **seen, split=word),
            event_at(at + 7, attack, type="part", **seen),
            event_at(at + 8, type="nick", subject=attack, **seen),
            event_at(at + 9, type="mode", params=("+b", attack, f"{word}!*@{word}"), **seen),
            event_at(at + 10, attack, type="react", reply_to=f"m{number}", **seen),
            event_at(at + 11, attack, type="usernotice", **seen),
            event_at(at + 12, attack, type="invite", subject=word, **seen),
            event_at(at + 13, attack, type="away", **seen),
            event_at(at + 14, attack, type="setname", **seen),
        ]  # fmt: skip
        events += [
            event_at(DAY + at, attack, target=channel_name(number), network="net", nick=word),
            event_at(DAY + at, "a word", target=channel_name(number), network="a.b<i>&\"'"),
        ]
    return sorted(events, key=lambda event: event.time)


def build(root, site, *, state=None, now=NOW, patterns=(), workers=1, **settings):
    """Build the site of an archive; return the numbers of its files."""
    made = Site(Reader(root, patterns), site, SiteSettings(**settings), now, state)
    return made.build(workers, lambda _bytes: None)


def terms_in(text):
    """Return the terms of a text, as texts."""
    return {term.decode() for term in terms_of(text)}


def pages_of(site):
    """Return the pages of a site by their paths, as texts."""
    found = sorted(site.rglob("*.html"))
    return {str(path.relative_to(site)): path.read_text(encoding="utf-8") for path in found}


def files_of(site):
    """Return the bytes of all files of a site by their paths."""
    found = sorted(path for path in site.rglob("*") if path.is_file())
    return {str(path.relative_to(site)): path.read_bytes() for path in found}


class Elements(HTMLParser):
    """The elements and attributes of HTML, and its text."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes, self.text = [], [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag == "br":
            self.text += "\n"

    def handle_data(self, data):
        self.text += data


def hostile_site(base):
    """Build the site of an archive of attacks; return its directory."""
    record(base / "archive", *hostile_events())
    told = {"title": ATTACKS[0], "contact": ATTACKS[2], "licence": ATTACKS[9],
            "removal": ATTACKS[11], "url": "https://logs.example.org/"}  # fmt: skip
    build(base / "archive", base / "site", **told)
    return base / "site"
