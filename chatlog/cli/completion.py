"""Answers to a shell that asks for completions: words of a line in, candidates out.

The scripts in `chatlog/data` ask. They set the variable to the shell's name; the
arguments are, for bash, the line up to the cursor, else the words before the cursor
and the word at it. An answer is a line for each candidate: its kind, its value and its
description, between tabs. Kinds are `plain`, `part` (no space follows), `file` and
`dir` (the shell completes paths by itself).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from click.shell_completion import CompletionItem, ShellComplete

from chatlog.cli.shell_words import TypedWord, typed_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

VARIABLE: Final = "_CHATLOG_COMPLETE"
"""The environment variable that makes a run of chatlog an answer to a shell."""


class _Question(NamedTuple):
    """The whole words of a line, and the word at the cursor."""

    words: list[str]
    typed: TypedWord


def answer(command: click.Command, arguments: Sequence[str], shell: str) -> str:
    """Return the lines of an answer; empty if there is none, also for an error of any kind."""
    try:
        question = _question(arguments, shell)
        found = _Completer(command, {}, "chatlog", VARIABLE).get_completions(
            [os.path.expandvars(each) for each in question.words], question.typed.value
        )
        lines = [_line(each, question.typed, shell) for each in found]
    except Exception:  # noqa: BLE001 - an error would be printed into the line that is typed
        return ""
    return "".join(f"{line}\n" for line in lines if line)


class _Completer(ShellComplete):
    """click's search for the parameter to complete."""

    name = "chatlog"


def _question(arguments: Sequence[str], shell: str) -> _Question:
    if shell == "bash":
        words, typed = typed_in(arguments[0])
        return _Question(words[1:], typed)
    *words, last = arguments
    _, typed = typed_in(last) if last else ([], TypedWord())
    return _Question([*words], typed)


def _line(item: CompletionItem, typed: TypedWord, shell: str) -> str:
    """Return the line of a candidate; empty if a shell cannot insert it."""
    value = str(item.value)
    if item.type in {"file", "dir"}:
        return f"{item.type}\t\t"
    if not value.isprintable():
        return ""
    kind = "part" if item.type == "part" else "plain"
    if typed.value.startswith("--") and "=" in typed.value and shell != "bash":
        value = f"{typed.value.partition('=')[0]}={value}"
    elif shell == "bash":
        value = typed.quoted(value)
    help_text = " ".join((item.help or "").split())
    return f"{kind}\t{value}\t{help_text.partition('. ')[0]}" if value else ""
