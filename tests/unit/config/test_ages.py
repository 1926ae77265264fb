"""``min-age`` in a table, and what a policy below forbids (reference: Discovery and precedence)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from rim_router.config import load
from rim_router.errors import TableError
from rim_router.rules.age import age_for
from rim_router.rules.remedies import wait_or_exempt

if TYPE_CHECKING:
    from tests.unit.conftest import Machine

PYPI = '[indexes]\npypi = { url = "https://pypi.example/simple"%s }\n'


def faults() -> list[str]:
    with pytest.raises(TableError) as caught:
        load()
    return [str(fault) for fault in caught.value.faults]


def text_of(name: str) -> str | None:
    table = load()
    decision = table.route(name)
    age = age_for(decision, decision.indexes[0], table.policy, table.exempt)
    return None if age is None else f"{age.text} {age.source}"


def test_the_narrowest_word_in_one_file(machine: Machine) -> None:
    """One's own packages come at once."""
    machine.write(
        "project",
        PYPI % ', min-age = "3d"'
        + 'own = "https://own.example/simple"\n[routes]\n"*" = "pypi"\n'
        + '"acme-*" = { index = "own", min-age = "0d" }\nslow = { index = "pypi", min-age = "30d" }\n'
        + 'b = "own"\n[policy]\nmin-age = "7d"\n',
    )
    assert text_of("x") == "3d ./index-routing.toml:2"
    assert text_of("acme-x") is None
    assert text_of("slow") == "30d ./index-routing.toml:7"
    assert text_of("b") == "7d ./index-routing.toml:10"


@pytest.mark.parametrize(
    ("lower", "higher", "said"),
    [
        ('[policy]\nmin-age = "7d"\n', '[policy]\nmin-age = "6d"\n', '"6d" would loosen the "7d"'),
        (
            '[policy]\nmin-age = "7d"\n',
            PYPI % ', min-age = "167h"',
            'min-age "167h" would loosen policy.min-age',
        ),
        (
            PYPI % "" + '[policy]\nmin-age = "7d"\n',
            '[routes]\nx = { index = "pypi", min-age = "0d" }\n',
            'min-age "0d" would loosen policy.min-age "7d"',
        ),
        (
            PYPI % "" + '[policy]\nmin-age = "7d"\n',
            '[routes]\nx = { index = "pypi", min-age-exempt = "==1" }\n',
            'min-age-exempt "==1" would loosen policy.min-age "7d"',
        ),
    ],
)
def test_a_higher_layer_loosens_no_policy(machine: Machine, lower: str, higher: str, said: str) -> None:
    """The error names both files."""
    path = machine.write("user", lower)
    machine.write("project", higher)
    (fault,) = faults()
    assert said in fault
    assert "./index-routing.toml" in fault
    assert str(path) in fault


@pytest.mark.parametrize(
    ("lower", "higher", "age"),
    [
        # Said of an index or a route, which a narrower word may change.
        (PYPI % ', min-age = "7d"', '[routes]\nx = { index = "pypi", min-age = "0d" }\n', None),
        # Tighter than the policy.
        (
            PYPI % "" + '[policy]\nmin-age = "7d"\n',
            '[routes]\nx = { index = "pypi", min-age = "8d" }\n',
            "8d ./index-routing.toml:2",
        ),
        # What a lower layer has exempted stays so under a policy that comes later.
        (
            PYPI % "" + '[routes]\nx = { index = "pypi", min-age = "0d" }\n',
            '[policy]\nmin-age = "7d"\n',
            None,
        ),
    ],
)
def test_what_a_higher_layer_may_say(machine: Machine, lower: str, higher: str, age: str | None) -> None:
    machine.write("user", lower)
    machine.write("project", higher)
    assert text_of("x") == age


