"""Parsers of typed text: nicks, channels, masks, durations, sizes, time zones.

Every parser raises UsageError for text that it refuses: one line with the
fault and the remedy. The parsers know neither click nor the network.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from chatlog.errors import UsageError
from chatlog.host_names import wire_host

if TYPE_CHECKING:
    from datetime import tzinfo

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
# Patterns are compiled at their first use: the commands that read need none of them.
_DURATION: Final = r"(?a)(\d+(?:\.\d+)?)([smhdw]?)"
_POWERS: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_SIZE: Final = r"(?ai)(\d{1,15})([KMGT]?)B?"
_CLOCK: Final = r"(?a)([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?"
# Surrogates stand for bytes of the command line that are not UTF-8.
_NOT_IN_A_CHANNEL: Final = "[\0\a\r\n ,:\ud800-\udfff]"
_LONGEST_CHANNEL: Final = 200
_NOT_IN_A_NICK: Final = "[\0-\x20,:!@*?\ud800-\udfff]"
_NOT_IN_A_GLOB: Final = "[\0-\x1f\x7f\ud800-\udfff]"
_NOT_IN_A_NAME: Final = "[\0-\x1f\x7f/\ud800-\udfff]"
_USER: Final = r"(?a)[!-~]+"
_NOT_IN_A_USER: Final = "[@!:*]"
_USER_MODES: Final = r"(?:[+-][A-Za-z]+)*"
_MASK: Final = r"[^\0-\x20!@]+(?:![^\0-\x20!@]+@[^\0-\x20!@]+)?"
_UNSENDABLE: Final = "[\0\r\n]"
_NOT_IN_A_KEY: Final = "[\0-\x20,\x7f]"
_FINGERPRINT: Final = r"(?ai)(?:sha-?256:)?((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})"
_PROXIES: Final = ("socks5", "socks5h", "http")


def parse_nick(text: str) -> str:
    """Parse a nick; refuse one that no server accepts."""
    if not text or re.search(_NOT_IN_A_NICK, text) or text[0] in "#&+~%":
        raise UsageError(f"{text!r} is no nick; say one word of letters and digits")
    return text


def channel_name(text: str) -> str:
    """Parse the name of a channel; a bare `python` is `#python`."""
    if not text or re.search(_NOT_IN_A_CHANNEL, text) or len(text) > _LONGEST_CHANNEL:
        raise UsageError(
            f"{text!r} is no channel: no space, comma, colon or control character,"
            " and quote a name that begins with # ('#python'), or leave the # away"
        )
    return text if text[0] in "#&+!" else f"#{text}"


def parse_network(text: str) -> str:
    """Parse the name of a network, which also names a directory."""
    if not text.strip() or text in {".", ".."} or re.search(_NOT_IN_A_NAME, text):
        raise UsageError(f"{text!r} is no name for a network; say libera or work")
    return text


def parse_user(text: str) -> str:
    """Parse a user name: the middle of nick!user@host."""
    if not re.fullmatch(_USER, text) or re.search(_NOT_IN_A_USER, text):
        raise UsageError(f"{text!r} is no user name; say one word of letters and digits")
    return text


def parse_user_modes(text: str) -> str:
    """Parse user modes: `+i-w`; the empty text is none."""
    if not re.fullmatch(_USER_MODES, text):
        raise UsageError(f"{text!r} are no user modes; say +i or +i-w")
    return text


def parse_mask(text: str) -> str:
    """Parse `nick!user@host` or a nick, with the wildcards * and ?."""
    if not re.fullmatch(_MASK, text):
        raise UsageError(f"{text!r} is no mask; say nick!user@host, with * and ? for any, or nick")
    return text


def parse_glob(text: str) -> str:
    """Parse a name, with the wildcards * and ?."""
    if not text.strip() or re.search(_NOT_IN_A_GLOB, text):
        raise UsageError(f"{text!r} is no name; say #python, #python-* or libera/#python")
    return text


def parse_inviter(text: str) -> str:
    """Parse one who may invite us: `ops`, `account:NAME`, or a mask of people."""
    if text == "ops":
        return text
    prefix, colon, account = text.partition(":")
    if colon and prefix == "account":
        if not account or re.search(_NOT_IN_A_NICK.replace("*", ""), account):
            raise UsageError(f"{text!r} names no account; say account:ada")
        return text
    try:
        return parse_mask(text)
    except UsageError as error:
        raise UsageError(
            f"{text!r} is nobody who may invite; say nick!user@host, account:NAME or ops"
        ) from error


def parse_uninvited(text: str) -> str:
    """Parse a mask of people, or of channels, whose invitations are not followed."""
    return channel_name(text) if text[:1] in {"#", "&", "+", "!"} else parse_mask(text)


def parse_fingerprint(text: str) -> str:
    """Parse a certificate's SHA-256, with or without colons, into lower case without colons."""
    match = re.fullmatch(_FINGERPRINT, text)
    if match is None:
        raise UsageError(f"{text!r} is no SHA-256 fingerprint; it has 64 hexadecimal digits")
    return match[1].replace(":", "").lower()


