"""Commands in messages can be typed as they stand, also where nobody has put a script."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from rim_router import spelling
from rim_router.cli.parser import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def without_script(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(spelling, "_SCRIPT", "no-such-script")
    spelling._has_script.cache_clear()
    yield
    spelling._has_script.cache_clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fix it, then run: rim-router check", "fix it, then run: {} -m rim_router check"),
        ("`rim-router doctor` may say why", "`{} -m rim_router doctor` may say why"),
        ("pip install rim-router and", "pip install rim-router and"),
        ("./rim-router pin x, /a/rim-router pin x", "./rim-router pin x, /a/rim-router pin x"),
        ("no route claims rim-router itself", "no route claims rim-router itself"),
    ],
)
def test_without_a_script(text: str, expected: str, without_script: None) -> None:
    assert spelling.spelt(text) == expected.format(spelling._quoted(sys.executable))


@pytest.mark.parametrize(
    ("path", "on_windows", "elsewhere"),
    [
        ("/usr/bin/python3.13", "/usr/bin/python3.13", "/usr/bin/python3.13"),
        (r"C:\Py\python.exe", r"C:\Py\python.exe", r"'C:\Py\python.exe'"),
        (r"C:\a b\python.exe", r'& "C:\a b\python.exe"', r"'C:\a b\python.exe'"),
        ("/a $b/python", '& "/a $b/python"', "'/a $b/python'"),
    ],
)
def test_a_path_as_a_shell_takes_it(
    path: str, on_windows: str, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PowerShell prints what is in quotes, unless it is told to run it; a backslash needs none."""
    for is_windows, expected in ((True, on_windows), (False, elsewhere)):
        monkeypatch.setattr(spelling, "_IS_WINDOWS", is_windows)
        assert spelling._quoted(path) == expected


def test_with_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spelling, "_has_script", lambda: True)
    assert spelling.spelt("run: rim-router check") == "run: rim-router check"


def test_every_command_is_known(without_script: None) -> None:
    """But for those that no message tells to run."""
    never = {"completion", "demo", "schema"}
    for name in COMMANDS:
        assert ("rim_router" in spelling.spelt(f"rim-router {name}")) is (name not in never)
