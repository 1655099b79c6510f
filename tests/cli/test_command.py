"""The command: exit codes, help, and errors in one line."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sipakit import __version__, cli, demo
from sipakit.cli import command
from sipakit.errors import InputError


@pytest.fixture
def tour(monkeypatch):
    """Stand in for the tour; ``calls`` keeps what it was asked, ``fails`` what it raises."""

    class Stand:
        calls: tuple = ()
        fails: BaseException | None = None

    def take_tour(folder, *, say, progress):
        Stand.calls = (folder, progress)
        if Stand.fails:
            raise Stand.fails
        say("found 1 °C")

    monkeypatch.setattr(demo, "take_tour", take_tour)
    return Stand


def test_the_version_is_told(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"sipakit {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"]])
def test_help_has_examples(capsys, arguments):
    assert cli.main(arguments) == 0
    assert "sipakit demo --output" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["demo", "--nothing"], ["demo", "--output"], ["demo", "more"]])
def test_a_wrong_command_line_is_told_on_standard_error(capsys, arguments):
    assert cli.main(arguments) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "usage: sipakit" in streams.err


def test_the_demo_writes_where_it_is_told(capsys, tour):
    assert cli.main(["demo", "--output", "some/where"]) == 0
    assert tour.calls == ("some/where", None)
    assert capsys.readouterr().out == "found 1 °C\n"
    assert cli.main(["demo"]) == 0
    assert tour.calls[0] == "sipakit-demo"


def test_progress_goes_to_standard_error_of_a_terminal_only(capsys, tour, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    cli.main(["demo"])
    tour.calls[1]("training")
    assert capsys.readouterr().err == "... training\n"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError("X is wrong.", "It takes\na table."), 1, "sipakit: error: X is wrong. It takes a table."),
        (PermissionError(13, "Permission denied", "/there/x"), 1, "Permission denied"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_errors_are_one_line_without_a_traceback(capsys, tour, error, code, words):
    tour.fails = error
    assert cli.main(["demo"]) == code
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1
    assert "Traceback" not in told


def test_an_output_that_is_a_file_is_told_at_once(capsys, tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    assert cli.main(["demo", "--output", str(path)]) == 1
    assert "File exists" in capsys.readouterr().err
    assert path.read_text() == "mine"


def test_characters_that_the_stream_lacks_become_question_marks(tmp_path):
    with (tmp_path / "out").open("w", encoding="ascii") as stream:
        command._write(stream, "\N{MINUS SIGN}1 °C\n")
    assert (tmp_path / "out").read_text() == "?1 ?C\n"


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "sipakit", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == f"sipakit {__version__}\n"