def parse_proxy(text: str) -> str:
    """Parse `socks5://[USER@]HOST:PORT` or `http://…`; refuse a password in it."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        complete = parts.scheme in _PROXIES and wire_host(parts.hostname or "") and parts.port
    except ValueError:
        complete = False
    if not complete or re.search(r"[\0-\x20]", text) or parts.path.strip("/") + parts.query:
        raise UsageError("this is no proxy; say socks5://HOST:PORT or http://HOST:PORT")
    if parts.password is not None:
        raise UsageError(
            "the proxy's password does not belong into its URL;"
            " write it into a file, and name that with proxy-password-file"
        )
    return text


def parse_bind(text: str) -> str:
    """Parse a local address, IPv4 or IPv6."""
    from ipaddress import ip_address

    try:
        return str(ip_address(text))
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no IP address; say one of this machine, such as 192.0.2.7"
        ) from error


def parse_file_mode(text: str) -> int:
    """Parse permissions as chmod does: `640`."""
    match = re.fullmatch(r"0?([4-7][0-7]{2})", text)
    if match is None:
        raise UsageError(f"{text!r} is no file mode; say 640")
    return int(match[1], 8)


def parse_line(text: str) -> str:
    """Parse a text that fits into one line to a server."""
    if re.search(_UNSENDABLE, text):
        raise UsageError("a line break or NUL cannot be sent to a server; leave it out")
    return text


def parse_command(text: str) -> str:
    """Return a command for the shell, "" for none; raise UsageError for blanks or a zero byte."""
    if (text and not text.strip()) or "\0" in text:
        raise UsageError(f"{text!r} is no command; say 'jq --unbuffered -r .cursor', for example")
    return text


def parse_channel_key(text: str) -> str:
    """Parse the key of a channel (mode +k); no refusal shows it."""
    if re.search(_NOT_IN_A_KEY, parse_line(text)):
        raise UsageError("no channel has a key with a space, a comma or a control character")
    return text


def parse_prefix(text: str) -> str:
    """Parse the beginning of lines to leave out; spaces around it do not count."""
    prefix = parse_line(text).strip()
    if not prefix:
        raise UsageError("an empty prefix would keep everything out of the transcript; say [off]")
    return prefix


def parse_duration(text: str) -> float:
    """Parse `90s`, `55m`, `1h30m`, `7d` or a bare number of seconds, into seconds."""
    parts = re.findall(_DURATION, text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f"{text!r} is no duration; say 90s, 55m, 1h30m or 7d")
    if len(parts) > 1 and any(not unit for _, unit in parts):
        raise UsageError(f"{text!r} mixes units with a bare number; say 1h30m")
    return sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)


def parse_history(text: str) -> tuple[int | None, float | None]:
    """Parse the amount of history to fetch: `all`, `500` (lines) or `7d`.

    Return the number of lines and the seconds; None is no limit.
    """
    if text == "all":
        return None, None
    if re.fullmatch("[0-9]{1,15}", text):
        return int(text), None
    try:
        return None, parse_duration(text)
    except UsageError as error:
        raise UsageError(f"{text!r} is no history; say all, 500 (lines) or 7d") from error


def parse_size(text: str) -> int:
    """Parse `10M` or a bare number into bytes, at least one; units are powers of 1024."""
    match = re.fullmatch(_SIZE, text)
    size = int(match[1]) * 1024 ** _POWERS[match[2].upper()] if match else 0
    if size < 1:
        raise UsageError(f"{text!r} is no size; say 500K, 10M or 2G")
    return size


def parse_zone(name: str) -> tzinfo:
    """Return a time zone by its name in the tz database, such as `Europe/Berlin`.

    `UTC` is `datetime.UTC`, for which readers take shorter ways than for other zones.
    """
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise UsageError(f"there is no time zone {name!r}; say UTC or Europe/Berlin") from error


def zone_name(name: str) -> str:
    """Return the name of a time zone; refuse one that the tz database lacks."""
    parse_zone(name)
    return name


def seconds_until(text: str, now: datetime) -> float:
    """Return the seconds from now to the next time that a clock shows `23:59`.

    The clock is in the time zone of `now`. The time of `now` itself is a day
    away.
    """
    match = re.fullmatch(_CLOCK, text)
    if match is None:
        raise UsageError(f"--until {text!r} is no time of day; say 23:59 or 23:59:30")
    hour, minute, second = (int(part or 0) for part in match.groups())
    wall = now.replace(tzinfo=None)
    then = datetime.combine(wall.date(), time(hour, minute, second))
    if then <= wall:
        then += timedelta(days=1)
    # Subtracting aware times of one zone would ignore a change of its offset.
    # In an hour that the clock shows twice, the one that is now goes on.
    return then.replace(tzinfo=now.tzinfo, fold=now.fold).timestamp() - now.timestamp()
