"""rim-router routes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rim_router.cli import main

if TYPE_CHECKING:
    import pytest

    from tests.unit.conftest import Machine


def test_without_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes"]) == 0
    assert capsys.readouterr().out == "No routing table is in force here: every name is left to pip.\n"


def test_with_a_table_without_routes(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("project")
    assert main(["routes"]) == 0
    assert capsys.readouterr().out == "The routing table has no routes: every name is left to pip.\n"


def test_most_specific_first_with_the_origin_of_each_line(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.write(
        "project",
        """\
        [indexes]
        acme = "https://acme.example/simple"
        pypi = "https://pypi.org/simple"
        [routes]
        "*" = "pypi"
        "Acme_*" = "acme"
        "acme-legacy-*" = { deny = "retired" }
        numpy = { indexes = ["acme", "pypi"], strategy = "index-priority" }
        six = [{ index = "pypi", marker = "python_version < '3'" }]
        click = "pip"
        """,
    )
    assert main(["routes"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "PATTERN        INDEX                         DEFINED IN",
        "click          pip's own indexes             ./index-routing.toml:10 (project)",
        "numpy          acme, pypi by index-priority  ./index-routing.toml:8 (project)",
        "six            pypi if python_version < '3'  ./index-routing.toml:9 (project)   no marker holds here",  # noqa: E501
        "acme-legacy-*  denied: retired               ./index-routing.toml:7 (project)",
        "acme-*         acme                          ./index-routing.toml:6 (project)",
        "*              pypi                          ./index-routing.toml:5 (project)",
    ]


def test_hidden_and_locked_routes_are_marked(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("machine", '[routes]\n"*" = "pip"\n"a-*" = { deny = "no", locked = true }\n')
    machine.write("user", '[routes]\n"*" = [{ index = "pip", marker = "python_version < \'3\'" }]\n')
    machine.write("project", '[routes]\n"*" = "pip"\n')
    assert main(["routes", "--json"]) == 0
    routes = json.loads(capsys.readouterr().out)["routes"]
    assert [(each["pattern"], each["place"]["layer"], each["hidden"], each["locked"]) for each in routes] == [
        ("a-*", "machine", False, True),
        ("*", "project", False, False),
        ("*", "user", True, False),
        ("*", "machine", True, False),
    ]
    assert main(["routes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == ["IN", "locked", "(project)", "here", "hidden"]
    assert lines[3].endswith("  hidden, no marker holds here")


def test_a_higher_route_with_a_marker_does_not_hide(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where its marker does not hold, the lower layer's route is used."""
    machine.write("user", '[routes]\n"*" = "pip"\n')
    machine.write("project", '[routes]\n"*" = [{ index = "pip", marker = "python_version < \'3\'" }]\n')
    assert main(["routes", "--json"]) == 0
    assert [each["hidden"] for each in json.loads(capsys.readouterr().out)["routes"]] == [False, False]
