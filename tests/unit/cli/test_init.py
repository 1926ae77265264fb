"""rim-router init: what other tools are configured with becomes a table."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rim_router.cli import main
from rim_router.cli.init.draft import Draft
from rim_router.cli.questions import questions
from rim_router.cli.schema import PATH
from rim_router.config import load
from rim_router.config.document import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "index-routing.toml"


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file that pip's configuration is read from."""
    path = tmp_path / "pip.conf"
    path.write_text("")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    return path


def init(*args: str) -> str:
    """The table that is written; its variables are set, and it passes `check --strict` and the schema."""
    assert main(["init", *args]) == 0
    text = Path(TABLE).read_text(encoding="utf-8")
    for variable in re.findall(r"\$\{(\w+)\}", text):
        os.environ[variable] = "x"
    assert main(["check", "--strict"]) == any(questions(text))
    schema = json.loads(PATH.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(read_toml(text.encode(), TABLE)[1])
    assert "#:schema" not in text  # it is not below the table
    return text


@pytest.fixture(autouse=True)
def variables() -> Iterator[None]:
    """Variables that a test sets are gone after it."""
    before = {*os.environ}
    yield
    for name in {*os.environ} - before:
        del os.environ[name]


def routes() -> dict[str, str]:
    """What leads where, as it is in force, apart from the line for the plugin that is in every table."""
    found = {str(pattern): str(found[0].targets[0]) for pattern, found in load().routes}
    if found.get("rim-router") == "wheels":
        del found["rim-router"]
    return found


def urls() -> dict[str, str]:
    return {index.name: index.url for index in load().indexes}


def write(name: str, text: str) -> None:
    Path(name).write_text(dedent(text), encoding="utf-8")


def test_nothing_there(pip: Path) -> None:
    """pip's own default."""
    init()
    assert routes() == {"*": "pypi"}
    assert urls() == {"pypi": "https://pypi.org/simple"}


def test_pip(pip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The index leads for all names; which names a further one has, pip does not say: a comment asks."""
    pip.write_text(
        "[global]\nindex-url = https://me:hunter2@pypi.acme.example/simple\n"
        "[install]\nextra-index-url =\n  https://a.example/simple\n  http://b.example/simple\n"
        "find-links = https://c.example/links\ntrusted-host = d.example\n"
    )
    text = init()
    assert routes() == {"*": "main"}
    assert "hunter2" not in text
    assert "${RIM_ROUTER_MAIN_PASSWORD}@pypi.acme.example" in text
    assert '# "NAME-*" = "extra"' in text
    assert '# extra-2 = "http://b.example/simple"' in text
    assert '# links = { url = "https://c.example/links", format = "flat" }' in text
    assert "install.trusted-host still holds" in text
    assert "Set RIM_ROUTER_MAIN_PASSWORD" in capsys.readouterr().out


def test_what_is_asked(pip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A question that is not answered is said, by `check` too; nobody asks which names PyPI has."""
    pip.write_text(
        "[global]\nindex-url = https://pypi.acme.example/simple\n"
        "extra-index-url = https://me:x@b.example/simple https://pypi.org/simple\n"
    )
    lines = init().splitlines()
    asked = [number for number, line in enumerate(lines, 1) if '"NAME-*"' in line]
    assert [lines[number - 1].partition("  ")[0] for number in asked] == [
        '# "NAME-*" = "extra"',
        '# "NAME-*" = "main"',
    ]
    said = capsys.readouterr().out
    assert f"No names are written down for index extra: fill in line {asked[0]}." in said
    assert f"WARNING: ./{TABLE}:{asked[1]}: no names are written down for index main" in said
    assert "Set RIM_ROUTER_EXTRA_PASSWORD" not in said
    Path(TABLE).write_text("".join(f"{line}\n" for line in lines if '"NAME-*"' not in line))
    assert main(["check", "--strict"]) == 0
    assert "open-question" not in capsys.readouterr().out


def test_beside_an_embedded_table(pip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A project with two tables has none that counts."""
    write("pyproject.toml", "[tool.rim-router.routes]\nx = 'pip'\n")
    assert main(["init"]) == 2
    assert "has [tool.rim-router], which is the routing table of this project" in capsys.readouterr().err
    assert not Path(TABLE).exists()


def test_guarded(pip: Path) -> None:
    """A guard is taken away; a table at a URL is no index, and nothing leads to PyPI in its place."""
    pip.write_text("[global]\nindex-url = rim+https://pypi.acme.example/simple\n")
    init()
    assert urls() == {"main": "https://pypi.acme.example/simple"}
    Path(TABLE).unlink()
    pip.write_text("[global]\nindex-url = https://pypi.acme.example/simple?key=1\n")
    init()
    assert routes() == {}


def test_uv(pip: Path) -> None:
    write(
        "pyproject.toml",
        """\
        [[tool.uv.index]]
        name = "pytorch"
        url = "https://download.pytorch.org/whl/cu126"
        explicit = true
        authenticate = "never"
        [[tool.uv.index]]
        name = "first"
        url = "https://first.example/simple"
        [[tool.uv.index]]
        url = "https://acme.example/simple"
        name = "acme"
        default = true
        [tool.uv.sources]
        torch = [{ index = "pytorch", marker = "sys_platform == 'linux'" }]
        torchvision = { index = "pytorch", group = "dev" }
        x = { git = "https://git.example/x" }
        y = { index = "nowhere" }
        """,
    )
    text = init()
    # y has an index there that nobody can ask, and x has none: they must not go to another one.
    expected = {"torch": "pytorch", "torchvision": "pytorch", "x": "wheels", "y": "nowhere", "*": "nowhere"}
    assert routes() == expected
    assert "which names come from first, then" in text
    assert 'then: "acme"' in text
    assert [route.targets[0].marker_text for route in dict(map_routes())["torch"]] == [
        "sys_platform == 'linux'"
    ]
    assert '# "NAME-*" = "first"' in text
    for said in ("index pytorch: authenticate", "no index (git)", "extra and group", "y has no index"):
        assert said in text


def map_routes() -> list[tuple[str, tuple[object, ...]]]:
    return [(str(pattern), found) for pattern, found in load().routes]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("strategy", "leads"),
    [
        ("", "nowhere"),
        ('index-strategy = "first-index"\n', "nowhere"),
        ('index-strategy = "unsafe-best-match"\n', "main"),
    ],
)
def test_uv_toml(strategy: str, leads: str, pip: Path) -> None:
    """Also in the words of pip, and under [pip].

    Where uv takes from the main index only what no other one has, a name of another one must not lead there.
    """
    write(
        "uv.toml",
        f'extra-index-url = ["https://a.example/simple"]\n{strategy}'
        '[pip]\nindex-url = "https://b.example/s"\n',
    )
    text = init()
    assert {name: to for name, to in routes().items() if name != "rim-router"} == {"*": leads}
    assert 'main = "https://b.example/s"' in text.replace("# main", "main")
    assert '# extra = "https://a.example/simple"' in text


def test_pdm(pip: Path) -> None:
    """Patterns that are routes; others, exclusions and what is no source of names are said."""
    write(
        "pyproject.toml",
        """\
        [[tool.pdm.source]]
        name = "private"
        url = "https://${PRIVATE_USER}:${PRIVATE_PASSWORD}@private.example/simple"
        verify_ssl = false
        include_packages = ["foo", "foo-*", "*-bar"]
        exclude_packages = ["baz"]
        [[tool.pdm.source]]
        name = "pypi"
        url = "https://mirror.example/simple"
        [[tool.pdm.source]]
        name = "local"
        url = "file:///srv/wheels"
        type = "find_links"
        include_packages = ["local"]
        """,
    )
    text = init()
    # What a pattern means that cannot be written must not go where all names go.
    assert routes() == {"foo": "private", "foo-*": "private", "local": "local", "*": "nowhere"}
    assert '# pypi = "https://mirror.example/simple"' in text
    assert "${RIM_ROUTER_PRIVATE_USER}:${RIM_ROUTER_PRIVATE_PASSWORD}@private.example" in text
    for said in ("exclude_packages", "verify_ssl = false", "'*-bar' has a '*' that is not at the end"):
        assert said in text


def test_a_prefix_takes_its_bare_name_along(pip: Path) -> None:
    """`acme-*` does not cover `acme`, which anybody could own elsewhere."""
    write(
        "pyproject.toml",
        """\
        [[tool.pdm.source]]
        name = "a"
        url = "https://a.example/simple"
        include_packages = ["acme-*"]
        """,
    )
    init()
    assert routes() == {"acme": "a", "acme-*": "a", "*": "pypi"}


def test_poetry(pip: Path) -> None:
    write(
        "pyproject.toml",
        """\
        [[tool.poetry.source]]
        name = "main"
        url = "https://main.example/simple"
        [[tool.poetry.source]]
        name = "torch"
        url = "https://download.pytorch.org/whl/cpu"
        priority = "explicit"
        [[tool.poetry.source]]
        name = "more"
        url = "https://more.example/simple"
        priority = "supplemental"
        [tool.poetry.dependencies]
        torch = { version = "*", source = "torch" }
        [tool.poetry.group.dev.dependencies]
        torchaudio = [{ version = "*", source = "torch", markers = "os_name == 'posix'" }]
        """,
    )
    text = init()
    assert routes() == {"torch": "torch", "torchaudio": "torch", "*": "main"}
    assert '# "NAME-*" = "more"' in text


def test_what_a_tool_keeps_away_from_its_main_index(pip: Path) -> None:
    """It is denied as long as nobody has said where it comes from."""
    write(
        "pyproject.toml",
        """\
        [[tool.pdm.source]]
        name = "pypi"
        url = "https://pypi.org/simple"
        exclude_packages = ["acme-*", "own"]
        [[tool.pdm.source]]
        name = "b"
        url = "https://b.example/simple"
        include_packages = ["own"]
        """,
    )
    init()
    assert routes() == {"acme": "nowhere", "acme-*": "nowhere", "own": "b", "*": "pypi"}


def test_a_primary_source_after_an_explicit_one(pip: Path) -> None:
    write(
        "pyproject.toml",
        """\
        [[tool.poetry.source]]
        name = "torch"
        url = "https://download.pytorch.org/whl/cpu"
        priority = "explicit"
        [[tool.poetry.source]]
        name = "acme"
        url = "https://acme.example/simple"
        [tool.poetry.dependencies]
        torch = { version = "*", source = "torch" }
        """,
    )
    init()
    assert routes() == {"torch": "torch", "*": "acme"}


@pytest.mark.parametrize(
    "line",
    [
        "-ihttps://a.example/simple",
        "-i https://a.example/simple",
        "--index https://a.example/simple",
        "--index-url=https://a.example/simple",
        "\ufeff--pypi-url https://a.example/simple",
    ],
)
def test_every_spelling_of_an_option(line: str, pip: Path) -> None:
    """As pip's parser takes it."""
    Path("requirements.txt").write_text(f"{line}\nsix\n", encoding="utf-8")
    init()
    assert routes()["*"] == "main"
    assert urls()["main"] == "https://a.example/simple"


def test_a_line_that_pip_does_not_understand_either(pip: Path) -> None:
    write("requirements.txt", "--index-url 'https://a.example/simple\n")
    assert main(["init"]) == 2
    assert not Path("index-routing.toml").exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://user:p/s3cr3tword@host.example/simple",
        "//user:s3cr3tword@host.example/simple",
        "https://host.example/s3cr3tword0123456/simple",
        "https://host.example/6f1e7a4c-1111-2222-3333-s3cr3tword00".replace("s3cr3tword00", "0123456789ab"),
        "https://ghp_s3cr3tword0123:x@host.example/simple",
        "https://host.example/user:p:s3cr3tword@x/simple",
        "https://host.example/token=s3cr3tword/simple",
        "https://host.example/simple;s3cr3tword",
        "https://host.example/simple/%3Ftoken%3Ds3cr3tword",
        "https://host.example/glpat-s3cr3tword/simple",
        "https://host.example/t_s3cr3tword0123456_x/simple",
        "https://host.example:s3cr3tword/simple",
        "https://host.example\\\\@user:s3cr3tword/simple",
        "https:s3cr3tword",
        "ftp://host.example/s3cr3tword/simple",
        "https://${TOKEN:-s3cr3tword}@host.example/simple",
        "https://host.example/${TOKEN-s3cr3tword}/simple",
        "https://user:$s3cr3tword@host.example/simple",
    ],
)
def test_no_part_of_a_secret(url: str, pip: Path) -> None:
    """Wherever in a URL it stands."""
    write("uv.toml", f'[[index]]\nname = "a"\nurl = "{url}"\ndefault = true\n')
    plain = url.replace("\\\\", "\\")
    write("requirements.txt", f"-i {plain}\n--index-url {plain}x\n--extra-index-url {plain}\n-f {plain}\n")
    text = init()
    for part in ("s3cr3tword", "user:p", "6f1e7a4c"):
        assert part not in text


def test_pipfile(pip: Path) -> None:
    write(
        "Pipfile",
        """\
        [[source]]
        name = "pypi"
        url = "https://pypi.org/simple"
        [[source]]
        name = "acme"
        url = "https://$ACME_USER:$ACME_PASSWORD@acme.example/simple"
        [[source]]
        name = "unused"
        url = "https://unused.example/simple"
        [packages]
        core = { version = "*", index = "acme" }
        six = "*"
        """,
    )
    text = init()
    assert routes() == {"core": "acme", "*": "pypi"}
    assert "${RIM_ROUTER_ACME_USER}:${RIM_ROUTER_ACME_PASSWORD}@acme.example" in text
    assert "# unused =" in text


def test_requirements(pip: Path) -> None:
    write(
        "requirements-dev.txt",
        "# -i https://no.example\n--index-url https://a.example/simple # ours\n-f ./wheels\nsix\n"
        "--extra-index-url=https://b.example/simple\n",
    )
    text = init()
    assert routes() == {"*": "main"}
    assert '# extra = "https://b.example/simple"' in text
    assert '# links = { url = "./wheels", format = "flat" }' in text


@pytest.mark.parametrize(
    ("files", "leads"),
    [
        ({"requirements.txt": "-i https://b.example/s\n-i https://a.example/s\n"}, "main"),
        (
            {"requirements-a.txt": "-i https://b.example/s", "requirements-b.txt": "-i https://a.example/s"},
            "nowhere",
        ),
        (
            {"requirements.txt": "-i https://a.example/s", "requirements-b.txt": "-i https://a.example/s"},
            "main",
        ),
        (
            {
                "requirements.txt": "-i https://b.example/s",
                "uv.toml": 'index-url = "https://a.example/s"',
            },
            "nowhere",
        ),
        ({"uv.toml": "no-index = true"}, "nowhere"),
        (
            {
                "pyproject.toml": '[[tool.pdm.source]]\nname = "x"\nurl = "https://a.example/s"\n'
                "[tool.pdm.resolution]\nrespect-source-order = true\n"
            },
            "nowhere",
        ),
    ],
)
def test_where_all_other_names_lead(files: dict[str, str], leads: str, pip: Path) -> None:
    """As pip has it; nowhere if two differ or a tool goes nowhere: no private name becomes public."""
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")
    init()
    assert routes()["*"] == leads
    if leads != "nowhere":
        assert urls()[leads] == "https://a.example/s"


def test_never_overwrites(pip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(TABLE).write_text("# mine\n")
    assert main(["init"]) == 2
    assert Path(TABLE).read_text() == "# mine\n"
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "preset",
    [
        "pytorch-cpu",
        "pytorch-cu126",
        "pytorch-test-cu130",
        "pytorch-nightly-rocm6.4",
        "pytorch-xpu",
        "vllm-cu129",
        "vllm-nightly-cu129",
        "vllm-nightly-cpu",
        "vllm-rocm",
        "nvidia",
        "jax",
        "jax-nightly",
    ],
)
def test_presets(preset: str, pip: Path) -> None:
    """Each says where its facts come from, and of when; what is not theirs goes where pip looks."""
    pip.write_text("[global]\nindex-url = https://mirror.example/simple\n")
    text = init("--preset", preset)
    assert re.search(rf"# Preset {preset}\. Source: https://.*; as of 20\d\d-\d\d\.", text)
    found = routes()
    assert found["*"] == "main"
    name = preset.partition("-")[0]
    lead = {"pytorch": "torch", "nvidia": "cudf-cu12"}.get(name, name)
    assert found[lead] != "main"
    if name in ("pytorch", "vllm") and preset != "vllm-rocm":
        assert urls()[found["torch"]].startswith("https://download.pytorch.org/whl/")


@pytest.mark.parametrize(
    ("preset", "vllm"),
    [
        ("vllm-cu130", "https://pypi.org/simple"),
        ("vllm-nightly-cpu", "https://wheels.vllm.ai/nightly/cpu"),
        ("vllm-nightly-cu130", "https://wheels.vllm.ai/nightly/cu130"),
        ("vllm-rocm", "https://wheels.vllm.ai/rocm"),
    ],
)
def test_vllm(preset: str, vllm: str, pip: Path) -> None:
    """Each variant has its own index, and that for ROCm has its own PyTorch; PyPI has one for CUDA only."""
    init("--preset", preset)
    assert urls()[routes()["vllm"]] == vllm
    if preset == "vllm-rocm":
        assert routes()["torch"] == routes()["vllm"]


def test_presets_go_together(pip: Path) -> None:
    init("--preset", "pytorch-test-cu126", "--preset", "nvidia")
    assert {"torch", "triton", "tensorrt"} <= set(routes())
    assert "https://download.pytorch.org/whl/test/cu126" in urls().values()


@pytest.mark.parametrize("preset", ["pytorch-cu", "vllm-test-cpu", "vllm-cpu", "vllm-rocm6.4", "rocm"])
def test_no_such_preset(preset: str, pip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--preset", preset]) == 2
    assert "pytorch-nightly-VARIANT" in capsys.readouterr().err
    assert not Path(TABLE).exists()


SECRET = st.text(st.sampled_from("aZ09_-%."), min_size=8, max_size=30)


@given(
    SECRET,
    st.sampled_from(["https://me:{}@x.example/s", "https://{}@x.example/s", "https://{}:@x.example/s"]),
)
def test_no_credentials_are_written(secret: str, url: str) -> None:
    """Neither a password, nor a token in place of a user."""
    draft = Draft()
    draft.default(draft.index("x", url.format(secret), "a tool"), "a tool")
    text = draft.text([], "")
    assert secret not in text
    assert "${RIM_ROUTER_X_" in text


@pytest.mark.parametrize(
    "url",
    [
        "https://pkgs.dev.azure.example/acme/_packaging/feed@Release/pypi/simple/",
        "https://acme-123456789012.d.codeartifact.eu-west-1.example/pypi/main/simple/",
        "https://gitlab.example/api/v4/projects/12345678/packages/pypi/simple",
        "https://download.pytorch.example/whl/nightly/cu126",
        "https://devpi.example/root/pypi/+simple/",
    ],
)
def test_what_is_no_secret(url: str) -> None:
    draft = Draft()
    draft.index("x", url, "a tool")
    assert draft.indexes["x"].value == f'"{url}"'


def test_a_token_in_a_path_is_a_secret() -> None:
    draft = Draft()
    draft.index("x", "https://dl.example/0a1B2c3D4e5F6g7H8i9J/org/simple", "a tool")
    assert "0a1B" not in draft.text([], "")


def test_what_others_write_stays_in_its_line() -> None:
    """Names, URLs and markers with line ends or quotes cannot add a line of their own."""
    evil = 'x"\n"*" = "evil'
    draft = Draft()
    draft.route("six", draft.index("x", "https://x.example/s", evil), evil)
    draft.route("seven", "x", evil, marker=evil)
    draft.route("eight", draft.index(evil, "https://y.example/s", evil), evil)
    draft.note(evil)
    table = read_toml(draft.text([evil], "x").encode(), TABLE)[1]
    assert set(table["routes"]) == {"six", "seven", "eight", "rim-router"}
    assert "deny" in table["routes"]["seven"], "its marker is none"
    assert list(table["indexes"]) == ["x"]


def test_two_who_differ(pip: Path) -> None:
    """Of the same name or of a prefix and the name before it: nobody gets it until somebody has chosen."""
    write(
        "pyproject.toml",
        """\
        [[tool.pdm.source]]
        name = "a"
        url = "https://a.example/simple"
        include_packages = ["acme-*", "both"]
        [[tool.pdm.source]]
        name = "b"
        url = "https://b.example/simple"
        include_packages = ["acme", "both"]
        """,
    )
    text = init()
    assert routes() == {"acme": "nowhere", "acme-*": "a", "both": "nowhere", "*": "pypi"}
    assert 'acme-* leads to "a", and acme to "b"' in text
    assert "both leads to b in" in text


LINUX = 'sys_platform == "linux"'


@given(
    st.lists(
        st.tuples(st.sampled_from(["one", "two"]), st.sampled_from([None, LINUX, "os_name == 'nt'"])),
        min_size=1,
        max_size=5,
    )
)
def test_however_many_differ(said: list[tuple[str, str | None]]) -> None:
    """Each file with its word for `acme`: two under one marker, or one without: nobody gets it."""
    draft = Draft()
    for number, (name, marker) in enumerate(said):
        draft.index(name, f"https://{name}.example/s", "x")
        draft.route("acme", name, f"file {number}", marker)
    text = draft.text([], "x")
    value = read_toml(text.encode(), TABLE)[1]["routes"]["acme"]
    markers = {marker for _, marker in said}
    differ = len({*said}) > len(markers) or (None in markers and len(markers) > 1)
    assert (value == {"deny": "write its index here"}) is differ
    notes = [note for note in draft.notes if "acme" in note]
    if differ:
        assert any("another index in file 0: choose one" in note for note in notes)
        assert "in see the notes" not in text
    else:
        found = value if isinstance(value, list) else [{"index": value}]
        assert [(each["index"], each.get("marker")) for each in found] == [*dict.fromkeys(said)]
        assert bool(notes) is (len({name for name, _ in said}) > 1)


def test_a_third_who_differs_and_one_spelling_of_a_marker() -> None:
    """Spaces and quotes make no other marker."""
    draft = Draft()
    for name in ("one", "two", "three"):
        draft.index(name, f"https://{name}.example/s", "x")
    draft.route("acme", "one", "A", LINUX)
    draft.route("acme", "two", "B", "sys_platform=='linux'")
    draft.route("acme", "three", "C")
    assert draft.notes == [
        "acme leads to two in B, and to another index in A: choose one",
        "acme also leads to three in C",
    ]


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ('{ git = "https://git.example/x", rev = "1" }', "so clone it"),
        ('{ path = "../x" }', "pip takes it by its path"),
        ("{ workspace = true }", "pip takes it by its path"),
        ('{ url = "https://h.example/x-1.tar.gz" }', "#sha256="),
    ],
)
def test_how_pip_takes_what_is_from_no_index(source: str, how: str, pip: Path) -> None:
    """As the routes for direct references have it; a repository has no hash that pip could check."""
    write("pyproject.toml", f"[tool.uv.sources]\nx = {source}\n")
    assert how in init()
    assert routes()["x"] == "wheels"


