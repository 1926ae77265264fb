"""What the commands print says how they are typed here; a file for a program is the same everywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rim_router import spelling
from rim_router.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = f"{sys.executable} -m rim_router "


@pytest.fixture(autouse=True)
def without_script(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in an environment that was equipped."""
    monkeypatch.setattr(spelling, "_SCRIPT", "no-such-script")
    monkeypatch.setattr(spelling, "_quoted", str)
    spelling._has_script.cache_clear()
    yield
    spelling._has_script.cache_clear()


def test_messages(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output and on standard error; the table that is written is for everybody."""
    main(["init"])
    assert f"then run: {HERE}check --strict" in capsys.readouterr().out
    assert "then run: rim-router check --strict" in Path("index-routing.toml").read_text(encoding="utf-8")
    main(["init"])
    assert HERE not in capsys.readouterr().out
    Path("index-routing.toml").unlink()
    main(["export", "pdm"])
    assert f"write one: {HERE}init" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [["export", "pdm"], ["export", "renovate"], ["export", "nginx"], ["completion", "bash"], ["schema"]],
)
def test_files_for_programs(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("index-routing.toml").write_text("[indexes]\na = 'https://a.example/s'\n[routes]\nx = 'a'\n")
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "-m rim_router " not in said
    assert "rim-router" in said
