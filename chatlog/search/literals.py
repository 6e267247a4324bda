r"""Literal bytes that a line must hold so that its event can match.

Pure. A clue is a piece of bytes. Whatever matches has the clue in its line; or
it has, in a line of JSONL, a `\u` escape, behind which anything may stand
(formatting inside a word is written like that); or, where a clue is `crossing`,
a letter outside ASCII that is one inside it in another case. What has a clue
need not match: who found it looks at the event.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chatlog.casemapping import WILD
from chatlog.event import Event
from chatlog.formats.format import Spelling
from chatlog.formats.table import format_of
from chatlog.query.predicates import Account, All, Contains, Has, Nick, Some, Then, Type, Via

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from chatlog.query.predicates import Term
    from chatlog.query.texts import Text

CROSSING: Final = ("\N{KELVIN SIGN}", "ſ", "ı", "İ")
"""Letters that are k, s and i in another case, to Python's `re`."""
_CROSSED: Final = frozenset("ksiKSI")
_SHORT: Final = 4
_MOST: Final = 16  # each is a search of its own
_KEYS: Final = frozenset(Event.__struct_fields__)
_BEFORE_VALUE: Final = (b":", b" ", b"\t", b"\r")
"""The bytes before a value in JSON; chatlog writes no white space."""
_ESCAPED: Final = frozenset('"\\/\x7f')
_FOLDED: Final = re.compile(r"[\[\]\\~{}|^]")


class Clue(NamedTuple):
    """A piece of a line; one to `fold` is in lower case, and its ASCII letters stand for both."""

    piece: bytes
    fold: bool = False
    crossing: bool = False
    of_text: bool = False


Clues = list[Clue]
"""One of these must be there."""


def clues_for(term: Term, suffix: str) -> Clues | None:
    """Return the literals that a line must hold for a term; None if any line may match."""
    spelling = format_of(suffix).spelling
    return None if spelling is None else _spelled(term, spelling)


def _spelled(term: Term, spelling: Spelling) -> Clues | None:
    match term:
        case All(terms):
            return max((_spelled(each, spelling) for each in terms), key=worth, default=None)
        case Some(terms):
            return _of_some([_spelled(each, spelling) for each in terms])
        case Contains(text):
            return _of_text(text)
        case Nick(name) | Then(_, name):
            return _of_word(name, spelling)
    return _of_keys(term) if spelling is Spelling.JSON else None


def _of_keys(term: Term) -> Clues | None:
    """Find the value of a key that text does not have."""
    match term:
        case Account(name):
            return _of_word(name, Spelling.JSON)
        case Type(name) if name in _KEYS:
            # Alone it would be in every line, as a key.
            return [
                Clue(before + clue.piece)
                for clue in _quoted(name, fold=False) or []
                for before in _BEFORE_VALUE
            ]
        case Type(name):
            return _quoted(name, fold=False)
        case Via(name) if name.lower() != "live":
            return _of_word(name, Spelling.JSON)
        case Has("relay"):
            return _quoted("relayed_nick", fold=False)
    return None


def _of_some(found: list[Clues | None]) -> Clues | None:
    clues = [clue for each in found if each for clue in each]
    return clues if all(found) and len(clues) <= _MOST else None


def worth(clues: Clues | None) -> tuple[int, int]:
    """Return the rank of a literal, rare ones first: text before names, long before short."""
    if not clues:
        return (0, 0)
    return 1 + all(clue.of_text for clue in clues), min(len(clue.piece) for clue in clues)


# -- names and words ---------------------------------------------------------------------


def _of_word(name: str, spelling: Spelling) -> Clues | None:
    """Return the literal of a name that no casemapping changes."""
    is_whole = not (_FOLDED.search(name) or set(name) & WILD.keys())
    if spelling is Spelling.JSON and is_whole:
        return _quoted(name, fold=True)
    pieces = re.split(r"[\[\]\\~{}|^*?]", name)
    piece = max((each for whole in pieces for each in _plain(whole)), key=len, default="")
    return [Clue(piece.lower().encode(), fold=True)] if piece else None


