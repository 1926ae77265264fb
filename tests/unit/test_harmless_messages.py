"""Whatever names, reasons and URLs have in them: what is shown is text, in as many lines as are meant."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._internal.exceptions import DiagnosticPipError
from pip._internal.utils.misc import redact_auth_from_url
from pip._vendor.rich.console import Console
from pip._vendor.rich.text import Text

from rim_router.cli import main
from rim_router.cli.check.findings import Finding
from rim_router.cli.pin.toml_text import toml_text
from rim_router.cli.rendering import columns, fields, say, tell
from rim_router.config.inheritance import inherit_failure, read_inherited
from rim_router.errors import Fault, LocationError, RimRouterError, TableError, Where
from rim_router.hooks import diagnostics
from rim_router.libraries import toml
from rim_router.rim import RimError
from rim_router.rules.remedies import Remedy
from rim_router.rules.source import Source
from rim_router.rules.verdict import Verdict
from rim_router.terminal import visible
from tests.support.tables import write_table

if TYPE_CHECKING:
    from tests.unit.conftest import Machine

SPELLS = ["\x1b[2J", "\x1b]0;title\x07", "\x9b2J", "\x90", "\x7f", "\x08", "\r", "\n", "\t", "\x85", "\u2028"]
SPELLS += ["\u202e", "\u2066", "\u200f", "\u061c", "\u200b", "\ufeff", "\xad", "\U000e0041", "\u3164"]
TEXTS = st.lists(st.sampled_from([*SPELLS, "a", " ", "[bold]", "é"]), min_size=1).map("".join)
SPELL = "x".join(SPELLS)


def assert_harmless(text: str, lines: int = 1) -> None:
    shown = text.split("\n")
    assert all(visible(line) == line for line in shown)
    assert len(shown) == lines


@given(TEXTS, TEXTS, TEXTS, st.lists(TEXTS, max_size=3))
def test_errors(message: str, place: str, hint: str, notes: list[str]) -> None:
    """A message, notes and a hint have one line each, also as pip draws them."""
    where = Where(place, place, 1)
    assert_harmless(str(where))
    error = RimRouterError(message, where=where, hint=hint, notes=notes)
    assert_harmless(str(error), 2 + len(notes))
    assert_harmless(str(TableError([Fault(message, where, hint)] * 2)), 3)
    assert_harmless(str(RimError(place, notes)), 1 + len(notes))
    drawn = diagnostics.pip_error(error)
    assert_harmless(str(drawn), 2 + len(notes))
    stream = io.StringIO()
    Console(file=stream, width=10_000).print(drawn)
    assert_harmless(stream.getvalue().rstrip("\n"), stream.getvalue().rstrip("\n").count("\n") + 1)
    assert visible(message).split("\\")[0] in stream.getvalue()


@given(TEXTS, TEXTS, TEXTS)
def test_verdicts_and_findings(url: str, reason: str, remedy: str) -> None:
    """One line."""
    assert_harmless(str(Verdict(False, url, True, reason, Remedy(remedy), page=url)))
    assert_harmless(str(Finding("code", reason, Source("project", url), remedy)))


@given(TEXTS, st.lists(TEXTS, max_size=3), TEXTS)
def test_what_a_child_reports_of_its_parent(message: str, notes: list[str], hint: str) -> None:
    """Has the lines that it had there."""
    error = LocationError(message, where=Where("file"), hint=hint, notes=notes)
    with pytest.raises(LocationError) as caught:
        read_inherited(inherit_failure(error))
    assert str(caught.value) == str(error)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), min_size=1, max_size=3))
def test_columns(rows: list[list[str]]) -> None:
    """A row is a line."""
    for line in [*columns(rows), *fields(map(tuple, rows))]:  # type: ignore[arg-type]
        assert_harmless(line)


@given(st.dictionaries(TEXTS, TEXTS))
def test_documents(data: dict[str, str]) -> None:
    """What is written as TOML is escaped as TOML is, and means the same."""
    text = toml_text(data)
    assert all(visible(line) == line for line in text.split("\n"))
    assert toml().loads(text) == data


class Lines(logging.Handler):
    """Keeps what a handler of pip's would print."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.addFilter(diagnostics._hidden)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def logged(name: str, message: str, *args: object, **extra: Any) -> str:
    handler = Lines()
    record = logging.LogRecord(name, logging.INFO, "", 0, message, args, extra.pop("exc_info", None))
    vars(record).update(extra)
    handler.handle(record)
    return "".join(handler.lines)


