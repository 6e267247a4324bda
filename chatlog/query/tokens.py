"""The words of a query: a line of text cut into tokens, and errors that point into it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.errors import UsageError
from chatlog.formats.visible import printable
from chatlog.query.texts import pointed_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEYS: Final = (
    *("from", "to", "in", "network", "account", "type", "via", "has", "text"),
    *("since", "after", "until", "before"),
)
"""The keys of `key:value`; any other word before a colon is text."""
_MEANT: Final = {
    **dict.fromkeys(("nick", "by", "user", "author", "sender"), "from"),
    **dict.fromkeys(("channel", "chan", "target", "room"), "in"),
    **dict.fromkeys(("server", "net"), "network"),
}
"""Words that other programs have for a key."""
_SHORTEST: Final = 3  # letters of a word that may be a key mistyped
_LONG: Final = 200  # characters of a text that an error need not repeat
_KEY: Final = rf"(?i:{'|'.join(KEYS)})"
_TOKEN: Final = re.compile(
    rf"""(?P<space>\s+)
    | (?P<open>\() | (?P<close>\)) | (?P<or>\|+|OR(?=[\s(]|$)) | (?P<and>AND(?=[\s(]|$))
    | (?P<not>-(?=[^\s-])|NOT(?=[\s(]))
    | (?:(?P<key>{_KEY}):(?!//))? (?:
        "(?P<phrase>(?:[^"\\]|\\.)*)"
      | /(?P<regex>(?:[^/\\]|\\.)+)/(?=[\s)|]|$)
      | (?P<word>(?!(?<!:){_KEY}:(?:[\s()"|]|$))[^\s()"|]+(?:\([^\s()]*\)[^\s()"|]*)*)
      )""",
    re.VERBOSE | re.DOTALL,
)
_UNCLOSED: Final = re.compile(rf'(?:{_KEY}:)?(?=")')
_EMPTY: Final = re.compile(rf"({_KEY}):")
_BLANK: Final = re.compile(r"\s")


class QueryError(UsageError):
    """A query that makes no sense, and where in it.

    The message says how to write the words around the place if they are text.
    """

    def __init__(self, query: str, position: int, problem: str) -> None:
        self.position = position
        text = _run_around(query, position)
        advice = printable(quoted(text)) if len(text) <= _LONG else "put it in quotation marks"
        super().__init__(f"{problem}; as text: {advice}{pointed_at(query, position)}")


class Token(NamedTuple):
    """A piece of a query, and its place in it; `key` is in lower case, "" for none."""

    kind: str
    text: str
    position: int
    end: int
    key: str = ""


def tokens(query: str) -> Iterable[Token]:
    """Yield the tokens of a query; raise a QueryError where none begins."""
    position = 0
    while position < len(query):
        match = _TOKEN.match(query, position)
        if match is None:
            raise _meaningless(query, position)
        if match.lastgroup != "space":
            kind = str(match.lastgroup)
            key = (match["key"] or "").lower()
            yield Token(kind, match[kind], position, match.end(), key)
        position = match.end()


def quoted(text: str) -> str:
    """Return the phrase of the language that finds a text."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def mistyped(query: str) -> Iterator[tuple[str, str]]:
    """Yield the words that are text and look like a condition, each with the key it may mean."""
    for token in tokens(query):
        word, colon, _ = token.text.partition(":")
        if token.kind == "word" and not token.key and colon and (key := _near(word.lower())):
            yield token.text, key


def _near(word: str) -> str:
    """Return the key for which another program has this word, or one a slip away; "" for none."""
    if word in _MEANT:
        return _MEANT[word]
    near = (key for key in KEYS if min(len(key), len(word)) >= _SHORTEST and _is_slip(word, key))
    return next(near, "")


def _is_slip(word: str, key: str) -> bool:
    """Return whether a letter too much, too few, wrong or swapped makes a word of a key."""
    if abs(len(word) - len(key)) > 1:
        return False
    begin = next(
        (at for at, pair in enumerate(zip(word, key, strict=False)) if pair[0] != pair[1]), len(key)
    )
    mine, its = word[begin:], key[begin:]
    swapped = mine[:2] == its[:2][::-1] and mine[2:] == its[2:]
    return swapped or mine[1:] == its[1:] or mine[1:] == its or mine == its[1:]


def _meaningless(query: str, position: int) -> QueryError:
    if unclosed := _UNCLOSED.match(query, position):
        return QueryError(query, unclosed.end(), 'this quotation is never closed; end it with "')
    if key := _EMPTY.match(query, position):
        problem = f"nothing stands behind {key[1]}:; write its value without a blank"
        return QueryError(query, position, problem)
    return QueryError(query, position, "this means nothing here")


def _run_around(query: str, position: int) -> str:
    """Return the tokens without a blank between them around a place, to the next blank."""
    begin = at = 0
    while at < len(query) and (match := _TOKEN.match(query, at)):
        if match.lastgroup == "space":
            if at >= position:
                return query[begin:at]
            begin = match.end()
        at = match.end()
    blank = _BLANK.search(query, max(at, position))
    return query[begin : blank.start() if blank else len(query)]
