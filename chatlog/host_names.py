"""Host names: checked, and in the one form that look-ups, proxies, TLS and policies share.

See https://www.rfc-editor.org/rfc/rfc1123#section-2 and https://www.rfc-editor.org/rfc/rfc3490
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 253
# Patterns are compiled at their first use: the commands that read need none of them.
# Look-ups of hosts with an underscore succeed, and some people have them.
_NAME: Final = r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*"
_DIGITS: Final = r"[0-9A-Fa-f:.]+(?:%[0-9A-Za-z_.-]+)?"


def wire_host(text: str) -> str:
    """Return a host as it goes on the wire: ASCII, in lower case, without a dot at its end.

    An address in digits stays as it is. Other letters than ASCII are converted by
    IDNA. Raise ValueError for a text that is no host: labels have 1 to 63
    characters, and the name at most 253.
    """
    bare = text.removesuffix(".")
    if is_address(bare):
        return bare
    # The bound comes first: the codec's time grows with the square of the length.
    if len(bare) > _LONGEST:
        raise ValueError("a host name has at most 253 characters")
    name = bare.lower() if bare.isascii() else _by_idna(bare)
    if len(name) > _LONGEST or re.fullmatch(_NAME, name) is None:
        raise ValueError("not a host name")
    return name


def is_address(text: str) -> bool:
    """Return whether a host is an address in digits, IPv4 or IPv6."""
    from ipaddress import ip_address

    try:
        ip_address(text)
    except ValueError:
        return False
    return re.fullmatch(_DIGITS, text) is not None  # a zone of IPv6 may be any text to Python


def _by_idna(text: str) -> str:
    # UnicodeError is a ValueError.
    return text.encode("idna").decode("ascii").lower().removesuffix(".")
