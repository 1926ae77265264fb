"""rim-router explain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rim_router.cli import main
from tests.support.servers import IndexServer, html_page, status, write_flat_dir, write_simple_dir
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.conftest import Machine

TABLE = """\
[indexes]
acme = { url = "https://bob:pw@acme.example/s", mirrors = ["https://m/"], external-hosts = ["f.example"] }
pypi = "https://pypi.org/simple"

[routes]
"acme-*" = "acme"
"acme-legacy-*" = { deny = "retired: use acme-core" }
torch = [{ index = "acme", marker = "python_version < '3'" }]
numpy = { indexes = ["acme", "pypi"], strategy = "index-priority" }
"*" = "pypi"

[policy]
direct-references = "deny"
"""


def text(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines, each with single spaces."""
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_a_routed_name(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("project", TABLE)
    assert main(["explain", "-v", "Acme_Core"]) == 0
    lines = text(capsys)
    assert lines == [
        "Routing acme-core to acme (acme-* in ./index-routing.toml)",
        "route acme-* = acme",
        "because acme-* is the longest prefix that matches",
        "defined in ./index-routing.toml:6 (project)",
        "also matches * = pypi in ./index-routing.toml:10: less specific",
        "looked up on acme (https://****@acme.example/s) defined in ./index-routing.toml:2 (project)",
        "mirror https://m/",
        "external hosts f.example",
        'policy direct-references = "deny" in ./index-routing.toml:13 (project)',
        (
            'by default require-hashes = "external", pins = "optional", '
            'offline-find-links = "allow", redirects = "hashed", new-environments = "leave", '
            'external-roots = "mozilla", disable = "allow", project-status = "warn"'
        ),
    ]
    assert main(["explain", "Acme_Core"]) == 0
    assert text(capsys) == lines[:-1]  # what is set, and not what is so anyway


def test_a_denied_name(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("project", TABLE)
    assert main(["explain", "acme-core", "acme-legacy-x"]) == 1
    lines = text(capsys)
    assert "acme-legacy-x is denied (acme-legacy-* in ./index-routing.toml)" in lines
    assert "denied retired: use acme-core" in lines
    assert "also matches acme-* = acme in ./index-routing.toml:6: less specific" in lines


def test_a_name_whose_marker_does_not_hold(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("project", TABLE)
    assert main(["explain", "torch"]) == 0
    lines = text(capsys)
    assert lines[0] == "Routing torch to pypi (* in ./index-routing.toml)"
    assert "because * matches every name that no other route claims" in lines
    assert (
        "passed over torch = acme if python_version < '3' in ./index-routing.toml:8: "
        "python_version < '3' does not hold here"
    ) in lines


def test_a_name_on_several_indexes(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("project", TABLE)
    assert main(["explain", "numpy"]) == 0
    lines = text(capsys)
    assert "because its name is routed exactly" in lines
    assert "strategy index-priority: the first index that has a candidate that satisfies the request" in lines


def test_a_name_that_no_route_claims(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("project", '[routes]\nsix = [{ index = "pip", marker = "python_version < \'3\'" }]\n')
    assert main(["explain", "other", "six"]) == 0
    lines = text(capsys)
    assert lines[:3] == [
        "other is left to pip",
        "because no route matches its name",
        "looked up on pip's own indexes (--index-url, --extra-index-url, --find-links)",
    ]
    assert "because no marker of its routes holds here" in lines


def test_a_hidden_route(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    user = machine.write("user", '[routes]\nsix = "pip"\n')
    machine.write("project", '[routes]\nsix = { deny = "no" }\n')
    assert main(["explain", "six"]) == 1
    assert f"also matches six = pip's own indexes in {user}:2: hidden by a higher layer" in text(capsys)


def test_without_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "six"]) == 0
    assert text(capsys)[:2] == ["No routing table is in force here.", "six is left to pip"]


@pytest.mark.parametrize("name", ["", "a b", "acme-*", "six>=1", "\u00e4", "./six"])
def test_what_is_no_name_is_bad_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "six", name]) == 2
    assert capsys.readouterr().err == f"ERROR: not the name of a project: {name!r}\n"


def test_no_secret_in_json(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("project", TABLE)
    assert main(["explain", "acme-core", "--json"]) == 0
    out = capsys.readouterr().out
    assert "pw@" not in out
    assert json.loads(out)["names"][0]["files"] is None


# --online


@pytest.fixture(params=["json", "html"])
def server(request: pytest.FixtureRequest) -> Iterator[IndexServer]:
    with IndexServer(html_only=request.param == "html") as made:
        yield made


def files(capsys: pytest.CaptureFixture[str], name: str, expected_code: int) -> dict[str, tuple[bool, str]]:
    """By file name: whether it is allowed, and why."""
    assert main(["explain", "--online", "--json", name]) == expected_code
    [explained] = json.loads(capsys.readouterr().out)["names"]
    return {file["filename"]: (file["allowed"], file["reason"]) for file in explained["files"]}


def test_online_judges_each_file(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    server.add(wheel("acme-core", "1.0", origin="private"))
    server.add(sdist("acme-core", "1.1", origin="private"), yanked="broken")
    listed, unlisted, weak = (wheel("acme-core", version, origin="x") for version in ("2.0", "3.0", "4.0"))
    server.add(listed, at=f"https://listed.example/{listed.filename}")
    server.add(unlisted, at=f"https://unlisted.example/{unlisted.filename}")
    server.add(weak, hashes=("md5",), at=f"https://listed.example/{weak.filename}")
    machine.write(
        "project",
        f'[indexes]\na = {{ url = "{server.url}", external-hosts = ["listed.example"] }}\n'
        '[routes]\n"acme-*" = "a"\n',
    )
    assert files(capsys, "acme-core", 0) == {
        "acme_core-1.0-py3-none-any.whl": (True, "on the origin of index a"),
        "acme_core-1.1.tar.gz": (True, "on the origin of index a"),
        "acme_core-2.0-py3-none-any.whl": (True, "external-hosts of index a has listed.example"),
        "acme_core-3.0-py3-none-any.whl": (
            False,
            "host unlisted.example is not among the external-hosts of index a",
        ),
        "acme_core-4.0-py3-none-any.whl": (
            False,
            "external to index a, which gives no sha256, sha384 or sha512 for it",
        ),
    }
    assert main(["explain", "--online", "acme-core"]) == 0
    lines = text(capsys)
    assert "acme_core-1.1.tar.gz on a: may be used, yanked, on the origin of index a" in lines
    [refused] = [line for line in lines if "acme_core-3.0" in line]
    assert "REFUSED" in refused
    line = 'set external-hosts = ["listed.example", "unlisted.example"] in index a in ./index-routing.toml:2'
    assert line in refused


def test_online_newest_first_and_what_fits(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """By version, as pip orders them; the rest as a number, unless all is to be shown."""
    for version in ("1.9", "1.10", "2.0.dev1", "1.10rc1"):
        server.add(wheel("six", version, origin="a"))
    server.add(wheel("six", "3.0", origin="a", requires_python="<3"))
    machine.write("project", f'[indexes]\na = "{server.url}"\n[routes]\nsix = "a"\n')
    order = ["2.0.dev1", "1.10", "1.10rc1", "1.9"]
    assert main(["explain", "--online", "six"]) == 0
    lines = [line for line in text(capsys) if " on a: " in line or "--all" in line]
    assert [line.partition("six-")[2].partition("-py3")[0] for line in lines[:-1]] == order
    assert lines[-1] == "1 more file does not fit this environment; --all shows it"
    assert main(["explain", "--online", "--all", "six"]) == 0
    (odd,) = [line for line in text(capsys) if "six-3.0" in line]
    assert "does not fit this environment (" in odd
    assert main(["explain", "--online", "--json", "six"]) == 0
    found = json.loads(capsys.readouterr().out)["names"][0]["files"]
    assert [file["skipped"] is None for file in found] == [False, True, True, True, True]


def test_online_not_there(server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("project", f'[indexes]\na = "{server.url}"\n[routes]\n"acme-*" = "a"\n')
    assert main(["explain", "--online", "acme-core"]) == 1
    assert "files none: the project is not there" in text(capsys)


def test_online_failing_index(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in pip, the next index is no substitute."""
    server.on("six", status(403))
    with IndexServer() as other:
        other.add(wheel("six", "1.0", origin="other"))
        machine.write(
            "project",
            f'[indexes]\na = "{server.url}"\nb = "{other.url}"\n'
            '[routes]\nsix = { indexes = ["a", "b"], strategy = "index-priority" }\n',
        )
        assert main(["explain", "--online", "six"]) == 1
        assert not other.requests
    lines = text(capsys)
    assert (
        f"failed Index a ({server.url}) failed: 403 Client Error: Forbidden for url: {server.url}six/"
        in lines
    )
    assert any("hint: the index was asked without credentials" in line for line in lines)


@pytest.mark.parametrize("statuses", ["", ", absent-status = [403]"])
@pytest.mark.parametrize("there", [False, True])
def test_online_probe(
    there: bool, statuses: str, server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """A "not found" counts only where the probe is found, as in pip."""
    server.on("six", status(403 if statuses else 404))
    if there:
        server.add(wheel("base", "1.0", origin="a"))
    with IndexServer() as other:
        other.add(wheel("six", "1.0", origin="other"))
        machine.write(
            "project",
            f'[indexes]\na = {{ url = "{server.url}", probe = "base"{statuses} }}\nb = "{other.url}"\n'
            '[routes]\nsix = { indexes = ["a", "b"], strategy = "first-index" }\n',
        )
        assert main(["explain", "--online", "six"]) == (0 if there else 1)
        assert other.asked_for("six") is there
    lines = text(capsys)
    assert '"not found" counts only while base is found there' in lines
    assert ('403 counts as "not found", as 404 and 410 do' in lines) is bool(statuses)
    failed = any("even for base: are the credentials right?" in line for line in lines)
    assert failed is not there


def test_online_first_index_has_a_page_without_files(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then the project is there, and the next index is not asked."""
    server.on("six", lambda exchange: bool(exchange.reply(200, html_page("Links for six", []))) or True)
    with IndexServer() as other:
        other.add(wheel("six", "1.0", origin="other"))
        machine.write(
            "project",
            f'[indexes]\na = "{server.url}"\nb = "{other.url}"\n'
            '[routes]\nsix = { indexes = ["a", "b"], strategy = "first-index" }\n',
        )
        assert files(capsys, "six", 1) == {}
        assert not other.requests


@pytest.mark.parametrize(
    ("strategy", "asked"), [("first-index", False), ("index-priority", False), ("version-priority", True)]
)
def test_online_strategy(
    strategy: str, asked: bool, server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    server.add(wheel("six", "1.0", origin="a"))
    with IndexServer() as other:
        other.add(wheel("six", "2.0", origin="b"))
        machine.write(
            "project",
            f'[indexes]\na = "{server.url}"\nb = "{other.url}"\n'
            f'[routes]\nsix = {{ indexes = ["a", "b"], strategy = "{strategy}" }}\n',
        )
        assert len(files(capsys, "six", 0)) == 1 + asked
        assert other.asked_for("six") is asked


def test_online_mirror(server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    server.add(wheel("six", "1.0", origin="a"))
    with IndexServer() as down:
        down.on("*", status(503))
        machine.write(
            "project",
            f'[indexes]\na = {{ url = "{down.url}", mirrors = ["{server.url}"] }}\n[routes]\nsix = "a"\n',
        )
        assert list(files(capsys, "six", 0)) == ["six-1.0-py3-none-any.whl"]


def test_online_flat(server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the project's own files of a page with those of many."""
    for name in ("six", "six-core", "sixteen"):
        server.add(wheel(name, "1.0", origin="a"))
        server.add(sdist(name, "2.0", origin="a"))
    machine.write(
        "project", f'[indexes]\na = {{ url = "{server.flat_url}", format = "flat" }}\n[routes]\nsix = "a"\n'
    )
    assert sorted(files(capsys, "six", 0)) == ["six-1.0-py3-none-any.whl", "six-2.0.tar.gz"]


def test_online_local(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    write_simple_dir(machine.work / "simple", [wheel("six", "1.0", origin="a")])
    write_flat_dir(
        machine.work / "flat", [wheel("flat", "1.0", origin="a"), wheel("other", "1.0", origin="a")]
    )
    machine.write(
        "project",
        '[indexes]\na = "simple"\nb = { url = "flat", format = "flat" }\n'
        '[routes]\nsix = "a"\nmissing = "a"\nflat = "b"\n',
    )
    assert list(files(capsys, "six", 0)) == ["six-1.0-py3-none-any.whl"]
    assert list(files(capsys, "flat", 0)) == ["flat-1.0-py3-none-any.whl"]
    assert files(capsys, "missing", 1) == {}


def test_online_asks_nobody_for_what_is_left_to_pip(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.write("project", '[routes]\nsix = "pip"\n')
    assert files(capsys, "six", 0) == {}