@given(TEXTS)
def test_what_is_logged(text: str) -> None:
    """pip's own lines and tabs stay, ours are one line; what other programs print is their business."""
    shown = logged("pip._internal.index.package_finder", "Found\n\tlink %s", text)
    assert shown.startswith("Found\n\tlink ")
    assert_harmless(shown.replace("\t", ""), 2 + text.count("\n"))
    assert_harmless(logged("rim_router", "%s: %s", text, text))
    assert logged("pip.subprocessor", "%s", text) == text
    error = RimRouterError(text, notes=[text])
    assert_harmless(logged("rim_router", "%s", error), 2)
    try:
        raise ValueError(text)
    except ValueError as failure:
        trace = logged("pip", "x", exc_info=(ValueError, failure, failure.__traceback__))
    assert_harmless(trace.replace("\t", ""), trace.count("\n") + 1)


NAMES = st.text("abcZ09%._~-+", min_size=1)


@given(NAMES, st.none() | st.text("abcZ09%._~-+:@!$", min_size=1), st.sampled_from(["https", "git+ssh"]))
def test_credentials_in_what_pip_says(user: str, password: str | None, scheme: str) -> None:
    """In pip's own form, whether pip has hidden them already or not; a token has no password."""
    url = f"{scheme}://{user}{'' if password is None else f':{password}'}@a.example/simple"
    shown = "****@" if password is None else f"{user}:****@"
    said = logged("pip._internal.index.package_finder", "Looking in indexes: %s, b", url)
    assert said == f"Looking in indexes: {scheme}://{shown}a.example/simple, b"
    # pip quotes what the user is called.
    of_pips = redact_auth_from_url(url)
    assert logged("pip._internal.index.package_finder", "Looking in indexes: %s", of_pips).endswith(of_pips)
    assert logged("pip", "%s", f"{scheme}://{user}:@a.example/") == f"{scheme}://****@a.example/"


class SomethingOfPips(DiagnosticPipError):
    """A diagnostic with texts from a page in it."""

    reference = "of-pips"


@given(TEXTS)
def test_diagnostics_of_pips_own(text: str) -> None:
    """The same, but for what has styles: the output of programs."""
    styled = Text.from_markup("[red]output[/]\n") + Text(text)
    drawn = SomethingOfPips(message=Text(text), context=text, hint_stmt=None, note_stmt=styled)
    logged("pip", "%s", drawn, rich=True)
    for shown in (drawn.message.plain, drawn.context):
        assert_harmless(shown.replace("\t", ""), 1 + text.count("\n"))
    assert drawn.note_stmt is styled


def test_lines_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines that are meant as such stay."""
    say(f"a\n\tb{SPELL}")
    tell(f"a\n\tb{SPELL}")
    for text in capsys.readouterr():
        assert text.startswith("a\n\tb")
        assert_harmless(text.replace("\t", ""), 3 + SPELL.count("\n"))


COMMANDS = ("check", "routes", "explain acme-core leaf x", "doctor", "pin x")


@pytest.mark.parametrize("command", COMMANDS)
def test_tables(command: str, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Odd characters wherever a table can have them, in one with faults and in one without."""
    write_table(
        machine.work,
        {SPELL: "x", "a": f"ftp://{SPELL}", "c": {"url": f"x{SPELL}", "external-hosts": [SPELL]}},
        {SPELL: "a", "x": {"index": SPELL, "marker": SPELL}, "y": {"strategy": SPELL, "indexes": [SPELL]}},
        {SPELL: SPELL, "pins": SPELL, "minimum-openssl": SPELL},
    )
    assert main(command.split()) != 0
    _assert_harmless_output(capsys)
    marker = "sys_platform ==\n\t'linux'"
    write_table(
        machine.work,
        {"a": "https://a.example/x%1b[2J", "b": "dir\u202e"},
        {
            "acme-*": [{"index": "a", "marker": marker}, {"deny": SPELL}],
            "leaf": {"deny": SPELL},
            "x": {"indexes": ["a", "b"], "strategy": "version-priority", "marker": f"'{chr(0x202E)}' == 'x'"},
        },
    )
    if command != "pin x":
        main(command.split())
    _assert_harmless_output(capsys)


def _assert_harmless_output(capsys: pytest.CaptureFixture[str]) -> None:
    for text in capsys.readouterr():
        assert_harmless(text, text.count("\n") + 1)
