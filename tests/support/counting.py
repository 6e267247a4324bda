"""The work of a function in lines executed, which no machine makes more or fewer."""

from __future__ import annotations

import sys


def lines_executed(function):
    """Return how many lines of Python a call executes, each turn of a loop anew."""
    count = 0

    def trace(_frame, event, _arg):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count
