"""rim-router export: the same routes in other words, and an error for what cannot be said."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from rim_router.cli import main
from rim_router.cli.export.uv import opposite
from rim_router.config.document import read_toml

if TYPE_CHECKING:
    from tests.unit.conftest import Machine

TABLE = """\
[indexes]
acme = { url = "https://ci:${RIM_ROUTER_TOKEN}@pypi.acme.example/simple", external-hosts = ["cdn.example"] }
pypi = "https://pypi.org/simple"
[routes]
"acme-*" = "acme"
acme = "acme"
gone = { deny = "retired: \\"x\\"" }
"*" = "pypi"
"""
TOOLS = ("uv", "pdm", "poetry", "nginx", "renovate", "dependabot", "pip-audit")
LISTED = "[indexes]\na = 'https://a.example/s'\nb = 'https://b.example/s'\n[routes]\n"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIM_ROUTER_TOKEN", "hunter2hunter2")


def export(capsys: pytest.CaptureFixture[str], tool: str, *names: str, table: str = TABLE) -> str:
    """What is printed; a project needs these names."""
    Path("index-routing.toml").write_text(table, encoding="utf-8")
    Path("requirements.txt").write_text("\n".join(names or ("six==1.0",)), encoding="utf-8")
    assert main(["export", tool, "-r", "requirements.txt"]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], tool: str, table: str, *names: str) -> str:
    Path("index-routing.toml").write_text(table, encoding="utf-8")
    Path("requirements.txt").write_text("\n".join(names or ("six==1.0",)), encoding="utf-8")
    assert main(["export", tool, "-r", "requirements.txt"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


@pytest.mark.parametrize("tool", TOOLS)
def test_no_secret_is_printed(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And what is lost is said."""
    said = export(capsys, tool, "acme-core==1.0", "six==1.0")
    assert "hunter2" not in said
    assert "Not carried over" in said


def read(said: str) -> Any:
    """What is printed for ``pyproject.toml``, below ``tool``."""
    return read_toml(said.encode(), "a tool")[1]["tool"]


def test_uv(capsys: pytest.CaptureFixture[str]) -> None:
    """Every name has a source, which constraints make count everywhere; no other name has an index."""
    said = export(capsys, "uv", "acme-core>=1", "six")
    data = read(said)["uv"]
    assert data["sources"] == {
        "acme-core": {"index": "acme"},
        "six": {"index": "pypi"},
        "acme": {"index": "acme"},
    }
    assert data["constraint-dependencies"] == ["acme-core>=0", "six>=0", "acme>=0", "gone<0"]
    assert data["build-constraint-dependencies"] == data["constraint-dependencies"]
    assert data["index"] == [
        {
            "name": "acme",
            "url": "https://pypi.acme.example/simple",
            "explicit": True,
            "authenticate": "always",
        },
        {"name": "pypi", "url": "https://pypi.org/simple", "explicit": True},
        {"name": "unlisted", "url": "rim+https://pypi.org/simple", "default": True},
    ]
    for lost in ("names that are not listed", "`uv pip`", "UV_INDEX", "external-hosts of index acme"):
        assert f"# * {lost}" in said, said


