"""The numerics that the protocol acts on, by their names.

The only place where their digits stand.
See https://modern.ircdocs.horse/#numerics
"""

from __future__ import annotations

from typing import Final

RPL_WELCOME: Final = "001"
RPL_ISUPPORT: Final = "005"
OF_WHOIS: Final = (
    *("301", "307", "310", "311", "312", "313", "317", "318", "319", "320", "330", "335"),
    *("337", "338", "343", "344", "378", "379", "671"),
)
"""All that may come in answer to a WHOIS, whatever the server calls it."""

RPL_ENDOFWHO: Final = "315"
RPL_ENDOFWHOIS: Final = "318"
RPL_WHOISCHANNELS: Final = "319"
RPL_CHANNELMODEIS: Final = "324"
RPL_CREATIONTIME: Final = "329"
RPL_TOPIC: Final = "332"
RPL_INVITING: Final = "341"
RPL_NAMREPLY: Final = "353"
RPL_WHOSPCRPL: Final = "354"
RPL_ENDOFNAMES: Final = "366"
RPL_ENDOFMOTD: Final = "376"
ERRORS: Final = tuple(map(str, range(400, 1000)))
"""Every numeric that may tell of an error; servers invent some in the upper hundreds."""

ERR_NOSUCHCHANNEL: Final = "403"
ERR_TOOMANYCHANNELS: Final = "405"
ERR_TOOMANYTARGETS: Final = "407"
ERR_INVALIDCAPCMD: Final = "410"
ERR_UNKNOWNCOMMAND: Final = "421"
ERR_NOMOTD: Final = "422"
ERR_ERRONEUSNICKNAME: Final = "432"
ERR_NICKNAMEINUSE: Final = "433"
ERR_BANONCHAN: Final = "435"
ERR_NICKCOLLISION: Final = "436"
ERR_UNAVAILRESOURCE: Final = "437"
ERR_USERNOTINCHANNEL: Final = "441"
ERR_USERONCHANNEL: Final = "443"
ERR_PASSWDMISMATCH: Final = "464"
ERR_YOUREBANNEDCREEP: Final = "465"
ERR_LINKCHANNEL: Final = "470"
ERR_CHANNELISFULL: Final = "471"
ERR_INVITEONLYCHAN: Final = "473"
ERR_BANNEDFROMCHAN: Final = "474"
ERR_BADCHANNELKEY: Final = "475"
ERR_BADCHANMASK: Final = "476"
ERR_NEEDREGGEDNICK: Final = "477"
ERR_BADCHANNAME: Final = "479"
ERR_THROTTLE: Final = "480"
ERR_KILLDENY: Final = "485"
ERR_SECUREONLYCHAN: Final = "489"
ERR_DELAYREJOIN: Final = "495"
ERR_TOOMANYJOINS: Final = "500"
ERR_OPERONLY: Final = "520"
RPL_MONONLINE: Final = "730"
RPL_MONOFFLINE: Final = "731"
RPL_LOGGEDIN: Final = "900"
ERR_NICKLOCKED: Final = "902"
RPL_SASLSUCCESS: Final = "903"
ERR_SASLFAIL: Final = "904"
ERR_SASLTOOLONG: Final = "905"
ERR_SASLABORTED: Final = "906"
ERR_SASLALREADY: Final = "907"
RPL_SASLMECHS: Final = "908"

WITH_CHANNEL_BEHIND_NICK: Final = frozenset(
    {RPL_INVITING, ERR_BANONCHAN, ERR_USERNOTINCHANNEL, ERR_USERONCHANNEL}
)
"""Numerics whose channel is not the first parameter behind our nick but the second."""
