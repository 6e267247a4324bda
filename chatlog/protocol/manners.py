"""The recorder's answers to people and to CTCP, and how seldom they are given.

A whisper gets one polite NOTICE, a line addressed to us one answer, the
customary CTCP requests are answered; each is throttled and can be turned
off. A NOTICE is never answered, nor a service, a server or ourselves: two
polite bots would thank each other for ever.
See https://modern.ircdocs.horse/ctcp.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from chatlog import __version__
from chatlog.event import parse_time

SOURCE_URL: Final = "https://pypi.org/project/chatlog/"

_HOUR: Final = 3_600_000
_LONGEST: Final = 300
_REMEMBERED: Final = 8192
_ANNOUNCEMENT: Final = "announce"
_GREETING: Final = "greeting"
_INTERVALS: Final = {
    "whisper": _HOUR,
    "addressed": _HOUR // 6,
    "ctcp": 10_000,
    _ANNOUNCEMENT: 24 * _HOUR,
    _GREETING: 24 * _HOUR,
}
_BURST: Final = 10
_BURST_WINDOW: Final = 60_000

_SERVICES: Final = frozenset(
    f"{name}serv"
    for name in ("auth", "bot", "chan", "help", "host", "memo", "nick", "oper", "sasl", "user")
) | {"q", "x"}


def is_service(nick: str) -> bool:
    """Return whether a nick is one of the network's services (also as `NickServ@host`)."""
    return nick.partition("@")[0].lower() in _SERVICES


class MannersSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The answers to give, their text for people, and the announcement on joining."""

    whisper: bool = True
    addressed: bool = True
    ctcp: bool = True
    text: str = "I am a recorder. I keep a log of the channels I am in, and I do not converse."
    announce: str = ""


class Manners:
    """The answers to PRIVMSG, in bounded memory and at a bounded rate."""

    def __init__(self, settings: MannersSettings) -> None:
        self._settings = settings
        self._answered: dict[tuple[str, str], int] = {}
        self._window_start = 0
        self._in_window = 0

    def answer_whisper(self, nick: str, received: str) -> list[str]:
        """Answer a private message: once an hour to each nick."""
        if self._settings.whisper and self._may("whisper", nick, received):
            return [f"NOTICE {nick} :{_cut(self._settings.text)}"]
        return []

    def answer_addressed(self, nick: str, channel: str, received: str) -> list[str]:
        """Answer a line in a channel that begins with our nick: once in ten minutes each."""
        if self._settings.addressed and self._may("addressed", nick, received):
            return [f"NOTICE {channel} :{nick}: {_cut(self._settings.text)}"]
        return []

    def announcement(self, channel: str, received: str) -> list[str]:
        """Return the announcement for a channel that we joined: once a day in each."""
        if self._settings.announce and self._may(_ANNOUNCEMENT, channel, received):
            return [f"NOTICE {channel} :{_cut(self._settings.announce)}"]
        return []

    def greeting(self, channel: str, text: str, received: str) -> list[str]:
        """Return the notice for a channel that we joined on invitation: once a day in each."""
        return (
            [f"NOTICE {channel} :{_cut(text)}"] if self._may(_GREETING, channel, received) else []
        )

    def answer_ctcp(self, nick: str, request: str, argument: str, received: str) -> list[str]:
        """Answer a CTCP request to us; an unknown one gets nothing."""
        request = request.upper()
        answer = _ctcp_answer(request, argument, received)
        if not self._settings.ctcp or answer is None:
            return []
        if not self._may("ctcp", f"{nick} {request}", received):
            return []
        return [f"NOTICE {nick} :\x01{request} {answer}\x01"]

    def _may(self, kind: str, who: str, received: str) -> bool:
        now = parse_time(received)
        last = self._answered.get((kind, who))
        if last is not None and 0 <= now - last < _INTERVALS[kind]:
            return False
        # What we say by ourselves is paced by who sends it; nobody can provoke it.
        if kind != _ANNOUNCEMENT and not self._within_burst(now):
            return False
        if len(self._answered) >= _REMEMBERED:
            del self._answered[next(iter(self._answered))]
        self._answered.pop((kind, who), None)
        self._answered[kind, who] = now
        return True

    def _within_burst(self, now: int) -> bool:
        """Return whether one more answer is allowed: many nicks may be one flooder."""
        if not 0 <= now - self._window_start < _BURST_WINDOW:
            self._window_start, self._in_window = now, 0
        self._in_window += 1
        return self._in_window <= _BURST


def _cut(text: str) -> str:
    """Shorten a text so that it fits a relayed line with the longest source and target."""
    return text.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore")


def _ctcp_answer(request: str, argument: str, received: str) -> str | None:
    answers = {
        "VERSION": f"chatlog {__version__}",
        "SOURCE": SOURCE_URL,
        "TIME": received,
        "PING": argument[:64],
        "CLIENTINFO": "ACTION CLIENTINFO PING SOURCE TIME VERSION",
    }
    return answers.get(request)
