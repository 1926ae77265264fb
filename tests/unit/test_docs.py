"""The documentation says what the code does."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import rim_router
from hatch_build import with_absolute_links
from rim_router.cli.parser import COMMANDS
from rim_router.config import load
from rim_router.config.keys import INDEX, MIN_AGE, MINIMUM_OPENSSL, POLICY, ROUTE, TABLE

if TYPE_CHECKING:
    from tests.unit.conftest import Machine

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

_BLOCK = re.compile(r"^```(\S*)[ ]?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_TEST = re.compile(r"`(tests/[\w/]+\.py)((?:::\w+)*)`")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


pages = pytest.mark.parametrize("page", PAGES, ids=name)


def blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """The code blocks in a language: what stands behind its name, and the code."""
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(rest, code) for kind, rest, code in found if kind == language]


def prose(page: Path) -> str:
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The fragments under which a page's headings are found, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def ids_in(path: Path) -> set[str]:
    """What may stand behind a file's name in the ids of its tests, as pytest collects them."""
    found = {""}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        within = node.body if isinstance(node, ast.ClassDef) and node.name.startswith("Test") else [node]
        names = [each.name for each in within if isinstance(each, ast.FunctionDef)]
        prefix = "" if within == [node] else f"::{getattr(node, 'name', '')}"
        found |= {f"{prefix}::{name}" for name in names if name.startswith("test_")}
        found |= {prefix}
    return found


def commands() -> list[str]:
    """The lines of the shell blocks in the README."""
    return [line for _, code in blocks(ROOT / "README.md", "sh") for line in code.splitlines()]


TABLES = [
    pytest.param(rest, code, id=f"{name(page)}-{number}")
    for page in PAGES
    for number, (rest, code) in enumerate(blocks(page, "toml"))
]


