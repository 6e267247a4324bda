"""`ROOT/OPTOUT`: the people who refuse to be recorded and to be published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import beginning_of
from chatlog.errors import UsageError
from chatlog.places import ASCII, is_named

if TYPE_CHECKING:
    from pathlib import Path

OPTOUT: Final = "OPTOUT"
MOST_BYTES: Final = 1024 * 1024
_ACCOUNT: Final = "account:"


class OptOut(msgspec.Struct, frozen=True):
    """The people who opt out: pairs of a network and a name.

    A network is "" for all of them. Networks, nicks and accounts may have `*` and `?`.
    """

    nicks: tuple[tuple[str, str], ...] = ()
    accounts: tuple[tuple[str, str], ...] = ()

    @property
    def is_nobody(self) -> bool:
        """Whether it has no name."""
        return not (self.nicks or self.accounts)

    def names_on(self, network: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the nicks and the accounts of the people on a network."""
        return _names_on(network, self.nicks), _names_on(network, self.accounts)

    @classmethod
    def parse(cls, text: str) -> OptOut:
        """Parse lines such as `ann`, `libera/ann`, `account:ann` and `libera/account:ann`.

        A name alone is a nick and an account. Empty lines, and those that begin with `#`, are
        passed over. Raise UsageError for any other line of several words.
        """
        nicks, accounts = [], []
        for number, line in enumerate(text.splitlines(), 1):
            entry = line.strip().removeprefix("\ufeff")
            if not entry or entry.startswith("#"):
                continue
            network, slash, name = entry.partition("/")
            network, name = (network, name) if slash else ("", network)
            account = name.removeprefix(_ACCOUNT)
            if not account or any(letter.isspace() or letter in "!@" for letter in entry):
                raise UsageError(f"line {number}: say a nick, NETWORK/nick or account:NAME")
            accounts.append((network, account))
            if account == name:
                nicks.append((network, name))
        return cls(tuple(nicks), tuple(accounts))


def _names_on(network: str, names: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    found = (name for place, name in names if not place or is_named(place, network, ASCII))
    return tuple(found)


def read_optout(root: str | Path) -> OptOut:
    """Return the people of ROOT/OPTOUT, none if the file is missing.

    Raise UsageError if a line makes no sense, or the file is no UTF-8 or longer than
    `MOST_BYTES`: nobody shall be shown because of a slip. Raise TranscriptError if it cannot
    be read.
    """
    path = f"{root}/{OPTOUT}"
    data = beginning_of(path, MOST_BYTES + 1) or b""
    if len(data) > MOST_BYTES:
        raise UsageError(f"{path} is longer than {MOST_BYTES:,} bytes")
    try:
        return OptOut.parse(data.decode())
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8") from error
    except UsageError as error:
        raise UsageError(f"{path}, {error}") from error
