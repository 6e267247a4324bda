"""What people type, checked and turned into values; knows neither click nor the network.

Every function raises UsageError with one line that says what was wrong and
what would be right.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo
    from pathlib import Path
    from typing import TypeVar

    _Place = TypeVar("_Place", str, Path)

TLS_PORT: Final = 6697
PLAIN_PORT: Final = 6667
LONGEST_SECRET: Final = 4096
_MAX_PORT: Final = 65_535
_URL_TLS: Final = {"ircs": True, "irc": False}

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
# Patterns are compiled where they are used first: who only reads needs none of them.
_DURATION: Final = r"(?a)(\d+(?:\.\d+)?)([smhdw]?)"
_POWERS: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_SIZE: Final = r"(?ai)(\d{1,15})([KMGT]?)B?"
_CLOCK: Final = r"(?a)([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?"
# Surrogates stand for bytes of the command line that are no UTF-8.
_NOT_IN_A_CHANNEL: Final = "[\0\a\r\n ,:\ud800-\udfff]"
_LONGEST_CHANNEL: Final = 200
_NOT_IN_A_NICK: Final = "[\0-\x20,:!@*?\ud800-\udfff]"
_NOT_IN_A_NAME: Final = "[\0-\x1f\x7f/\ud800-\udfff]"
_USER: Final = r"(?a)[!-~]+"
_NOT_IN_A_USER: Final = "[@!:*]"
_USER_MODES: Final = r"(?:[+-][A-Za-z]+)*"
_MASK: Final = r"[^\0-\x20!@]+(?:![^\0-\x20!@]+@[^\0-\x20!@]+)?"
_FINGERPRINT: Final = r"(?ai)(?:sha-?256:)?((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})"
_PROXIES: Final = ("socks5", "socks5h", "http")


def archive_root(output: _Place | None, environment: Mapping[str, str]) -> _Place | Path:
    """Return where the archive is: `--output`, CHATLOG_OUTPUT, or the user's data directory."""
    if output is not None:
        return output
    from pathlib import Path  # noqa: PLC0415 - who says where does not pay for asking

    if named := environment.get("CHATLOG_OUTPUT"):
        return Path(named)
    import platformdirs  # noqa: PLC0415 - as above

    return Path(platformdirs.user_data_path("chatlog"))


def config_path(environment: Mapping[str, str]) -> Path:
    """Return where the configuration is: CHATLOG_CONFIG, or the user's own."""
    from pathlib import Path  # noqa: PLC0415 - as above

    if named := environment.get("CHATLOG_CONFIG"):
        return Path(named)
    import platformdirs  # noqa: PLC0415 - as above

    return Path(platformdirs.user_config_path("chatlog")) / "chatlog.toml"


