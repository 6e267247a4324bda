"""The command lines of processes that this program starts for modules of its own."""

from __future__ import annotations

import os
import sys


def module_command(module: str) -> list[str]:
    """Return the beginning of a command line that runs a module of this program.

    `python -m` looks for modules in the working directory first, in which others may write, or a
    file may have the name of a module. The new process does not look there, unless this one
    does, because it was started by `python -m` itself.
    """
    looks_here = sys.path[:1] == [os.getcwd()]  # noqa: PTH109 - a text
    return [sys.executable, *([] if looks_here else ["-P"]), "-m", module]
