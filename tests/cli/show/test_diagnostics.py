"""Log lines: safe for a terminal, whoever chose their words."""

from __future__ import annotations

import logging

import pytest

from chatlog.cli.show.diagnostics import set_up_diagnostics

logger = logging.getLogger("chatlog.test")


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
    assert last == r"  ValueError: \x1b[2J"


def test_a_line_break_in_an_exception_begins_no_line_of_ours(capsys):
    set_up_diagnostics(quiet=False, verbose=False, look_on=False)
    try:
        fail("\n12:00:00 all is well")
    except ValueError:
        logger.exception("failed", stack_info=True)
    assert "12:00:00 all is well" not in capsys.readouterr().err.splitlines()


def test_log_lines_of_libraries_are_as_safe(capsys):
    set_up_diagnostics(quiet=True, verbose=False, look_on=False)
    library = logging.Logger("asyncio")  # noqa: LOG001 - pytest gives all others a handler
    library.warning("\x1b[2J")
    assert capsys.readouterr().err.endswith(r" \x1b[2J" + "\n")


@pytest.mark.parametrize(
    ("quiet", "verbose", "told"), [(True, False, 1), (False, False, 2), (False, True, 3)]
)
def test_quiet_leaves_errors_and_verbose_adds_details(capsys, quiet, verbose, told):
    set_up_diagnostics(quiet=quiet, verbose=verbose, look_on=False)
    logger.error("error")
    logger.info("info")
    logger.debug("debug")
    assert len(capsys.readouterr().err.splitlines()) == told
