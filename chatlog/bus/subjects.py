"""The subjects and the message ids of the bus. Pure.

`chatlog.NETWORK.TARGET` has the lines of a target; both tokens are its directories' names, as
`archive.layout` writes them, so that no name of a channel can be more than one token. Tokens
that begin with `$` are no target's: `chatlog.NETWORK.TARGET.$ledger` has its ledger,
`chatlog.NETWORK.$network` the files of a network, `chatlog.$run` the status of runs, and
`chatlog.$answered` the answers to requests for lost messages. Those requests are no part of the
stream: `chatlog-ask.WITNESS`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from chatlog.archive.layout import directory_name
from chatlog.archive.targets import is_cut, spelled
from chatlog.event import SERVER
from chatlog.upkeep.witness import TargetPlace

EVERYTHING: Final = "chatlog.>"
"""The subjects of the stream."""
RUNS: Final = "chatlog.$run"
ANSWERS: Final = "chatlog.$answered"
_PREFIX: Final = "chatlog"
_LEDGER: Final = "$ledger"
_NETWORK: Final = "$network"
_ASK: Final = "chatlog-ask"
_LONGEST: Final = 255
_AS_THEY_ARE: Final = {SERVER, directory_name("")}

# `%u` stands in no directory's name: behind % come two digits in upper case, `-`, or nothing.
_UNSAFE: Final = re.compile(rb"[^A-Za-z0-9#&+!_\-=,^{}\[\]@~%]")
_ESCAPED: Final = re.compile(rb"%u([0-9a-f]{2})")
_WITNESS: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_AGAIN: Final = ":again"
_ID: Final = re.compile(rf"({_WITNESS.pattern}):([1-9][0-9]{{0,17}})({_AGAIN})?")


class MessageId(NamedTuple):
    """The id of a message: the name of its shipper's archive, and its number there from 1 on.

    The number tells a lost message, and one that comes again, for as long as both sides exist;
    the server knows ids for two minutes only. Neither the msgid of a line nor a digest of it
    could: two replicas hear the same line, and each record must stay whole to be aligned. A line
    that `is_again` there was shipped before, as another message that may be lost.
    """

    witness: str
    number: int
    is_again: bool = False

    def __str__(self) -> str:
        return f"{self.witness}:{self.number}{_AGAIN if self.is_again else ''}"


def parse_id(text: str) -> MessageId | None:
    """Return a message id, None if the text is none."""
    match = _ID.fullmatch(text)
    return MessageId(match[1], int(match[2]), bool(match[3])) if match else None


def is_witness_name(name: str) -> bool:
    """Return whether a name can be that of a witness: letters, digits, `_` and `-`."""
    return _WITNESS.fullmatch(name) is not None


def witness_name(name: str) -> str:
    """Return a name with `-` for each character that a witness's may not have, cut at 60."""
    return re.sub("[^A-Za-z0-9_-]", "-", name)[:60] or "recorder"


def lines_subject(place: TargetPlace) -> str:
    """Return the subject of the lines of a target."""
    return f"{_PREFIX}.{token(place.network)}.{token(place.target)}"


def ledger_subject(place: TargetPlace) -> str:
    """Return the subject of the ledger of a target."""
    return f"{lines_subject(place)}.{_LEDGER}"


def network_subject(network: str) -> str:
    """Return the subject of the files of a network, by its directory."""
    return f"{_PREFIX}.{token(network)}.{_NETWORK}"


def ask_subject(witness: str) -> str:
    """Return the subject of requests to the shipper of a witness."""
    return f"{_ASK}.{witness}"


@lru_cache(65_536)  # of each message
def place_of_lines(subject: str) -> TargetPlace | None:
    """Return the target whose lines have a subject, None if it is another kind of subject."""
    match subject.split("."):
        case [_, network, target] if target != _NETWORK:
            return _place(network, target)
    return None


def place_of_ledger(subject: str) -> TargetPlace | None:
    """Return the target whose ledger has a subject, None if it is another kind of subject."""
    match subject.split("."):
        case [_, network, target, last] if last == _LEDGER:
            return _place(network, target)
    return None


def network_of(subject: str) -> str | None:
    """Return the directory of the network whose files have a subject, None for another kind."""
    match subject.split("."):
        case [_, network, last] if last == _NETWORK:
            return _component(network)
    return None


def token(component: str) -> str:
    """Return the name of a directory as one token of a subject; injective."""
    octets = component.encode("utf-8", "surrogateescape")
    return _UNSAFE.sub(lambda match: b"%%u%02x" % match[0][0], octets).decode("ascii")


def _component(text: str) -> str | None:
    """Return the directory's name of a token; None for one that chatlog would not make."""
    octets = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), text.encode())
    name = octets.decode("utf-8", "surrogateescape")
    is_ours = name in _AS_THEY_ARE or is_cut(name) or directory_name(spelled(name)) == name
    is_safe = is_ours and name.isascii() and not name.startswith(".") and "/" not in name
    return name if is_safe and len(octets) <= _LONGEST and token(name) == text else None


def _place(network: str, target: str) -> TargetPlace | None:
    names = _component(network), _component(target)
    return TargetPlace(names[0], names[1]) if names[0] and names[1] else None
