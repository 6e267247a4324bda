"""`.rooms.json` of a network: the names that each room had, by its id.

Twitch tells the `room-id` of a channel, which stays when the channel is renamed. The
file holds an object of JSON: a list of names by id, in the order of time. A name is
that of a target's directory.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import beginning_of
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME: Final = ".rooms.json"
MOST_ROOMS: Final = 50_000
"""How many rooms of a network are remembered."""
MOST_NAMES: Final = 16
"""How many names of a room are remembered."""
_LONGEST: Final = 4 * 1024 * 1024

Names = tuple[str, ...]
"""The directory names of one room's targets, the present one last."""


def read_rooms(directory: str | Path) -> dict[str, Names]:
    """Return the names of each room of a network; none if there is no file.

    Raise TranscriptError if it is damaged: to guess would join channels or part them.
    """
    path = f"{directory}/{NAME}"
    content = beginning_of(path, _LONGEST + 1)
    if content is None:
        return {}
    try:
        rooms = msgspec.json.decode(content, type=dict[str, Names])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        rooms = {"": ()}
    if len(content) > _LONGEST or not all(rooms.values()):
        raise TranscriptError(
            f"{path} is damaged; restore it, or remove it: then renamed channels are not joined"
        )
    return rooms


def encoded_rooms(rooms: Mapping[str, Names]) -> bytes:
    """Return the content of the file; raise TranscriptError if it would be too long to read."""
    content = msgspec.json.format(msgspec.json.encode(rooms), indent=1) + b"\n"
    if len(content) > _LONGEST:
        raise TranscriptError(
            f"{NAME} would have more than {_LONGEST} bytes; new names of channels are not kept"
        )
    return content


def with_name(names: Names, name: str) -> Names:
    """Return a room's names with its present one; of too many the oldest are left out."""
    return (*(each for each in names if each != name), name)[-MOST_NAMES:]


def present_names(rooms: Mapping[str, Names]) -> dict[str, str]:
    """Return the present name for each former name of a room.

    A name that two rooms had belongs to neither: its directory has the lines of both.
    """
    owners = Counter(name for names in rooms.values() for name in names)
    return {
        former: names[-1]
        for names in rooms.values()
        for former in names[:-1]
        if owners[former] == 1
    }
