"""Log lines: safe for a terminal, whoever chose their words."""

from __future__ import annotations

import logging

import pytest

from chatlog.cli.show.diagnostics import set_up_diagnostics

logger = logging.getLogger("chatlog.test")


@pytest.fixture(autouse=True)
def _undone():
    """Leave logging as it was."""
    root = logging.getLogger("chatlog")
    before = root.handlers[:], root.level, root.propagate
    yield
    root.handlers[:], root.propagate = before[0], before[2]
    root.setLevel(before[1])


def test_a_server_can_neither_steer_the_terminal_nor_forge_a_line(capsys):
    set_up_diagnostics(quiet=False, verbose=False, look_on=False)
    logger.warning("%s: %s", "net", "bye\x1b[2J\u202e\n12:00:00 all is well")
    said = capsys.readouterr().err
    assert said.endswith(r" net: bye\x1b[2J\u202e\x0a12:00:00 all is well" + "\n")
    assert len(said.splitlines()) == 1


def fail(words):
    raise ValueError(words)


def test_a_traceback_keeps_its_lines_and_is_safe_too(capsys):
    set_up_diagnostics(quiet=False, verbose=False, look_on=False)
    try:
        fail("\x1b[2J")
    except ValueError:
        logger.exception("failed")
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.endswith(" failed")
    assert last == r"ValueError: \x1b[2J"


@pytest.mark.parametrize(
    ("quiet", "verbose", "told"), [(True, False, 1), (False, False, 2), (False, True, 3)]
)
def test_quiet_leaves_errors_and_verbose_adds_details(capsys, quiet, verbose, told):
    set_up_diagnostics(quiet=quiet, verbose=verbose, look_on=False)
    logger.error("error")
    logger.info("info")
    logger.debug("debug")
    assert len(capsys.readouterr().err.splitlines()) == told
