r"""Patterns for a native matcher: the bytes of lines that a query can match.

Pure. A pattern that Python's `re` holds against the text of an event is turned
into one of bytes, with what a file has between and instead of letters: UTF-8,
the escapes of JSON, codes of mIRC formatting. Where the two differ it lets
through more: no line that matches is without, and who found one looks at the
event. Nothing in it reaches over a newline.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chatlog.formats.format import Spelling
from chatlog.formats.table import format_of
from chatlog.query.predicates import All, Contains, Some
from chatlog.search.literals import clues_for, ignores_somewhere, parsed_pattern, worth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chatlog.query.predicates import Term
    from chatlog.query.texts import Text

FOREIGN: Final = rb"\\u(?:[^0\n]|0[^0\n]|00[^01\n])"
r"""A `\u` in JSON that is no control character: any letter may be behind it."""
_MANY: Final = 6  # of a repetition so many are counted, to keep patterns small
_ENOUGH: Final = 16  # letters of a text tell it from others
_ANYTHING: Final = rb"[^\n]*"
_CASED_TO: Final = 0x1F000  # no letters that have two cases lie behind
_FIRST: Final = 0x20
_DEL: Final = 0x7F
_CROSSING: Final = {"k": "\N{KELVIN SIGN}", "s": "ſ", "i": "İı"}


class Expression(NamedTuple):
    """A pattern as Hyperscan takes it, and whether ASCII letters stand for both cases."""

    pattern: bytes
    caseless: bool


class _Form(NamedTuple):
    """How one format writes text: codes between letters, some letters, and control characters."""

    code: bytes
    special: dict[str, bytes]
    control: bytes

    @property
    def gap(self) -> bytes:
        """The bytes that may stand between two letters."""
        return b"(?:%b)*" % self.code


_JSON: Final = _Form(
    code=rb"\\u00[01][0-9A-Fa-f,]+",
    special={'"': rb"\\\"", "\\": rb"\\\\", "/": rb"\\?/"},
    control=rb"\\(?:u[0-9A-Fa-f]{4}|[^u\n])|\x7f",
)
_PLAIN: Final = _Form(
    code=rb"[\x02-\x04\x0f\x11\x16\x1d-\x1f][0-9A-Fa-f,]*",
    special={},
    control=rb"[\x00-\x09\x0b-\x1f\x7f]",
)
_FORMS: Final[dict[Spelling | None, _Form]] = {Spelling.JSON: _JSON, Spelling.TEXT: _PLAIN}


def expressions_for(term: Term, suffix: str) -> list[Expression] | None:
    """Return patterns, one of which is in each matching line; None if any line may match."""
    match term:
        case All(terms):
            best_first = sorted(terms, key=lambda each: worth(clues_for(each, suffix)))[::-1]
            found = (expressions_for(each, suffix) for each in best_first)
            return next(filter(None, found), None)
        case Some(terms):
            several = [expressions_for(each, suffix) for each in terms]
            return [one for each in several if each for one in each] if all(several) else None
        case Contains(text):
            form = _FORMS.get(format_of(suffix).spelling)
            return _of_text(text, form) or None if form else None
    clues = clues_for(term, suffix)
    return [Expression(_literally(clue.piece), clue.fold) for clue in clues] if clues else None


def _literally(piece: bytes) -> bytes:
    return b"".join(rb"\x%02x" % byte for byte in piece)


class _UnknownError(Exception):
    """Something of a pattern that is not known here."""


def _of_text(text: Text, form: _Form) -> list[Expression]:
    parsed = parsed_pattern(text)
    if parsed is None or not parsed.getwidth()[0]:
        return []
    fold = text.ignore_case or ignores_somewhere(parsed)
    translation = _Translation(form, fold=fold)
    items = _without_tail(list(parsed))
    try:
        if all(str(name) == "LITERAL" for name, _ in items):
            letters = [translation.literal(code) for _, code in items[:_ENOUGH]]
            patterns = list(_of_letters(letters, form))
        else:
            patterns = [translation.sequence(items)]
    except _UnknownError:
        return []
    return [Expression(pattern, fold) for pattern in patterns]


def _of_letters(letters: list[bytes], form: _Form) -> Iterator[bytes]:
    """Look for letters that follow one another, or with the first code among them at some place.

    In one pattern with a gap everywhere a matcher would have single letters to
    go by. So little is looked for behind the first code that it has more.
    """
    yield b"".join(letters)
    if letters[1:]:
        yield b"%b(?:%b)+%b" % (letters[0], form.code, letters[1])
    if letters[2:]:
        before = b"|".join(b"".join(letters[:number]) for number in range(2, len(letters)))
        yield b"(?:%b)%b" % (before, form.code)


def _without_tail(items: list[Any]) -> list[Any]:
    """Shorten a repetition at the end, which would else match at each of its letters."""
    while items:
        name, value = str(items[-1][0]), items[-1][1]
        if name == "AT":
            items.pop()
        elif name not in _REPEATS:
            break
        elif value[0]:
            return [*items[:-1], (items[-1][0], (value[0], value[0], value[2]))]
        else:
            items.pop()
    return items


_REPEATS: Final = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


class _Translation:
    """Compiler of the parts of one pattern into bytes; an unknown part raises _UnknownError."""

    def __init__(self, form: _Form, *, fold: bool) -> None:
        self._form = form
        self._fold = fold
        self._is_inside = False

    def sequence(self, items: Sequence[Any]) -> bytes:
        parts = [self._item(str(name), value) for name, value in items]
        return self._form.gap.join(filter(None, parts))

    def _item(self, name: str, value: Any) -> bytes:
        try:
            translate = _ITEMS[name]
        except KeyError as error:
            raise _UnknownError(name) from error
        return translate(self, value)

    def nothing(self, _value: Any) -> bytes:
        """Drop an assertion, which consumes no letters."""
        return b""

    def anything(self, _value: Any) -> bytes:
        return _ANYTHING

    def any_letter(self, _value: Any) -> bytes:
        return self._one_of(range(0x80), beyond=True)

    def literal(self, code: int) -> bytes:
        letter = chr(code)
        if letter in self._form.special:
            return self._form.special[letter]
        if not letter.isprintable() or letter == "\N{REPLACEMENT CHARACTER}":
            return self.any_letter(None)
        ways = [letter, *_other_cases(letter)] if self._fold else [letter]
        if len(ways) == 1:
            return _literally(letter.encode())
        return b"(?:%b)" % b"|".join(_literally(each.encode()) for each in ways)

    def not_literal(self, code: int) -> bytes:
        return self.letters([("NEGATE", None), ("LITERAL", code)])

    def letters(self, parts: Sequence[Any]) -> bytes:
        """Turn a class into the letters of ASCII in it, and whether there may be others."""
        named = [(str(name), value) for name, value in parts]
        negated = named[0][0] == "NEGATE"
        members = [_member(name, value) for name, value in named[negated:]]
        codes = {code for code in range(0x80) if any(holds(code) for holds in members)}
        beyond = negated or any(_is_beyond(name, value) for name, value in named)
        if negated:
            codes = set(range(0x80)) - codes
        elif self._fold:
            codes |= {ord(chr(code).swapcase()) for code in codes}
        if self._fold and beyond:
            codes |= set(map(ord, "ksi"))
        return self._one_of(sorted(codes), beyond=beyond)

    def _one_of(self, codes: Sequence[int], *, beyond: bool) -> bytes:
        special = self._form.special
        plain = [code for code in codes if _FIRST <= code < _DEL and chr(code) not in special]
        ways = [special[chr(code)] for code in codes if chr(code) in special]
        if len(plain) + len(ways) < len(codes):
            ways.append(self._form.control)
        if plain:
            ways.append(b"[%b]" % _literally(bytes(plain)))
        if beyond:
            ways.append(rb"[\x80-\xff]+")
        elif self._fold:
            others = {each for code in plain for each in _other_cases(chr(code))}
            ways += [_literally(each.encode()) for each in sorted(others)]
        if not ways:
            raise _UnknownError("a class of nothing")
        return b"(?:%b)" % b"|".join(ways)

    def repeated(self, value: Any) -> bytes:
        """Compile a repetition; a nested one loses its bounds, to keep the pattern small."""
        least, most, items = value
        if len(items) == 1 and str(items[0][0]) in ("ANY", "ANY_ALL") and least < most:
            return _ANYTHING
        many = 1 if self._is_inside else _MANY
        outside, self._is_inside = self._is_inside, True
        inside = b"(?:%b%b)" % (self.sequence(list(items)), self._form.gap)
        self._is_inside = outside
        high = b"" if most > many else b"%d" % most
        return inside + b"{%d,%b}" % (min(least, many), high) if most else b""

    def group(self, value: Any) -> bytes:
        return b"(?:%b)" % self.sequence(list(value[3]))

    def atomic(self, value: Any) -> bytes:
        return b"(?:%b)" % self.sequence(list(value))

    def branch(self, value: Any) -> bytes:
        return b"(?:%b)" % b"|".join(self.sequence(list(each)) for each in value[1])

    def conditional(self, value: Any) -> bytes:
        _, yes, no = value
        return b"(?:%b|%b)" % (self.sequence(list(yes)), self.sequence(list(no or ())))


_ITEMS: Final[dict[str, Callable[[_Translation, Any], bytes]]] = {
    "LITERAL": _Translation.literal,
    "NOT_LITERAL": _Translation.not_literal,
    "IN": _Translation.letters,
    "ANY": _Translation.any_letter,
    "ANY_ALL": _Translation.any_letter,
    "AT": _Translation.nothing,
    "ASSERT": _Translation.nothing,
    "ASSERT_NOT": _Translation.nothing,
    "SUBPATTERN": _Translation.group,
    "ATOMIC_GROUP": _Translation.atomic,
    "BRANCH": _Translation.branch,
    "GROUPREF": _Translation.anything,
    "GROUPREF_EXISTS": _Translation.conditional,
    **dict.fromkeys(_REPEATS, _Translation.repeated),
}
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip


def _of_category(category: Any) -> Callable[[int], bool]:
    try:
        pattern = re.compile(_CATEGORIES[str(category)])
    except KeyError as error:
        raise _UnknownError(str(category)) from error
    return lambda code: pattern.match(chr(code)) is not None


def _of_range(bounds: tuple[int, int]) -> Callable[[int], bool]:
    return lambda code: bounds[0] <= code <= bounds[1]


def _of_literal(literal: int) -> Callable[[int], bool]:
    return lambda code: code == literal


def _member(name: str, value: Any) -> Callable[[int], bool]:
    """Return a predicate: whether a letter is in a part of a class."""
    try:
        return _IN_CLASS[name](value)
    except KeyError as error:
        raise _UnknownError(name) from error


def _is_beyond(name: str, value: Any) -> bool:
    """Return whether a part of a class may match letters outside ASCII."""
    last = {"LITERAL": value, "RANGE": value[1] if name == "RANGE" else 0}.get(name, _DEL + 1)
    return bool(last > _DEL)


_IN_CLASS: Final[dict[str, Callable[[Any], Callable[[int], bool]]]] = {
    "LITERAL": _of_literal,
    "RANGE": _of_range,
    "CATEGORY": _of_category,
}


@cache
def _other_cases(letter: str) -> list[str]:
    """List the letters that Python's `re` takes for this one in another case.

    Those of ASCII stand for both of their cases anyway.
    """
    if letter.isascii():
        return list(_CROSSING.get(letter.lower(), ""))
    found: list[str] = re.findall(re.escape(letter), _everything(), re.IGNORECASE)
    return [each for each in found if each != letter]


@cache
def _everything() -> str:
    letters = "".join(map(chr, range(0x80, _CASED_TO))) + "ksiKSI"
    return letters.encode("utf-8", "ignore").decode()  # without halves of surrogate pairs
