"""Large tables, whose plain lines no TOML reader sees, against the same tables read as small ones are."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rim_router.config import LayerFile, load_files, parse
from rim_router.config.plain import read_plain
from rim_router.errors import TableError

LAYERS = ("machine", "user", "project")
NAMES = ("a", "ab", "a-b", "a-b-c", "abc", "b", "a-*", "*")
PATTERNS = ("*", "a*", "a-*", "ab*", "a-b-*", "a", "ab", "a-b", "b", "0")

# What looks like a plain line and is none, or makes none of those around it.
ODD = (
    "",
    "# x",
    '# "a" = "red"',
    ' "a" = "red"',
    "'a' = 'red'",
    '"A_B" = "red"',
    'a--b = "red"',
    '"" = "red"',
    '-a = "red"',
    'a- = "red"',
    'a* = "red"',
    '"**" = "red"',
    '"\\u0061" = "red"',
    'a = "red" x',
    'a = "red" # \x01',
    'a = "red" # é',
    'b = "blue"',
    'a = ""',
    'a = "red" "green"',
    'a.index = "red"',
    'ab = { index = "red" }',
    'ab = { index = "green", marker = "python_version < \'3\'" }',
    '"a-b" = { index = "red", locked = true }',
    'ab = { index = "red", min-age = "1d" }',
    '[policy]\nmin-age = "7d"\n',
    'ab = { indexes = ["red", "green"], strategy = "first-index" }',
    "b = { deny = 'x' }",
    'ab = { deny = """\na = "red"\n""" }',
    "b = { deny = '''\na = \"red\"\n''' }",
    'b = [\n{ index = "red" },\n]',
    'b = [\na = "red"\n]',
    'b = {\na = "red"\n}',
    '[policy]\npins = "required"\n',
    '[[wheel]]\nurls = ["https://x.example/a_b-1-py3-none-any.whl"]\nsha256 = "' + "0" * 64 + '"\n[routes.x]',
    'b = { deny = """',
    '""" }',
    "b = { deny = '''",
    "''' }",
    'b = """',
    '"""',
    "'''",
    "b = [",
    "]",
    "b = {",
    "},",
    "}",
    "[routes]",
    "[[routes]]",
    "[routes.a]",
    "[routes.b]",
    'index = "red"',
    "[indexes]",
    'red = "https://red.example"',
    "[policy]",
    'pins = "required"',
    "[unknown]",
    "\x00",
    "\x0b",
)
HEAD = '[indexes]\nred = "https://red.example"\ngreen = "https://green.example"\n[routes]\n'
HEADS = (HEAD, HEAD, HEAD, HEAD, HEAD.replace("\n", "\r\n"), "[routes] # x\n", "", 'x = """\n[routes]\n')


@st.composite
def lines(draw: st.DrawFn, odd: int) -> list[str]:
    """Plain lines, and some odd ones among them."""
    indexes = st.sampled_from(['"red"', '"green"', '"pip"', '"wheels"'])
    found = [
        f"{key if draw(st.booleans()) and key.isalnum() else json.dumps(key)} = {index}{end}"
        for key, index in draw(st.dictionaries(st.sampled_from(PATTERNS), indexes)).items()
        for end in [draw(st.sampled_from(["", "", " # x", "  "]))]
    ]
    for each in draw(st.lists(st.sampled_from(ODD), max_size=odd)):
        found.insert(draw(st.integers(0, len(found))), each)
    return found


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A file that may be a table."""
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    found = draw(lines(odd=3))
    return draw(st.sampled_from(HEADS)) + end.join(found) + draw(st.sampled_from(["", end, end]))


@st.composite
def stacks(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Tables of several layers, lowest first."""
    layers = sorted(draw(st.lists(st.sampled_from(LAYERS), max_size=4)), key=LAYERS.index)
    return [
        (layer, draw(st.sampled_from([HEAD, HEAD, "[routes]\n"])) + "\n".join(draw(lines(odd=1))) + "\n")
        for layer in layers
    ]


def outcome(files: list[tuple[str, str]], large: int) -> Any:
    """Everything that tables say, or everything that is wrong with them.

    :param files: layers and texts.
    :param large: from how many bytes on a file is read as a large one.
    """
    with mock.patch.object(parse, "LARGE", large):
        try:
            table = load_files(
                LayerFile(layer, Path("/", layer, "index-routing.toml"), False, text.encode())
                for layer, text in files
            )
        except TableError as error:
            return [str(fault) for fault in error.faults]
    decisions = [table.route(name) for name in NAMES]
    matching = [list(table.routes.matching(name)) for name in NAMES]
    covering = [list(table.routes.covering(pattern)) for pattern, _ in sorted(table.routes)]
    routes = [(pattern, each, each.source.line) for pattern, found in table.routes for each in found]
    return decisions, matching, covering, sorted(routes, key=str), table.policy, table.indexes


