"""The line of each key."""

from __future__ import annotations

from textwrap import dedent

import pytest

from rim_router.config.lines import Lines
from rim_router.libraries import toml


def lines(text: str) -> Lines:
    text = dedent(text)
    toml().loads(text)  # only what TOML readers accept is ever asked about
    return Lines(text)


def test_headers_keys_and_comments() -> None:
    """The line of a key is where the key is, counted from 1."""
    found = lines(
        """\
        # [indexes]
        top = 1

        [indexes]  # of the house
        acme = "https://acme.example" # x = 1

          [ routes . "a.b" ]
          'c d' = { }
        """
    )
    assert found.of(("top",)) == 2
    assert found.of(("indexes",)) == 4
    assert found.of(("indexes", "acme")) == 5
    assert found.of(("routes",)) == 7
    assert found.of(("routes", "a.b")) == 7
    assert found.of(("routes", "a.b", "c d")) == 8


def test_what_is_not_there_has_the_line_of_what_is_around_it() -> None:
    """A key that is missing is missing in its table."""
    found = lines("\n[a]\nb = 1\n")
    assert found.of(("a", "c")) == 2
    assert found.of(("a", "b", "c", "d")) == 3
    assert found.of(("z",)) is None
    assert found.of(()) is None


@pytest.mark.parametrize(
    "value",
    [
        '"x # ] } , = \\" y"',
        "'x # ] } , = \" y'",
        '"""\nfake = 1\n[fake]\n""y\\""" """',
        '"""x"""""',
        '"""\\\\"""',
        '""""""',
        "'''\nfake = 1\n''x'''",
        "'''x'''''",
        "''''''",
        "1979-05-27 07:32:00Z",
        "+1_000.5e-3",
        "[ ]",
        "[[], [1, 2], [[{ x = [ 1 ] }]],]",
        '[ # ]\n "]", # "\n \'fake = 1\', ]',
        "{ }",
        '{ "fake" = { x = "}" }, y.z = [ { a = 1 }, ] }',
        "true",
    ],
)
def test_values_are_passed_over(value: str) -> None:
    """Whatever is in a value, the next key is found."""
    text = f"before = {value}\nafter = 1\n[table]\nx = {value} # comment\ny = 1"
    found = lines(text)
    height = value.count("\n") + 1
    assert found.of(("after",)) == 1 + height
    assert found.of(("table",)) == 2 + height
    assert found.of(("table", "y")) == 3 + 2 * height
    assert found.of(("fake",)) is None


def test_items_of_arrays_and_inline_tables() -> None:
    """Each item has its own line."""
    found = lines(
        """\
        [routes]
        torch = [
          { index = "a", marker = "x" },

          { index = "b",  marker = "y" },
        ]
        dotted.key."with \\u0061" = { deep.er = 1 }
        """
    )
    assert found.of(("routes", "torch")) == 2
    assert found.of(("routes", "torch", "[0]")) == 3
    assert found.of(("routes", "torch", "[0]", "marker")) == 3
    assert found.of(("routes", "torch", "[1]", "index")) == 5
    assert found.of(("routes", "dotted")) == 7
    assert found.of(("routes", "dotted", "key", "with a", "deep", "er")) == 7


def test_arrays_of_tables() -> None:
    """A header adds a table; headers below it mean the last one."""
    found = lines(
        """\
        [[wheel]]
        urls = [
          "a",
          "b",
        ]
        [[wheel]]
        size = 1
        [wheel.more]
        x = 1
        [[wheel.list]]
        [[wheel.list]]
        y = 1
        """
    )
    assert found.of(("wheel",)) == 1
    assert found.of(("wheel", "[0]", "urls", "[1]")) == 4
    assert found.of(("wheel", "[1]")) == 6
    assert found.of(("wheel", "[1]", "size")) == 7
    assert found.of(("wheel", "[1]", "more", "x")) == 9
    assert found.of(("wheel", "[1]", "list", "[1]", "y")) == 12


def test_line_ends_of_windows() -> None:
    """Are line ends too."""
    found = Lines('[a]\r\nb = """\r\n"""\r\n# c\r\nd = 1\r\n')
    assert found.of(("a", "d")) == 5


def test_time_grows_with_the_length_only() -> None:
    """A big document is no problem, and neither is a deep one."""
    count = 20_000
    found = Lines("[routes]\n" + "".join(f'"p-{number}-*" = "acme"\n' for number in range(count)))
    assert [found.of(("routes", f"p-{number}-*")) for number in range(count)] == list(range(2, count + 2))
    assert Lines("a = " + "[" * 5000 + "]" * 5000 + "\n").of(("a",)) == 1
