"""Messages on stderr: after the program's name, and safe for a terminal."""

from __future__ import annotations

from chatlog.cli.show.messages import write_message


def test_a_message_keeps_its_lines_and_loses_what_steers(capsys):
    write_message("no regular expression\n  a(\x1b[2J\n   ^")
    assert capsys.readouterr().err == ("chatlog: no regular expression\n  a(\\x1b[2J\n   ^\n")
