"""Whatever other tools' files say, ``init`` writes a table, or says what is wrong with a file."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rim_router.cli import main
from rim_router.config.document import read_toml
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
    """A directory, and a pip without any configuration."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("init"))
        patch.setattr("rim_router.cli.init.tools.read_settings", dict)
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
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["init"]) == 0
    text = Path("index-routing.toml").read_text()
    assert "hunter2" not in text
    assert "routes" in read_toml(text.encode(), "table")[1]


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
