"""A table is TOML 1.0, whatever the reader of this Python takes (reference: Discovery and precedence)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from rim_router.config import document
from rim_router.config.document import read_toml
from rim_router.config.toml_version import first_newer
from rim_router.errors import TableError
from rim_router.libraries import reads_newer_toml

if TYPE_CHECKING:
    from types import ModuleType


def readers() -> dict[str, ModuleType]:
    """The readers that are here: of TOML 1.1 and, up to Python 3.14, of TOML 1.0."""
    found = {"tomli": tomli}
    for name in ("tomllib", "pip._vendor.tomli"):
        try:
            found[name] = importlib.import_module(name)
        except ImportError:
            continue  # an older Python, or a pip without it
    return found


READERS = readers()


def outcome(text: str, reader: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a document means to a reader: data, a fault about TOML 1.1, or None for no TOML."""
    with monkeypatch.context() as patch:
        patch.setattr(document, "toml", lambda: reader)
        try:
            return read_toml(text.encode(), "x")[1]
        except TableError as error:
            (fault,) = error.faults
            return str(fault) if "TOML 1.1" in fault.message else None


def same(text: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a document means to every reader."""
    outcomes = [outcome(text, reader, monkeypatch) for reader in READERS.values()]
    assert all(each == outcomes[0] for each in outcomes), dict(zip(READERS, outcomes))
    return outcomes[0]


def test_readers_of_both_versions_are_here() -> None:
    """Else nothing is compared; pip's own copy of tomli stays with 1.0 for the time being."""
    assert reads_newer_toml(tomli)
    assert not all(map(reads_newer_toml, READERS.values()))


WHAT = {
    "inline": ("an inline table over several lines", "write it in one line, or as a [table]"),
    "comma": ("a comma at the end of an inline table", "remove it"),
    "time": ("a time without seconds", "add :00"),
}


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("a = { b = 1,\n c = 2 }", "1:13", "inline"),
        ("a = {\n}", "1:6", "inline"),
        ("a = { # x\n }", "1:7", "inline"),
        ("x = 1\na = [\n { b = 1,\n } ]", "3:10", "inline"),
        ("a = { b = [ { c = 1\n } ] }", "1:20", "inline"),
        ('a = { b = """\n""" , c = 2\n}', "2:12", "inline"),
        ("a = { b = 1, }", "1:12", "comma"),
        ("a = { b = { c = 1 },}", "1:20", "comma"),
        ("a = [ { b = [1,] , } ]", "1:18", "comma"),
        ("a = 07:32", "1:5", "time"),
        ("a = 1979-05-27T07:32Z", "1:5", "time"),
        ("a=07:32", "1:3", "time"),
        ("a = [ 1979-05-27 07:32-07:00 ]", "1:18", "time"),
        ('# \\e\na = "\\e"', "2:6", None),
        ('"\\x41" = 1', "1:2", None),
        ('a = { "b\\e" = 1 }', "1:9", None),
        ('a = """\n x \\\\\\x7F"""', "2:6", None),
    ],
)
def test_what_is_newer(text: str, place: str, what: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is refused by every reader, at its place, and the hint is what to do."""
    tomli.loads(text)  # it is nothing else
    said = same(text, monkeypatch)
    assert said.startswith(f"x:{place}: ")
    if what is not None:
        named, hint = WHAT[what]
        assert (
            said
            == f"x:{place}: {named} is TOML 1.1, and tables are read as TOML 1.0 on every Python ({hint})"
        )
    else:
        assert "write \\u00" in said


@pytest.mark.parametrize(
    "text",
    [
        "a = [\n 1, # x\n { b = 1 },\n]",
        "a = { b = [\n 1,\n], c = '''\n''' }",
        r'a = "\\e \\x41 \u001b"',
        r"a = '\e' # \e 07:32 { , }",
        'a = "07:32 { , }"',
        "a = '''\n{ , }\n07:32\n\\e'''",
        'a = """\n{ , }\n07:32\n\\\\e \\\n "" """"',
        "a = 1979-05-27T07:32:00.5-07:00\nb = 07:32:00",
        '"{" = 1\n[ "07:32" ]\n\'[\' = { }',
        '10 = "https://a.example:8080"\n1a = "b"',
        'a = ""\nb = { c = "", d = "" } # { , }\n',
        'a = ""\n"b" = "x"\nc = """"\n"""',
    ],
)
def test_what_is_not(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strings and comments have what they want, and arrays their lines."""
    assert same(text, monkeypatch) == tomli.loads(text)


def test_a_fault_that_comes_first_is_the_one() -> None:
    """What follows a place that is no TOML at all says nothing."""
    with pytest.raises(TableError) as caught:
        read_toml(b"a = \nb = { c = 1, }", "x")
    assert "TOML 1.1" not in str(caught.value)


KEYS = st.sampled_from(["a", "b-1", "10", '"c d"', '"\\u0061x"', "'e\\e'", "f.g", '"h\\e"', '"x{"'])
SCALARS = st.sampled_from([
    *("1", "true", "0x1F", "07:32:00", "1979-05-27", '"x"', '""', "'#{'", '"\\\\e,}"', "'''\n{\n'''"),
    '"""a\n\\"""}"""', '"""\n\\\n  x""""', "'''''x'''''", "1979-05-27T07:32:00.5-07:00",
    # newer:
    '"\\e"', '"a\\x41"', '"""\\e\n"""', "07:32", "1979-05-27 07:32", "1979-05-27T07:32+01:00",
])  # fmt: skip
BLANKS = st.sampled_from(["", " ", "\t", "  ", "\n", " # { , }\n", "\r\n"])