def test_a_preset_is_the_users_own_word(pip: Path) -> None:
    write("uv.toml", "")
    write(
        "pyproject.toml",
        """\
        [[tool.uv.index]]
        name = "old"
        url = "https://download.pytorch.org/whl/cu118"
        explicit = true
        [tool.uv.sources]
        torch = { index = "old" }
        """,
    )
    assert "torch leads to old there" in init("--preset", "pytorch-cpu")
    assert routes()["torch"] == "pytorch-cpu"


def test_variables_are_for_one_url() -> None:
    """Two that would have the same name are not sent to each other's host."""
    draft = Draft()
    for host in ("a", "b"):
        draft.index("extra", f"https://me:s3cr3tword@{host}.example/simple", "pip")
    assert draft.variables == ["RIM_ROUTER_EXTRA_PASSWORD", "RIM_ROUTER_EXTRA_2_PASSWORD"]


NUGET = """\
\ufeff<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <packageSources>
    <add key="gone" value="https://gone.example/simple" />
    <clear />
    <add key="nuget.org" value="https://api.nuget.org/v3/index.json" protocolVersion="3" />
    <add key="Acme" value="https://me:s3cr3tword@pypi.acme.example/simple" />
    <add key="feed" value="https://pkgs.dev.azure.com/acme/_packaging/feed/nuget/v3/index.json" />
    <add key="other" value="https://nuget.other.example/v3/index.json" />
    <add key="off" value="https://off.example/simple" />
  </packageSources>
  <disabledPackageSources><add key="off" value="true" /></disabledPackageSources>
  <packageSourceCredentials><Acme><add key="Password" value="s3cr3tword" /></Acme></packageSourceCredentials>
  <packageSourceMapping>
    <packageSource key="acme"><package pattern="Acme.*" /><package pattern="both" /></packageSource>
    <packageSource key="feed"><package pattern="feed" /><package pattern="both" /></packageSource>
    <packageSource key="other"><package pattern="other.*" /><package pattern="*.bad" /></packageSource>
    <packageSource key="off"><package pattern="off" /></packageSource>
    {}
  </packageSourceMapping>
</configuration>
"""


