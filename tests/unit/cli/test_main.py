"""The command line as a whole: help, version, usage, and errors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rim_router import __version__
from rim_router.cli import main
from rim_router.cli.parser import COMMANDS
from rim_router.config import load
from rim_router.errors import TableError

if TYPE_CHECKING:
    from tests.unit.conftest import Machine

ROOT = Path(__file__).resolve().parents[3]


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    out = capsys.readouterr().out
    assert "exit codes: 0 ok; 1 a check failed; 2 bad usage" in " ".join(out.split())
    for command in COMMANDS:
        assert re.search(rf"\n    {command}\s", out)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: rim-router {command} [-h]")
    assert "exit codes:" in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"rim-router {__version__}\n"


def test_no_command_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("usage: rim-router")


@pytest.mark.parametrize("args", [["nonsense"], ["check", "--nonsense"], ["explain"], ["check", "--js"]])
def test_bad_usage(args: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(args)
    assert exit_.value.code == 2


def test_usage_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """What a command does not know is shown with what it does know."""
    with pytest.raises(SystemExit) as exit_:
        main(["check", "--foo"])
    assert exit_.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("usage: rim-router check ")
    assert "unrecognized arguments: --foo" in said


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"RIM_ROUTER_SPEED": "off all"},
            ["RIM_ROUTER_SPEED has an error:", "correct RIM_ROUTER_SPEED, or unset it"],
        ),
        (
            {"RIM_ROUTER_SPEED": "no", "RIM_ROUTER_ROUTES": "x"},
            ["RIM_ROUTER_ROUTES and RIM_ROUTER_SPEED have 2 errors:", "RIM_ROUTER_SPEED, or unset it"],
        ),
        (
            {"RIM_ROUTER_ROUTES": "x", "RIM_ROUTER_CONFIG": "bad.toml"},
            ["The routing table has 2 errors:", "with RIM_ROUTER_ROUTES as it is to be: rim-router check"],
        ),
    ],
)
def test_faults_of_variables(
    variables: dict[str, str], said: list[str], machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not put down to a table, nor is a check without the variable of any use."""
    machine.write("project", "[routes]\n")
    Path("bad.toml").write_text("[routes]\nx = 1\n")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TableError) as caught:
        load()
    assert caught.value.message == said[0]
    assert said[1] in str(caught.value.hint)


@pytest.mark.parametrize("args", [["explain", "acme"], ["routes"], ["explain", "acme", "--json"]])
def test_a_bad_table_is_reported_with_every_fault(
    args: list[str], machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.write("project", '[routes]\nacme = "nowhere"\n"a*b" = "pip"\n')
    assert main(args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ERROR: The routing table has 2 errors:")
    assert "./index-routing.toml:2" in captured.err
    assert "./index-routing.toml:3" in captured.err


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("rim_router.cli.routes.run", interrupt)
    assert main(["routes"]) == 130
    assert capsys.readouterr().err == "ERROR: interrupted\n"


@pytest.mark.skipif(os.name == "nt", reason="no SIGPIPE there")
def test_a_reader_that_hangs_up_is_no_crash(machine: Machine) -> None:
    """`rim-router routes | head -1` leaves no traceback."""
    routes = "\n".join(f'name-{number} = "pip"' for number in range(20_000))
    machine.write("project", f"[routes]\n{routes}\n")
    child = subprocess.Popen(
        [sys.executable, "-m", "rim_router", "routes"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    assert child.stderr is not None
    with child:
        child.stdout.readline()
        child.stdout.close()
        errors = child.stderr.read()
    assert errors == b""
    assert child.returncode == 1


def test_a_terminal_that_lacks_a_character_is_no_crash(machine: Machine) -> None:
    machine.write("project", '[routes]\nacme = { deny = "nicht f\\u00fcr uns \\u2192" }\n')
    done = subprocess.run(
        [sys.executable, "-m", "rim_router", "explain", "acme"],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == b""
    assert b"nicht f?r uns ?" in done.stdout