@pytest.mark.parametrize(("where", "code"), TABLES)
def test_every_table_is_one(where: str, code: str, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table in the documentation loads without a fault, in the layer that it is for."""
    for variable in re.findall(r"\$\{(\w+)\}", code):
        monkeypatch.setenv(variable, "secret")
    if "[tool.rim-router" in code:
        (machine.work / "pyproject.toml").write_text(code, encoding="utf-8")
    else:
        machine.write(where.partition("layer=")[2] or "project", code)
    table = load()
    assert table.in_force
    assert list(table.routes)


def test_there_are_tables() -> None:
    """The test above has found some."""
    assert len(TABLES) > 10


def test_the_generated_reference_is_up_to_date() -> None:
    """`python docs/generate_reference.py` has been run, and knows every key, error, warning and command."""
    # In a process of its own: what other tests have imported would add errors.
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate_reference.py"), "--check"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_error_can_be_found() -> None:
    """Each error has a heading, and what the search recognises leads to a heading that is there."""
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert len(headings) == len(set(headings))
    for path in (ROOT / "rim_router").rglob("*.py"):
        for code in re.findall(r"^    reference = \"(.+)\"$", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert code == "rim-router-error" or f"error: {code}" in headings, path
    search = (ROOT / "docs" / "_static" / "search.js").read_text(encoding="utf-8")
    lines = dict(re.findall(r"^  \[\"(.+)\", \"(.+)\"\],$", search, re.MULTILINE))
    assert {"*maynotcomefrom*", "*waslookedforon*andnowhereelse"} <= {
        re.sub(r"\*$", "*", each) for each in lines
    }
    assert set(lines.values()) <= set(headings)


@pytest.mark.parametrize("key", [*TABLE, *INDEX, *ROUTE, *POLICY, MINIMUM_OPENSSL, MIN_AGE])
def test_every_key_is_in_the_reference(key: str) -> None:
    """Whatever the generator does, no key is missing on the page."""
    assert f"`{key}`" in (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def test_docstrings_name_sections_of_the_reference() -> None:
    """What stands behind "reference:" in the code is a heading of the page."""
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    headings = {heading.replace("`", "") for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for path in [*(ROOT / "rim_router").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        for name in re.findall(r"[(;] ?reference: ([^();,]+)", path.read_text(encoding="utf-8")):
            assert name in headings, path


def test_the_variables_are_in_the_reference() -> None:
    """Every environment variable in the code is on the page."""
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    for path in (ROOT / "rim_router").rglob("*.py"):
        for variable in re.findall(r"\"(_?RIM_ROUTER_[A-Z]+)\"", path.read_text(encoding="utf-8")):
            assert f"`{variable}`" in text, path


def test_the_readme_runs_the_tests_as_ci_does() -> None:
    """The command in the README is, letter by letter, one of `.ci/run`."""
    script = ROOT / ".ci" / "run"
    if not script.exists():
        pytest.skip("a source distribution has no .ci")
    [command] = [line for line in commands() if "nox -s tests" in line]
    assert command in script.read_text(encoding="utf-8").splitlines()


def test_the_readme_has_one_command_for_the_demo() -> None:
    """Set-up and demo in one line, with nothing but Python and pip."""
    [command] = [line for line in commands() if "rim-router demo" in line]
    assert re.fullmatch(r"python3 -m venv (\S+) && \1/bin/pip install \. && \1/bin/rim-router demo", command)


def test_the_readme_of_an_index_has_absolute_links() -> None:
    """They lead into the repository, if it is known; else only their words are left. Code stays as it is."""
    page = "[a](docs/a.md#b) ![p](docs/p.svg) [c](https://c.example)\n```toml\n[x](y)\n```\n"
    code = "[c](https://c.example)\n```toml\n[x](y)\n```\n"
    source = "https://git.example/rim-router"
    assert with_absolute_links(page, None) == f"a  {code}"
    assert with_absolute_links(page, source) == (
        f"[a]({source}/blob/HEAD/docs/a.md#b) ![p]({source}/raw/HEAD/docs/p.svg) {code}"
    )


def test_the_picture_can_be_read_aloud_and_in_the_dark() -> None:
    """It has a title, a description and colours for both backgrounds."""
    picture = (ROOT / "docs" / "routing.svg").read_text(encoding="utf-8")
    for part in (
        r"<title id=\"title\">.+</title>",
        r"<desc id=\"description\">.+</desc>",
        "prefers-color-scheme: dark",
    ):
        assert re.search(part, picture, re.DOTALL), part


@pages
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link has a file, and every fragment a heading."""
    for link in _LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not fragment or fragment in anchors(target), link


@pages
def test_tests_that_are_named_exist(page: Path) -> None:
    """A page that points to a test as its proof points to one that pytest collects, and not to a helper."""
    for path, what in _TEST.findall(page.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path
        assert what in ids_in(ROOT / path), f"{path}{what}"


def test_ids_are_those_of_tests() -> None:
    """A class of tests, a test and a test in a class are known, and no other function is taken for one."""
    known = ids_in(Path(__file__))
    assert {"", "::test_ids_are_those_of_tests"} <= known
    assert not {"::blocks", "::ids_in", "::TABLES"} & known
    attacks = ids_in(ROOT / "tests/e2e/test_attacks.py")
    assert {"::TestOnEveryPip", "::TestOnEveryPip::test_html_pages"} <= attacks
    assert "::transitive" not in attacks


@pages
def test_commands_that_are_named_exist(page: Path) -> None:
    """`rim-router WORD` is a command of this version."""
    words = re.findall(r"(?:`|\$ |/bin/)rim-router ([a-z]+)", page.read_text(encoding="utf-8"))
    assert set(words) <= set(COMMANDS)


def test_sessions_that_are_named_exist() -> None:
    """`nox -s NAME` in CONTRIBUTING is a session, and every session is there."""
    named = set(re.findall(r"nox -s (\w+)", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    source = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert named == set(re.findall(r"^@nox\.session[^\n]*\ndef (\w+)", source, re.MULTILINE))


def test_tests_that_are_to_be_run_exist() -> None:
    """`nox -s NAME -- PATH` in CONTRIBUTING names files and directories that are there."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = " ".join(re.findall(r"`nox -s \w+ -- ([^`]+)`", text)).split()
    assert [path for path in named if path.startswith("tests/") and not (ROOT / path).exists()] == []


def test_modules_that_are_named_exist() -> None:
    """The architecture page names modules that are there, and all of the folders that everybody needs."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in re.findall(r"`_rim_router\.(\w+)`", text):
        assert (ROOT / "_rim_router" / f"{name}.py").exists(), name
    text = re.sub(r"`_rim_router[\w.]*`", "", text)
    rows = re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
    named: set[str] = set()
    package = ""
    for cell in re.findall(r"`([\w.*]+)`", " ".join(rows)):
        head, dot, tail = cell.rpartition(".")
        package = (
            head.replace(".", "/")
            if dot
            else package
            if (ROOT / "rim_router" / package / f"{cell}.py").exists()
            else ""
        )
        path = ROOT / "rim_router" / package / f"{tail}.py"
        named.add(str(path.relative_to(ROOT / "rim_router")))
        assert tail == "*" or path.exists(), cell
    rooms = "_rim_router|rules|rim|config|hooks|environments|cli|bench|tests"
    for path in re.findall(rf"`((?:{rooms})/[\w./]*)`", text):
        assert (ROOT / path).exists() or (ROOT / "rim_router" / path).exists(), path
    for folder in ("rules", "hooks", "config", "environments"):
        there = {f"{folder}/{path.name}" for path in (ROOT / "rim_router" / folder).glob("*.py")}
        assert there - {f"{folder}/__init__.py"} <= named


def test_the_changelog_has_this_version() -> None:
    """The version of the package has an entry."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[?{re.escape(rim_router.__version__)}\b", text, re.MULTILINE)


def test_the_workflow_runs_sessions_that_are_there() -> None:
    """CI on the forge runs what developers run; actionlint looks at the rest (`nox -s workflows`)."""
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    source = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    sessions = set(re.findall(r"(?m)^def ([a-z]\w*)\(session", source))
    runs = re.findall(r"run: nox -s ([\w -]+)", workflow)
    named = {name.partition("-")[0] for run in runs for name in run.split()}
    assert {"lint", "types", "tests", "unit", "workflows"} <= named <= sessions
    assert all(system in workflow for system in ("ubuntu", "macos", "windows"))


def test_the_issue_template_asks_for_what_doctor_says() -> None:
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8")
    assert "rim-router doctor --json" in text
