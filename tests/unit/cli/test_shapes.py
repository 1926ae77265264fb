"""The shapes of --json: documented, and kept by what the commands print."""

from __future__ import annotations

import inspect
import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import pytest

from rim_router import libraries
from rim_router.cli import main, shapes
from rim_router.cli.check import shape as check_shapes
from rim_router.cli.doctor import shape as doctor_shapes
from rim_router.cli.explain import shape as explain_shapes
from tests.support.servers import IndexServer
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from tests.unit.conftest import Machine

DOCS = Path(__file__).resolve().parents[3] / "docs"
SHAPES = [
    each
    for module in (shapes, check_shapes, explain_shapes, doctor_shapes)
    for each in vars(module).values()
    if inspect.isclass(each) and each.__module__ == module.__name__
]

TABLE = """
    [indexes]
    acme = {{ url = "{url}", mirrors = ["{url}"], external-hosts = ["files.example"] }}

    [routes]
    "acme-*" = [{{ index = "acme", marker = "python_version > '3'" }}, {{ deny = "too old" }}]
    "*" = "pip"

    [policy]
    direct-references = "deny"
"""


def assert_conforms(value: Any, hint: Any, at: str = "$") -> None:
    """The value has exactly the keys and types of a shape."""
    if get_origin(hint) is Union:
        if value is not None:
            assert_conforms(value, get_args(hint)[0], at)
    elif get_origin(hint) is list:
        assert isinstance(value, list), at
        for position, each in enumerate(value):
            assert_conforms(each, get_args(hint)[0], f"{at}[{position}]")
    elif get_origin(hint) is dict:
        assert isinstance(value, dict), at
        for key, each in value.items():
            assert_conforms(each, get_args(hint)[1], f"{at}.{key}")
    elif hint in (str, int, bool):
        assert type(value) is hint, at
    else:
        hints = get_type_hints(hint)
        assert set(value) == set(hints), at
        for key, each in hints.items():
            assert_conforms(value[key], each, f"{at}.{key}")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_each_key_has_a_description(shape: Any) -> None:
    described = runpy.run_path(str(DOCS / "generate_json.py"))["described"]
    summary, meanings = described(shape)
    assert summary
    assert list(meanings) == list(get_type_hints(shape))


def test_the_reference_is_up_to_date() -> None:
    """`python docs/generate_json.py` has been run."""
    render = runpy.run_path(str(DOCS / "generate_json.py"))["render"]
    assert (DOCS / "json.md").read_text(encoding="utf-8") == render()


@pytest.mark.parametrize(
    ("command", "shape"),
    [
        (["check"], check_shapes.CheckReport),
        (["check", "--online"], check_shapes.CheckReport),
        (["explain", "acme-core", "other"], explain_shapes.ExplainReport),
        (["explain", "--online", "acme-core", "other"], explain_shapes.ExplainReport),
        (["routes"], shapes.RoutesReport),
        (["doctor"], doctor_shapes.DoctorReport),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_commands_print_their_shape(
    command: list[str],
    shape: Any,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # doctor imports the hooks, which prefer pip's own libraries in this process from then on.
    monkeypatch.setattr(libraries, "_prefixes", [*libraries._prefixes])
    with IndexServer() as server:
        server.add(wheel("acme-core", "1.0", origin="private"))
        machine.write("project", TABLE.format(url=server.url))
        machine.write("user", '[routes]\n"*" = "pip"\n')
        main([*command, "--json"])
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert_conforms(report, shape)
    assert report["version"] == shapes.VERSION
    assert captured.out.isascii()


def test_check_prints_its_shape_for_a_bad_table(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.write("project", '[routes]\nacme = "nowhere"\n"a*b" = "pip"\n')
    assert main(["check", "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert_conforms(report, check_shapes.CheckReport)
    assert {fault["line"] for fault in report["faults"]} == {2, 3}
    assert report["tables"] == [{"layer": "project", "file": "./index-routing.toml", "line": None}]


def test_check_prints_its_shape_if_the_tables_cannot_be_told(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RIM_ROUTER_CONFIG", str(machine.work / "missing.toml"))
    assert main(["check", "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert_conforms(report, check_shapes.CheckReport)
    assert "missing.toml" in report["faults"][0]["message"]
    assert report["tables"] == []
