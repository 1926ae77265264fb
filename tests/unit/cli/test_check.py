"""rim-router check."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rim_router.cli import main
from rim_router.rules.recognition import LOGIN_HINT
from tests.support.servers import (
    Exchange,
    IndexServer,
    html_page,
    login_page,
    redirect,
    status,
    write_flat_dir,
)
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.conftest import Machine

HEAD = '[indexes]\nacme = "https://acme.example/simple"\npypi = "https://pypi.org/simple"\n'
CLEAN = HEAD + '[routes]\n"acme-*" = "acme"\nacme = "acme"\n"*" = "pypi"\n'


def warnings(capsys: pytest.CaptureFixture[str], *options: str) -> list[tuple[str, int | None, str]]:
    """Code, line and message of each warning but the one that any table without ``"*"`` gets."""
    main(["check", "--json", *options])
    return [
        (each["code"], each["place"] and each["place"]["line"], each["message"])
        for each in json.loads(capsys.readouterr().out)["warnings"]
        if each["code"] != "unclaimed-plugin"
    ]


@pytest.mark.parametrize(
    ("route", "found"),
    [('"acme-*" = "pip"', True), ('rim-router = "pip"', True), ('rim-router = { deny = "no" }', False)],
)
def test_rim_router_itself(
    machine: Machine, capsys: pytest.CaptureFixture[str], route: str, found: bool
) -> None:
    """What is not claimed is upgraded from wherever pip looks."""
    machine.write("project", f"[routes]\n{route}\n")
    main(["check"])
    assert ("no route claims rim-router itself" in capsys.readouterr().out) is found


def test_a_clean_table(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("project", CLEAN)
    assert main(["check", "--strict"]) == 0
    assert capsys.readouterr().out == "OK: 3 routes, no errors, no warnings (./index-routing.toml)\n"


def test_a_table_that_is_required(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is a warning otherwise."""
    assert main(["check"]) == 0
    monkeypatch.setenv("RIM_ROUTER_REQUIRE", "1")
    assert main(["check"]) == 2
    assert "RIM_ROUTER_REQUIRE=1 is set, and no routing table is in force here" in capsys.readouterr().err
    machine.write("project", CLEAN)
    assert main(["check", "--strict"]) == 0


