"""Processes of this program that another one of its processes starts."""

from __future__ import annotations

import os
import sys


def module_command(module: str) -> list[str]:
    """Return the beginning of a command line that runs a module of this program.

    `python -m` looks for modules in the working directory first. That may be one in which others
    write, or in which a file is called as a module is: unless this process looks there too, as
    one that was itself started by `python -m` does, the new one does not.
    """
    looks_here = sys.path[:1] == [os.getcwd()]  # noqa: PTH109 - a text
    return [sys.executable, *([] if looks_here else ["-P"]), "-m", module]