def text_of(path: Path, option: str) -> str:
    """Read a small file that an option names."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"{option} {path} cannot be read: {why}") from error


def first_line(path: Path, option: str) -> str:
    """Read a secret from the first line of a file that an option names."""
    try:
        return secret_in(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{option} {path} cannot be read: {error.strerror}") from error
    except UsageError as error:
        raise UsageError(f"{option} {path}: {error}") from error


def secret_in(data: bytes) -> str:
    """Return the secret that is the first line of a file; who refuses one shows nothing of it."""
    first = data.split(b"\n", 1)[0].removesuffix(b"\r")
    try:
        text = first.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the first line of that file is not UTF-8") from None
    if not text or len(first) >= LONGEST_SECRET:
        raise UsageError("the first line of that file is to be the secret, and is not")
    if re.search("[\0\r]", text):
        raise UsageError("a line break or NUL cannot be sent to a server")
    return text


class ServerName(NamedTuple):
    """What `--server` says: where, and where a URL says so, how and which channel."""

    host: str
    port: int | None = None
    tls: bool | None = None
    channels: tuple[str, ...] = ()


def parse_server(text: str) -> ServerName:
    """Read `HOST`, `HOST:PORT`, `[v6]:PORT` or `ircs://HOST:PORT/#channel`."""
    scheme, separator, _ = text.partition("://")
    if not separator:
        return ServerName(*_host_and_port(text))
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - few name servers by URL

    if scheme.lower() not in _URL_TLS:
        raise UsageError(f"--server {text}: the URL of a server begins with ircs:// or irc://")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise UsageError(f"--server {text!r} is no URL: {error}") from error
    path = unquote(parts.path.removeprefix("/")) + ("#" + parts.fragment if parts.fragment else "")
    channels = tuple(channel_name(name) for name in path.split(",") if name)
    host, port = _host_and_port(parts.netloc.rpartition("@")[2])
    return ServerName(host, port, _URL_TLS[scheme.lower()], channels)


def _host_and_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if not host or re.search(r"[\s/]", host):
        raise UsageError(f"--server {text!r} names no host; say HOST or HOST:PORT")
    return host, _port(port, text) if port else None


def _port(digits: str, text: str) -> int:
    if not (re.fullmatch(r"[0-9]{1,5}", digits) and 0 < int(digits) <= _MAX_PORT):
        raise UsageError(f"--server {text}: {digits!r} is no port; ports are 1 to {_MAX_PORT}")
    return int(digits)


def choose_tls(server: ServerName, option: bool | None) -> bool:  # noqa: FBT001 - as the option
    """Say whether to encrypt: the option, else the URL, else yes."""
    if option is not None:
        return option
    return True if server.tls is None else server.tls


def network_name(option: str | None, server: ServerName, *, tls: bool) -> str:
    """Name the network in the archive: the option, else the host, with a port that is not usual."""
    if option:
        return option
    usual = (None, TLS_PORT if tls else PLAIN_PORT)
    return server.host.lower() + ("" if server.port in usual else f"-{server.port}")


def parse_nick(text: str) -> str:
    """Read a nick: what no server takes is refused here."""
    if not text or re.search(_NOT_IN_A_NICK, text) or text[0] in "#&+~%":
        raise UsageError(f"{text!r} is no nick; say one word of letters and digits")
    return text


def channel_name(text: str) -> str:
    """Return a channel's name; a bare `python` is `#python`."""
    if not text or re.search(_NOT_IN_A_CHANNEL, text) or len(text) > _LONGEST_CHANNEL:
        raise UsageError(
            f"--channel {text!r} is no channel: no space, comma, colon or control character,"
            " and quote a name that begins with # ('#python'), or leave the # away"
        )
    return text if text[0] in "#&+!" else f"#{text}"


def parse_network(text: str) -> str:
    """Read what a network is to be called: it names a directory."""
    if not text.strip() or text in {".", ".."} or re.search(_NOT_IN_A_NAME, text):
        raise UsageError(f"{text!r} is no name for a network; say libera or work")
    return text


def parse_user(text: str) -> str:
    """Read a user name, of which a server makes the middle of nick!user@host."""
    if not re.fullmatch(_USER, text) or re.search(_NOT_IN_A_USER, text):
        raise UsageError(f"{text!r} is no user name; say one word of letters and digits")
    return text


def parse_user_modes(text: str) -> str:
    """Read the modes to give ourselves: `+i-w`."""
    if not re.fullmatch(_USER_MODES, text):
        raise UsageError(f"{text!r} are no user modes; say +i or +i-w")
    return text


def parse_mask(text: str) -> str:
    """Read `nick!user@host` or a nick, with * and ? as wildcards."""
    if not re.fullmatch(_MASK, text):
        raise UsageError(f"{text!r} is no mask; say nick!user@host, with * and ? for any, or nick")
    return text


def parse_fingerprint(text: str) -> str:
    """Read a certificate's SHA-256, with or without colons, into small letters without them."""
    match = re.fullmatch(_FINGERPRINT, text)
    if match is None:
        raise UsageError(f"{text!r} is no SHA-256 fingerprint; it has 64 hexadecimal digits")
    return match[1].replace(":", "").lower()


