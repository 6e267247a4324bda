"""The settings of a network: each field with its row of the table and its default.

The annotations are evaluated, so this module does without the __future__ of
the others: `settings_of` finds the rows in them.
"""

from typing import Annotated, Final

import msgspec

from chatlog.secret import Secret
from chatlog.settings import parsers
from chatlog.settings.channel import ChannelConfig, ListedChannel
from chatlog.settings.kinds import (
    LINE,
    PRIVATE,
    READABLE,
    Count,
    Duration,
    Flag,
    Parsed,
    SecretText,
    Several,
    one_of,
    unless_empty,
)
from chatlog.settings.presets import PRESETS
from chatlog.settings.server_names import ServerName, parse_server
from chatlog.settings.setting import Section, Setting

MECHANISMS: Final = {
    "EXTERNAL": ("client_cert",),
    "SCRAM-SHA-512": ("sasl_user", "sasl_password"),
    "SCRAM-SHA-256": ("sasl_user", "sasl_password"),
    "ECDSA-NIST256P-CHALLENGE": ("sasl_user", "sasl_key"),
    "PLAIN": ("sasl_user", "sasl_password"),
}
"""Each SASL mechanism with the fields that it needs."""

_SWITCH: Final = Flag(negatable=True)
_NICK: Final = Parsed(parsers.parse_nick, "NICK")
_PASSWORD: Final = SecretText(parsers.parse_line)
_SERVER: Final = Parsed(parse_server, "HOST[:PORT]")
_MECHANISM: Final = Parsed(unless_empty(one_of(MECHANISMS, fold=str.upper)), "MECHANISM")
_KNOWN: Final = ", ".join(PRESETS)


