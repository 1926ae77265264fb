"""Whether pip goes by the tables: RIM_ROUTER_DISABLE, RIM_ROUTER_REQUIRE and policy.disable."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from rim_router.config.switch import DISABLE, REQUIRE, decide
from rim_router.errors import LocationError, MustBeRoutedError, TableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.conftest import Machine

DENIES = '[policy]\ndisable = "deny"\n'
LAYERS = ("machine", "user", "environment", "project")


def outcome(environ: dict[str, str]) -> str:
    """What becomes of a pip: applied, off, plain, or refused."""
    try:
        files, off = decide(environ)
    except MustBeRoutedError:
        return "refused"
    assert not off or files
    return "off" if off else "applied" if files else "plain"


@pytest.mark.parametrize(
    ("off", "required", "table"),
    [*product(("", "1", "0", "yes"), ("", "1", "0", "yes"), ("", "allow", "deny"))],
)
def test_every_combination(off: str, required: str, table: str, machine: Machine) -> None:
    """Whatever is set to whatever, pip is routed where it has to be, or refuses."""
    if table:
        machine.write("project", f'[policy]\ndisable = "{table}"\n')
    expected = "applied" if table else "plain"
    if off == "1" and table:
        expected = "refused" if table == "deny" else "off"
    if required and (required != "1" or not table or off == "1"):
        expected = "refused"
    assert outcome({DISABLE: off, REQUIRE: required}) == expected


@pytest.mark.parametrize("layer", LAYERS)
def test_one_layer_is_enough(layer: str, in_venv: Machine) -> None:
    """Whichever denies it, and whatever the others have; the error names its line."""
    for each in LAYERS:
        in_venv.write(each, "[routes]\n" + (DENIES if each == layer else ""))
    with pytest.raises(MustBeRoutedError, match=r'policy\.disable is "deny"') as caught:
        decide({DISABLE: "1"})
    assert str(caught.value.where).endswith("index-routing.toml:3, policy.disable")


@pytest.mark.parametrize(
    "text",
    [
        '[policy]\ndisable = "deny',
        '[policy]\ndisabel = "deny"',
        '[policy]\ndisable = "denied"',
        "[policy]\ndisable = true",
        '[policies]\ndisable = "deny"',
        'policy.disable = "deny"\n[routes]\n= 1',
        '[policy]\n"\\u0064isabl\\u0065" = "\\U00000064en\\x79"\n= 1',
        '[policy]\nDISABLE = "DENY"',
    ],
)
def test_faults_where_a_denial_may_be(text: str, machine: Machine) -> None:
    """A table that was meant to deny it is not turned off because of a mistake in it."""
    machine.write("project", text)
    with pytest.raises(MustBeRoutedError, match=r"\./index-routing\.toml has faults") as caught:
        decide({DISABLE: "1"})
    assert caught.value.notes
    assert "correct it" in str(caught.value)


@pytest.mark.parametrize("content", [DENIES.encode("utf-16"), DENIES.encode("utf-16-le"), b"\xff", b"\x00"])
def test_bytes_that_nobody_can_read(content: bytes, machine: Machine) -> None:
    """They may say anything."""
    machine.write("project").write_bytes(content)
    assert outcome({DISABLE: "1"}) == "refused"


@pytest.mark.parametrize(
    "text", ["[routes", "[indexes]\na = 1\n", '[indexes]\na = 1\n[policy]\ndisable = "allow"']
)
def test_faults_elsewhere(text: str, machine: Machine) -> None:
    """A table that cannot mean it is turned off as ever, broken or not."""
    machine.write("project", text)
    assert outcome({DISABLE: "1"}) == "off"


def test_a_denial_beside_other_faults(machine: Machine) -> None:
    """It is there, whatever else is wrong."""
    machine.write("project", f"[indexes]\na = 1\n{DENIES}")
    with pytest.raises(MustBeRoutedError, match=r'policy\.disable is "deny"'):
        decide({DISABLE: "1"})


def missing(machine: Machine) -> dict[str, str]:
    return {"RIM_ROUTER_CONFIG": "gone.toml"}


def directory(machine: Machine) -> dict[str, str]:
    machine.path("project").mkdir()
    return {}


def two_tables(machine: Machine) -> dict[str, str]:
    machine.write("project")
    (machine.work / "pyproject.toml").write_text("[tool.rim-router]\n", encoding="utf-8")
    return {}


def half_a_pyproject(machine: Machine) -> dict[str, str]:
    (machine.work / "pyproject.toml").write_text("[tool.rim-router]\n[", encoding="utf-8")
    return {}


@pytest.mark.parametrize("change", [missing, directory, two_tables, half_a_pyproject])
def test_tables_that_cannot_be_told(change: Callable[[Machine], dict[str, str]], machine: Machine) -> None:
    """One that cannot be read may deny it; the error says what to repair."""
    environ = change(machine)
    with pytest.raises((LocationError, TableError)) as usual:
        decide(environ)
    with pytest.raises(MustBeRoutedError, match="a routing table cannot be read") as caught:
        decide({**environ, DISABLE: "1"})
    assert list(caught.value.notes) == str(usual.value).splitlines()
    assert "repair it" in str(caught.value)


def test_a_value_that_may_mean_either(machine: Machine) -> None:
    """It is said, with a table and without one."""
    for _ in range(2):
        with pytest.raises(MustBeRoutedError, match="RIM_ROUTER_REQUIRE must be 1 or unset, not 'true'"):
            decide({REQUIRE: "true"})
        machine.write("project")
