"""Copies of golden archives, and commands that read them at the time of their answers."""

from __future__ import annotations

import shutil
import time
from datetime import datetime

import pytest

from chatlog.cli import run
from tests.golden.questions import ARCHIVES, NOW
from tests.support.tending import age


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Copy a golden archive, and its spool, into a directory of the test, and go there."""

    def copy(name, place=tmp_path):
        for each in ("archive", "spool"):
            if (ARCHIVES / name / each).exists():
                shutil.copytree(ARCHIVES / name / each, place / each)
        age(place)
        monkeypatch.chdir(place)
        return place / "archive"

    return copy


@pytest.fixture
def ask(capfdbinary, monkeypatch):
    """Run a command in this process, at a clock that stands; return its status and output."""

    def ask(*arguments):
        moment = int(datetime.fromisoformat(NOW).timestamp()) * 1_000_000_000
        with monkeypatch.context() as patched:
            patched.setattr(time, "time_ns", lambda: moment)
            status = run([*arguments, "--archive", "archive"])
        return status, capfdbinary.readouterr().out

    return ask