def _quoted(name: str, *, fold: bool) -> Clues | None:
    if list(_plain(name)) != [name] or not name:
        return None
    piece = f'"{name}"'.encode()
    return [Clue(piece.lower() if fold else piece, fold)]


def _plain(text: str) -> Iterable[str]:
    r"""Cut a text into pieces that JSON writes literally, unless behind `\u`."""
    return filter(None, "".join(each if _is_plain(each) else "\0" for each in text).split("\0"))


def _is_plain(letter: str) -> bool:
    return letter.isprintable() and letter not in _ESCAPED


# -- texts -------------------------------------------------------------------------------


def _of_text(text: Text) -> Clues | None:
    parsed = parsed_pattern(text)
    if parsed is None:
        return None
    fold = text.ignore_case or ignores_somewhere(parsed)
    alternatives = _alternatives(list(parsed), fold=fold)
    if alternatives is None:
        return None
    return [
        Clue(_bytes(each, fold=fold), fold, fold and bool(set(each) & _CROSSED), of_text=True)
        for each in alternatives
    ]


def _bytes(piece: str, *, fold: bool) -> bytes:
    return (piece.lower() if fold else piece).encode()


def parsed_pattern(text: Text) -> Any:
    """Take a pattern apart as `re` does; None where that cannot be seen."""
    try:
        from re import _parser  # type: ignore[attr-defined]

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _parser.parse(text.pattern, re.IGNORECASE if text.ignore_case else 0)
    except Exception:  # noqa: BLE001 - a Python that has none: every line is read then
        return None


def ignores_somewhere(parsed: Any) -> bool:
    """Return whether a part of a parsed pattern ignores case."""
    return (
        bool(parsed.state.flags & re.IGNORECASE)
        or "(?i" in parsed.state.str
        or (re.search(r"\(\?[a-zA-Z]*i", parsed.state.str) is not None)
    )


def _alternatives(items: Sequence[Any], *, fold: bool) -> list[str] | None:
    """Find pieces of which each match has one: the best that a sequence must have."""
    best: list[str] = []
    run = ""
    for item in [*_flattened(items), ("end", None)]:
        name = str(item[0])
        if name == "LITERAL":
            run += chr(item[1])
            continue
        if name == "AT":  # takes no letters
            continue
        best = max(best, _pieces(run, fold=fold), key=_length)
        run = ""
        best = max(best, _inside(name, item[1], fold=fold), key=_length)
    return best or None


def _length(pieces: list[str]) -> int:
    return min(map(len, pieces)) if pieces else 0


def _inside(name: str, value: Any, *, fold: bool) -> list[str]:
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and value[0] > 0:
        return _alternatives(list(value[2]), fold=fold) or []
    if name == "BRANCH":
        found = [_alternatives(list(each), fold=fold) for each in value[1]]
        if all(found):
            return [piece for each in found if each for piece in each]
    return []


def _flattened(items: Iterable[Any]) -> Iterable[Any]:
    """Take groups apart that are nothing but a sequence."""
    for item in items:
        if str(item[0]) == "SUBPATTERN":
            yield from _flattened(item[1][3])
        elif str(item[0]) == "ATOMIC_GROUP":
            yield from _flattened(item[1])
        else:
            yield item


def _pieces(run: str, *, fold: bool) -> list[str]:
    """Find the best piece of letters that follow one another."""
    whole = max(
        _plain(_without(run, lambda each: fold and not each.isascii())), key=len, default=""
    )
    if not fold:
        return [whole] if whole else []
    # Rather a shorter piece than one for which other letters must be looked at.
    apart = max(
        _plain(_without(run, lambda each: not each.isascii() or each in _CROSSED)),
        key=len,
        default="",
    )
    best = apart if len(apart) >= min(_SHORT, len(whole)) else whole
    return [best] if best else []


def _without(run: str, unwanted: Callable[[str], bool]) -> str:
    return "".join("\0" if unwanted(each) else each for each in run)