def inside(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    spaced = st.tuples(BLANKS, values, BLANKS).map("".join)
    pairs = st.tuples(BLANKS, KEYS, st.sampled_from([" = ", "="]), values, BLANKS).map("".join)
    commas = st.sampled_from(["", ","])
    arrays = st.tuples(st.lists(spaced, max_size=3).map(",".join), commas).map("".join).map("[{}]".format)
    tables = st.tuples(
        st.lists(pairs, max_size=3, unique_by=lambda pair: pair.split("=")[0].strip()).map(",".join), commas
    )
    return arrays | tables.map("".join).map("{{{}}}".format)


VALUES = st.recursive(SCALARS, inside, max_leaves=6)
STATEMENTS = st.tuples(
    st.sampled_from(["", "[t{}]\n", "[[u{}]]\n"]), KEYS, VALUES, st.sampled_from(["", " # x", " "])
)
DOCUMENTS = st.lists(STATEMENTS, max_size=4).map(
    lambda statements: "".join(
        f"{header.format(number)}k{number}.{key} = {value}{end}\n"
        for number, (header, key, value, end) in enumerate(statements)
    )
)


@pytest.fixture(scope="module")
def patched() -> pytest.MonkeyPatch:
    return pytest.MonkeyPatch()


@given(text=DOCUMENTS)
def test_every_reader_says_the_same(text: str, patched: pytest.MonkeyPatch) -> None:
    """Of any document: the same data, the same fault, or none is TOML."""
    same(text, patched)


@given(text=DOCUMENTS, position=st.integers(0), other=st.sampled_from(list("\"'{}[],\n\\e#=:x1 ")))
def test_also_of_what_is_broken(text: str, position: int, other: str, patched: pytest.MonkeyPatch) -> None:
    """A character more anywhere."""
    where = position % (len(text) + 1)
    same(text[:where] + other + text[where:], patched)


@given(st.text(alphabet="\"'{}[],\n\\e#=:x1 0"))
def test_any_text_can_be_looked_at(text: str) -> None:
    """Nothing makes it fail."""
    found = first_newer(text)
    assert found is None or 0 <= found.offset < len(text)


def test_what_the_scan_costs() -> None:
    """It is made in one pass, whatever a text has in it: this ends."""
    for part in (
        '"""',
        "'''",
        '"',
        '"""\\"',
        "{",
        "[{",
        "a = {\n",
        '"\\e',
        "12:3",
        'a = "b"\n',
        "'\n",
        '"a" = {b = ""} #\n',
    ):
        first_newer("{" + part * 200_000)
    assert (
        first_newer("\n".join(f'"p-{number}" = "acme"' for number in range(100_000)) + "\nx = {a = 1,}\n")
        is not None
    )
