"""The processes that this program starts of itself."""

import subprocess

from chatlog.cli.subprocesses import module_command


def test_no_module_of_the_working_directory_is_run(tmp_path, monkeypatch):
    (tmp_path / "click.py").write_text("raise SystemExit('not click')")
    monkeypatch.chdir(tmp_path)
    ran = subprocess.run([*module_command("chatlog"), "--version"], capture_output=True, check=True)
    assert ran.stdout.startswith(b"chatlog")


def test_modules_are_found_where_the_running_program_found_its_own(tmp_path, monkeypatch):
    (tmp_path / "here.py").write_text("print('here')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    ran = subprocess.run(module_command("here"), capture_output=True, check=True)
    assert ran.stdout == b"here\n"
