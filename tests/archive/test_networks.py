"""What is kept of a network: its first CASEMAPPING, for ever."""

from __future__ import annotations

import json

import pytest

from chatlog.archive.networks import Networks, read_casemapping
from chatlog.archive.system import System
from chatlog.errors import TranscriptError
from tests.support.faults import Faulty


@pytest.fixture
def networks(tmp_path):
    return Networks(tmp_path, system=System())


def test_the_first_casemapping_is_kept_and_later_ones_are_not(tmp_path, networks):
    assert networks.casemapping("Libera") is None
    networks.keep("Libera", "RFC1459")
    networks.keep("libera", "ascii")
    content = json.loads((tmp_path / "libera" / "network.json").read_text())
    assert content == {"network": "Libera", "casemapping": "rfc1459"}
    assert networks.casemapping("libera").name == "rfc1459"
    assert read_casemapping(tmp_path, "LIBERA").name == "rfc1459"


def test_a_kept_casemapping_is_read_once(tmp_path, networks):
    networks.keep("net", "ascii")
    (tmp_path / "net" / "network.json").unlink()
    assert networks.casemapping("net").name == "ascii"


def test_a_casemapping_that_we_do_not_know_is_kept_as_what_we_do_instead(tmp_path, networks):
    networks.keep("net", "rfc7613")
    assert read_casemapping(tmp_path, "net").name == "ascii"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"network":"net"}', b'{"network":"n","casemapping":"?"}', b"\xff"],
)
def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path, networks, content):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "network.json").write_bytes(content)
    with pytest.raises(TranscriptError, match=r"network\.json is damaged; restore it, or write"):
        networks.keep("net", "ascii")
    assert (tmp_path / "net" / "network.json").read_bytes() == content


def test_a_casemapping_that_could_not_be_written_counts_and_is_written_later(tmp_path):
    faulty = Faulty(lambda name, nth: (name, nth) == ("replace", 1))
    networks = Networks(tmp_path, system=faulty.system)
    with pytest.raises(TranscriptError):
        networks.keep("net", "ascii")
    assert networks.casemapping("net").name == "ascii"
    assert read_casemapping(tmp_path, "net") is None
    networks.keep("net", "rfc1459")
    assert read_casemapping(tmp_path, "net").name == "ascii"