def same(files: list[tuple[str, str]]) -> Any:
    """What some tables say, whether they count as large or as small."""
    large = outcome(files, 0)
    assert large == outcome(files, sys.maxsize)
    return large


@given(texts())
def test_a_large_table_says_the_same(text: str) -> None:
    """Or has the same faults, in the same places."""
    same([("project", text)])


@given(stacks())
def test_with_other_layers(files: list[tuple[str, str]]) -> None:
    """What a layer says of a pattern that others have too, and what they have locked."""
    same(files)


WHEEL = f"""[[wheel]]
urls = ["https://x.example/a_b-1-py3-none-any.whl"]
sha256 = "{"0" * 64}"
"""


@pytest.mark.parametrize(
    ("lower", "higher", "said"),
    [
        ('"a-*" = { index = "red", locked = true }\n', 'a-b = "green"\n', "is locked by"),
        ('a-b = { index = "red", locked = true }\n', 'a-b = "green"\n', "is locked by"),
        ('"a-*" = { index = "red", locked = true }\n', '"a-*" = "green"\n', "is locked by"),
        ('a = { index = "red", locked = true }\n', 'a-b = "green"\n', "green (a-b in /user"),
        ('a-b = { index = "red", locked = true }\n', 'a-b = "red"\n', "red (a-b in /machine"),
        (
            'a-b = "red"\n"a-*" = { index = "red", locked = true }\n',
            'a-b = { index = "red" }\n',
            "red (a-b in /machine",
        ),
        ('a-b = "red"\n', 'a-b = "green"\n', "green (a-b in /user"),
        ('a-b = "red"\n', 'a-b = { index = "green" }\n', "green (a-b in /user"),
        ('a-b = { index = "red" }\n', 'a-b = "green"\n', "green (a-b in /user"),
        ('a-b = "red"\n', 'a-b = { index = "green", marker = "python_version < \'3\'" }\n', "red (a-b in"),
        ('a-b = "red"\n', WHEEL, "red and wheels (a-b in"),
        ('"a-*" = "red"\n', WHEEL, "red and wheels (a-* in"),
        ('a = "red"\n', WHEEL, "wheels (a-b in /user"),
    ],
)
def test_two_layers(lower: str, higher: str, said: str) -> None:
    """Each way in which a plain line of one layer can meet a line of another."""
    found = same([("machine", HEAD + lower), ("user", HEAD + higher)])
    assert said in (found[0] if isinstance(found, list) else str(found[0][NAMES.index("a-b")]))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (HEAD + 'a = "red"\n"a-*" = "green" # x\nb = { deny = "x" }\n"*" = "pip"\n', ["a", "a-*", "*"]),
        (HEAD + 'a = "red"\n[policy]\npins = "required"\n', ["a"]),
        ((HEAD + 'a = "red"\n').replace("\n", "\r\n"), ["a"]),
        (HEAD + 'A = "red"\nb = "red"\n', ["b"]),
    ],
)
def test_plain_lines_are_taken_out(text: str, names: list[str]) -> None:
    """Those of all forms, and nothing else."""
    found = read_plain(text.encode())
    assert found is not None
    assert list(found.names) == names
    same([("project", text)])


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        HEAD + 'b = { deny = """\na = "red"\n""" }\n',
        HEAD + 'b = [\na = "red"\n]\n',
        HEAD + 'b = {\na = "red"\n}\n',
        HEAD + 'a = "red"\na = "red"\n',
        HEAD + 'a = "red"\na.index = "red"\n',
        HEAD + 'a = "red"\n[routes.a]\nindex = "red"\n',
        HEAD + 'b = { deny = "x" }\n\n[x]\na = "red"\n',
        HEAD + 'a = "red"\nb = \n',
        HEAD + '[[x]]\na = "red"\n',
        'x = """\n[routes]\na = "red"\n"""\n',
        'x = """\n[routes]\n"""\n[routes.x]\na = "red"\n',
        '[x]\n[routes]\n[x]\na = "red"\n',
    ],
)
def test_where_the_reader_has_to_see_it_all(text: str) -> None:
    """Plain lines that are none, that are there twice, or beside a fault."""
    assert read_plain(text.encode()) is None
    same([("project", text)])


def test_a_large_table_is_large_enough() -> None:
    """A table of some hundred lines is read in the way that is tested here."""
    text = HEAD + "".join(f'project-{number} = "red"\n' for number in range(1_000))
    layer = parse.parse(LayerFile("project", Path("/index-routing.toml"), False, text.encode()))
    assert layer.plain is not None
    assert len(layer.plain.names) == 1_000
    assert not layer.routes
