"""Completion, tried in the shells that are here."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Callable

import pytest

from rim_router.cli import main
from rim_router.cli.completion import commands
from rim_router.cli.init.draft import Draft
from rim_router.cli.init.presets import USUAL, add_preset
from rim_router.cli.parser import COMMANDS, make_parser

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="none of these shells is there")

Complete = Callable[[str], "set[str]"]


def in_bash(script: Path, line: str) -> set[str]:
    """What bash would offer: it calls the function that is registered with these variables."""
    words = line.split(" ")
    array = " ".join(f"'{word}'" for word in words)
    code = (
        f"source '{script}'; COMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; "
        "$(complete -p rim-router | sed 's/.*-F //;s/ .*//'); printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    return {*done.stdout.splitlines()} - {""}


def in_fish(script: Path, line: str) -> set[str]:
    code = f"source '{script}'; complete -C '{line}'"
    done = subprocess.run(["fish", "-c", code], capture_output=True, text=True, check=True)
    return {offer.partition("\t")[0].replace("\\ ", " ") for offer in done.stdout.splitlines()}


def in_zsh(script: Path, line: str) -> set[str]:
    """What zsh offers on a terminal, by the trick of listing what it adds."""
    import pty

    report = script.with_name("offers")
    report.write_text("")
    setup = (
        "PS1='> '; autoload -Uz compinit; compinit -u -D; unsetopt list_ambiguous; "
        f"source '{script}'; LISTMAX=0; zstyle ':completion:*' menu no; "
        f'compadd() {{ builtin compadd -A offers "$@"; print -rl -- $offers >> "{report}"; '
        'builtin compadd "$@" }; print READY\n'
    )
    terminal, theirs = pty.openpty()
    shell = subprocess.Popen(
        ["zsh", "-f", "-i"], stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "TERM": "dumb"}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        os.write(terminal, setup.encode())
        read_until(terminal, b"\nREADY")
        os.write(terminal, line.encode() + b"\t" + b"\x01print DONE; : \n")
        read_until(terminal, b"\nDONE")
    finally:
        shell.kill()
        shell.wait()
        os.close(terminal)
    return {*report.read_text().replace("\\ ", " ").splitlines()} - {""}


def read_until(terminal: int, mark: bytes) -> None:
    """Read what the terminal shows, up to a line."""
    shown = b""
    end = time.monotonic() + 60  # a shell that hangs must not hang the run
    while mark not in shown:
        assert time.monotonic() < end, shown
        shown += os.read(terminal, 65536).replace(b"\r", b"")


SHELLS = {"bash": in_bash, "zsh": in_zsh, "fish": in_fish}


@pytest.fixture(params=SHELLS)
def complete(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Complete:
    """What a shell offers for a line, in a directory with a file."""
    shell = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert main(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "my table.toml").write_text("")
    monkeypatch.chdir(tmp_path / "files")
    return lambda line: SHELLS[shell](script, line)


def test_commands(complete: Complete) -> None:
    assert {*COMMANDS} <= complete("rim-router ")
    assert complete("rim-router gua") == {"guard"}


def test_nested_commands_and_choices(complete: Complete) -> None:
    assert {"dismount", "inspect", "verify"} <= complete("rim-router rim ")
    assert {"on", "off", "status"} <= complete("rim-router guard ")
    assert complete("rim-router completion zs") == {"zsh"}


def test_options(complete: Complete) -> None:
    """Of the command that is named, and of no other."""
    assert complete("rim-router check --onl") == {"--online"}
    assert not complete("rim-router routes --onl")
    assert complete("rim-router rim dismount --own") == {"--owner"}


def test_values(complete: Complete) -> None:
    """What `init` and `export` take: the usual presets, tools, and files that have names."""
    assert {"pytorch-cpu", "pytorch-xpu"} <= complete("rim-router init --preset pytorch-")
    assert complete("rim-router init --nug") == {"--nuget"}
    assert complete("rim-router init --nuget my") == {"my table.toml"}
    assert {"uv", "pdm", "poetry", "nginx", "renovate"} <= complete("rim-router export ")
    assert complete("rim-router export uv --env") == {"--environment"}
    for option in ("-r", "--lock", "--certificates"):
        assert complete(f"rim-router export uv {option} my") == {"my table.toml"}


def test_the_presets_are_some() -> None:
    for name in USUAL:
        assert add_preset(Draft(), name)


def test_files(complete: Complete) -> None:
    """Where a command or an option takes one; what an option takes besides is not guessed."""
    assert complete("rim-router pin --output my") == {"my table.toml"}
    assert "my table.toml" in complete("rim-router equip my")
    assert not complete("rim-router pin --platform my")
    assert not complete("rim-router explain my")


def test_every_option_is_there() -> None:
    """Whatever argparse knows, at every depth."""
    found = {each.path: each for each in commands(make_parser())}
    assert {(name,) for name in COMMANDS} | {(), ("rim", "verify")} <= set(found)
    spelt = {word for option in found["pin",].options for word in option.spellings}
    assert {"-r", "--requirement", "-o", "--output", "--update", "--json", "--help"} <= spelt
