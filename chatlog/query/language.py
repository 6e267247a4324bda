"""The query language: one line of text into terms.

Pure; docs/query.md is its text for people. What stands side by side must all
hold, `OR` or `|` between two means either, `-` before one means not, and
parentheses group. A bare word or `"a phrase"` is looked for in the text,
`/a pattern/` is a regular expression, and `key:value` is the condition of a row of
`_KEYS`; any other word before a colon is text. The same key several times side by side
means any of its values.
"""

from __future__ import annotations

import re
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.errors import UsageError
from chatlog.query import predicates
from chatlog.query.predicates import All, Between, Contains, Not, Some
from chatlog.query.selection import expect_few
from chatlog.query.texts import Case, literal, regular
from chatlog.query.tokens import QueryError, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from chatlog.query.predicates import Term

    Moment = Callable[[str], str]
    """Reads what people type for a moment into the time of an event."""


class QueryOptions(NamedTuple):
    """How a query is read: case, whole words, and the parser of times."""

    moment: Moment
    case: Case = Case.SMART
    word: bool = False


_BETWEEN: Final = ("or", "and", "close", "end")
_SYNTAX: Final = frozenset({"open", "close", "or", "and", "not"})
_DEEPEST: Final = 50
"""How far a query may be nested: each level is a call for whoever reads or weighs it."""


def parse(query: str, options: QueryOptions) -> Term:
    """Parse a query; raise a QueryError that points at the mistake."""
    return _Parser(query, options).whole()


class _Parser:
    """Recursive descent: alternatives, then terms side by side, then single terms."""

    def __init__(self, query: str, options: QueryOptions) -> None:
        self._query = query
        self._options = options
        found = list(tokens(query))
        expect_few(sum(each.kind not in _SYNTAX for each in found))
        self._tokens = deque([*found, Token("end", "", len(query), len(query))])
        self._depth = 0

    def whole(self) -> Term:
        term = self._either()
        if self._tokens[0].kind != "end":
            raise self._error("this parenthesis was never opened")
        return term

    def _error(self, problem: str, position: int | None = None) -> QueryError:
        at = self._tokens[0].position if position is None else position
        return QueryError(self._query, at, problem)

    def _either(self) -> Term:
        terms = [self._together()]
        while self._tokens[0].kind == "or":
            between = self._tokens.popleft()
            terms.append(self._together())
            if All() in terms[-2:]:
                raise self._error("OR needs something on both sides", between.position)
        return terms[0] if len(terms) == 1 else Some(tuple(terms))

    def _together(self) -> Term:
        terms: list[Any] = []
        values: dict[str, list[Any]] = {}
        while (kind := self._tokens[0].kind) not in ("or", "close", "end"):
            if kind == "and":
                self._and(is_first=not (terms or values))
                continue
            key = self._tokens[0].key
            term = self._one()
            if key in _ALTERNATIVES:
                values.setdefault(key, []).append(term)
            else:
                terms.append(term)
        terms += [each[0] if len(each) == 1 else Some(tuple(each)) for each in values.values()]
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _and(self, *, is_first: bool) -> None:
        token = self._tokens.popleft()
        if is_first or self._tokens[0].kind in _BETWEEN:
            raise self._error("AND needs something on both sides", token.position)

    def _one(self) -> Term:
        token = self._tokens.popleft()
        if token.kind in ("not", "open"):
            return self._nested(token)
        if not token.key:
            return Contains(self._text(token))
        return self._valued(_KEYS[token.key], token)

    def _nested(self, token: Token) -> Term:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"this is nested more than {_DEEPEST} deep", token.position)
        term = self._group(token) if token.kind == "open" else self._not(token)
        self._depth -= 1
        return term

    def _not(self, token: Token) -> Term:
        if self._tokens[0].kind in _BETWEEN:
            raise self._error("- and NOT need something behind them", token.position)
        return Not(self._one())

    def _group(self, token: Token) -> Term:
        term = self._either()
        if self._tokens[0].kind != "close":
            raise self._error("this parenthesis is never closed", token.position)
        self._tokens.popleft()
        if term == All():
            raise self._error("nothing stands in these parentheses", token.position)
        return term

    def _text(self, token: Token) -> Any:
        options = self._options
        if token.kind != "regex":
            return literal(_unescaped(token), options.case, word=options.word)
        try:
            return regular(token.text.replace("\\/", "/"), options.case, word=options.word)
        except UsageError as error:
            problem = str(error).partition("\n")[0]
            raise self._error(problem, token.position) from error

    def _valued(self, make: Callable[[str, QueryOptions], Term], token: Token) -> Term:
        value = token.position + len(token.key) + 1
        if token.kind == "regex":
            raise self._error("a regular expression is for the text alone", value)
        if not token.text:
            raise self._error(f"nothing stands behind {token.key}:", token.position)
        try:
            return make(_unescaped(token), self._options)
        except QueryError:
            raise
        except UsageError as error:
            raise self._error(str(error), value) from error


def _unescaped(token: Token) -> str:
    return (
        re.sub(r"\\(.)", r"\1", token.text, flags=re.DOTALL)
        if token.kind == "phrase"
        else token.text
    )


def _thing(value: str, _options: QueryOptions) -> Term:
    if value not in predicates.THINGS:
        raise UsageError(f"has: knows no {value!r}; it knows {', '.join(predicates.THINGS)}")
    return predicates.Has(value)


def _said(value: str, options: QueryOptions) -> Term:
    return Contains(literal(value, options.case, word=options.word))


def _since(value: str, options: QueryOptions) -> Term:
    return Between(since=options.moment(value))


def _until(value: str, options: QueryOptions) -> Term:
    return Between(until=options.moment(value))


def _made_of(term: Callable[[str], Term], value: str, _options: QueryOptions) -> Term:
    return term(value)


_KEYS: Final[dict[str, Callable[[str, QueryOptions], Term]]] = {
    "from": partial(_made_of, predicates.Nick),
    "to": partial(_made_of, predicates.Subject),
    "in": partial(_made_of, predicates.Place),
    "network": partial(_made_of, predicates.Network),
    "account": partial(_made_of, predicates.Account),
    "type": partial(_made_of, predicates.type_named),
    "via": partial(_made_of, predicates.Via),
    "has": _thing,
    "text": _said,
    "since": _since,
    "after": _since,
    "until": _until,
    "before": _until,
}
_ALTERNATIVES: Final = frozenset({"from", "to", "in", "network", "account", "type", "via"})
