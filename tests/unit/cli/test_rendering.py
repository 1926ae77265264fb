"""Colours: where somebody looks at them, and wants them."""

from __future__ import annotations

import io

import pytest

from rim_router.cli import rendering

JUDGED = (
    "ERROR: no table",
    "WARNING: ./index-routing.toml:2: http",
    "OK: 3 routes, no errors, no warnings",
    "ok  acme  https://acme.example/",
    "FAILED  acme  https://acme.example/",
    "  files  six.whl on acme: REFUSED, no digest",
    "routed: pip here is routed by the table",
)
PLAIN = ("routed to acme", "a file that is REFUSEDly named", "  tables  none", "error: open-source", "")


class Stream(io.StringIO):
    """Somebody looks at it, or a program reads it."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that can show colours."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize("text", JUDGED)
def test_what_judges_is_coloured(text: str) -> None:
    painted = rendering._painted(text, Stream(True))
    assert painted.count("\x1b[") == 2
    assert rendering._painted(text, Stream(False)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_nothing_else_is(text: str) -> None:
    assert rendering._painted(text, Stream(True)) == text


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_nor_where_nobody_wants_it(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    for text in JUDGED:
        assert rendering._painted(text, Stream(True)) == text


def test_what_others_write_stays_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours are ours alone: what is shown is escaped before they come in."""
    stream = Stream(True)
    monkeypatch.setattr("sys.stdout", stream)
    rendering.say("ERROR: \x1b[2Jgone")
    assert stream.getvalue() == "\x1b[31mERROR\x1b[0m: \\x1b[2Jgone\n"