def parse_proxy(text: str) -> str:
    """Read `socks5://[USER@]HOST:PORT` or `http://…`; a password has another place."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - few have a proxy

    try:
        parts = urlsplit(text)
        complete = parts.scheme in _PROXIES and parts.hostname and parts.port
    except ValueError:
        complete = False
    if not complete or re.search(r"[\0-\x20]", text) or parts.path.strip("/") + parts.query:
        raise UsageError("this is no proxy; say socks5://HOST:PORT or http://HOST:PORT")
    if parts.password is not None:
        raise UsageError("the proxy's password does not belong into its URL")
    return text


def parse_bind(text: str) -> str:
    """Read a local address, of IPv4 or IPv6."""
    from ipaddress import ip_address  # noqa: PLC0415 - few bind

    try:
        return str(ip_address(text))
    except ValueError as error:
        raise UsageError(f"{text!r} is no IP address of this machine; say 192.0.2.7") from error


def parse_file_mode(text: str) -> int:
    """Read permissions as chmod does: `640`."""
    match = re.fullmatch(r"0?([4-7][0-7]{2})", text)
    if match is None:
        raise UsageError(f"{text!r} is no file mode; say 640")
    return int(match[1], 8)


def parse_duration(text: str) -> float:
    """Read `90s`, `55m`, `1h30m`, `7d` or a bare number of seconds, into seconds."""
    parts = re.findall(_DURATION, text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f"{text!r} is no duration; say 90s, 55m, 1h30m or 7d")
    if len(parts) > 1 and any(not unit for _, unit in parts):
        raise UsageError(f"{text!r} mixes units with a bare number; say 1h30m")
    return sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)


def parse_history(text: str) -> tuple[int | None, float | None]:
    """Read how much history is wanted: `all`, `500` lines, or what was said in `7d`."""
    if text == "all":
        return None, None
    if re.fullmatch("[0-9]{1,15}", text):
        return int(text), None
    try:
        return None, parse_duration(text)
    except UsageError as error:
        raise UsageError(f"{text!r} is no history; say all, 500 (lines) or 7d") from error


def parse_size(text: str) -> int:
    """Read `10M` or a bare number, in powers of 1024, into bytes; at least one."""
    match = re.fullmatch(_SIZE, text)
    size = int(match[1]) * 1024 ** _POWERS[match[2].upper()] if match else 0
    if size < 1:
        raise UsageError(f"{text!r} is no size; say 500K, 10M or 2G")
    return size


def parse_room(text: str) -> int:
    """Read a size as `parse_size` does, or 0 for none."""
    return 0 if text == "0" else parse_size(text)


def parse_zone(name: str) -> tzinfo:
    """Return a time zone by its name in the tz database, such as `Europe/Berlin`."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - few name a zone

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise UsageError(f"there is no time zone {name!r}; say UTC or Europe/Berlin") from error


def moment(text: str, now: datetime) -> datetime:
    """Return the moment that somebody means by `2026-11-23 18:00`, `yesterday`, or `-2h`.

    `now` carries the time zone in which a text without one is meant; a day
    alone is its beginning, a time alone one of today.
    """
    day, _, clock = text.partition(" ")
    days = {"today": 0, "yesterday": 1, "now": 0}
    try:
        if re.fullmatch(rf"-(?:{_DURATION[4:]})+", text):
            return now - timedelta(seconds=parse_duration(text[1:]))
        if text == "now":
            return now
        if day in days:
            date = now.date() - timedelta(days=days[day])
            return datetime.combine(date, time.fromisoformat(clock or "00:00"), now.tzinfo)
        if re.fullmatch(_CLOCK, text):
            return datetime.combine(now.date(), time.fromisoformat(text), now.tzinfo)
        parsed = datetime.fromisoformat(_whole_date(text))
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no moment; say 2026-11-23, '2026-11-23 18:00', 2026-11, yesterday or -2h"
        ) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=now.tzinfo)


def _whole_date(text: str) -> str:
    """Take a year or a month for its first day."""
    if re.fullmatch(r"(?a)\d{4}(?:-\d\d)?", text):
        return f"{text}-01-01"[: len("2026-11-23")]
    return text


def seconds_until(text: str, now: datetime) -> float:
    """Return the seconds from now to the next moment at which a clock there shows `23:59`.

    `now` carries the time zone in which the text is meant. A moment that is
    now is a day away.
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
