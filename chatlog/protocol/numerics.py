"""The numerics that the protocol acts on, by their names.

The only place where their digits stand.
See https://modern.ircdocs.horse/#numerics
"""

from __future__ import annotations

from typing import Final

RPL_WELCOME: Final = "001"
RPL_ISUPPORT: Final = "005"
RPL_CHANNELMODEIS: Final = "324"
RPL_TOPIC: Final = "332"
RPL_NAMREPLY: Final = "353"
RPL_ENDOFNAMES: Final = "366"
RPL_ENDOFMOTD: Final = "376"
ERR_NOSUCHCHANNEL: Final = "403"
ERR_TOOMANYCHANNELS: Final = "405"
ERR_UNKNOWNCOMMAND: Final = "421"
ERR_NOMOTD: Final = "422"
ERR_ERRONEUSNICKNAME: Final = "432"
ERR_NICKNAMEINUSE: Final = "433"
ERR_NICKCOLLISION: Final = "436"
ERR_UNAVAILRESOURCE: Final = "437"
ERR_PASSWDMISMATCH: Final = "464"
ERR_YOUREBANNEDCREEP: Final = "465"
ERR_LINKCHANNEL: Final = "470"
ERR_CHANNELISFULL: Final = "471"
ERR_INVITEONLYCHAN: Final = "473"
ERR_BANNEDFROMCHAN: Final = "474"
ERR_BADCHANNELKEY: Final = "475"
ERR_BADCHANMASK: Final = "476"
ERR_NEEDREGGEDNICK: Final = "477"
ERR_THROTTLE: Final = "480"
ERR_SECUREONLYCHAN: Final = "489"
ERR_TOOMANYJOINS: Final = "500"
ERR_OPERONLY: Final = "520"

JOIN_REFUSED: Final = frozenset(
    {
        ERR_NOSUCHCHANNEL,
        ERR_TOOMANYCHANNELS,
        ERR_UNAVAILRESOURCE,
        ERR_LINKCHANNEL,
        ERR_CHANNELISFULL,
        ERR_INVITEONLYCHAN,
        ERR_BANNEDFROMCHAN,
        ERR_BADCHANNELKEY,
        ERR_BADCHANMASK,
        ERR_NEEDREGGEDNICK,
        ERR_THROTTLE,
        ERR_SECUREONLYCHAN,
        ERR_TOOMANYJOINS,
        ERR_OPERONLY,
    }
)
"""Answers to a JOIN that did not succeed; the channel is their second parameter."""