class TestExemptForOneCommand:
    """``RIM_ROUTER_MIN_AGE_EXEMPT``."""

    def test_several(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Requirements, separated by spaces."""
        machine.write("project", PYPI % ', min-age = "7d"' + '[routes]\n"*" = "pypi"\n')
        monkeypatch.setenv("RIM_ROUTER_MIN_AGE_EXEMPT", " Pillow==12.1.1  a_b>=2,<3 ")
        table = load()
        ages = {
            name: age_for(table.route(name), table.route(name).indexes[0], table.policy, table.exempt)
            for name in ("pillow", "a-b", "c")
        }
        assert [bool(age and age.exempts("12.1.1")) for age in ages.values()] == [True, False, False]
        assert [bool(age and age.exempts("2.5")) for age in ages.values()] == [False, True, False]

    def test_a_policy_holds(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        machine.write("project", PYPI % "" + '[policy]\nmin-age = "7d"\n')
        monkeypatch.setenv("RIM_ROUTER_MIN_AGE_EXEMPT", "pillow==12.1.1")
        (fault,) = faults()
        assert (
            'RIM_ROUTER_MIN_AGE_EXEMPT: would loosen policy.min-age "7d" of ./index-routing.toml:4' in fault
        )
        path = machine.write("user", '[policy]\nmin-age = "1d"\n')
        assert f"a route of its own with min-age-exempt in {path}" in faults()[0]

    def test_two_versions_of_one_project(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        machine.write("project", PYPI % ', min-age = "7d"' + '[routes]\n"*" = "pypi"\n')
        monkeypatch.setenv("RIM_ROUTER_MIN_AGE_EXEMPT", "pillow==12.1.1 pillow==12.1.2")
        table = load()
        decision = table.route("pillow")
        age = age_for(decision, decision.indexes[0], table.policy, table.exempt)
        assert age is not None
        assert [bool(age.exempts(each)) for each in ("12.1.1", "12.1.2", "12.1.3")] == [True, True, False]

    @pytest.mark.parametrize(
        "word", ["==1", "x @ https://x.example/x.whl", "x==", "x", "2.0", "x;python_version>'3'"]
    )
    def test_what_is_no_requirement(
        self, word: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        machine.write("project", PYPI % "")
        monkeypatch.setenv("RIM_ROUTER_MIN_AGE_EXEMPT", word)
        assert "is not a requirement" in faults()[0]


def test_a_policy_of_nothing_forbids_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that says that there is no such policy."""
    machine.write("user", PYPI % "" + '[policy]\nmin-age = "0d"\n')
    machine.write("project", '[routes]\nx = { index = "pypi", min-age = "1d", min-age-exempt = "==1" }\n')
    monkeypatch.setenv("RIM_ROUTER_MIN_AGE_EXEMPT", "x==2")
    assert text_of("x") == "1d ./index-routing.toml:2"


def test_what_helps_stands_where_nothing_forbids_it(machine: Machine) -> None:
    """In the file of the lowest policy, and for this project alone."""
    path = machine.write("user", PYPI % "" + '[policy]\nmin-age = "3d"\n')
    machine.write("project", '[routes]\n"*" = "pypi"\n[policy]\nmin-age = "7d"\n')
    table = load()
    decision = table.route("x")
    age = age_for(decision, decision.indexes[0], table.policy, table.exempt)
    assert age is not None
    assert str(wait_or_exempt(decision, "2.0", "tomorrow", age.policy)).endswith(
        f'give x a route of its own with min-age-exempt = "==2.0" in {path}'
    )
    machine.write("user", path.read_text() + '[routes]\nx = { index = "pypi", min-age-exempt = "==2.0" }\n')
    decision = load().route("x")
    assert age_for(decision, decision.indexes[0], load().policy).exempts("2.0")


@pytest.mark.parametrize("policies", [("3d", None), (None, "3d"), ("3d", "7d"), ("0d", "7d")])
@pytest.mark.parametrize("own", ["user", "project", None])
def test_what_helps_is_not_hidden(
    policies: tuple[str | None, str | None], own: str | None, machine: Machine
) -> None:
    """Whoever does all that is said is exempt, whichever layer has the policy, and a route of that name."""
    texts, paths = {}, {}
    for layer, policy in zip(("user", "project"), policies):
        is_there = layer in (own, "project")
        texts[layer] = (PYPI % "" + "[routes]\n" if is_there else "") + (
            'x = "pypi"\n' if own == layer else '"*" = "pypi"\n' if is_there else ""
        )
        texts[layer] += f'[policy]\nmin-age = "{policy}"\n' if policy else ""
        paths[layer] = machine.write(layer, texts[layer])
    table = load()
    decision = table.route("x")
    assert decision.indexes
    age = age_for(decision, decision.indexes[0], table.policy)
    assert age is not None
    said = str(wait_or_exempt(decision, "2.0", "tomorrow", age.policy))
    if "take the route x out of" in said or "to the route x in" in said:
        assert own is not None
        texts[own] = texts[own].replace('x = "pypi"\n', "")
    where = "user" if re.search(rf" in {re.escape(str(paths['user']))}(?:,|:|$)", said) else "project"
    exempt = 'x = { index = "pypi", min-age-exempt = "==2.0" }\n'
    if "[routes]" in texts[where]:
        texts[where] = texts[where].replace("[routes]\n", f"[routes]\n{exempt}")
    else:
        assert ("with index pypi" in said) == (where == "user")
        texts[where] = PYPI % "" + f"[routes]\n{exempt}" + texts[where]
    for layer, text in texts.items():
        machine.write(layer, text)
    table = load()
    decision = table.route("x")
    age = age_for(decision, decision.indexes[0], table.policy)
    assert age is not None
    assert age.exempts("2.0") is not None, said


def test_defects(machine: Machine) -> None:
    """Each is said, with its place."""
    machine.write(
        "project",
        '[indexes]\na = { url = "https://a.example", min-age = 7 }\n'
        'b = { url = "https://b.example", min-age = "7" }\n'
        "[routes]\n"
        'c = { index = "pip", min-age = "7d" }\nd = { deny = "x", min-age-exempt = "==1" }\n'
        'e = { index = "a", min-age-exempt = "1.0" }\n[policy]\nmin-age = "a week"\nproject-status = "no"\n',
    )
    assert faults() == [
        "./index-routing.toml:2, indexes.a.min-age: expected a string, found an integer",
        './index-routing.toml:3, indexes.b.min-age: "7" is not an age such as "7d" or "36h"',
        "./index-routing.toml:5, routes.c.min-age: is only for indexes of the table",
        "./index-routing.toml:6, routes.d.min-age-exempt: is only for indexes of the table",
        (
            './index-routing.toml:7, routes.e.min-age-exempt: "1.0" is not a version specifier '
            'such as "==1.26.4"'
        ),
        './index-routing.toml:9, policy.min-age: "a week" is not an age such as "7d" or "36h"',
        './index-routing.toml:10, policy.project-status: "no" is not one of "warn", "deny"',
    ]
