"""How places and texts of a table file are shown."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from typing import TYPE_CHECKING

import pytest

from rim_router.config.document import nearest, read_toml, shown_key, shown_path, shown_text, type_name
from rim_router.errors import TableError

if TYPE_CHECKING:
    from tests.unit.conftest import Machine


def test_paths_below_the_working_directory_are_shown_relative(machine: Machine) -> None:
    """And others as they are."""
    assert shown_path(machine.work / "sub" / "x.toml") == f".{os.sep}sub{os.sep}x.toml"
    assert shown_path(machine.home / "x.toml") == str(machine.home / "x.toml")
    assert shown_path(f"{machine.work}er") == f"{machine.work}er"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("acme", '"acme"'),
        ('a"b\n', '"a\\"b\\n"'),
        ("https://a.example/x", '"https://a.example/x"'),
        ("https://u:p@a.example/x?t=s#f", '"https://****@a.example/x?****"'),
        ("https:/u:p@a.example", '"****@a.example"'),
        ("u:p@a.example", '"****@a.example"'),
        ("https://u:p@x@a.example/@y", '"https://****@y"'),
    ],
)
def test_texts_are_shown_without_credentials(text: str, shown: str) -> None:
    """Whatever is before an at sign may be one."""
    assert shown_text(text) == shown


def test_keys_are_shown_as_they_would_be_written() -> None:
    """Quoted where they have to be; the items of arrays with their number."""
    assert shown_key(("routes", "acme-*", "[0]", "marker")) == 'routes."acme-*"[0].marker'
    assert shown_key(("a", "", 'b"c')) == 'a."".' + r'"b\"c"'
    assert shown_key(()) == ""


def test_types_have_the_names_of_toml() -> None:
    """Nobody who writes a table needs to know Python."""
    values = ["", 1, 1.0, True, [], {}, dt.date(2024, 1, 1), dt.time()]
    assert [type_name(value) for value in values] == [
        "a string",
        "an integer",
        "a float",
        "a boolean",
        "an array",
        "a table",
        "a date or time",
        "a date or time",
    ]


def test_only_near_words_are_suggested() -> None:
    """A wrong suggestion is worse than none."""
    assert nearest("acne", ["acme", "pypi"]) == "acme"
    assert nearest("xyz", ["acme", "pypi"]) is None


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"a = 1\nb = \xff", "x:2:5"),
        (b"\xff", "x:1:1"),
        (b"a = \n", "x:1:5"),
        (b"a = 1\nb", "x:2:2"),
        (b"x = [", "x:1:6"),
    ],
)
def test_line_and_column_of_what_is_no_toml(content: bytes, place: str) -> None:
    """Both counted from 1; at the end of the file it is one after the last character."""
    with pytest.raises(TableError) as caught:
        read_toml(content, "x")
    (fault,) = caught.value.faults
    assert str(fault).startswith(f"{place}: not ")


@pytest.mark.parametrize("content", [b"a = " + b"[" * 100_000, b"a = " + b"9" * 5000])
def test_what_readers_stumble_over_is_a_fault(content: bytes) -> None:
    """Neither depth nor size ends in a traceback."""
    with contextlib.suppress(TableError):  # not every reader has every limit
        read_toml(content, "x")