def test_every_fault_at_once(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("user", '[routes]\n"a*b" = "pip"\n')
    machine.write("project", '[routes]\nacme = "nowhere"\n[policy]\npin = "required"\n')
    assert main(["check"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ERROR: The routing table has 3 errors:\n")
    for place in ("./index-routing.toml:2", "./index-routing.toml:4", str(machine.path("user")) + ":2"):
        assert place in captured.err


def test_a_mistyped_section_hides_no_other_fault(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it means to define is no second fault; an unset variable is one beside the others."""
    machine.write(
        "project",
        """\
        [index]
        acme = "https://acme.example/simple"
        [indexes]
        house = "https://${RIM_ROUTER_NONE}@house.example/simple"
        [routes]
        one = "acme"
        two = "nowhere"
        three = "house"
        """,
    )
    assert main(["check"]) == 2
    lines = capsys.readouterr().err.splitlines()[1:]
    assert [line.partition(",")[0] for line in lines] == [f"  ./index-routing.toml:{n}" for n in (1, 4, 7)]
    assert "RIM_ROUTER_NONE is not set" in lines[1]


@pytest.mark.parametrize("command", [["check"], ["routes"], ["explain", "acme"]], ids=lambda each: each[0])
def test_that_routing_is_turned_off_is_said(
    command: list[str], machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """pip does not follow the table that is shown; without a table there is nothing to turn off."""
    for value, expected in (("1", "turns routing off"), ("yes", "has no effect"), ("", "")):
        monkeypatch.setenv("RIM_ROUTER_DISABLE", value)
        main(command)
        assert capsys.readouterr().err == ""
        machine.write("project", CLEAN)
        assert main(command) == 0
        said = capsys.readouterr().err
        assert (expected in said) if expected else not said
        machine.path("project").unlink()


def test_no_table_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipeline it is as bad as a table that is not found."""
    assert main(["check"]) == 0
    assert capsys.readouterr().out == (
        "WARNING: no routing table is in force here: every name is left to pip\n"
    )
    assert main(["check", "--strict"]) == 1


def test_warnings_alone_are_no_failure_unless_strict(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.write("project", CLEAN.replace('acme = "acme"\n', ""))
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("WARNING: ./index-routing.toml:5: acme-* does not cover acme itself")
    assert out.endswith("OK: 2 routes, no errors, 1 warning (./index-routing.toml)\n")
    assert main(["check", "--strict"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("FAILED: 2 routes, no errors, 1 warning")


def test_warnings_in_the_order_of_their_lines(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """File by file, whatever they are about; those that are about no line come last."""
    machine.write("user", '[routes]\n"u-*" = { deny = "no" }\n')
    machine.write(
        "project",
        '[routes]\n"z-*" = "a"\n"b-*" = "a"\n[indexes]\nb = "http://a.example/"\na = "http://a.example/"\n',
    )
    main(["check", "--json"])
    found = [each["place"] for each in json.loads(capsys.readouterr().out)["warnings"]]
    places = [(each["layer"], each["line"]) for each in found if each]
    assert places == sorted(places, reverse=False, key=lambda place: (place[0] != "user", place[1]))
    assert len(places) > 4
    assert found[-1] is None


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ('"acme-*" = "acme"', "acme-* does not cover acme itself, which goes to pip's own indexes"),
        ('"acme-*" = "acme"\n"*" = "pypi"', "acme-* does not cover acme itself, which goes to pypi"),
        ('"acme-*" = "acme"\nacme = "pypi"', "acme-* does not cover acme itself, which goes to pypi"),
        ('"acme-*" = {deny = "no"}', "acme-* does not cover acme itself, which goes to pip's own indexes"),
    ],
)
def test_bare_name_elsewhere(
    routes: str, expected: str, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.write("project", f"{HEAD}[routes]\n{routes}\n")
    found = [message for code, _, message in warnings(capsys) if code == "bare-name"]
    assert found == [expected]


@pytest.mark.parametrize(
    ("route", "hint"),
    [
        ('"acme"', 'add acme = "acme", or deny it'),
        ('{deny = "no"}', 'add acme = { deny = "..." }'),
        (
            '{indexes = ["acme", "pypi"], strategy = "first-index"}',
            "give acme a route like that of acme-*, or deny it",
        ),
    ],
)
def test_bare_name_hint(route: str, hint: str, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """It can be followed as it stands."""
    machine.write("project", f'{HEAD}[routes]\n"acme-*" = {route}\n')
    main(["check"])
    assert f"({hint})\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "routes",
    [
        '"acme-*" = "acme"\n"acme*" = "acme"',
        '"acme-*" = "acme"\n"*" = "acme"',
        '"acme*" = "acme"',
        '"acme-*" = "pip"',
        '"acme-*" = "acme"\nacme = {deny = "no"}',
        '"acme-*" = "acme"\nacme = "acme"\n"acme-old-*" = {deny = "retired"}',
    ],
)
def test_bare_name_in_the_same_place(
    routes: str, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.write("project", f"{HEAD}[routes]\n{routes}\n")
    assert [code for code, _, _ in warnings(capsys) if code == "bare-name"] == []


def test_shadowed_route(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    user = machine.write("user", '[routes]\nsix = "pip"\n"a*" = "pip"\n')
    machine.write(
        "project", '[routes]\nsix = {deny = "no"}\n"a*" = [{index = "pip", marker = "os_name == \'x\'"}]\n'
    )
    assert warnings(capsys) == [
        (
            "shadowed-route",
            2,
            "six is never used: ./index-routing.toml:2 has the same pattern in a higher layer",
        )
    ]
    assert main(["check"]) == 0
    assert f"WARNING: {user}:2: six is never used" in capsys.readouterr().out


def test_unreachable_entry(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("project", HEAD + '[routes]\nsix = [{index = "pypi"}, {index = "acme"}]\n')
    assert warnings(capsys) == [
        ("unreachable-route", 5, "entry 2 of six (acme) is never used: entry 1 has no marker")
    ]


def test_hidden_index(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    user = machine.write("user", '[indexes]\nacme = "https://a.example/"\n[routes]\nx = "acme"\n')
    machine.write("project", '[indexes]\nacme = "https://b.example/"\n[routes]\ny = "acme"\n')
    assert warnings(capsys) == [("hidden-index", 2, f"index acme hides the index of that name in {user}:2")]


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ('{ url = "https://a.example/", external-hosts = ["*"] }', ["any-host"]),
        ('{ url = "https://a.example/", external-hosts = ["*.b.example"] }', []),
        ('"http://a.example/"', ["http"]),
        ('{ url = "https://a.example/", mirrors = ["http://a.example/"] }', ["http"]),
        ('"http://localhost:3141/"', []),
        ('"http://127.0.0.1:3141/"', []),
        ('"http://[::1]:3141/"', []),
        ('"https://bob:hunter2@a.example/"', ["secret"]),
        ('"https://bob:x${RIM_ROUTER_T}@a.example/"', ["secret"]),
        ('"https://bob:${RIM_ROUTER_T}@a.example/"', []),
        ('"https://${RIM_ROUTER_T}@a.example/"', []),
        ('"https://oauth2accesstoken@a.example/"', []),
        ('"https://bob@a.example/"', []),
        ('"https://ghp_0123456789abcdef0123@a.example/"', ["secret"]),
        ('"https://ghp_0123:@a.example/"', ["secret"]),
        ('{ url = "https://a.example/", mirrors = ["https://bob:hunter2@b.example/"] }', ["secret"]),
    ],
)
def test_loose_indexes(
    definition: str,
    expected: list[str],
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RIM_ROUTER_T", "s3cret")
    machine.write("project", f'[indexes]\na = {definition}\n[routes]\nsix = "a"\n')
    found = warnings(capsys)
    assert [code for code, _, _ in found] == expected
    assert all(line == 2 for _, line, _ in found)
    assert not any(secret in str(found) for secret in ("hunter2", "s3cret", "ghp_"))


INDEXES = """
    [indexes]
    acme = { url = "https://acme.example/simple", probe = "acme-core" }
    bare = "https://bare.example/simple"
    disk = "wheels"
    pypi = "https://pypi.org/simple"
    test = "https://test.pypi.org/simple"
    [routes]
"""


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ('six = { indexes = ["acme", "pypi"], strategy = "first-index" }', []),
        ('six = { indexes = ["acme", "pypi"], strategy = "index-priority" }', ["public-by-priority"]),
        (
            'six = { indexes = ["acme", "bare", "test"], strategy = "index-priority" }',
            ["public-by-priority", "no-probe"],
        ),
        ('six = { indexes = ["pypi", "acme"], strategy = "index-priority" }', ["no-probe"]),
        ('six = { indexes = ["acme", "bare"], strategy = "index-priority" }', []),
        (
            'six = { indexes = ["acme", "bare"], strategy = "index-priority" }\n"*" = "bare"',
            ["public-by-priority"],
        ),
        ('six = { indexes = ["bare", "acme"], strategy = "first-index" }', ["no-probe"]),
        ('six = { indexes = ["acme", "bare"], strategy = "version-priority" }', ["no-probe"]),
        ('six = { indexes = ["disk", "acme"], strategy = "first-index" }', []),
        ('six = { indexes = ["bare"], strategy = "index-priority" }', []),
        ('six = "bare"\ntwo = "pypi"', []),
    ],
)
def test_lists_of_indexes(
    routes: str, expected: list[str], machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where somebody else's request or a "not found" that nobody proves can lead to another index."""
    machine.write("project", INDEXES + routes)
    found = [
        (code, message) for code, _, message in warnings(capsys) if code not in ("unused-index", "bare-name")
    ]
    assert sorted(code for code, _ in found) == sorted(expected)
    if expected == ["public-by-priority"]:
        assert "index pypi is public" in found[0][1] or "index bare is public" in found[0][1]


def test_secrets_are_found_in_a_pyproject_too(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    (machine.work / "pyproject.toml").write_text(
        '[tool.rim-router.indexes]\na = "https://b:c@a.example/"\n[tool.rim-router.routes]\nsix = "a"\n'
    )
    assert [(code, line) for code, line, _ in warnings(capsys)] == [("secret", 2)]


def test_unused_index_of_a_project(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """An index of a lower layer may be there for other projects."""
    machine.write("user", '[indexes]\nshared = "https://a.example/"\n')
    machine.write("project", '[indexes]\nown = "https://b.example/"\n')
    assert warnings(capsys) == [("unused-index", 2, "no route uses index own")]


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as made:
        made.add(wheel("acme", "1.0", origin="private"))
        yield made


def reached(capsys: pytest.CaptureFixture[str], expected_code: int) -> list[tuple[bool, str]]:
    assert main(["check", "--online", "--json"]) == expected_code
    return [(each["ok"], each["message"]) for each in json.loads(capsys.readouterr().out)["online"]]


def test_online_asks_for_a_project_that_is_routed_there(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.write(
        "project", f'[indexes]\na = "{server.url}"\nb = "{server.url}"\n[routes]\nacme = "a"\n"x*" = "a"\n'
    )
    assert reached(capsys, 0) == [(True, "answers, with 1 file")]
    assert {"acme", "pip"} < {*server.projects_asked_for()}


def test_online_asks_for_the_root_if_there_is_no_such_project(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.write("project", f'[indexes]\na = "{server.url}"\n[routes]\n"x*" = "a"\n')
    assert reached(capsys, 0) == [(True, "answers with text/html")]
    server.on("/simple/", status(404))
    assert reached(capsys, 0) == [(True, "answers, and has no page at its root, as some indexes do")]


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (status(401), "wants a user name and a password (check the credentials for this index)"),
        (
            status(403),
            (
                "failed: 403 Client Error: Forbidden for url: {url}acme/ (the index was asked without "
                'credentials; if 403 means that there is no such project, add probe = "NAME" (a project '
                "that it certainly has) and absent-status = [403] to index a in ./index-routing.toml:2)"
            ),
        ),
        (
            login_page,
            (
                "answered with text/html; charset=utf-8 that is not an index page: "
                "it neither says that it is one nor links to a file of acme "
                f"({LOGIN_HINT})"
            ),
        ),
        (
            redirect("https://user:pw@elsewhere.example/x?token=1"),
            (
                "redirects its page to https://****@elsewhere.example/x?****, which is not on its origin "
                "(if that is where one logs in, the index wants credentials; "
                "if all of the index is there now, use its URL there, or add "
                'external-hosts = ["elsewhere.example"] to index a in ./index-routing.toml:2; '
                "if only names that it lacks are sent there, turn that off at the server)"
            ),
        ),
    ],
    ids=["401", "403", "log-in form", "redirect"],
)
def test_online_failures(
    behaviour: object, message: str, server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on("acme", behaviour)  # type: ignore[arg-type]
    machine.write("project", f'[indexes]\na = "{server.url}"\n[routes]\nacme = "a"\n')
    expected = f"Index a ({server.url}) {message.replace('{url}', server.url)}"
    assert reached(capsys, 1) == [(False, expected)]
    assert main(["check", "--online"]) == 1
    assert f"FAILED  a  {server.url}" in capsys.readouterr().out


def test_online_credentials_are_sent_and_not_shown(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    server.credentials = ("bob", "p@ss")
    url = server.url.replace("http://", "http://bob:p%40ss@")
    machine.write("project", f'[indexes]\na = "{url}"\n[routes]\nacme = "a"\n')
    assert main(["check", "--online"]) == 0
    out = capsys.readouterr().out
    assert "ok  a  http://****@localhost" in out
    assert "p%40ss" not in out
    server.credentials = ("bob", "other")
    assert reached(capsys, 1)[0][0] is False


def test_online_credentials_come_from_netrc(
    server: IndexServer, machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.credentials = ("bob", "pw")
    netrc = machine.home / "my-netrc"
    netrc.write_text("machine localhost login bob password pw\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    machine.write("project", f'[indexes]\na = "{server.url}"\n[routes]\nacme = "a"\n')
    assert reached(capsys, 0) == [(True, "answers, with 1 file")]


def test_online_each_mirror_is_asked(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    with IndexServer() as down:
        url = down.url
    machine.write(
        "project", f'[indexes]\na = {{url = "{server.url}", mirrors = ["{url}"]}}\n[routes]\nacme = "a"\n'
    )
    results = reached(capsys, 1)
    assert results[0] == (True, "answers, with 1 file")
    assert results[1][0] is False
    assert results[1][1].startswith(f"Index a ({url}) cannot be reached: ")
    assert "Connection refused" in results[1][1]


NAMES = """
    [indexes]
    a = {{ url = "{url}" }}
    b = {{ url = "{url}" }}
    disk = {{ url = "wheels", format = "flat" }}
    [routes]
    acme = "a"
    {name} = {route}
"""


@pytest.mark.parametrize(
    ("name", "route", "expected", "message"),
    [
        ("acme", '"a"', 0, "answers, with 1 file"),
        ("more", '"a"', 0, "answers, with 2 files of 2 projects"),
        ("gone", '"a"', 1, "answers, with 1 file of 1 project, and has no gone"),
        ("more", '{ indexes = ["disk", "a"], strategy = "first-index" }', 0, None),
        ("gone", '{ indexes = ["disk", "a"], strategy = "first-index" }', 1, None),
        ("mine", '{ indexes = ["disk", "a"], strategy = "first-index" }', 0, None),
        ("gone", '[{ index = "b", marker = "os_name == \'x\'" }, { index = "disk" }]', 1, None),
    ],
)
def test_online_every_name_is_asked_for(
    name: str,
    route: str,
    expected: int,
    message: str | None,
    server: IndexServer,
    machine: Machine,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A project that is nowhere where the table leads is not "ok"; of a list one index is enough."""
    if name == "acme":
        route = f'"a"\nx = {route}'
        name = "y"
        server.add(wheel("x", "1.0", origin="private"))
        server.add(wheel("y", "1.0", origin="private"))
        message = "answers, with 3 files of 3 projects"
    server.add(wheel("more", "1.0", origin="private"))
    write_flat_dir(machine.work / "wheels", [wheel("mine", "1.0", origin="private")])
    machine.write("project", NAMES.format(url=server.url, name=name, route=route))
    report = online(capsys, expected)["online"]
    assert message in (None, report[0]["message"])
    lost = [each["missing"] for each in report if not each["ok"]]
    assert all(each == ["gone"] for each in lost)
    assert bool(lost) == bool(expected)


@pytest.mark.parametrize(("name", "expected"), [("more", 0), ("mor", 1), ("more-x", 1)])
def test_online_a_bare_name_need_not_exist(
    name: str, expected: int, server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check` itself advises to claim it beside a prefix; any other name that is missing is a fault."""
    machine.write(
        "project", f'[indexes]\na = "{server.url}"\n[routes]\n"more-*" = "a"\n{name} = "a"\nacme = "a"\n'
    )
    (found,) = online(capsys, expected)["online"]
    assert found["missing"] == [name]


def test_online_names_are_bounded(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table can have thousands, and nobody waits for that."""
    routes = "\n".join(f'x{number} = "a"' for number in range(30))
    machine.write("project", f'[indexes]\na = "{server.url}"\n[routes]\n{routes}\n')
    (found,) = online(capsys, 1)["online"]
    assert len(found["missing"]) == 20
    assert "it was asked for 20 of its 30 names" in found["message"]


@pytest.mark.parametrize("command", [["check", "--online"], ["explain", "--online", "acme"]])
@pytest.mark.parametrize("where", ["wheels", "wheels/acme"])
def test_online_directories_that_are_no_indexes(
    where: str, command: list[str], machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """With distributions where pip would look for a page: not to see them would be to look elsewhere."""
    write_flat_dir(machine.work / where, [wheel("acme", "1.0", origin="private")])
    machine.write("project", '[indexes]\na = "wheels"\n[routes]\nacme = "a"\n')
    assert main(command) == 1
    said = " ".join("".join(capsys.readouterr()).split())
    if where == "wheels":
        assert "is a directory of distributions, and not an index" in said
        assert 'add format = "flat" to index a in ./index-routing.toml:2' in said
    else:
        assert "has distributions in acme, and no index.html that links to them" in said


def test_online_local_indexes(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    (machine.work / "simple").mkdir()
    machine.write(
        "project",
        '[indexes]\na = "simple"\nb = "missing"\nc = {url = "simple", format = "flat"}\n'
        '[routes]\n"a*" = "a"\n"b*" = "b"\n"c*" = "c"\n',
    )
    results = reached(capsys, 1)
    assert [ok for ok, _ in results] == [True, False, True]
    assert results[1][1].endswith("does not exist")


def test_a_route_that_only_repeats_a_locked_one(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Is nothing to warn of, nor is the index that it needs in its own file."""
    machine.write("user", HEAD + '[routes]\nacme = { index = "acme", locked = true }\n')
    machine.write("project", HEAD + '[routes]\nacme = "acme"\n"*" = "pypi"\n')
    assert warnings(capsys) == []


# What no page says


def online(capsys: pytest.CaptureFixture[str], expected_code: int, *options: str) -> dict[str, Any]:
    """The report."""
    assert main(["check", "--online", "--json", *options]) == expected_code
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    report["warnings"] = [each for each in report["warnings"] if each["code"] == "forwarding-index"]
    return report


def anything(exchange: Exchange) -> bool:
    """Answer for every name."""
    if not exchange.path.startswith("/simple/"):
        return False
    exchange.reply(200, html_page("Links for it", []))
    return True


PREFIX = '[indexes]\na = "{url}"\n[routes]\n"acme-*" = "a"\nacme = {{ deny = "no" }}\n'


def test_online_an_index_that_has_pip(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """It merges the public one into its own, and anybody may publish there."""
    machine.write("project", PREFIX.format(url=server.url))
    assert online(capsys, 0)["warnings"] == []
    server.add(wheel("pip", "99.0", origin="public"))
    (warning,) = online(capsys, 0)["warnings"]
    assert warning["message"].startswith(
        f"index a ({server.url}) has pip, which is not claimed for it: it forwards"
    )
    assert warning["message"].endswith("so that others may add to what it has for acme-*")
    assert warning["place"]["line"] == 2
    assert main(["check", "--online", "--strict"]) == 1


@pytest.mark.parametrize("route", ['"*" = "a"', '"acme-*" = "a"\n"*" = "a"', '"acme-*" = "a"\npip = "a"'])
def test_online_an_index_that_is_to_have_pip(
    route: str, server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table says that it is everybody's, or that pip comes from it."""
    server.add(wheel("pip", "99.0", origin="public"))
    machine.write("project", f'[indexes]\na = "{server.url}"\n[routes]\n{route}\n')
    assert online(capsys, 0)["warnings"] == []


@pytest.mark.parametrize(
    "behaviour", [anything, redirect("https://pypi.example/simple/x/")], ids=["page", "redirect"]
)
def test_online_an_index_that_answers_for_every_name(
    behaviour: Any, server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would answer for what nobody has, too."""

    def act(exchange: Exchange) -> bool:
        return exchange.path.startswith("/simple/acme-") and bool(behaviour(exchange))

    server.on("*", act)
    machine.write("project", PREFIX.format(url=server.url))
    (warning,) = online(capsys, 0)["warnings"]
    assert "which nobody has" in warning["message"]


def test_online_a_url_without_simple(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a name that is routed there, and without; no line of the real one is wrong."""
    for route in ('acme = "a"', '"acme-*" = "a"'):
        machine.write("project", f'[indexes]\na = "{server.base}"\n[routes]\n{route}\n')
        (reached,) = online(capsys, 1)["online"]
        assert (
            f"the index is at {server.url}: correct the URL of index a in ./index-routing.toml:2"
            in reached["message"]
        )


def test_online_a_page_of_links(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not said that it is one."""
    for route in ('acme = "a"', '"acme-*" = "a"'):
        machine.write("project", f'[indexes]\na = "{server.flat_url}"\n[routes]\n{route}\n')
        (reached,) = online(capsys, 1)["online"]
        assert 'add format = "flat" to index a in ./index-routing.toml:2' in reached["message"]
    machine.write(
        "project", f'[indexes]\na = {{ url = "{server.flat_url}", format = "flat" }}\n[routes]\nacme = "a"\n'
    )
    assert online(capsys, 0)["online"][0]["message"] == "answers, with 1 file"


def test_online_devpi_without_such_a_user(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every project is missing there, and pip would say no more than that."""

    def devpi(exchange: Exchange) -> bool:
        exchange.reply(404, "", X_Devpi_Server_Version="6.14.0")
        return True

    server.on("*", devpi)
    for route in ('acme = "a"', '"acme-*" = "a"'):
        machine.write("project", f'[indexes]\na = "{server.base}/nobody/dev/+simple/"\n[routes]\n{route}\n')
        (reached,) = online(capsys, 1)["online"]
        assert "devpi there knows no such user or index: correct the URL of index a" in reached["message"]


def test_online_each_remedy_names_the_project_of_its_file(
    server: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a page with the files of several."""
    other = wheel("other", "1.0", origin="cdn")
    server.add(other, hashes=(), at=f"https://cdn.example/{other.filename}")
    entry = f'{{ url = "{server.flat_url}", format = "flat", external-hosts = ["cdn.example"] }}'
    machine.write("project", f'[indexes]\na = {entry}\n[routes]\nacme = "a"\nother = "a"\n')
    (reached,) = online(capsys, 0)["online"]
    assert "1 of which may not be used" in reached["message"]
    assert reached["message"].endswith("to record its digest, run: rim-router pin other")
