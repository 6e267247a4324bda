"""The first hour of somebody who has read README and nothing else, typed in a real terminal."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.support.embedded import EmbeddedServer
from tests.support.shell import Shell, without_moments

PICTURES = Path(__file__).parent / "first_hour"
WIDTHS = (80, 200)


@pytest.fixture
def home():
    """Make a home whose path is as long as everybody's: a picture breaks at its place."""
    place = Path(tempfile.mkdtemp(prefix="hour-", dir="/tmp"))
    yield place
    shutil.rmtree(place)


@pytest.fixture
def server():
    with EmbeddedServer() as running:
        yield running


class Hour:
    """The hour: what is typed, and the pictures of what comes back."""

    def __init__(self, shell, server):
        self.shell, self._port = shell, server.port
        self.pictures = {}

    def type(self, name, line):
        """Type a line and keep the picture under a name; return it without its styles."""
        return self._keep(name, self.shell.type(line.replace("PORT", str(self._port))))

    def look(self, line):
        """Type a line and return what comes back, which has no picture."""
        return _unstyled(self.shell.type(line.replace("PORT", str(self._port))))

    def press(self, name, keys):
        """Press keys, and keep the picture of all since the last prompt."""
        return self._keep(name, self.shell.after(keys))

    def _keep(self, name, picture):
        self.pictures[name] = without_moments(picture)
        return _unstyled(picture)


def _unstyled(picture):
    """Return a picture without styles, each line as one: a terminal breaks them anywhere."""
    return re.sub("⟦.*?⟧", "", picture).replace("↵\n", "")


@pytest.fixture(params=WIDTHS)
def hour(request, home, server):
    with Shell(home, request.param, XDG_DATA_HOME=str(home / "data")) as shell:
        made = Hour(shell, server)
        yield made
    for name, picture in made.pictures.items():
        path = PICTURES / f"{name}-{request.param}.txt"
        if os.environ.get("CHATLOG_WRITE_SCREENS"):
            path.write_text(picture)
        assert picture == path.read_text(), path.name


def test_a_newcomer_comes_from_nothing_to_a_searched_archive_with_what_readme_says(hour, server):
    assert "chatlog demo" in hour.type("nothing-yet", "chatlog")
    assert "Read them with: chatlog tail" in hour.look("chatlog demo")

    unquoted = "chatlog record --server 127.0.0.1:PORT --channel #python"
    assert "'#python'" in hour.type("unquoted", unquoted)

    hour.shell.write(
        f"chatlog record --server irc://127.0.0.1:{server.port} --network libera -c python\n"
    )
    server.joined("chatlog", "#python")
    server.say("ada", "#python", "who has seen a memory leak in the pool?")
    server.say("bob", "#python", "only under load")
    server.answered()
    assert "libera" in hour.press("record", "\x03")

    assert "memory leak" in hour.type("tail", "chatlog tail python")
    assert "memory leak" in hour.type("search", "chatlog search from:ada memory")
    assert "no command" in hour.type("mistyped", "chatlog serach memory")
    # What these show depends on how long the hour took: test_screens.py has their pictures.
    assert "libera/#python" in hour.look("chatlog channels")
    assert "recorder stopped" in hour.look("chatlog gaps")
    assert "2 lines by 2 people" in hour.look("chatlog stats python")
    assert "2 targets" in hour.look("chatlog verify")

    hour.type("config-init", "chatlog config init")
    networks = '[networks.libera]\\nservers = ["irc://127.0.0.1:PORT"]\\nchannels = ["#python"]'
    hour.look(f"printf '{networks}' > ~/.config/chatlog/chatlog.toml")
    assert "1 network, 1 channel, valid" in hour.type("config-check", "chatlog config check")
    hour.shell.write("chatlog record\n")
    server.joined("chatlog", "#python")
    server.say("ada", "#python", "and with the configuration?")
    server.answered()
    hour.press("record-configured", "\x03")
    assert "and with the configuration?" in hour.look("chatlog tail -n 1 --talk")

    # A cron line has no terminal, and cron mails all that is printed.
    cron = hour.type("cron", 'chatlog sync --quiet 2>&1 | cat; echo "mailed: nothing above"')
    assert cron.splitlines()[1:] == ["mailed: nothing above"]
    assert "everything is fetched" in hour.look("chatlog status")