def test_uv_without_an_index_for_all_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Then it goes to PyPI for what is not listed, so a pattern would have an open end."""
    said = export(capsys, "uv", "a", "six", table=f'{LISTED}a = "a"\nx = {{ deny = "no" }}\n')
    assert read(said)["uv"] == {
        "constraint-dependencies": ["a>=0", "x<0"],
        "build-constraint-dependencies": ["a>=0", "x<0"],
        "sources": {"a": {"index": "a"}},
        "index": [{"name": "a", "url": "https://a.example/s", "explicit": True}],
    }
    assert "names that no route claims" in said
    for way in ('"a"', '{ deny = "no" }'):
        said = refused(capsys, "uv", f'{LISTED}"x-*" = {way}\n', "six")
        assert "x-* in ./index-routing.toml:5: uv would go to PyPI" in said


def test_uv_with_all_other_names_denied(capsys: pytest.CaptureFixture[str]) -> None:
    table = LISTED + 'x = "a"\n"*" = { deny = "no" }\n'
    assert read(export(capsys, "uv", "x", table=table))["uv"]["index"][-1]["name"] == "unlisted"
    assert "y is needed, and denied: no" in refused(capsys, "uv", table, "x", "y")


ON_NT = """{ index = "a", marker = "os_name == 'nt'" }"""
ON_OLD = """{ index = "b", marker = "python_version < '3.9'" }"""


@pytest.mark.parametrize(
    "way", [f"[{ON_NT}]", f"[{ON_NT}, {ON_OLD}]", f"[{ON_NT}, {ON_OLD}, {{ index = 'c' }}]"]
)
def test_uv_markers(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever it is, one index has the name: that of our route, or of the next pattern that fits."""
    table = LISTED.replace("[routes]", "c = 'https://c.example/s'\n[routes]")
    said = export(capsys, "uv", "x-y", table=f"{table}'*' = 'b'\nx-y = {way}\n'x-*' = 'c'\n")
    found = read(said)["uv"]["sources"]["x-y"]
    for system in ("nt", "posix"):
        for version in ("3.8", "3.13"):
            here = {"os_name": system, "python_version": version}
            holding = [each["index"] for each in found if Marker(each["marker"]).evaluate(here)]
            assert holding == ["a" if system == "nt" else "b" if version == "3.8" and ON_OLD in way else "c"]


def test_uv_markers_that_it_cannot_follow(capsys: pytest.CaptureFixture[str]) -> None:
    start = f'{LISTED}"*" = "b"\n'
    said = refused(capsys, "uv", start + "x = [{ index = 'a', marker = 'python_version ~= \"3.9\"' }]\n", "x")
    assert "x in ./index-routing.toml:6: uv needs the opposite of" in said
    said = refused(
        capsys, "uv", start + "x = [{ deny = 'no', marker = 'os_name == \"nt\"' }, { index = 'a' }]\n", "x"
    )
    assert "uv cannot deny a project by an environment marker" in said
    said = refused(capsys, "uv", LISTED + "x = [{ index = 'a', marker = 'os_name == \"nt\"' }]\n", "x")
    assert "where no marker holds" in said


WORDS = {
    "os_name": ["posix", "nt"],
    "sys_platform": ["linux", "win32"],
    "python_version": ["3.8", "3.9", "3.13"],
    "platform_machine": ["x86_64", "arm64"],
}
COMPARISON = st.sampled_from(sorted(WORDS)).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.sampled_from(["==", "!=", "in", "not in", *(["<", ">=", ">", "<="] if "version" in name else [])]),
        st.sampled_from(WORDS[name]),
        st.booleans(),
    )
)
MARKERS = st.recursive(
    COMPARISON.map(
        lambda each: (
            f"'{each[2]}' {each[1]} {each[0]}"
            if each[3] and "in" in each[1]
            else f"{each[0]} {each[1]} '{each[2]}'"
        )
    ),
    lambda below: st.tuples(below, st.sampled_from(["and", "or"]), below, st.booleans()).map(
        lambda each: f"({each[0]}) {each[1]} {each[2]}" if each[3] else f"{each[0]} {each[1]} {each[2]}"
    ),
    max_leaves=6,
)


@given(MARKERS, st.fixed_dictionaries({name: st.sampled_from(words) for name, words in WORDS.items()}))
def test_the_opposite_of_a_marker(text: str, here: dict[str, str]) -> None:
    """It holds where the marker does not."""
    assert Marker(opposite(text)).evaluate(here) is not Marker(text).evaluate(here)


def test_pdm(capsys: pytest.CaptureFixture[str]) -> None:
    """Its patterns are ours; what is denied has no source at all."""
    data: Any = read_toml(export(capsys, "pdm").encode(), "pdm")[1]
    assert data["tool"]["pdm"]["source"] == [
        {"name": "pypi", "url": "https://pypi.org/simple", "exclude_packages": ["gone"]},
        {
            "name": "acme",
            "url": "https://pypi.acme.example/simple",
            "include_packages": ["acme", "acme-*"],
            "exclude_packages": ["*"],
        },
    ]


