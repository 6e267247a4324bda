"""Events as sentences: the part of a line of text, or of a terminal, behind its time.

Pure. What a sentence is stands before any text that people chose: `***`, one
word for who it was, then words that are ours; so no text can make it another's.
The forms of a channel's daily life are those that irclog2html and pisg know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import EventType
from chatlog.formats.visible import visible_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.event import Event
    from chatlog.formats.visible import Show

    Sentence = Callable[[Event, Show], str]

SYSTEM_MESSAGE: Final = "system-msg"
"""The tag in which Twitch says what a `usernotice` is about."""


def sentence(event: Event, show: Show) -> str:
    """Write an event as one sentence, its texts shown by `show`."""
    make = _SENTENCES.get(event.type, _anything)
    if event.subject and event.type not in _WITH_SUBJECT:
        make = _anything
    if event.nick and event.type in _OF_NOBODY:
        make = _anything
    return make(event, show)


def speaker(event: Event) -> str:
    """Name who speaks; with whom to, where it is not to the whole channel."""
    nick = visible_word(event.nick)
    if not event.statusmsg and ":" not in nick:
        return nick
    to = f":{visible_word(event.statusmsg + event.target)}" if event.statusmsg else ""
    return nick.replace(":", r"\x3a") + to


def _who(event: Event) -> str:
    nick = visible_word(event.nick)
    if not (event.user or event.host):
        return nick
    return f"{nick} ({_part(event.user)}@{_part(event.host)})"


def _part(text: str) -> str:
    return visible_word(text) if text else ""


def _because(text: str, show: Show) -> str:
    return f" ({show(text)})" if text else ""


def _anything(event: Event, show: Show) -> str:
    to = f" to {visible_word(event.subject)}" if event.subject else ""
    return f"*** {visible_word(event.nick)} did {visible_word(event.type)}{to}: {show(event.text)}"


def _said(before: str, after: str) -> Sentence:
    return lambda event, show: f"{before}{speaker(event)}{after} {show(event.text)}"


def _recorder(what: str) -> Sentence:
    def make(event: Event, show: Show) -> str:
        name = f" as {visible_word(event.nick)}" if event.nick else ""
        return f"*** recorder {what}{name}{_because(event.text, show)}"

    return make


def _join(event: Event, _show: Show) -> str:
    return f"*** {_who(event)} joined {visible_word(event.target)}"


def _joined(event: Event, show: Show) -> str:
    return f"{_join(event, show)} to record{_because(event.text, show)}"


def _part_from(event: Event, show: Show, *, more: str = "") -> str:
    left = f"*** {_who(event)} left {visible_word(event.target)}{more}"
    return left + _because(event.text, show)


def _parted(event: Event, show: Show) -> str:
    return _part_from(event, show, more=" and no longer records")


def _quit(event: Event, show: Show) -> str:
    return f"*** {_who(event)} quit{_because(event.text, show)}"


def _kick(event: Event, show: Show) -> str:
    by = visible_word(event.nick)
    return f"*** {visible_word(event.subject)} was kicked by {by}{_because(event.text, show)}"


def _nick(event: Event, _show: Show) -> str:
    return f"*** {visible_word(event.nick)} is now known as {visible_word(event.subject)}"


def _mode(event: Event, _show: Show) -> str:
    of = f" of {visible_word(event.subject)}" if event.subject else ""
    words = " ".join(map(visible_word, (event.command, *event.params)))
    return f"*** {visible_word(event.nick)} sets mode{of}: {words}"


def _topic(event: Event, show: Show) -> str:
    if event.nick:
        return f"*** {visible_word(event.nick)} changes topic to '{show(event.text)}'"
    return f"*** topic of {visible_word(event.target)} is '{show(event.text)}'"


def _names(event: Event, show: Show) -> str:
    more = ", continued" if event.params else ""
    return f"*** members of {visible_word(event.target)}{more}: {show(event.text)}"


def _invite(event: Event, _show: Show) -> str:
    channel = visible_word(event.params[0] if event.params else event.target)
    return f"*** {visible_word(event.nick)} invited {visible_word(event.subject)} to {channel}"


def _away(event: Event, show: Show) -> str:
    what = f"is away ({show(event.text)})" if event.text else "is back"
    return f"*** {visible_word(event.nick)} {what}"


def _account(event: Event, _show: Show) -> str:
    what = f"logged in as {visible_word(event.account)}" if event.account else "logged out"
    return f"*** {visible_word(event.nick)} {what}"


def _chghost(event: Event, _show: Show) -> str:
    now = "@".join(map(visible_word, event.params)) or "*"
    return f"*** {visible_word(event.nick)} has the host {now} now"


def _setname(event: Event, show: Show) -> str:
    return f"*** {visible_word(event.nick)} has the name '{show(event.text)}' now"


def _redact(event: Event, show: Show) -> str:
    of = f" of {visible_word(event.subject)}" if event.subject else ""
    what = f"took back {visible_word(event.reply_to)}{of}"
    return f"*** {visible_word(event.nick)} {what}{_because(event.text, show)}"


def _clear(event: Event, show: Show) -> str:
    what = f"the messages of {visible_word(event.subject)}" if event.subject else "the chat"
    return f"*** {visible_word(event.nick)} cleared {what}{_because(event.text, show)}"


def _usernotice(event: Event, show: Show) -> str:
    news = event.tags.get(SYSTEM_MESSAGE, "")
    what = f"makes news: {show(news)}" if news else "makes news"
    return f"*** {visible_word(event.nick)} {what}{_because(event.text, show)}"


def _react(event: Event, show: Show) -> str:
    what = f"reacted to {visible_word(event.reply_to)} with {show(event.text)}"
    return f"*** {visible_word(event.nick)} {what}"


def _unreact(event: Event, show: Show) -> str:
    what = f"no longer reacts to {visible_word(event.reply_to)} with {show(event.text)}"
    return f"*** {visible_word(event.nick)} {what}"


def _other(event: Event, show: Show) -> str:
    nick = visible_word(event.nick)
    if not event.command:
        return f"*** {nick} sent: {show(event.text)}"
    return f"*** {nick} said: {_wire(event, show)}"


def _wire(event: Event, show: Show) -> str:
    """Show command and parameters as on the wire: a colon tells where the last one begins."""
    words = [visible_word(word) for word in (event.command, *event.params[:-1])]
    if event.params:
        last = show(event.params[-1])
        words.append(f":{last}" if not last or last[0] == ":" or " " in last else last)
    return " ".join(words)


def _recovered(event: Event, show: Show) -> str:
    return f"*** a torn line was cut off{_because(event.text, show)}"


_SENTENCES: Final[dict[str, Sentence]] = {
    EventType.MESSAGE: _said("<", ">"),
    EventType.ACTION: _said("* ", ""),
    EventType.NOTICE: _said("-", "-"),
    EventType.JOIN: _join,
    EventType.PART: _part_from,
    EventType.QUIT: _quit,
    EventType.KICK: _kick,
    EventType.NICK: _nick,
    EventType.MODE: _mode,
    EventType.TOPIC: _topic,
    EventType.NAMES: _names,
    EventType.INVITE: _invite,
    EventType.AWAY: _away,
    EventType.ACCOUNT: _account,
    EventType.CHGHOST: _chghost,
    EventType.SETNAME: _setname,
    EventType.REDACT: _redact,
    EventType.REACT: _react,
    EventType.UNREACT: _unreact,
    EventType.CLEAR: _clear,
    EventType.USERNOTICE: _usernotice,
    EventType.OTHER: _other,
    EventType.STARTED: _recorder("started"),
    EventType.STOPPED: _recorder("stopped"),
    EventType.CONNECTED: _recorder("connected"),
    EventType.DISCONNECTED: _recorder("disconnected"),
    EventType.JOINED: _joined,
    EventType.PARTED: _parted,
    EventType.RECOVERED: _recovered,
}
_WITH_SUBJECT: Final = frozenset(
    {
        EventType.KICK,
        EventType.NICK,
        EventType.MODE,
        EventType.INVITE,
        EventType.REDACT,
        EventType.CLEAR,
    }
)
_OF_NOBODY: Final = frozenset({EventType.NAMES, EventType.RECOVERED})