ALL_OTHERS = '<packageSource key="nuget.org"><package pattern="*" /></packageSource>'


@pytest.mark.parametrize("rest", ["", ALL_OTHERS])
def test_nuget(rest: str, pip: Path) -> None:
    """Patterns are ours; what has no Python index here is denied, and so is what no pattern has."""
    write("nuget.config", NUGET.format(rest).replace('<package pattern="*.bad" />', ""))
    text = init("--nuget", "nuget.config")
    denied = ("both", "other", "other-*", "off")
    expected = {"acme": "Acme", "acme-*": "Acme", "feed": "feed", **dict.fromkeys(denied, "nowhere")}
    assert routes() == {**expected, "*": "pypi" if rest else "nowhere"}
    assert urls()["feed"] == "https://pkgs.dev.azure.com/acme/_packaging/feed/pypi/simple/"
    assert "s3cr3tword" not in text
    for said in (
        "source other is for NuGet",
        "source off is disabled",
        "packageSourceCredentials",
        "both leads to",
    ):
        assert said in text


def test_a_nuget_pattern_that_is_none(pip: Path) -> None:
    """What it means must not go where all names go."""
    write("nuget.config", NUGET.format(ALL_OTHERS))
    assert "'*.bad'" in init("--nuget", "nuget.config")
    assert routes()["*"] == "nowhere"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><configuration>&a;</configuration>', "has a DOCTYPE"),
        ("<configuration>", "is no XML"),
        ("<configuration><packageSources /></configuration>", "has no packageSourceMapping"),
    ],
)
def test_no_nuget_config(text: str, said: str, pip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("nuget.config", text)
    assert main(["init", "--nuget", "nuget.config"]) == 2
    assert said in capsys.readouterr().err
    assert not Path(TABLE).exists()
