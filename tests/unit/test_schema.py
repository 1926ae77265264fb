"""The JSON schema of a table says what the readers say, as far as it is about structure."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rim_router.cli import main
from rim_router.cli.schema import PATH
from rim_router.config.document import read_toml, shown_key
from rim_router.config.files import LayerFile
from rim_router.config.keys import INDEX, ROUTE, SETTINGS, TABLE, WHEEL
from rim_router.config.parse import parse
from rim_router.errors import TableError
from rim_router.rules.age import parse_age
from rim_router.rules.names import PATTERN, Pattern
from tests.support.tables import as_toml
from tests.unit.test_defects import DATA, EXPECTED
from tests.unit.test_docs import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads(PATH.read_text(encoding="utf-8"))
# What the readers say of types, keys and words; all else is about what values mean.
STRUCTURE = re.compile(r"expected |unknown key|\".*\" is not one of ")
# These have nothing wrong that a schema can see: no TOML, or what names, variables and layers mean.
MEANING = {
    "byte-order-mark",
    "ends-too-early",
    "foreign-variable",
    "key-defined-twice",
    "lock-in-a-project",
    "not-utf-8",
    "same-pattern-twice",
    "syntax-error",
    "unknown-index",
}


def errors(table: Any) -> Iterator[tuple[str, ...]]:
    """The key paths of what the schema refuses; of an unknown key that of its table."""
    for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(table):
        yield tuple(f"[{part}]" if isinstance(part, int) else part for part in error.absolute_path)


def faults(content: str) -> list[Any]:
    """What the readers refuse."""
    file = LayerFile("project", Path.cwd() / "index-routing.toml", False, content.encode(), "table")
    return list(parse(file, {"RIM_ROUTER_X": "https://x.example"}).faults)


def test_it_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """`python docs/generate_schema.py` has been run, and that is what the command prints."""
    code = "import generate_schema; print(generate_schema.render(), end='')"
    command = [sys.executable, "-c", code]
    made = subprocess.run(command, cwd=ROOT / "docs", capture_output=True, text=True, check=True).stdout
    assert PATH.read_text(encoding="utf-8") == made
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == made
    assert main(["schema", "--path"]) == 0
    assert capsys.readouterr().out == f"{PATH}\n"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(("where", "code"), TABLES)
def test_every_table_of_the_documentation_passes(where: str, code: str) -> None:
    table = read_toml(code.encode(), "table")[1]
    assert not list(errors(table.get("tool", {}).get("rim-router", table)))


@pytest.mark.parametrize("name", sorted({*EXPECTED} - MEANING))
def test_what_is_wrong_by_structure_fails(name: str) -> None:
    """At the very place of which the reader says so."""
    content = (DATA / f"{name}.toml").read_text(encoding="utf-8")
    found = set(errors(read_toml(content.encode(), "table")[1]))
    assert found
    for fault in faults(content):
        key = fault.where.key
        if STRUCTURE.match(fault.message) and "found a float" not in fault.message:  # 403.0 is 403 in JSON
            parents = {shown_key(path) for path in found}
            up = key.rpartition(".")[0] if fault.message == "unknown key" else key
            assert up in parents, fault


@pytest.mark.parametrize("name", sorted(MEANING))
def test_nothing_else_does(name: str) -> None:
    try:
        table = read_toml((DATA / f"{name}.toml").read_bytes(), "table")[1]
    except TableError:
        return
    assert not list(errors(table))


FULL: dict[str, Any] = {
    "indexes": {
        "acme": "https://acme.example/simple",
        "all": {
            "url": "https://all.example/simple",
            "mirrors": ["https://mirror.example/simple"],
            "external-hosts": ["cdn.example"],
            "pins": "required",
            "format": "simple",
            "probe": "acme",
            "absent-status": [403],
            "min-age": "7d",
        },
    },
    "routes": {
        "acme-*": "acme",
        "a": {
            "index": "acme",
            "marker": "os_name == 'posix'",
            "namespace": "a",
            "min-age": "1d12h",
            "min-age-exempt": "==1",
        },
        "b": [{"indexes": ["acme", "all"], "strategy": "first-index"}, {"deny": "no"}],
    },
    "wheel": [
        {
            "urls": ["https://cdn.example/c-1-py3-none-any.whl"],
            **{f"sha{bits}": "0" * (bits // 4) for bits in (256, 384, 512)},
            "size": 1,
            "requires-python": ">=3",
            "support": "us",
        }
    ],
    "policy": {"require-hashes": "all", "minimum-openssl": "3.0"},
    "speed": {"ask-early": False, "drop-early": True, "parallel-downloads": False},
}
OTHER = st.sampled_from([True, 7, 2.5, "", " ", "x", [], [True], ["x", "x"], {}, {"x": 1}])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from places(below, (*path, key))


def test_the_full_table_has_every_key() -> None:
    assert {*FULL} == {*TABLE}
    assert {*FULL["indexes"]["all"]} == {*INDEX}
    assert {*ROUTE} - {"locked"} <= {*FULL["routes"]["a"], *FULL["routes"]["b"][0], "deny"}
    assert {*FULL["wheel"][0]} == {*WHEEL}
    assert {*FULL["policy"]} <= {*SETTINGS}
    assert not faults("".join(f"{key} = {as_toml(value)}\n" for key, value in FULL.items()))
    assert not list(errors(FULL))


@settings(max_examples=300)
@given(st.data())
def test_readers_and_schema_agree(data: st.DataObject) -> None:
    """After any change of a value, or a new key: what one refuses for its structure, so does the other."""
    table = copy.deepcopy(FULL)
    path = data.draw(st.sampled_from([path for path in places(FULL) if path]))
    parent: Any = table
    for key in path[:-1]:
        parent = parent[key]
    new = data.draw(OTHER)
    if isinstance(parent, dict) and data.draw(st.booleans()):
        parent[data.draw(st.sampled_from(["urll", "Index", "a b", "-", "*", "pip"]))] = new
    else:
        parent[path[-1]] = new
    said = faults("".join(f"{key} = {as_toml(value)}\n" for key, value in table.items()))
    refused = list(errors(table))
    if refused:
        assert said
    if any(STRUCTURE.match(fault.message) for fault in said):
        assert refused


# What the schema cannot say, as the readers say it; docs/how-to.md lists it for people.
BEYOND = re.compile(
    r"has no scheme|is not absolute|has a path that begins with two slashes|may only use variables"
    r"|names a home directory|\".*\" (is not a wheel|Invalid|has)|name different files|not a marker"
    r"|is not a version specifier|a marker that cannot|is already on line|environment variable"
)
HOSTS = [
    "a.example",
    "A.example:1",
    "[::1]",
    "[::1]:443",
    "x:65535",
    "x:65536",
    "x:0",
    "x:",
    "*",
    "*.a",
    "*.a:1",
    "",
]
HOSTS += [
    "a..b",
    "a.",
    "-a",
    "a_b",
    "a b",
    "ü.example",
    "a@b",
    "${RIM_ROUTER_X}",
    "${x}",
    "${",
    "x:00080",
    "[1]",
]
PATHS = [
    "",
    "/",
    "/simple/",
    "//x",
    "/a b",
    "/a?b",
    "/a#b",
    "/a\\b",
    "/a\tb",
    "/${RIM_ROUTER_X}/s",
    "/@",
    "/%2F",
]
SCHEMES = [
    "https://",
    "HTTP://",
    "file://",
    "file:///",
    "ftp://",
    "rim+https://",
    "https:",
    "https:/",
    "//",
    "",
    "./",
]
USERS = ["", "", "me@", "me:pw@", "a@b:c@", "${RIM_ROUTER_X}@", "[@"]
INDEXES = st.builds(
    "{}{}{}{}".format,
    *map(st.sampled_from, (SCHEMES, USERS, HOSTS, PATHS)),
)
FILES = [
    "a-1-py3-none-any.whl",
    "a-1-1-py3-none-any.whl",
    "a-1-any.whl",
    "a.tar.gz",
    "a%2D1-py3-none-any.whl",
    "",
]
WHEELS = st.builds(
    "{}{}{}/{}{}".format,
    st.sampled_from(["https://", "HTTPS://", "http://", "file://"]),
    *map(st.sampled_from, (HOSTS, ["", "/x", "/x y", "/", "//x"], FILES, ["", "?a=b", "#a", "#", "?a#b"])),
)
DIGESTS = st.sampled_from(["0" * 64, "A" * 64, "0" * 63, "0" * 96, "g" * 64, "0" * 64 + " ", ""])
NAMES = st.sampled_from(["a", "A.b_c", "a*", "*", "-a", "a b", "ü", "", "a/b"])
REST = st.sampled_from(
    [{}, {"namespace": "a"}, {"min-age": "7d"}, {"min-age-exempt": "==1"}, {"marker": "os_name"}]
)
WAYS = st.sampled_from([{"index": "a"}, {"index": "pip"}, {"index": "wheels"}, {"deny": "x"}, {}])
TABLES_OF_TEXTS = st.one_of(
    INDEXES.map(lambda url: {"indexes": {"a": url}}),
    INDEXES.map(lambda url: {"indexes": {"a": {"url": url, "mirrors": [url]}}}),
    st.sampled_from(HOSTS + PATHS).map(
        lambda host: {"indexes": {"a": {"url": "./a", "external-hosts": [host]}}}
    ),
    st.text(st.sampled_from("a :/.\t"), max_size=5).map(lambda name: {"indexes": {name: "./a"}}),
    NAMES.map(lambda name: {"indexes": {"a": {"url": "./a", "probe": name}}}),
    st.sampled_from(["flat", "simple"]).map(
        lambda form: {"indexes": {"a": {"url": "./a", "format": form, "probe": "a", "absent-status": [403]}}}
    ),
    st.tuples(WAYS, REST).map(
        lambda both: {"indexes": {"a": "./a"}, "routes": {"x": {**both[0], **both[1]}}}
    ),
    NAMES.map(lambda name: {"indexes": {"a": "./a"}, "routes": {"x": {"index": "a", "namespace": name}}}),
    st.tuples(WHEELS, DIGESTS).map(lambda both: {"wheel": [{"urls": [both[0]], "sha256": both[1]}]}),
    st.sampled_from(["\x07", "x", " "]).map(
        lambda text: {"wheel": [{**FULL["wheel"][0], "support": text, "requires-python": ">=3"}]}
    ),
)


@settings(max_examples=500)
@given(TABLES_OF_TEXTS)
def test_what_a_text_may_be(table: dict[str, Any]) -> None:
    """Nothing that the readers take is refused; what they refuse is, but for what only they can know."""
    found = faults("".join(f"{key} = {as_toml(value)}\n" for key, value in table.items()))
    said = [fault.message for fault in found if not BEYOND.search(fault.message)]
    assert bool(list(errors(table))) is bool(said) or (found and not said), (said, table)


@given(st.text(st.sampled_from("aZ0-_.*ü \n"), max_size=6))
def test_patterns(text: str) -> None:
    """The expression in the schema is the rule for patterns."""
    try:
        Pattern.parse(text)
    except ValueError:
        assert not re.fullmatch(PATTERN, text)
    else:
        assert re.fullmatch(PATTERN, text)


@given(st.text(st.sampled_from("0179dh D"), max_size=9))
def test_ages(text: str) -> None:
    """So is the one for ages."""
    assert (parse_age(text) is not None) is bool(re.search(INDEX["min-age"]["pattern"], text))
