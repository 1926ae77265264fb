"""Whatever other tools' files say, ``init`` writes a table, or says what is wrong with a file."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rim_router.cli import main
from rim_router.cli.questions import questions
from tests.support.tables import as_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = (
    "tool", "uv", "pdm", "poetry", "source", "sources", "index", "name", "url", "explicit", "default",
    "format",
    "include_packages", "exclude_packages", "priority", "dependencies", "group", "markers", "marker", "pip",
    "extra-index-url", "index-url", "find-links", "packages", "type", "x",
)  # fmt: skip
SCALARS = st.sampled_from(
    [
        True,
        1,
        "",
        "x",
        "x-*",
        "*",
        "pypi",
        "pip",
        "https://a.example/s",
        "https://u:hunter2@b.example/s",
        "a:b",
        "${X}",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from(KEYS), below, max_size=3),
    max_leaves=8,
)
SOURCES = st.lists(st.dictionaries(st.sampled_from(KEYS[4:]), VALUES, max_size=4), max_size=3) | VALUES


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A directory, and a pip without any configuration on a machine without any table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("init"))
        patch.setattr("platformdirs.site_config_path", lambda name: Path("nowhere") / name)
        patch.setattr("platformdirs.user_config_path", lambda name: Path("nowhere") / name)
        patch.setenv("PIP_CONFIG_FILE", "")
        patch.setattr("rim_router.cli.init.command.read_settings", dict)
        yield


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["pyproject.toml", "uv.toml", "Pipfile"]),
    st.dictionaries(st.sampled_from(KEYS[1:]), SOURCES, max_size=4),
    VALUES,
)
def test_any_file(name: str, tables: dict[str, Any], tool: Any) -> None:
    """The table can be read, and has no password."""
    for path in Path().iterdir():
        path.unlink()
    data = {"tool": tables if tables else tool} if name == "pyproject.toml" else tables
    Path(name).write_text("".join(f'"{key}" = {as_toml(value)}\n' for key, value in data.items()))
    assert "routes" in initialised()


SECRET = "s3cr3tW0rd99xyzABCDE"
GOOD = st.sampled_from([f"https://{host}.example/simple" for host in "abc"] + ["https://pypi.org/simple"])
URLS = GOOD | st.builds(
    "{}{}{}{}".format,
    st.sampled_from(
        ["https://", "http://", "HTTPS://", "file://", "ftp://", "rim+https://", "rim+", "//", ""]
    ),
    st.sampled_from(["", f"me:{SECRET}@", f"{SECRET}@", f":{SECRET}@", f"$U:{SECRET}@", f"a@b:{SECRET}@"]),
    st.sampled_from(
        ["a.example", "A.example:1", "[::1]", "127.0.0.1", "ünï.example", "a..b", "", "a\\b", "x:y"]
    ),
    st.sampled_from(["", "/s/", "/a b", "/s?x=1", "/s#f", "/%zz", "//x", "/../s", f"/{SECRET}/s", "/s@x"]),
)
LABELS = st.sampled_from(["a", "b", "pypi", "pip", "wheels", "main", "x y", "", 'a"b', "a\n", "é"])
PROJECTS = st.sampled_from(["acme", "Acme.X", "acme-*", "rim-router", "torch", "-bad-", "ü", ""])
PATTERNS = st.sampled_from(["acme", "acme-*", "acme-x-*", "Acme_*", "*", "*-x", "rim-*", "rim-router", ""])
MARKERS = st.sampled_from(["os_name == 'nt'", "sys_platform != 'win32'", "no marker"])


def some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={key.replace("_", "-"): each for key, each in keys.items()})


def many(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=3)


NO_INDEX = st.sampled_from([{"git": f"https://u:{SECRET}@g.example/x"}, {"path": "../x"}])
UV = some(
    index=many(
        some(url=URLS, name=LABELS, explicit=st.booleans(), default=st.booleans(), format=st.just("flat"))
    ),
    sources=st.dictionaries(PROJECTS, NO_INDEX | many(some(index=LABELS, marker=MARKERS)), max_size=3),
    index_url=URLS,
    extra_index_url=many(URLS),
    pip=some(index_url=URLS, find_links=many(URLS)),
)
PATTERN_KEYS = {each: many(PATTERNS) for each in ("include_packages", "exclude_packages")}
PDM = some(
    source=many(
        st.fixed_dictionaries(
            {"url": URLS}, optional={"name": LABELS, "password": st.just(SECRET), **PATTERN_KEYS}
        )
    )
)
POETRY = some(
    source=many(
        some(url=URLS, name=LABELS, priority=st.sampled_from(["primary", "explicit", "supplemental"]))
    ),
    dependencies=st.dictionaries(PROJECTS, NO_INDEX | some(source=LABELS, markers=MARKERS), max_size=3),
)
PIPFILE = some(
    source=many(some(url=URLS, name=LABELS)),
    packages=st.dictionaries(PROJECTS, NO_INDEX | some(index=LABELS, markers=MARKERS), max_size=3),
)
OPTIONS = many(st.tuples(st.sampled_from(["-i ", "--extra-index-url=", "-f "]), URLS))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some(uv=UV, pdm=PDM, poetry=POETRY), UV, PIPFILE, OPTIONS, st.sampled_from([[], ["pytorch-cpu"]]))
def test_what_is_written_is_right(
    tool: dict[str, Any],
    uv: dict[str, Any],
    pipfile: dict[str, Any],
    options: list[tuple[str, str]],
    presets: list[str],
) -> None:
    """Whatever URLs, names and patterns there are, and whoever says something else of the same name."""
    for path in Path().iterdir():
        path.unlink()
    for name, data in (("pyproject.toml", {"tool": tool}), ("uv.toml", uv), ("Pipfile", pipfile)):
        text = "".join(f"{key} = {as_toml(value)}\n" for key, value in data.items())
        Path(name).write_text(text, encoding="utf-8")
    Path("requirements.txt").write_text("".join(f"{o}{url}\n" for o, url in options), encoding="utf-8")
    initialised(*(word for preset in presets for word in ("--preset", preset)))


def initialised(*args: str) -> str:
    """The table that is written: only open questions stop ``check --strict``, and nobody says a password."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        assert main(["init", *args]) == 0, said.getvalue()
    text = Path("index-routing.toml").read_text(encoding="utf-8")
    for secret in ("hunter2", SECRET):
        assert secret not in text
        assert secret not in said.getvalue()
    with pytest.MonkeyPatch.context() as patch:
        for variable in re.findall(r"\$\{(\w+)\}", text):
            patch.setenv(variable, "x")
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            assert main(["check", "--strict"]) == any(questions(text)), said.getvalue() + text
    return text


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["pylock.toml", "pyproject.toml"]),
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4),
)
def test_any_names(name: str, tables: dict[str, Any]) -> None:
    """So do files that have names for an export: those, or an error."""
    for path in Path().iterdir():
        path.unlink()
    Path("index-routing.toml").write_text('[indexes]\na = "https://a.example/s"\n[routes]\n"*" = "a"\n')
    data = {"packages": tables, "project": tables, "dependency-groups": tables, **tables}
    Path(name).write_text("".join(f'"{key}" = {as_toml(value)}\n' for key, value in data.items()))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        option = "--lock" if name == "pylock.toml" else "-r"
        assert main(["export", "uv", option, name]) in (0, 2)