def test_pdm_has_no_order(capsys: pytest.CaptureFixture[str]) -> None:
    """A pattern inside another one, to elsewhere, would be asked at both."""
    table = LISTED + '"*" = "b"\n"x-*" = "a"\nx-y = "b"\n"x-z" = { deny = "no" }\n'
    said = refused(capsys, "pdm", table)
    assert "x-y in ./index-routing.toml:7: PDM cannot take it out of x-*" in said
    assert "x-z in ./index-routing.toml:8: PDM cannot take it out of x-*" in said


def test_poetry(capsys: pytest.CaptureFixture[str]) -> None:
    said = export(capsys, "poetry", "acme-core", "six")
    data: Any = read_toml(said.encode(), "poetry")[1]
    assert data["tool"]["poetry"]["dependencies"] == {"acme-core": {"source": "acme"}}
    assert data["tool"]["poetry"]["source"] == [
        {"name": "acme", "url": "https://pypi.acme.example/simple", "priority": "explicit"},
        {"name": "PyPI", "priority": "primary"},
    ]
    assert "[build-system] requires: an explicit source does not cover it" in said


@pytest.mark.parametrize("tool", ["pdm", "poetry", "dependabot"])
def test_all_other_names_denied(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    """These tools would go to PyPI for them."""
    table = LISTED + 'x = "a"\n"*" = { deny = "no" }\n'
    assert "* in ./index-routing.toml:6" in refused(capsys, tool, table, "x")


def test_poetry_has_one_pypi(capsys: pytest.CaptureFixture[str]) -> None:
    """An index that a table calls so, and that is another one, has another name there."""
    table = TABLE.replace("https://pypi.org/simple", "https://mirror.example/simple")
    data: Any = read_toml(export(capsys, "poetry", table=table).encode(), "poetry")[1]
    assert data["tool"]["poetry"]["source"][-1]["name"] == "pypi-2"


@pytest.mark.parametrize("tool", ["uv", "poetry"])
def test_a_needed_name_that_is_denied(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 'gone is needed, and denied: retired: "x"' in refused(capsys, tool, TABLE, "gone")


def test_renovate(capsys: pytest.CaptureFixture[str]) -> None:
    """Its last rule that matches wins, so the most specific one is last."""
    data = json.loads(export(capsys, "renovate"))
    found = [
        (rule["matchPackageNames"], rule.get("registryUrls", rule.get("enabled")))
        for rule in data["packageRules"]
    ]
    assert found == [
        (["*"], ["https://pypi.org/simple/"]),
        (["/^acme\\-/"], ["https://pypi.acme.example/simple/"]),
        (["gone"], False),
        (["acme"], ["https://pypi.acme.example/simple/"]),
    ]
    assert any("--extra-index-url" in line for line in data["description"])


def test_dependabot(capsys: pytest.CaptureFixture[str]) -> None:
    """It would ask every index for every name, so what is not everybody's is left out, and that is said."""
    said = export(capsys, "dependabot")
    assert re.findall(r'dependency-name: "(.*)"', said) == ["acme", "gone", "acme-*"]
    assert "registries" not in re.sub(r"(?m)^#.*", "", said)
    table = TABLE.replace("https://pypi.org/simple", "https://mirror.example/simple")
    said = export(capsys, "dependabot", table=table)
    assert "replaces-base: true" in said
    assert 'registries: ["pypi"]' in said


def test_pip_audit_needs_versions(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "pip-audit", TABLE, "Flask==2.*", "acme-core")
    assert "pip-audit needs one version of each project" in said
    assert "flask: nothing says which version" in said
    assert "NAME==VERSION" in said
    assert "--environment" in said


def test_pip_audit_takes_every_version(capsys: pytest.CaptureFixture[str]) -> None:
    """With its marker, where there are several; two at once are an error, and none is left out in silence."""
    old, new = "six==1.0 ; python_version < '3.9'", "six==2.0 ; python_version >= '3.9'"
    assert [line for line in export(capsys, "pip-audit", old, new, old).splitlines() if line[0] != "#"] == [
        'six==1.0 ; python_version < "3.9"',
        'six==2.0 ; python_version >= "3.9"',
    ]
    for second in ("six==2.0", "six>=2"):
        for pair in ((old, second), (second, old)):
            assert "six: " in refused(capsys, "pip-audit", TABLE, *pair)
    lock = '[[package]]\nname = "six"\nversion = "{}"\nresolution-markers = ["{}", "os_name == \'nt\'"]\n'
    forks = lock.format("1.0", "python_version < '3.9'") + lock.format("2.0", "python_version >= '3.9'")
    Path("uv.lock").write_text(forks, encoding="utf-8")
    assert main(["export", "pip-audit", "-r", "requirements.txt", "--lock", "uv.lock"]) == 0
    found = capsys.readouterr().out.splitlines()[-2:]
    assert [line.partition(" ; ")[0] for line in found] == ["six==1.0", "six==2.0"]
    assert all(line.endswith(' or os_name == "nt"') for line in found)


def test_pip_audit_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Only names that come from a public index reach a public service."""
    said = export(capsys, "pip-audit", "acme-core==1", "gone==1", "six==1.0")
    assert [line for line in said.splitlines() if not line.startswith("#")] == ["six==1.0"]
    assert "# * acme-core: its name stays here" in said
    assert "cannot" not in said, "it could, and is not to"
    unclaimed = TABLE.replace('"*" = "pypi"\n', "").replace('pypi = "https', '# pypi = "https')
    said = export(capsys, "pip-audit", "six==1.0", table=unclaimed)
    assert "# * six: its name stays here" in said


WITHOUT_WORDS = {
    "list": 'x = { indexes = ["a", "b"], strategy = "version-priority" }',
    "priority": 'x = { indexes = ["a", "b"], strategy = "index-priority" }',
    "marker": 'x = [{ index = "a", marker = "os_name == \'nt\'" }, { index = "b" }]',
    "namespace": 'x = { index = "a", namespace = "x" }',
    "pip": 'x = "pip"',
    "wheels": 'x = "wheels"',
}


@pytest.mark.parametrize(
    ("tool", "what"),
    [(tool, what) for tool in TOOLS[:-1] for what in WITHOUT_WORDS if (tool, what) != ("uv", "marker")],
)
def test_what_cannot_be_said_is_an_error(tool: str, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the line of the table, and nothing is printed: no tool gets half of a table."""
    said = refused(capsys, tool, f"{LISTED}{WITHOUT_WORDS[what]}\n", "x")
    assert "x in ./index-routing.toml:5: " in said


@pytest.mark.parametrize("tool", TOOLS[:-1])
def test_wheels_are_an_error(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = f"[[wheel]]\nurls = ['https://c.example/y-1-py3-none-any.whl']\nsha256 = '{'0' * 64}'\n"
    assert "[[wheel]] in ./index-routing.toml:6" in refused(capsys, tool, f"{LISTED}x = 'a'\n{wheel}", "x")


@pytest.mark.parametrize("tool", TOOLS[:-1])
def test_a_page_of_links_is_an_error(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = "[indexes]\na = { url = 'https://a.example/s', format = 'flat' }\n[routes]\nx = 'a'\n"
    assert "cannot use a page of links" in refused(capsys, tool, table, "x")


@pytest.mark.parametrize("tool", TOOLS[:-1])
def test_a_secret_outside_credentials_is_an_error(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = "[indexes]\na = 'https://a.example/${RIM_ROUTER_TOKEN}/s'\n[routes]\nx = 'a'\n"
    said = refused(capsys, tool, table, "x")
    assert "has a variable outside its credentials" in said
    assert "hunter2" not in said


def test_nginx_says_which_files_it_needs_first(capsys: pytest.CaptureFixture[str]) -> None:
    """All that the configuration includes, before anything that could be read as a command."""
    said = export(capsys, "nginx")
    head = said[: said.index("# nginx -p")]
    assert {*re.findall(r"include (\S+);", said)} == {*re.findall(r"\* (\S+) for index acme", head)}
    assert "credentials/" not in export(capsys, "nginx", table=f'{LISTED}x = "a"\n')


def test_a_list_with_a_probe_is_none_for_nginx(capsys: pytest.CaptureFixture[str]) -> None:
    """nginx could not prove the "not found" that leads on."""
    table = (
        "[indexes]\na = { url = 'https://a.example/s', probe = 'p' }\nb = 'https://b.example/s'\n[routes]\n"
        "x = { indexes = ['a', 'b'], strategy = 'first-index' }\n"
    )
    assert 'nginx cannot prove the "not found" of index a by its probe' in refused(capsys, "nginx", table)


@pytest.mark.parametrize("end", ["", "-*", "*"])
def test_nginx_and_names_of_many_words(end: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It would serve their page, and none of their files."""
    for words in (16, 17):
        route = f'"{"-".join(["x"] * words)}{end}" = '
        if words == 16:
            export(capsys, "nginx", table=f'{LISTED}{route}"a"\n')
        else:
            said = refused(capsys, "nginx", f'{LISTED}{route}"a"\n')
            assert "serves no files of a name of more than 16 words" in said
            export(capsys, "nginx", table=f'{LISTED}{route}{{ deny = "no" }}\nx = "a"\n')


def test_layers(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """The merged table is what is printed; of the same pattern the highest layer's."""
    machine.write("machine", LISTED + 'x = "a"\n"y-*" = "a"\n')
    said = export(capsys, "pdm", table=LISTED + 'x = "b"\n')
    data: Any = read_toml(said.encode(), "pdm")[1]
    assert [(each["url"], each["include_packages"]) for each in data["tool"]["pdm"]["source"]] == [
        ("https://b.example/s", ["x"]),
        ("https://a.example/s", ["y-*"]),
    ]


@pytest.mark.parametrize("tool", ["uv", "poetry", "pip-audit"])
def test_names_are_needed(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("index-routing.toml").write_text(TABLE)
    assert main(["export", tool]) == 2
    assert "add -r FILE, --lock FILE or --environment" in capsys.readouterr().err


def test_a_table_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "pdm"]) == 2
    assert "rim-router init" in capsys.readouterr().err


LOCKS = {
    "pylock.toml": 'lock-version = "1.0"\n[[packages]]\nname = "Acme_Core"\nversion = "1.0"\n',
    "uv.lock": (
        '[[package]]\nname = "acme-core"\nversion = "1.0"\nsource = { registry = "x" }\n'
        '[[package]]\nname = "me"\nversion = "1"\nsource = { virtual = "." }\n'
    ),
    # With what Poetry 2 writes of a package from a source of priority "explicit".
    "poetry.lock": (
        '[[package]]\nname = "acme-core"\nversion = "1.0"\ndescription = ""\noptional = false\n'
        'python-versions = ">=3.9"\ngroups = ["main"]\nfiles = []\n\n[package.source]\ntype = "legacy"\n'
        'url = "https://pypi.acme.example/simple"\nreference = "acme"\n'
    ),
    "pdm.lock": '[[package]]\nname = "acme-core"\nversion = "1.0"\ngroups = ["default"]\nfiles = []\n',
    "Pipfile.lock": '{"default": {"acme-core": {"version": "==1.0"}}}',
}


@pytest.mark.parametrize("lock", LOCKS)
def test_names_from_a_lock(lock: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("index-routing.toml").write_text(TABLE)
    Path(lock).write_text(LOCKS[lock])
    assert main(["export", "uv", "--lock", lock]) == 0
    assert set(read(capsys.readouterr().out)["uv"]["sources"]) == {"acme", "acme-core"}


ELSEWHERE = {
    "pylock.toml": ('directory = { path = "." }', "vcs = { type = 'git' }", "archive = { url = 'x' }"),
    "uv.lock": tuple(f'source = {{ {key} = "x" }}' for key in ("virtual", "editable", "git", "url", "path")),
    "poetry.lock": tuple(
        f'source = {{ type = "{t}", url = "x" }}' for t in ("git", "directory", "file", "url")
    ),
    "pdm.lock": tuple(f'{key} = "x"' for key in ("git", "path", "url")),
    "Pipfile.lock": tuple(f'"{key}": "x"' for key in ("git", "hg", "path", "file", "url")),
}


@pytest.mark.parametrize(
    ("lock", "said"), [(lock, said) for lock, each in ELSEWHERE.items() for said in each]
)
def test_what_a_lock_has_from_no_index_is_left_out(
    lock: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the requirements say of it: its name is not for the public service."""
    Path("index-routing.toml").write_text(TABLE)
    Path("requirements.txt").write_text("secret==1.0\nsix==1.0\n")
    key = "packages" if lock == "pylock.toml" else "package"
    entry = f'[[{key}]]\nname = "Secret"\nversion = "1.0"\n{said}\n'
    if lock == "Pipfile.lock":
        entry = f'{{"default": {{"Secret": {{"version": "==1.0", {said}}}}}}}'
    Path(lock).write_text(entry)
    assert main(["export", "pip-audit", "-r", "requirements.txt", "--lock", lock]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["six==1.0"]


def test_what_a_project_takes_from_no_index_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """uv and Poetry say so beside the requirement; a part that comes from an index is one that does."""
    Path("index-routing.toml").write_text(TABLE)
    Path("pyproject.toml").write_text(
        """\
        project.dependencies = ["one==1", "two==1", "three==1", "four==1", "six==1.0"]
        [tool.uv.sources]
        One = { workspace = true }
        two = [{ git = "x" }, { path = "y" }]
        six = [{ index = "z", marker = "os_name == 'nt'" }, { path = "six" }]
        [tool.poetry.dependencies]
        three = { path = "x" }
        [tool.poetry.group.dev.dependencies]
        four = { url = "x" }
        """
    )
    assert main(["export", "pip-audit", "-r", "pyproject.toml"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["six==1.0"]


@pytest.mark.parametrize("recorded", ["dir_info", "vcs_info", "archive_info"])
def test_what_was_installed_from_no_index_is_left_out(
    recorded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As PEP 610 records it."""
    for name in ("secret", "six"):
        info = tmp_path / "site" / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        if name == "secret":
            (info / "direct_url.json").write_text(json.dumps({"url": "https://x.example", recorded: {}}))
    monkeypatch.setattr("sys.path", [str(tmp_path / "site")])
    Path("index-routing.toml").write_text(TABLE)
    assert main(["export", "pip-audit", "--environment"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["six==1.0"]


def test_names_from_requirements(capsys: pytest.CaptureFixture[str]) -> None:
    """Nested files, markers, hashes, and projects; a line without a name is an error."""
    Path("index-routing.toml").write_text(TABLE)
    lines = [
        "-r b.txt",
        "acme-one ; os_name == 'nt'  # x",
        "--index-url x",
        "acme-two==1 \\",
        " --hash=sha256:0",
    ]
    Path("a.txt").write_text("\n".join(lines))
    Path("b.txt").write_text("-r a.txt\nAcme.Three @ https://x.example/y.zip\n")
    Path("pyproject.toml").write_text(
        """\
        build-system.requires = ["acme-seven"]
        project.name = "Acme.Own"
        project.dependencies = ["acme-four", "acme-own[x]"]
        project.optional-dependencies.x = ["acme-five"]
        dependency-groups.y = ["acme-six", { include-group = "z" }]
        """
    )
    assert main(["export", "uv", "-r", "a.txt", "-r", "pyproject.toml"]) == 0
    sources = read(capsys.readouterr().out)["uv"]["sources"]
    numbers = ("one", "two", "three", "four", "five", "six", "seven")
    assert {*sources} == {"acme", *(f"acme-{number}" for number in numbers)}
    for line in ("./local", "-e .", "https://x.example/y.zip"):
        Path("b.txt").write_text(f"{line}\n")
        assert main(["export", "uv", "-r", "b.txt"]) == 2
        assert "has no name" in capsys.readouterr().err


def test_names_from_the_environment(capsys: pytest.CaptureFixture[str]) -> None:
    Path("index-routing.toml").write_text(LISTED + '"pytest*" = "a"\n"*" = "b"\n')
    assert main(["export", "uv", "--environment"]) == 0
    sources = read(capsys.readouterr().out)["uv"]["sources"]
    assert sources["pytest"] == {"index": "a"}
    assert sources["hypothesis"] == {"index": "b"}
    assert "rim-router" not in sources, "it is installed from a directory here"


@pytest.mark.parametrize("content", [None, b"Version: 1\n", b"Name: x\n", b"\xff"])
def test_an_environment_that_cannot_be_read(
    content: bytes | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that is not known would be left to other indexes."""
    Path("index-routing.toml").write_text(LISTED + '"*" = "b"\n')
    info = Path("site/x-1.dist-info")
    info.mkdir(parents=True)
    if content is not None:
        (info / "METADATA").write_bytes(content)
    monkeypatch.syspath_prepend("site")
    assert main(["export", "uv", "--environment"]) == 2
    assert "x-1.dist-info" in capsys.readouterr().err


@pytest.mark.parametrize("tool", ["pdm", "poetry", "nginx"])
def test_ages_are_said_to_be_lost(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    """These tools do not know how old a file has to be, or not for each index."""
    table = TABLE.replace('acme = "acme"', 'acme = { index = "acme", min-age = "7d" }')
    said = export(capsys, tool, "six", table=f'{table}[policy]\nmin-age = "3d"\n')
    assert "min-age of acme (./index-routing.toml:6)" in said
    assert "policy.min-age (./index-routing.toml" in said


AGED = """\
[indexes]
a = { url = 'https://a.example/s', min-age = "36h" }
b = 'https://b.example/s'
[routes]
x = "a"
y = { index = "b", min-age = "0d" }
z = { index = "b", min-age = "30d", min-age-exempt = "==1.0" }
"*" = "b"
[policy]
min-age = "1d"
"""
UNLIKE = "that names of index b differ in min-age: uv keeps 30 days for all of them"


def test_ages_for_uv(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the indexes, which uv of any version reads or leaves; the highest where they differ."""
    said = export(capsys, "uv", "x", "y", table=AGED)
    data = read(said)["uv"]
    ages = {each["name"]: each.get("exclude-newer") for each in data["index"]}
    assert ages == {"a": "36 hours", "b": "30 days", "unlisted": None}
    assert not [key for key in data if "exclude-newer" in key], "an older uv would ignore all of it"
    assert UNLIKE in said
    assert "min-age before uv 0.11.6" in said
    assert "min-age-exempt of z" in said
    assert "policy.min-age" not in said
    assert "min-age" not in export(capsys, "uv", "x", table=LISTED + 'x = "a"\n')


def test_ages_for_renovate(capsys: pytest.CaptureFixture[str]) -> None:
    """Each rule says its own, because the last one wins that says any."""
    data = json.loads(export(capsys, "renovate", table=AGED))
    found = {rule["matchPackageNames"][0]: rule["minimumReleaseAge"] for rule in data["packageRules"]}
    assert found == {"x": "36 hours", "y": "0 days", "z": "30 days", "*": "1 day"}
    said = " ".join(data["description"])
    assert "min-age of what only others require" in said
    assert "policy.min-age" not in said
    assert "minimumReleaseAge" not in export(capsys, "renovate")


def test_an_age_for_dependabot(capsys: pytest.CaptureFixture[str]) -> None:
    """In whole days, one for all of whom it is asked for updates; not of those that are left out."""
    said = export(capsys, "dependabot", table=AGED)
    assert "    cooldown:" in said
    assert "      default-days: 30\n" in said
    assert "that names differ in min-age: Dependabot keeps 30 days for all of them" in said
    assert "security updates" in said
    short = AGED.replace('z = { index = "b", min-age = "30d"', 'z = { index = "a", min-age = "30d"')
    said = export(capsys, "dependabot", table=short.replace('min-age = "1d"', 'min-age = "25h"'))
    assert "      default-days: 2\n" in said
    assert "cooldown" not in export(capsys, "dependabot")


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ('acme-x = { index = \\"pypi\\" }\\nacme-core', "1.0"),
        ("six", "3\\n--extra-index-url https://evil.example/simple"),
        ("six\\n--index-url https://evil.example/simple", "1"),
    ],
)
@pytest.mark.parametrize("tool", ["uv", "poetry", "pip-audit"])
def test_what_a_lock_says_is_no_line_of_another_file(
    tool: str, name: str, version: str, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names and versions, and nothing else."""
    Path("index-routing.toml").write_text(TABLE, encoding="utf-8")
    Path("uv.lock").write_text(f'[[package]]\nname = "{name}"\nversion = "{version}"\n', encoding="utf-8")
    assert main(["export", tool, "--lock", "uv.lock"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "is no project with a version" in said.err


def test_no_password_of_a_requirement(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    Path("index-routing.toml").write_text(TABLE, encoding="utf-8")
    Path("r.txt").write_text("https://u:s3cr3tword@h.example/six.tar.gz\n", encoding="utf-8")
    assert main(["export", "uv", "-r", "r.txt"]) == 2
    assert "s3cr3tword" not in capsys.readouterr().err


def test_every_table_that_has_names(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a `pyproject.toml`, whichever tool it is for."""
    Path("index-routing.toml").write_text(TABLE, encoding="utf-8")
    Path("pyproject.toml").write_text(
        '[tool.uv]\ndev-dependencies = ["acme-a"]\n[tool.pdm.dev-dependencies]\nx = ["acme-b"]\n'
        '[tool.poetry.dependencies]\npython = "^3.9"\nacme-c = "1"\n'
        '[tool.poetry.group.dev.dependencies]\nacme-d = "1"\n',
        encoding="utf-8",
    )
    assert main(["export", "uv", "-r", "pyproject.toml"]) == 0
    text = capsys.readouterr().out
    assert all(f"acme-{letter} = " in text for letter in "abcd")


def test_credentials_of_nginx_stay_with_their_index(capsys: pytest.CaptureFixture[str]) -> None:
    """The files of an earlier export are for the same index and host, whatever the table has now."""
    acme = '[indexes]\nacme = "https://u:${RIM_ROUTER_TOKEN}@acme.example/simple"\n'
    routes = '[routes]\n"acme-*" = "acme"\n'
    other = 'other = "https://u:${RIM_ROUTER_TOKEN}@other.example/simple"\n'

    def included(table: str) -> set[str]:
        return set(re.findall(r"include (credentials/[^;]+);", export(capsys, "nginx", table=table)))

    before = included(f"{acme}{routes}")
    assert before == {"credentials/acme@https-acme.example-443.conf"}
    after = included(f'{acme}{other}{routes}acme-core = "other"\n')
    assert after == before | {"credentials/other@https-other.example-443.conf"}
    for moved in ("https://u:${RIM_ROUTER_TOKEN}@new.example", "http://u:${RIM_ROUTER_TOKEN}@acme.example"):
        assert not before & included(f'[indexes]\nacme = "{moved}/simple"\n{routes}')


def test_two_indexes_of_one_name_share_no_credentials(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two layers may each have one."""
    machine.write(
        "machine", '[indexes]\nacme = "https://a:b@acme.example/one"\n[routes]\nacme-one = "acme"\n'
    )
    table = '[indexes]\nacme = "https://c:d@acme.example/two"\n[routes]\nacme-two = "acme"\n'
    assert "one file of credentials" in refused(capsys, "nginx", table)


@pytest.mark.parametrize(
    ("marker", "agrees"),
    [
        ("sys_platform == 'linux' and (os_name != 'nt' or python_full_version >= '3.9.1')", True),
        ("'linux' in sys_platform", True),
        ("python_version not in '3.9 3.10'", True),
        ("platform_release >= '6.1'", False),  # pip: versions, if both are some; uv: texts
        ("os_name == 'nt' or '6.1' <= platform_release", False),
        ("platform_version == '10.0'", False),
        ("platform_release == '6.*'", False),
        ("'3.1' in python_version", False),
        ("python_full_version in '3.9.10'", False),
        ("extra == 'x'", False),
    ],
)
def test_markers_that_uv_reads_otherwise(
    marker: str, agrees: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then another index than that of the table could have the name."""
    table = f'{LISTED}"*" = "b"\nx = [{{ index = "a", marker = "{marker}" }}]\n'
    if agrees:
        assert "x" in read(export(capsys, "uv", "x", table=table))["uv"]["sources"]
    else:
        assert "as pip does" in refused(capsys, "uv", table, "x")


@pytest.mark.parametrize("tool", ["uv", "pdm", "poetry"])
def test_what_clients_take_is_said(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An index without external-hosts has no files elsewhere for pip; for others it has."""
    said = export(capsys, tool, table=LISTED + '"*" = "b"\nx = "a"\n')
    assert "files on other hosts" in said
    assert "direct references" in said
