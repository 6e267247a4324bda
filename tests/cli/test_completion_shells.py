"""Completion in real shells: a line and a tab are typed, and chatlog prints its words."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.support.archive import event_at, record
from tests.support.process import Chatlog
from tests.support.shells import Shell

pytestmark = pytest.mark.server

TYPED = {
    "chatlog ta\t": ["tail"],
    "chatlog config ch\t": ["config", "check"],
    "chatlog help compl\t": ["help", "completion"],
    "chatlog tail --foll\t": ["tail", "--follow"],
    "chatlog tail --color al\t": ["tail", "--color", "always"],
    "chatlog tail --color=al\t": ["tail", "--color=always"],
    "chatlog tail pyt\t": ["tail", "python"],
    "chatlog tail '#pyt\t": ["tail", "#python"],
    'chatlog tail "#pyt\t': ["tail", "#python"],
    "chatlog tail \\#pyt\t": ["tail", "#python"],
    "chatlog tail -f '#pyt\t '#deb\t": ["tail", "-f", "#python", "#debian"],
    "chatlog tail '#odd\t": ["tail", "#odd'one"],
    "chatlog tail \\#odd\t": ["tail", "#odd'one"],
    "chatlog tail '#two\t": ["tail", "#two$x"],
    "chatlog tail '#日\t": ["tail", "#日本"],
    "chatlog tail '#wow\t": ["tail", "#wow!printf"],
    'chatlog tail "#wow\t': ["tail", "#wow!printf"],
    "chatlog tail \\#wow\t": ["tail", "#wow!printf"],
    "chatlog tail wow\t": ["tail", "wow!printf"],
    "chatlog tail oftc/#bang\t": ["tail", "oftc/#bang!printf"],
    "chatlog tail oftc/\\#d\t": ["tail", "oftc/#debian"],
    "chatlog tail oftc/deb\t": ["tail", "oftc/debian"],
    "chatlog tail of\t\\#d\t": ["tail", "oftc/#debian"],
    "chatlog tail --network of\t": ["tail", "--network", "oftc"],
    "chatlog tail --nick car\t": ["tail", "--nick", "carol"],
    "chatlog record -c \\#pyt\t": ["record", "-c", "#python"],
    "chatlog search from:car\t": ["search", "from:carol"],
    "chatlog search 'from:car\t": ["search", "from:carol"],
    "chatlog search in:\\#pyt\t": ["search", "in:#python"],
    "chatlog tail --config chat\t": ["tail", "--config", "chatlog.toml"],
    "chatlog tail --archive othe\t": ["tail", "--archive", "other"],
    "chatlog tail --archive=othe\t": ["tail", "--archive=other"],
    "chatlog tail --archive other rus\t": ["tail", "--archive", "other", "rust"],
    "chatlog tail --archive=other rus\t": ["tail", "--archive=other", "rust"],
    "chatlog tail -a ~/other rus\t": ["tail", "-a", "~/other", "rust"],
    "chatlog tail -a $HOME/other rus\t": ["tail", "-a", "~/other", "rust"],
}
"""What is typed, and the words that chatlog is run with then."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    names = {"#python": "ann", "#odd'one": "bob", "#two$x": "carol", "#日本": "花子"}
    names["#wow!printf"] = "dave"
    record(
        home / ".local" / "share" / "chatlog",
        *(
            event_at(number, "hi", network="libera", target=target, nick=nick)
            for number, (target, nick) in enumerate(names.items())
        ),
        event_at(9, "hi", network="oftc", target="#debian", nick="dave"),
        event_at(9, "hi", network="oftc", target="#bang!printf", nick="dave"),
    )
    record(home / "other", event_at(1, "hi", network="oftc", target="#rust", nick="zoe"))
    (home / "chatlog.toml").touch()
    (home / "broken").write_text("= 1\n")
    (home / "later").mkdir()
    (home / "later" / "FORMAT").write_text("9\n")
    return home


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(home, request):
    path = shutil.which(request.param)
    environment = Chatlog(home).environment()
    shell = Shell(request.param, path, home, environment)
    yield shell
    shell.end()


@pytest.mark.parametrize("typed", TYPED)
def test_a_tab_completes(shell, home, typed):
    words = [word.replace(str(home), "~").removesuffix("/") for word in shell.words(typed)]
    assert words == TYPED[typed]


@pytest.mark.parametrize(
    "typed", ["chatlog tail pyth\t", "chatlog tail --nick a\t", "chatlog tail --network l\t"]
)
@pytest.mark.parametrize("archive", ["nowhere", "broken", "later"])
def test_an_archive_that_cannot_be_read_gives_no_completion_and_no_error(shell, typed, archive):
    line = typed.replace("tail", f"tail --archive {archive}")
    words = shell.words(line)
    assert words[-1] == typed.split()[-1]
    assert not re.search("(?i)error|traceback|chatlog:|no such", shell.shown)


def test_a_configuration_that_is_broken_gives_no_completion_and_no_error(shell):
    assert shell.words("chatlog tail --config broken pyth\t")[-1] == "pyth"
    assert not re.search("(?i)error|traceback|chatlog:", shell.shown)


def test_a_channel_without_quotes_is_completed_with_quotes_unless_the_shell_sees_a_comment(shell):
    words = ["tail"] if shell.name == "fish" else ["tail", "#python"]
    assert shell.words("chatlog tail #pyt\t") == words


def test_tabs_show_the_channels_to_choose_from(shell):
    shell.shown = ""
    shell.type("chatlog tail '#\t\t")
    for name in ("python", "debian", "日本"):
        shell.wait_for(name)
    shell.type("\x03\x15\r")