# fmt: off
class NetworkConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A network to record.

    Durations are in seconds, paths absolute, fingerprints in lower case without
    colons. None is undecided; the row says what holds then.
    """

    # -- the network and its channels

    preset: Annotated[str, Setting(
        Section.NETWORK, Parsed(unless_empty(one_of(PRESETS, fold=str.lower)), "NAME"),
        f"Known network, which gives servers and quirks: {_KNOWN}.",
        option=False, shared=False, example='"libera"',
    )] = ""
    servers: Annotated[tuple[ServerName, ...], Setting(
        Section.NETWORK, Several(_SERVER),
        "Servers, tried in turn: HOST, HOST:PORT, [v6]:PORT or ircs://HOST:PORT/#channel.",
        f"Server: a host, ircs://HOST:PORT/#channel, or {_KNOWN}. Several are tried in turn.",
        singular="server", short="s", env=True, shared=False,
        example='["irc.example.org", "irc2.example.org:7000"]',
    )] = ()
    channels: Annotated[tuple[ChannelConfig, ...], Setting(
        Section.NETWORK, Several(ListedChannel()),
        "Channels to record, each by its name or as a table.",
        "Channel to record: python, or '#python' in quotes.",
        singular="channel", short="c", env=True, shared=False, example='["#python"]',
    )] = ()
    accept_invites: Annotated[bool, Setting(
        Section.NETWORK, Flag(), "Join and record channels on invitation.", example="true",
        note="Later runs join these channels again, until `invite-kicks` is reached.",
    )] = False
    invites_from: Annotated[tuple[str, ...], Setting(
        Section.NETWORK, Several(Parsed(parsers.parse_inviter, "WHO")),
        "People who may invite: nick!user@host, account:NAME, or ops for the channel's operators.",
        unset="everybody", example='["account:ada", "*!*@staff.example.org", "ops"]',
    )] = ()
    block_invites: Annotated[tuple[str, ...], Setting(
        Section.NETWORK, Several(Parsed(parsers.parse_uninvited, "MASK")),
        "People and channels whose invitations are not followed, with * and ?.",
        example='["*!*@spam.example", "#warez*"]',
    )] = ()
    invite_notice: Annotated[str, Setting(
        Section.NETWORK, LINE,
        "Notice to a channel joined on invitation; {nick} is the person who invited.",
        example='"{nick} invited me to record this channel."',
    )] = ""
    invite_kicks: Annotated[int, Setting(
        Section.NETWORK, Count(least=1),
        "Kicks from a channel joined on invitation after which it is left for good.",
    )] = 3

    # -- identity

    nick: Annotated[str, Setting(
        Section.IDENTITY, _NICK, "Nick to use.", env=True,
    )] = "chatlog"
    alternates: Annotated[tuple[str, ...], Setting(
        Section.IDENTITY, Several(_NICK), "Nick to use while the first is taken.",
        singular="alternate", example='["chatlog_", "chatlog2"]',
    )] = ()
    user: Annotated[str, Setting(
        Section.IDENTITY, Parsed(parsers.parse_user, "NAME"),
        "User name, the middle of nick!user@host.", option=False,
    )] = "chatlog"
    realname: Annotated[str, Setting(
        Section.IDENTITY, LINE, "Real name, as WHOIS shows it.", env=True,
    )] = "chatlog, recording this channel"
    user_modes: Annotated[str, Setting(
        Section.IDENTITY, Parsed(parsers.parse_user_modes, "MODES"),
        "User modes to set after login, such as +i.", example='"+i"',
    )] = ""

    # -- login

    password: Annotated[Secret, Setting(
        Section.LOGIN, _PASSWORD, "Password of the server or bouncer (PASS).",
        note="On Twitch: `oauth:…`.", example='"server.password"',
    )] = Secret()
    sasl: Annotated[str, Setting(
        Section.LOGIN, _MECHANISM, f"SASL mechanism to log in with: {', '.join(MECHANISMS)}.",
        "SASL mechanism to log in with.", unset="the best that both sides support",
        env=True, example='"SCRAM-SHA-256"',
    )] = ""
    sasl_user: Annotated[str, Setting(
        Section.LOGIN, Parsed(parsers.parse_line, "ACCOUNT"), "Account to log in to.",
        env=True, example='"chatlog"',
    )] = ""
    sasl_password: Annotated[Secret, Setting(
        Section.LOGIN, _PASSWORD, "Password of the account.", example='"account.password"',
    )] = Secret()
    sasl_key: Annotated[str, Setting(
        Section.LOGIN, PRIVATE, "Private key (PEM) for ECDSA-NIST256P-CHALLENGE.",
        env=True, example='"ecdsa.pem"',
    )] = ""
    sasl_plain_without_tls: Annotated[bool, Setting(
        Section.LOGIN, Flag(), "Allow SASL PLAIN to send the password unencrypted.",
    )] = False
    nickserv_password: Annotated[Secret, Setting(
        Section.LOGIN, _PASSWORD, "Password for NickServ, on networks without SASL.",
        example='"nickserv.password"',
    )] = Secret()

    # -- connection

    tls: Annotated[bool | None, Setting(
        Section.CONNECTION, _SWITCH, "Encrypt the connection, and verify the server's certificate.",
        unset="yes, unless the server is an irc:// URL", env=True, example="true",
    )] = None
    tls_ca: Annotated[str, Setting(
        Section.CONNECTION, READABLE,
        "Trust only this certificate authority (PEM), instead of the system's.",
        env=True, example='"authority.pem"',
    )] = ""
    tls_fingerprint: Annotated[tuple[str, ...], Setting(
        Section.CONNECTION, Several(Parsed(parsers.parse_fingerprint, "SHA256")),
        "Trust only a certificate with this SHA-256 fingerprint, regardless of its issuer.",
        note="Of several, one must match.", env=True, example=f'["{"0" * 64}"]',
    )] = ()
    client_cert: Annotated[str, Setting(
        Section.CONNECTION, PRIVATE, "Client certificate (PEM) to present; may contain its key.",
        env=True, example='"client.pem"',
    )] = ""
    client_key: Annotated[str, Setting(
        Section.CONNECTION, PRIVATE, "Private key (PEM) of the client certificate.",
        env=True, example='"client.key"',
    )] = ""
    proxy: Annotated[str, Setting(
        Section.CONNECTION, Parsed(unless_empty(parsers.parse_proxy), "URL"),
        "Proxy, which also resolves host names: socks5://HOST:PORT or http://HOST:PORT.",
        note="A user is named before the host: `socks5://USER@HOST:PORT`.", env=True, example='"socks5://127.0.0.1:9050"',
    )] = ""
    proxy_password: Annotated[Secret, Setting(
        Section.CONNECTION, _PASSWORD, "Password of the proxy.", example='"proxy.password"',
    )] = Secret()
    bind: Annotated[str, Setting(
        Section.CONNECTION, Parsed(unless_empty(parsers.parse_bind), "ADDRESS"),
        "Local IP address to connect from.", env=True, example='"192.0.2.7"',
    )] = ""
    connect_timeout: Annotated[float, Setting(
        Section.CONNECTION, Duration(), "Time limit for each step of connecting.",
    )] = 30.0
    timeout: Annotated[float, Setting(
        Section.CONNECTION, Duration(), "Reconnect if the server sends nothing for this long.",
    )] = 150.0
    reconnect_min: Annotated[float, Setting(
        Section.CONNECTION, Duration(), "First wait before a reconnection.",
    )] = 2.0
    reconnect_max: Annotated[float, Setting(
        Section.CONNECTION, Duration(), "Longest wait before a reconnection.",
        note="Not less than `reconnect-min`.",
    )] = 300.0
    connections: Annotated[int | None, Setting(
        Section.CONNECTION, Count(least=1),
        "Most connections, if there are more channels than one connection carries.",
        unset="as many as it takes on Twitch, else 3",
        note="How many it carries is 100 on Twitch, else what the server says (CHANLIMIT).",
        example="1",
    )] = None
    divide_limits: Annotated[bool, Setting(
        Section.CONNECTION, Flag(negatable=True),
        "Take only this shard's part of the network's limits for JOINs and logins.",
        note="Needed if the shards log in as one account, or come from one address. Only Twitch"
        " has such limits: docs/scale.md.",
    )] = True
    retry: Annotated[bool | None, Setting(
        Section.CONNECTION, _SWITCH, "Keep trying if the first connection fails.",
        unset="yes for networks of a configuration, else no", example="true",
    )] = None

    # -- recording

    queries: Annotated[bool, Setting(
        Section.RECORDING, Flag(), "Record private messages too.",
    )] = False
    max_skew: Annotated[float, Setting(
        Section.RECORDING, Duration(least=0),
        "Record a line as playback, not as live, if its time is older than this.",
    )] = 300.0
    off_record_prefix: Annotated[tuple[str, ...], Setting(
        Section.RECORDING, Several(Parsed(parsers.parse_prefix, "TEXT")),
        "Leave out lines that begin with this; they are only counted.",
    )] = ("[off]", "[nolog]")
    relay: Annotated[tuple[str, ...], Setting(
        Section.RECORDING, Several(Parsed(parsers.parse_mask, "MASK")),
        "Relay or bridge, by nick or nick!user@host with * and ?: its `<ada> hi` counts as ada's.",
        note="A relay of one channel alone stands in the table of the channel.",
        example='["telegrambot", "*!*@bridge.example"]',
    )] = ()
    ignore: Annotated[tuple[str, ...], Setting(
        Section.RECORDING, Several(Parsed(parsers.parse_mask, "MASK")),
        "Leave out people who match nick or nick!user@host, with * and ?.",
        example='["*!*@spam.example", "otherbot"]',
    )] = ()

    # -- manners

    answer_whispers: Annotated[bool, Setting(
        Section.MANNERS, _SWITCH, "Answer private messages, once an hour for each nick.",
    )] = True
    answer_addressed: Annotated[bool, Setting(
        Section.MANNERS, _SWITCH,
        "Answer lines that begin with the recorder's nick, once in ten minutes for each nick.",
    )] = True
    answer_ctcp: Annotated[bool, Setting(
        Section.MANNERS, _SWITCH, "Answer CTCP VERSION, PING, TIME, SOURCE and CLIENTINFO.",
    )] = True
    answer_text: Annotated[str, Setting(
        Section.MANNERS, LINE, "Text of answers to people, for example where to read the log.",
        unset='"I am a recorder …"', env=True,
        example='"I am a recorder: https://example.org/logs"',
    )] = ""
    announce: Annotated[str, Setting(
        Section.MANNERS, LINE, "Notice to a channel on joining it, at most once a day.",
        env=True, example='"This channel is recorded: https://example.org/logs"',
    )] = ""
