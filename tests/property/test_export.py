"""Exports say what the table says, for every name, by the other tool's own rule of matching."""

from __future__ import annotations

import contextlib
import fnmatch
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rim_router.cli import main
from rim_router.config import load
from rim_router.config.document import read_toml
from rim_router.rules.table import Kind
from tests.support.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator

INDEXES = {name: f"https://{name}.example/simple" for name in "abc"}
STEMS = ("x", "x-y", "x-y-z", "xx", "w")
NAMES = [*STEMS, "x-q", "x-y-q", "xy", "x-y-z-q", "v"]
PATTERNS = st.sampled_from([*STEMS, *(f"{stem}-*" for stem in STEMS), "x*", "*"])
TARGETS = st.sampled_from([*INDEXES, {"deny": "no"}])
TABLES = st.dictionaries(PATTERNS, TARGETS, min_size=1, max_size=6)


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A directory for the tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("export"))
        patch.setattr("platformdirs.site_config_path", lambda name: Path("nowhere") / name)
        patch.setattr("platformdirs.user_config_path", lambda name: Path("nowhere") / name)
        patch.setenv("PIP_CONFIG_FILE", "")
        yield


def exported(tool: str, routes: dict[str, Any]) -> str | None:
    """What is printed; None if the tool cannot do it."""
    Path("index-routing.toml").write_text(table(INDEXES, routes))
    Path("names.txt").write_text("\n".join(NAMES))
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = main(["export", tool, "-r", "names.txt"])
    return out.getvalue() if code == 0 else None


def expected(name: str) -> str | None:
    """The URL of the index of a name; "denied"; None if it is left to the tool."""
    decision = load().route(name)
    if decision.target.kind is Kind.DENY:
        return "denied"
    return decision.indexes[0].url if decision.claimed else None


examples = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@examples
@given(TABLES)
def test_nginx(routes: dict[str, Any]) -> None:
    """A map takes an exact string, or else the first expression that matches."""
    text = exported("nginx", routes)
    assert text is not None
    body = re.search(r"map \$project \$route \{\n(.*?)\n    \}", text, re.DOTALL)
    assert body is not None
    pairs = [line.split("#")[0].strip().rstrip(";").split() for line in body[1].splitlines()[1:]]
    lines = r'(?m)^        (i\d) "/from/i\d/https/([a-c])\.example/simple/\$project/";'
    named = dict(re.findall(lines, text))
    for name in NAMES:
        found = next((label for key, label in pairs if key == name), None)
        tries = (label for key, label in pairs if key.startswith("~*") and re.search(key[2:], name))
        label = found or next(tries, dict(pairs)["default"])  # type: ignore[arg-type]
        wanted = expected(name)
        if wanted is None:
            assert label == "unclaimed"
        elif wanted == "denied":
            assert label.startswith("denied_")
        else:
            assert INDEXES[named[label]] == wanted


@examples
@given(TABLES)
def test_renovate(routes: dict[str, Any]) -> None:
    """The last rule that matches wins."""
    text = exported("renovate", routes)
    assert text is not None
    for name in NAMES:
        found = None
        for rule in json.loads(text)["packageRules"]:
            [matcher] = rule["matchPackageNames"]
            if matcher in ("*", name) or (matcher.startswith("/") and re.search(matcher.strip("/"), name)):
                found = "denied" if rule.get("enabled") is False else rule["registryUrls"][0].rstrip("/")
        assert found == expected(name)


@examples
@given(TABLES)
def test_pdm(routes: dict[str, Any]) -> None:
    """Sources that include a name are the only ones; or else all that do not exclude it."""
    text = exported("pdm", routes)
    if text is None:
        return
    sources: Any = read_toml(text.encode(), "pdm")[1]["tool"]["pdm"]["source"] if "source" in text else []
    if not any(each["name"] == "pypi" for each in sources):
        sources.insert(0, {"name": "pypi", "url": "PyPI"})  # what PDM has by itself
    for name in NAMES:

        def has(source: Any, key: str, name: str = name) -> bool:
            return any(fnmatch.fnmatch(name, pattern) for pattern in source.get(key, []))

        included = [each["url"] for each in sources if has(each, "include_packages")]
        left = [each["url"] for each in sources if not has(each, "exclude_packages")]
        found = included or left
        wanted = expected(name)
        if wanted == "denied":
            assert found == []
        elif wanted is None:
            assert found in (["PyPI"], ["https://pypi.org/simple"])
        else:
            assert found == [wanted], (name, text)


@examples
@given(TABLES)
def test_poetry(routes: dict[str, Any]) -> None:
    """A name that is needed has its source, or the primary one."""
    text = exported("poetry", routes)
    if text is None:
        assert "denied" in map(expected, [*NAMES, "never"])
        return
    data: Any = read_toml(text.encode(), "poetry")[1].get("tool", {}).get("poetry", {})
    urls = {each["name"]: each["url"] for each in data.get("source", [])}
    primary = [each["url"] for each in data.get("source", []) if each["priority"] == "primary"]
    for name in NAMES:
        source = data.get("dependencies", {}).get(name)
        assert (urls[source["source"]] if source else (primary or [None])[0]) == expected(name), (name, text)


@examples
@given(TABLES)
def test_uv(routes: dict[str, Any]) -> None:
    """A name that is needed has its source; what is not listed has an index only if no route has it."""
    text = exported("uv", routes)
    if text is None:
        assert "denied" in map(expected, NAMES) or (
            expected("never") is None and any("-*" in key or key == "x*" for key in routes)
        )
        return
    data: Any = read_toml(text.encode(), "uv")[1].get("tool", {}).get("uv", {})
    urls = {each["name"]: each["url"] for each in data.get("index", [])}
    default = [each["url"] for each in data.get("index", []) if each.get("default")]
    assert default == ([] if expected("never") is None else ["rim+https://pypi.org/simple"])
    for name in NAMES:
        source = data.get("sources", {}).get(name)
        assert (urls[source["index"]] if source else None) == expected(name), (name, text)
        assert (f"{name}>=0" in data.get("constraint-dependencies", [])) is (source is not None)
