"""chatlog.toml: what it comes to, and how each thing that is wrong is named."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatlog.archive.compression import COMPRESSIONS
from chatlog.archive.layout import Rotate
from chatlog.archive.storage import Sync
from chatlog.errors import ChatlogError, UsageError
from chatlog.formats.table import NAMES
from chatlog.protocol.registration import sasl
from chatlog.secret import Secret
from chatlog.settings import channel, file, storage
from chatlog.settings.channel import ChannelConfig
from chatlog.settings.config import Config
from chatlog.settings.file import load
from chatlog.settings.key_path import KeyPath
from chatlog.settings.network import MECHANISMS, NetworkConfig
from chatlog.settings.presets import PRESETS
from chatlog.settings.rule import RuleConfig
from chatlog.settings.server_names import ServerName
from chatlog.settings.storage import StorageConfig
from chatlog.settings.table import SECRETS as SECRET_SETTINGS
from chatlog.settings.toml_table import keys_of, read_table

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "chatlog/data/chatlog.toml"
DOCUMENT = ROOT / "docs/configuration.md"
NETWORK = '[networks.net]\nservers = ["irc.test"]\nchannels = ["a"]\n'
SECRET = "hunter2"
FINGERPRINT = "0123456789abcdef" * 4


@pytest.fixture
def write(tmp_path):
    """Write a configuration that only we can read, and return its path."""

    def write_text(text, mode=0o600):
        path = tmp_path / "chatlog.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    return write_text


@pytest.fixture
def network(write):
    """Load a configuration of one network that says something more."""
    return lambda more: load(write(f"{NETWORK}{more}\n")).networks["net"]


# -- what it comes to --------------------------------------------------------


def test_a_network_that_says_only_where_and_what_gets_every_default(network):
    assert network("") == NetworkConfig(
        servers=(ServerName("irc.test"),), channels=(ChannelConfig(name="#a"),)
    )


VALUES = {
    'nick = "bot"': ("nick", "bot"),
    'alternates = ["bot_", "bot2"]': ("alternates", ("bot_", "bot2")),
    'user = "bot"': ("user", "bot"),
    'realname = "a bot"': ("realname", "a bot"),
    'user-modes = "+i-w"': ("user_modes", "+i-w"),
    f'password = "{SECRET}"': ("password", Secret(SECRET)),
    f'nickserv-password = "{SECRET}"': ("nickserv_password", Secret(SECRET)),
    f'sasl-user = "me"\nsasl-password = "{SECRET}"': ("sasl_password", Secret(SECRET)),
    f'sasl = "plain"\nsasl-user = "me"\nsasl-password = "{SECRET}"': ("sasl", "PLAIN"),
    "tls = false": ("tls", False),
    f'tls-fingerprint = ["SHA256:{FINGERPRINT.upper()}"]': ("tls_fingerprint", (FINGERPRINT,)),
    'proxy = "socks5://me@127.0.0.1:9050"': ("proxy", "socks5://me@127.0.0.1:9050"),
    'bind = "2001:DB8::1"': ("bind", "2001:db8::1"),
    'timeout = "1m30s"': ("timeout", 90.0),
    "connect-timeout = 1.5": ("connect_timeout", 1.5),
    "reconnect-min = 3": ("reconnect_min", 3.0),
    "max-skew = 0": ("max_skew", 0.0),
    "retry = true": ("retry", True),
    "queries = true": ("queries", True),
    "answer-ctcp = false": ("answer_ctcp", False),
    'announce = "recorded"': ("announce", "recorded"),
    'off-record-prefix = ["//"]': ("off_record_prefix", ("//",)),
    'accept-invites = true\ninvites-from = ["ops", "account:ada", "*!*@x"]': (
        "invites_from",
        ("ops", "account:ada", "*!*@x"),
    ),
    'accept-invites = true\nblock-invites = ["eve", "#c*"]': ("block_invites", ("eve", "#c*")),
    'accept-invites = true\ninvite-notice = "by {nick}"': ("invite_notice", "by {nick}"),
    "invite-kicks = 1": ("invite_kicks", 1),
    'ignore = ["*!*@spam.test", "bot?", "bot?"]': ("ignore", ("*!*@spam.test", "bot?")),
}


@pytest.mark.parametrize(("text", "expected"), VALUES.items())
def test_a_value_becomes_what_the_recorder_uses(network, text, expected):
    field, value = expected
    assert getattr(network(text), field) == value


def test_storage_is_turned_into_sizes_modes_and_absolute_paths(write, tmp_path):
    said = (
        'metrics-file = "prom/c.prom"\n[storage]\narchive = "archive"\nformat = ["text", "jsonl"]\n'
        'rotate = "hourly"\nrotate-size = "10K"\ntz = "Europe/Berlin"\nfile-mode = "600"\n'
        'compress = "zstd"\nkeep = "90d"\nkeep-bytes = "10G"\n'
        'sync = "always"\nsync-interval = "5s"\n'
        'spool-dir = "spool"\nspool-size = "1M"\nmin-free = 0\n'
    )
    loaded = load(write(said + NETWORK))
    assert loaded.metrics_file == str(tmp_path / "prom/c.prom")
    assert loaded.storage == StorageConfig(
        archive=str(tmp_path / "archive"), format=("text", "jsonl"), rotate="hourly",
        rotate_size=10_240, tz="Europe/Berlin", file_mode=0o600,
        compress="zstd", keep=(("all", 90 * 86_400),), keep_bytes=10 << 30,
        spool_dir=str(tmp_path / "spool"),
        sync="always", sync_interval=5, spool_size=1 << 20, min_free=0,
    )  # fmt: skip


def test_rules_are_a_list_of_tables_in_storage(write):
    said = (
        '[storage]\nrecord = ["-server"]\n'
        '[[storage.rules]]\nchannels = ["#a*", "net/b"]\nrecord = ["talk", "topic"]\n'
        '[[storage.rules]]\nnetworks = ["net"]\nrecord = ["all"]\n'
    )
    assert load(write(said + NETWORK)).storage == StorageConfig(
        record=("-server",),
        rules=(
            RuleConfig(channels=("#a*", "net/b"), record=("talk", "topic")),
            RuleConfig(networks=("net",), record=("all",)),
        ),
    )


def test_a_channel_is_a_name_or_a_table_with_a_key_of_its_own(network, tmp_path):
    (tmp_path / "key").write_bytes(b"sesame\r\nnot this\n")
    channels = '"#b", {name = "c", key = "k"}, {name = "#d", key-file = "key", nolog = true}'
    loaded = network(f'[networks.other]\nservers = ["b.test"]\nchannels = [{channels}]')
    assert len(loaded.channels) == 1
    other = load(tmp_path / "chatlog.toml").networks["other"]
    assert other.channels == (
        ChannelConfig(name="#b"),
        ChannelConfig(name="#c", key=Secret("k")),
        ChannelConfig(name="#d", key=Secret("sesame"), nolog=True),
    )


def test_the_channels_of_a_url_are_recorded_once_and_as_the_list_says(write):
    servers = 'servers = ["ircs://a.test/#x,#Y", "ircs://b.test/#x"]'
    channels = 'channels = [{name = "#y", key = "k"}, "z", "#Z"]'
    loaded = load(write(f"[networks.n]\n{servers}\n{channels}\n")).networks["n"]
    assert [channel.name for channel in loaded.channels] == ["#y", "#z", "#x"]
    assert loaded.channels[0].key == Secret("k")


def test_a_network_wins_over_the_defaults_and_they_over_ours(write):
    defaults = f'[defaults]\nnick = "all"\nuser = "all"\npassword = "{SECRET}"\n'
    loaded = load(write(f'{defaults}{NETWORK}nick = "one"\npassword = ""\n')).networks["net"]
    assert (loaded.nick, loaded.user, loaded.timeout) == ("one", "all", 150.0)
    assert not loaded.password


def test_a_preset_gives_the_servers_unless_the_network_names_its_own(write):
    text = '[networks.{0}]\npreset = "OFTC"\nchannels = ["a"]\n'
    two = text.format("a") + text.format("b") + 'servers = ["irc.test"]\n'
    loaded = load(write(two)).networks
    assert [each.preset for each in loaded.values()] == ["oftc", "oftc"]
    assert loaded["a"].servers == PRESETS["oftc"].servers
    assert loaded["b"].servers == (ServerName("irc.test"),)


def test_the_host_of_a_preset_brings_its_quirks(write):
    text = '[networks.t]\nservers = ["IRC.chat.twitch.tv:6697"]\nchannels = ["SomeBody"]\n'
    loaded = load(write(text)).networks["t"]
    assert loaded.preset == "twitch"
    assert [channel.name for channel in loaded.channels] == ["#somebody"]


def test_the_first_line_of_a_secret_file_is_the_secret_found_beside_the_configuration(
    network, tmp_path
):
    (tmp_path / "pw").write_bytes(f"{SECRET} ü \r\nmore\n".encode())
    assert network('password-file = "pw"').password.reveal() == f"{SECRET} ü "


def test_files_are_named_by_paths_that_do_not_depend_on_where_we_are(network, tmp_path):
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    loaded = network(
        f'tls-ca = "./ca.pem"\nclient-cert = "cert.pem"\nclient-key = "{tmp_path}/key.pem"'
    )
    assert loaded.tls_ca == str(tmp_path / "ca.pem")
    assert loaded.client_cert == str(tmp_path / "cert.pem")
    assert loaded.client_key == str(tmp_path / "key.pem")


def test_networks_stay_in_the_order_of_the_file(write):
    text = "".join(NETWORK.replace(".net", f".{name}") for name in "zay")
    assert list(load(write(text)).networks) == ["z", "a", "y"]


def test_a_byte_order_mark_is_no_mistake(write):
    assert load(write(b"\xef\xbb\xbf" + NETWORK.encode())).networks


# -- what is refused ---------------------------------------------------------

OF_THE_NETWORK = {
    "nik = 'a'": "nik: there is no such key; did you mean nick?",
    "sasl_user = 'a'": "sasl_user: there is no such key; did you mean sasl-user?",
    "xyzzy = 1": "xyzzy: there is no such key; `chatlog config init -` shows all that are",
    "nick = 3": "nick: a text in quotes belongs here, not a number",
    "nick = 'a b'": "nick: 'a b' is no nick",
    "alternates = 'a'": "alternates: a list in [ ] belongs here, not a text in quotes",
    "alternates = ['a', '#']": "alternates[1]: '#' is no nick",
    "user = 'a b'": "user: 'a b' is no user name",
    'realname = "a\\nb"': "realname: a line break or NUL",
    "user-modes = 'iw'": "user-modes: 'iw' are no user modes; say +i or +i-w",
    "password = 3": "password: a text in quotes belongs here, not a number",
    "password-file = 'nowhere'": "password-file: the file cannot be read: No such file",
    "password-file = ''": "password-file: the file cannot be read",
    "password = 'a'\npassword-file = 'b'": "password-file: say password or password-file",
    "tls = 'yes'": "tls: true or false belongs here, not a text in quotes",
    "tls = 1": "tls: true or false belongs here, not a number",
    "retry = 2026-11-23": "retry: true or false belongs here, not a date",
    "retry = 18:20:01": "retry: true or false belongs here, not a time of day",
    "retry = []": "retry: true or false belongs here, not a list in [ ]",
    "retry = {}": "retry: true or false belongs here, not a table",
    "tls-ca = 'nowhere'": "tls-ca: the file cannot be read: No such file",
    "tls-ca = '.'": "tls-ca: the file cannot be read: Is a directory",
    'tls-ca = "\\u0000"': "tls-ca: the file cannot be read",
    "tls-ca = '~no-such-user-here/x'": "tls-ca: the path begins with a user who is not known",
    "tls-fingerprint = ['abc']": "tls-fingerprint[0]: 'abc' is no SHA-256 fingerprint",
    "client-key = 'chatlog.toml'": "client-key: a key is of no use without client-cert",
    "tls = false\nclient-cert = 'chatlog.toml'": "client-cert: a certificate is shown by TLS only",
    f"tls = false\ntls-fingerprint = ['{FINGERPRINT}']": "tls-fingerprint: a certificate is",
    "proxy = 'ftp://a:1'": "proxy: this is no proxy; say socks5://HOST:PORT",
    "proxy = 'socks5://me:pw@a:1'": "proxy: the proxy's password does not belong into its URL",
    "proxy-password = 'a'": "proxy-password: a password is of no use without proxy",
    "bind = 'eth0'": "bind: 'eth0' is no IP address",
    "timeout = '5 minutes'": "timeout: '5 minutes' is no duration",
    "timeout = 0": "timeout: this is no duration",
    "timeout = -1": "timeout: this is no duration",
    "timeout = nan": "timeout: this is no duration",
    "timeout = inf": "timeout: this is no duration",
    "timeout = true": "timeout: a text in quotes belongs here, not true or false",
    f"timeout = '{'9' * 400}'": "timeout: this is no duration",
    f"timeout = 0x{'f' * 5000}": "timeout: this is no duration",
    "reconnect-min = '10m'": "reconnect-max: this is less than reconnect-min",
    "sasl = 'CRAM-MD5'": "sasl: 'CRAM-MD5' is none of EXTERNAL, SCRAM-SHA-512,",
    "sasl = 'EXTERNAL'": "sasl: EXTERNAL needs client-cert",
    "sasl = 'SCRAM-SHA-256'": "sasl: SCRAM-SHA-256 needs sasl-user",
    "sasl-user = 'a'": "sasl-user: a login needs sasl-password",
    "sasl-password = 'a'": "sasl-password: a login needs sasl-user as well",
    "tls = false\nsasl = 'PLAIN'\nsasl-user = 'a'\nsasl-password = 'b'": "sasl: PLAIN shows the",
    "preset = 'efnet'": "preset: 'efnet' is none of libera, oftc, twitch",
    "off-record-prefix = [' ']": "off-record-prefix[0]: an empty prefix would keep everything out",
    "ignore = ['a b']": "ignore[0]: 'a b' is no mask",
    "invites-from = ['ops']": "invites-from: this is of no use without accept-invites = true",
    "block-invites = ['eve']": "block-invites: this is of no use without accept-invites = true",
    "invite-notice = 'hi'": "invite-notice: this is of no use without accept-invites = true",
    "invites-from = ['a b']": "invites-from[0]: 'a b' is nobody who may invite; say nick!user@host",
    "invites-from = ['account:']": "invites-from[0]: 'account:' names no account; say account:ada",
    "block-invites = ['#a,b']": "block-invites[0]: '#a,b' is no channel",
    "block-invites = ['a b']": "block-invites[0]: 'a b' is no mask",
    "invite-kicks = 0": "invite-kicks: this is no whole number of 1 or more; say 3",
    "invite-kicks = true": "invite-kicks: a text in quotes belongs here, not true or false",
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), OF_THE_NETWORK.items())
def test_what_is_wrong_in_a_network_is_named_by_its_key(write, text, reason):
    assert refusal(write(NETWORK + text)).startswith(f"networks.net.{reason}")


CHANNELS = {
    "1": "channels: a list in [ ] belongs here, not a number",
    "[1]": "channels[0]: a table belongs here, not a number",
    "['a', 'b c']": "channels[1]: 'b c' is no channel",
    "['a', 'A', {name = 'a', nolog = true}]": "channels: #a is there twice, and not the same",
    "[{}]": "channels[0].name: a channel needs a name",
    "[{name = 'a', kee = 'b'}]": "channels[0].kee: there is no such key; did you mean key?",
    "[{name = 'a', key = 'b c'}]": "channels[0].key: no channel has a key with a space",
    "['a', 'b', {name = 'a', key-file = 'x'}]": "channels[2].key-file: the file cannot be read",
    "[]": "channels: nothing is to be recorded",
}


@pytest.mark.parametrize(("channels", "reason"), CHANNELS.items())
def test_what_is_wrong_in_a_channel_is_named_by_its_place(write, channels, reason):
    text = f"[networks.net]\nservers = ['irc.test']\nchannels = {channels}\n"
    assert refusal(write(text)).startswith(f"networks.net.{reason}")


RULES = {
    "record = 'talk'": "record: a list in [ ] belongs here, not a text",
    "record = ['presense']": "record[0]: there is no class 'presense'; did you mean presence?",
    "record = ['talk', 'join']": "record[1]: 'join' is a type of the class presence",
    "record = ['talk', '-talk']": "record: no class is left to record",
    "rules = {}": "rules: a list in [ ] belongs here, not a table",
    "rules = ['#a']": "rules[0]: a table belongs here, not a text",
    "rules = [{channels = ['#a']}]": "rules[0]: a rule needs record or keep",
    "rules = [{record = ['talk']}, {chanels = ['#a'], record = ['talk']}]": (
        "rules[1].chanels: there is no such key; did you mean channels?"
    ),
    "rules = [{channels = ['#a', ''], record = ['talk']}]": "rules[0].channels[1]: '' is no name",
    "rules = [{networks = 'libera', record = ['talk']}]": "rules[0].networks: a list in [ ]",
    "rules = [{record = ['sever']}]": "rules[0].record[0]: there is no class 'sever'; did you",
}


@pytest.mark.parametrize(("text", "reason"), RULES.items())
def test_what_is_wrong_in_a_rule_is_named_by_its_place(write, text, reason):
    assert refusal(write(f"[storage]\n{text}\n{NETWORK}")).startswith(f"storage.{reason}")


ELSEWHERE = {
    "": "networks: no network is named",
    "networks = 1": "networks: a table belongs here, not a number",
    "[networks]\nnet = 1": "networks.net: a table belongs here, not a number",
    "[networks.net]\nchannels = ['a']": 'networks.net.servers: say servers = ["HOST"], or preset',
    "[networks.net]\nservers = ['a b']": "networks.net.servers[0]: 'a b' names no host",
    '[networks.net]\nservers = ["a\\n:b://c"]': "networks.net.servers[0]: a :b://c: the URL",
    "[networks.'']": "networks: '' is no name for a network",
    "[networks.'a/b']": "networks: 'a/b' is no name for a network",
    "[networks.'..']": "networks: '..' is no name for a network",
    '[networks."a\\u0000"]': "networks: 'a\\x00' is no name for a network",
    "[networks.'a.b']\nx = 1": "networks.'a.b'.x: there is no such key",
    NETWORK + NETWORK.replace("net]", "NET]"): "networks.NET: 'net' would have the same directory",
    NETWORK + "[storage]\nrotate = 'yearly'": "storage.rotate: 'yearly' is none of hourly,",
    NETWORK + "[storage]\nformat = ['html']": "storage.format[0]: 'html' is none of jsonl, text",
    NETWORK + "[storage]\nformat = []": "storage.format: at least 1 must be in the list",
    NETWORK + "[storage]\nrotate-size = '1X'": "storage.rotate-size: '1X' is no size",
    NETWORK + "[storage]\nrotate-size = 0": "storage.rotate-size: a text in quotes belongs here",
    NETWORK + "[storage]\ntz = 'Mars'": "storage.tz: there is no time zone 'Mars'",
    NETWORK + "[storage]\nfile-mode = 0o640": "storage.file-mode: a text in quotes belongs here",
    NETWORK + "[storage]\nfile-mode = '040'": "storage.file-mode: '040' is no file mode",
    NETWORK + "[storage]\nfile-mode = '1640'": "storage.file-mode: '1640' is no file mode",
    NETWORK + "[storage]\nfile-mode = '٦40'": "storage.file-mode: '٦40' is no file mode",
    NETWORK + "[default]": "default: there is no such key; did you mean defaults?",
    "defaults = 1": "defaults: a table belongs here, not a number",
    "[defaults]\nservers = []": "defaults.servers: every network has its own",
    "[defaults]\ntimeout = ''": "defaults.timeout: '' is no duration",
    "metrics-file = 1\n" + NETWORK: "metrics-file: a text in quotes belongs here, not a number",
    "metrics_file = 1": "metrics_file: there is no such key; did you mean metrics-file?",
    "\n\na = = 1": "this is not TOML: Invalid value (at line 3, column 5)",
    "a = " + "[" * 5000: "this is not TOML: ",
    "a = " + "9" * 5000: "this is not TOML: ",
    "a." * 5000 + "a = 1": "a: there is no such key",
    b"[a]\n\nb = '\xff'": "line 3 is not UTF-8",
}


@pytest.mark.parametrize(("text", "reason"), ELSEWHERE.items(), ids=range(len(ELSEWHERE)))
def test_what_is_wrong_elsewhere_is_named_as_well(write, text, reason):
    assert refusal(write(text)).startswith(reason)


def refusal(path):
    """Return why a configuration is refused, without the file that the line begins with."""
    with pytest.raises(UsageError) as caught:
        load(path)
    said = str(caught.value)
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


SECRET_FILES = {
    b"": "the first line of that file is empty or too long; write the secret into it",
    b"\nsecond": "the first line of that file is empty or too long; write the secret into it",
    b"x" * 5000: "the first line of that file is empty or too long; write the secret into it",
    b"\xff\n": "the first line of that file is not UTF-8; save the file as UTF-8",
    b"a\0b": "a line break or NUL cannot be sent to a server; leave it out",
}


@pytest.mark.parametrize(("content", "reason"), SECRET_FILES.items())
def test_a_secret_file_without_a_secret_is_refused_by_the_key_that_names_it(
    write, tmp_path, content, reason
):
    (tmp_path / "pw").write_bytes(content)
    assert (
        refusal(write(f"{NETWORK}password-file = 'pw'")) == f"networks.net.password-file: {reason}"
    )


@pytest.mark.parametrize(
    ("name", "begun"), [("nowhere.toml", "{}"), ("no where.toml", "'{}'"), (".", "FILE")]
)
def test_a_file_that_cannot_be_read_is_one_line_that_says_how_to_begin(tmp_path, name, begun):
    path = tmp_path / name
    assert "cannot be read" in refusal(path)
    assert refusal(path).endswith(f"; `chatlog config init {begun.format(path)}` writes an example")


# -- secrets -----------------------------------------------------------------

SECRET_KEYS = [setting.name for setting in SECRET_SETTINGS]
COMPLETE = f'{NETWORK}proxy = "http://a:1"\nsasl-user = "a"\nclient-cert = "chatlog.toml"\n'
KEYED = '[networks.n]\nservers = ["a"]\nchannels = [{name = "b", key = "KEY"}]\n'
SECRETS = {key: f'{COMPLETE}{key} = "{SECRET}"\n' for key in sorted(set(SECRET_KEYS) - {"key"})}
SECRETS["key"] = KEYED.replace("KEY", SECRET)


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_a_secret_in_a_file_that_others_can_read_is_warned_of(write, text):
    [warning] = load(write(text, mode=0o640)).warnings
    assert "chmod 600" in warning
    assert SECRET not in warning
    assert load(write(text, mode=0o600)).warnings == ()


def test_a_file_without_a_secret_may_be_read_by_everybody(write):
    assert load(write(NETWORK, mode=0o644)).warnings == ()


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_a_secret_is_not_shown_with_the_configuration_that_holds_it(write, text):
    loaded = load(write(text))
    assert SECRET not in repr(loaded)
    assert "***" in repr(loaded)


WITH_SECRETS = [
    f"password = ['{SECRET}']",
    f'password = "{SECRET}\\n"',
    f"password-file = '{SECRET}'",
    f"password-file = '~{SECRET}'",
    f"proxy = 'socks5://me:{SECRET}@a:1'",
    f"proxy = 'socks5://me:{SECRET}@a'",
    f"channels = [{{name = '#x', key = '{SECRET} a'}}]",
]


@pytest.mark.parametrize("text", WITH_SECRETS)
def test_a_refusal_does_not_show_the_secret_that_it_refuses(write, text):
    network = NETWORK.replace('channels = ["a"]\n', "") if "channels" in text else NETWORK
    assert SECRET not in refusal(write(network + text))


# -- whatever it is ----------------------------------------------------------

_names = st.sampled_from(sorted([*file.NETWORK, *file.STORAGE, "storage", "defaults", "x"]))
_values = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(), st.times(),
        st.sampled_from(["a", "#a", "90s", "10M", "irc://a/b", "EXTERNAL", "libera", "../x"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
_tables = st.dictionaries(_names, _values, max_size=4)


@given(st.dictionaries(st.text(string.printable, max_size=4) | st.just("net"), _tables, max_size=2))
def test_whatever_values_a_file_has_it_loads_or_is_refused_in_one_line(networks):
    document = {"networks": networks, "defaults": {"tls": True}}
    said = outcome(lambda: file._read(document, KeyPath(Path("/nowhere/chatlog.toml"))))
    assert said is None or re.fullmatch(r"/nowhere/chatlog\.toml: networks.+", said)


def outcome(act):
    """Return what an error says, or None of what went well."""
    try:
        act()
    except ChatlogError as error:
        return str(error)
    return None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=64) | st.text(max_size=64).map(str.encode))
def test_whatever_bytes_a_file_has_it_is_refused_in_one_line(write, data):
    assert refusal(write(data))


# -- schema, example and document agree --------------------------------------


CHANNEL = keys_of(channel.CHANNEL)


def test_every_field_has_a_key_and_every_key_a_field():
    for keys, kind in (
        (file.NETWORK, NetworkConfig),
        (file.STORAGE, StorageConfig),
        (CHANNEL, ChannelConfig),
    ):
        assert {key.field for key in keys.values()} == set(kind.__struct_fields__)


def test_the_words_of_storage_are_those_that_the_archive_knows():
    assert set(storage.FORMATS) == set(NAMES)
    assert set(storage.ROTATIONS) == {each.value for each in Rotate}
    assert set(storage.COMPRESSIONS) == set(COMPRESSIONS)
    assert set(storage.SYNCS) == {each.value for each in Sync}


def test_the_mechanisms_and_what_they_need_are_those_of_the_protocol():
    fields = {
        "certificate": "client_cert",
        "user": "sasl_user",
        "password": "sasl_password",
        "key": "sasl_key",
    }
    needs = {
        name: tuple(fields[need] for need in mechanism.needs)
        for name, mechanism in sasl.MECHANISMS.items()
    }
    assert needs == MECHANISMS


def test_a_network_can_be_changed_field_by_field(network):
    changed = msgspec.structs.replace(network(""), nick="other", timeout=1.0)
    assert (changed.nick, changed.timeout, changed.user) == ("other", 1.0, "chatlog")


ALL_KEYS = {
    name
    for keys in (file.NETWORK, file.STORAGE, CHANNEL, file.FILE)
    for name, key in keys.items()
    if not key.renamed
}


def test_the_example_is_without_fault():
    loaded = load(EXAMPLE)
    assert loaded.warnings == ()
    assert loaded.networks["libera"].servers == PRESETS["libera"].servers


def test_the_example_shows_every_key():
    shown = re.findall(r"(?:^(?:# )?|[{,] ?)([a-z-]+) = ", EXAMPLE.read_text(), re.MULTILINE)
    assert ALL_KEYS - set(shown) == set()
    assert set(shown) - ALL_KEYS == set()


def test_the_example_is_without_fault_as_well_where_everything_in_it_is_in_force(write, tmp_path):
    text = re.sub(r"^( *)# (?=\[|\{|[a-z-]+ = )", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    both = [key for key in ALL_KEYS if f"{key}-file" in ALL_KEYS]
    text = re.sub(rf"^(?:{'|'.join(both)}) = .*\n", "", text, flags=re.MULTILINE)
    for name in re.findall(r'"([a-z]+\.(?:pem|key|password))"', text):
        (tmp_path / name).write_text("secret\n")
    loaded = load(write(text))
    assert set(loaded.networks) == {"libera", "work"}
    assert len(loaded.networks["libera"].channels) == 4
    assert loaded.networks["work"].ignore == ("*!*@spam.example", "otherbot")


def documented(*titles):
    """Return the keys of the tables under some headings, each with its default."""
    text = DOCUMENT.read_text()
    found = {}
    for title in titles:
        section = re.split(
            r"^#+ ", text.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE
        )
        rows = re.findall(r"^\| `([a-z-]+)` \| (?:`(.*?)` )?\|", section[0], re.MULTILINE)
        found |= dict(rows)
    return found


TABLES = {
    "file": (["Before the tables"], file.FILE, Config),
    "storage": (["Transcripts", "Disk", "Sealing and retention"], file.STORAGE, StorageConfig),
    "channel": (["A channel with settings of its own"], CHANNEL, ChannelConfig),
    "network": (
        ["Network", "Identity", "Login", "Connection", "Recording", "Manners"],
        file.NETWORK,
        NetworkConfig,
    ),
}


@pytest.mark.parametrize(("titles", "known", "kind"), TABLES.values(), ids=TABLES)
def test_the_document_names_every_key_with_its_default(titles, known, kind):
    rows = documented(*titles)
    assert set(rows) == {name for name, key in known.items() if not key.renamed}
    said = tomllib.loads("".join(f"{key} = {value}\n" for key, value in rows.items() if value))
    defaults = defaults_of(kind)
    for field, value in read_table(said, known, KeyPath(Path("/docs"))).items():
        assert defaults[field] == value
    without = {known[key].field for key, value in rows.items() if not value} - {
        known[key].field for key in said
    }
    assert all(defaults[field] in (None, "", msgspec.NODEFAULT) for field in without)


def defaults_of(kind):
    """Return each field of a class with its default."""
    fields, defaults = kind.__struct_fields__, kind.__struct_defaults__
    without = [msgspec.NODEFAULT] * (len(fields) - len(defaults))
    return dict(zip(fields, [*without, *defaults], strict=True))


def test_the_document_names_every_preset():
    rows = re.findall(r"^\| `(\w+)` \| (\S+:\d+) \|", DOCUMENT.read_text(), re.MULTILINE)
    assert dict(rows) == {
        name: f"{preset.servers[0].host}:{preset.servers[0].port}"
        for name, preset in PRESETS.items()
    }


# -- former names -------------------------------------------------------------------


def test_the_former_name_of_a_key_works_with_one_warning(write, tmp_path):
    loaded = load(write(f'[storage]\noutput = "a"\n{NETWORK}'))
    assert loaded.storage.archive == str(tmp_path / "a")
    [warning] = loaded.warnings
    assert warning == (
        f"{tmp_path}/chatlog.toml: storage.output is now called archive;"
        " the next release refuses the old name"
    )


def test_a_key_and_its_former_name_exclude_each_other(write):
    with pytest.raises(UsageError, match="output: say archive or output, and not both"):
        load(write(f'[storage]\narchive = "a"\noutput = "a"\n{NETWORK}'))
