"""How layers go together (reference: Discovery and precedence)."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest

from rim_router.config import load
from rim_router.errors import TableError

if TYPE_CHECKING:
    from tests.unit.conftest import Machine

LAYERS = ["machine", "user", "environment", "project"]
ACME = '[indexes]\nacme = "https://{host}.example/simple"\n'


def faults() -> list[str]:
    with pytest.raises(TableError) as caught:
        load()
    return [str(fault) for fault in caught.value.faults]


def test_without_a_table_every_name_is_pips() -> None:
    """And nothing is in force."""
    table = load()
    assert not table.in_force
    assert str(table.route("x")) == "x is left to pip"


def test_an_empty_table_is_in_force(machine: Machine) -> None:
    """Though it claims nothing."""
    machine.write("project")
    assert load().in_force
    assert [(file.layer, str(file)) for file in load().files] == [("project", "./index-routing.toml")]


@pytest.mark.parametrize(("lower", "higher"), list(zip(LAYERS, LAYERS[1:])))
def test_the_higher_layer_wins_the_same_pattern(in_venv: Machine, lower: str, higher: str) -> None:
    """And the lower one's route is remembered for those who ask."""
    for layer in (lower, higher):
        in_venv.write(layer, ACME.format(host=layer) + '[routes]\n"acme-*" = "acme"\n')
    decision = load().route("acme-x")
    assert decision.indexes[0].url == f"https://{higher}.example/simple"
    assert [route.source.layer for route in decision.also_matched] == [lower]


def test_the_more_specific_pattern_wins_in_whatever_layer_it_is(machine: Machine) -> None:
    """Layers only decide between the same pattern."""
    machine.write("user", '[routes]\nacme-core = "pip"\n"acme-c*" = { deny = "user" }\n')
    machine.write("project", '[routes]\n"acme-*" = { deny = "project" }\n"*" = { deny = "rest" }\n')
    table = load()
    assert [table.route(name).target.reason for name in ("acme-core", "acme-cx", "acme-x", "y")] == [
        "",
        "user",
        "project",
        "rest",
    ]


def test_a_route_whose_markers_fail_leaves_the_name_to_the_next(machine: Machine) -> None:
    """First to a lower layer's route of the same pattern, then to less specific patterns."""
    machine.write("user", '[routes]\n"acme-*" = { deny = "user" }\n')
    machine.write("project", '[routes]\n"acme-*" = { index = "pip", marker = "python_version < \'3\'" }\n')
    decision = load().route("acme-x")
    assert decision.target.reason == "user"
    assert [route.source.layer for route in decision.passed_over] == ["project"]


class TestScope:
    """Where the index of a route is looked up."""

    def test_in_the_own_layer_first(self, machine: Machine) -> None:
        """A higher layer that redefines a name never redirects a lower layer's routes."""
        machine.write("user", ACME.format(host="user") + '[routes]\n"user-*" = "acme"\n')
        machine.write("project", ACME.format(host="project") + '[routes]\n"project-*" = "acme"\n')
        table = load()
        assert table.route("user-x").indexes[0].url == "https://user.example/simple"
        assert table.route("project-x").indexes[0].url == "https://project.example/simple"
        assert [str(index) for index in table.indexes] == [
            "acme (https://user.example/simple)",
            "acme (https://project.example/simple)",
        ]

    def test_then_in_lower_layers_the_nearest_first(self, in_venv: Machine) -> None:
        """A project may use the indexes of the machine."""
        in_venv.write("machine", ACME.format(host="machine"))
        in_venv.write("user", ACME.format(host="user"))
        in_venv.write("project", '[routes]\nx = { indexes = ["acme"], strategy = "index-priority" }\n')
        assert load().route("x").indexes[0].url == "https://user.example/simple"

    def test_never_in_higher_layers(self, machine: Machine) -> None:
        """What a project defines is nothing to the machine."""
        path = machine.write("user", '[routes]\nx = "acme"\n')
        machine.write("project", ACME.format(host="project"))
        assert faults() == [f'{path}:2, routes.x: there is no index "acme" (define it under [indexes])']

    def test_a_later_config_file_sees_the_earlier_ones(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They are layers of their own."""
        (machine.work / "one.toml").write_text(ACME.format(host="one") + '[routes]\nx = "acme"\ny = "acme"\n')
        (machine.work / "two.toml").write_text(
            '[indexes]\nother = "https://two.example"\n[routes]\nx = "other"\nz = "acme"\n'
        )
        monkeypatch.setenv("RIM_ROUTER_CONFIG", os.pathsep.join(["one.toml", "two.toml"]))
        table = load()
        hosts = [table.route(name).indexes[0].url.split("/")[2] for name in "xyz"]
        assert hosts == ["two.example", "one.example", "one.example"]
        monkeypatch.setenv("RIM_ROUTER_CONFIG", os.pathsep.join(["two.toml", "one.toml"]))
        assert faults() == ['./two.toml:5, routes.z: there is no index "acme" (define it under [indexes])']

    def test_an_index_with_a_fault_is_not_missing_too(self, machine: Machine) -> None:
        """One mistake is one fault; also a layer that cannot be read may have defined it."""
        machine.write("project", '[indexes]\nacme = "ftp://x"\n[routes]\nx = "acme"\n')
        assert len(faults()) == 1
        machine.write("user", "[indexes\n")
        machine.write("project", '[routes]\nx = "acme"\n')
        assert len(faults()) == 1
        machine.path("user").unlink()
        machine.write("project", '[index]\nacme = "https://x.example"\n[routes]\nx = "acme"\n')
        assert len(faults()) == 1
        machine.write("project", 'indexes = 1\n[routes]\nx = "acme"\n')
        assert len(faults()) == 1


class TestLocks:
    """`locked = true`."""

    @pytest.mark.parametrize("layer", LAYERS[:3])
    @pytest.mark.parametrize(
        ("locked", "pattern"),
        [
            ("acme-*", "acme-*"),
            ("acme-*", "acme-x"),
            ("acme-*", "acme-x-*"),
            ("x", "X"),
            ("*", "y"),
            ("*", "*"),
            ("*", "a*"),
        ],
    )
    def test_no_higher_layer_may_claim_the_pattern_or_what_is_inside(
        self, in_venv: Machine, layer: str, locked: str, pattern: str
    ) -> None:
        """The error names both files."""
        low = in_venv.write(layer, f'[routes]\n"{locked}" = {{ index = "pip", locked = true }}\n')
        in_venv.write("project", f'\n[routes]\n"{pattern}" = {{ deny = "no" }}\n')
        key = f'"{locked}"' if "*" in locked else locked
        place = f'"{pattern}"' if "*" in pattern else pattern
        said = f"routes.{place}: {locked} is locked by routes.{key} in {low}:2 (remove this route)"
        assert faults() == [f"./index-routing.toml:3, {said}"]

    @pytest.mark.parametrize(
        ("locked", "pattern"),
        [("acme-*", "acme*"), ("acme-*", "*"), ("acme-*", "acme"), ("x", "x*"), ("x", "xy")],
    )
    def test_what_is_not_inside_is_free(self, machine: Machine, locked: str, pattern: str) -> None:
        """The locked pattern stays the more specific one there."""
        machine.write("user", f'[routes]\n"{locked}" = {{ deny = "locked", locked = true }}\n')
        machine.write("project", f'[routes]\n"{pattern}" = {{ deny = "project" }}\n')
        assert load().route(locked.replace("*", "z")).target.reason == "locked"

    def test_a_lock_binds_higher_layers_only(self, machine: Machine) -> None:
        """Neither its own nor a lower layer."""
        machine.write("machine", '[routes]\nacme-low = "pip"\n')
        machine.write("user", '[routes]\n"acme-*" = { index = "pip", locked = true }\nacme-own = "pip"\n')
        assert load().in_force

    def test_a_route_without_a_lock_binds_nobody(self, machine: Machine) -> None:
        """Nor does `locked = false`."""
        machine.write("user", '[routes]\n"acme-*" = { index = "pip", locked = false }\n')
        machine.write("project", '[routes]\nacme-x = { deny = "no" }\n')
        assert load().route("acme-x").target.reason == "no"

    def test_each_of_several_locks_is_named(self, in_venv: Machine) -> None:
        """Those of different layers too, each with its file."""
        in_venv.write("machine", '[routes]\n"acme-*" = { index = "pip", locked = true }\n')
        in_venv.write("environment", '[routes]\n"acm*" = { index = "pip", locked = true }\n')
        in_venv.write("project", '[routes]\nacme-x = "pip"\n')
        assert len(faults()) == 2


RED = "[indexes]\nred = {red}\ngreen = 'https://green.example'\n[routes]\n{routes}\n"


class TestTheVerySameRoute:
    """A route that only repeats what is locked is allowed, and changes nothing."""

    @pytest.mark.parametrize(
        "value",
        [
            '"NAME"',
            '{ index = "NAME" }',
            '{ index = "NAME", namespace = "Red" }',
            "[{ index = 'NAME', marker = \"os_name == 'x'\" }, { index = 'green' }]",
            '{ indexes = ["NAME", "green"], strategy = "index-priority" }',
            '{ deny = "no" }',
            '"pip"',
            '"wheels"',
        ],
    )
    def test_is_no_fault(self, machine: Machine, value: str) -> None:
        """Whatever it leads to, and whatever its index is called; the lower one stays, with its wheels."""
        index = (
            '{ url = "https://a.example", mirrors = ["https://m.example"], external-hosts = ["c.example"] }'
        )
        wheel = f'[[wheel]]\nurls = ["https://w.example/x-1-py3-none-any.whl"]\nsha256 = "{"0" * 64}"\n'
        machine.write("machine", RED.format(red=index, routes=_locked(value.replace("NAME", "red"))) + wheel)
        alone = load().route("x")
        text = RED.replace("red =", "rot =").format(red=index, routes=f'"X" = {value.replace("NAME", "rot")}')
        machine.write("project", text)
        assert load().route("x") == alone

    @pytest.mark.parametrize(
        ("red", "value"),
        [
            ('"https://red.example/"', '"red"'),
            ('"https://red.example:8443"', '"red"'),
            ('"https://u:p@red.example"', '"red"'),
            ('{ url = "https://red.example", mirrors = ["https://m.example"] }', '"red"'),
            ('{ url = "https://red.example", external-hosts = ["c.example"] }', '"red"'),
            ('{ url = "https://red.example", format = "flat" }', '"red"'),
            ('{ url = "https://red.example", pins = "required" }', '"red"'),
            ('"https://red.example"', '"green"'),
            ('"https://red.example"', '{ index = "red", namespace = "red" }'),
            ('"https://red.example"', "{ index = 'red', marker = \"os_name == 'x'\" }"),
            ('"https://red.example"', '{ indexes = ["red", "green"], strategy = "index-priority" }'),
            ('"https://red.example"', '[{ index = "red" }, { index = "green" }]'),
            ('"https://red.example"', '"pip"'),
        ],
    )
    def test_what_is_not_the_same_is(self, machine: Machine, red: str, value: str) -> None:
        """Any other URL or key."""
        machine.write(
            "machine", RED.format(red='"https://red.example"', routes=f"x = {_locked_index('red')}")
        )
        machine.write("project", RED.format(red=red, routes=f"x = {value}"))
        assert [text.rpartition("in ")[0] for text in faults()] == [
            "./index-routing.toml:5, routes.x: x is locked by routes.x "
        ]

    def test_within_a_lock_what_is_below_may_be_said_again(self, machine: Machine) -> None:
        """Only that: what the locked pattern itself says is another route there."""
        routes = f'"x-*" = {_locked_index("red")}\nx-a = "green"'
        machine.write("machine", RED.format(red='"https://red.example"', routes=routes))
        machine.write("project", RED.format(red='"https://red.example"', routes='x-a = "green"'))
        assert load().route("x-a").route.source.layer == "machine"  # type: ignore[union-attr]
        machine.write("project", RED.format(red='"https://red.example"', routes='x-b = "red"'))
        assert len(faults()) == 1

    def test_a_wheel_is_never_the_same(self, machine: Machine) -> None:
        """It would be a candidate more, or one less."""
        digest = "0" * 64
        wheel = f'[[wheel]]\nurls = ["https://w.example/x-1-py3-none-any.whl"]\nsha256 = "{digest}"\n'
        machine.write("machine", f'{wheel}[routes]\nx = {{ index = "wheels", locked = true }}\n')
        machine.write("project", wheel)
        assert [text.partition(" in ")[0] for text in faults()] == [
            "./index-routing.toml:1, wheel[0]: x is locked by routes.x"
        ]

    def test_a_variable_that_is_not_set(self, machine: Machine) -> None:
        """The same URL as it is written is the same; a path is another one in another directory."""
        for url, is_same in (
            ("https://${RIM_ROUTER_X}@red.example", True),
            ("vendor/${RIM_ROUTER_X}", False),
        ):
            machine.write("machine", RED.format(red=f'"{url}"', routes=f"x = {_locked_index('red')}"))
            machine.write("project", RED.format(red=f'"{url}"', routes='x = "red"'))
            if is_same:
                assert load().route("x").indexes[0].unset == ("RIM_ROUTER_X",)
            else:
                assert len(faults()) == 1


def _locked(value: str) -> str:
    """A route to x with a lock."""
    if value.startswith('"'):
        value = f"{{ index = {value} }}"
    return f"x = {value}".replace(" }", ", locked = true }", 1)


def _locked_index(name: str) -> str:
    return f'{{ index = "{name}", locked = true }}'


ORDERS = {
    "require-hashes": ["external", "all"],
    "direct-references": ["allow", "hashed", "deny"],
    "offline-find-links": ["allow", "deny"],
}
CASES = [
    (key, low, high)
    for key, words in ORDERS.items()
    for low in range(len(words))
    for high in range(len(words))
]


class TestPolicy:
    """A higher layer can only tighten."""

    @pytest.mark.parametrize(("key", "low", "high"), CASES)
    def test_loosening_is_an_error_that_names_both_files(
        self, machine: Machine, key: str, low: int, high: int
    ) -> None:
        """The same and tighter is fine."""
        words = ORDERS[key]
        path = machine.write("user", f'[policy]\n{key} = "{words[low]}"\n')
        machine.write("project", f'\n[policy]\n{key} = "{words[high]}"\n')
        if high < low:
            said = f'policy.{key}: "{words[high]}" would loosen the "{words[low]}" of {path}:2'
            advice = "a higher layer can only tighten the policy"
            assert faults() == [f"./index-routing.toml:3, {said} ({advice})"]
        else:
            assert getattr(load().policy, key.replace("-", "_")) == words[high]

    def test_a_layer_in_between_that_says_nothing_changes_nothing(self, in_venv: Machine) -> None:
        """The tightest so far holds."""
        in_venv.write("machine", '[policy]\ndirect-references = "deny"\n')
        in_venv.write("user")
        in_venv.write("project", '[policy]\ndirect-references = "hashed"\n')
        assert len(faults()) == 1

    @pytest.mark.parametrize(("lower", "higher"), list(zip(LAYERS, LAYERS[1:])))
    def test_a_default_is_not_to_be_loosened_either(self, in_venv: Machine, lower: str, higher: str) -> None:
        """A lower layer that says nothing means the default; the error names both files."""
        low = in_venv.write(lower, '[routes]\n"acme-*" = "pip"\n')
        high = in_venv.write(higher, '[policy]\ndirect-references = "allow"\n')
        where = "./index-routing.toml" if higher == "project" else high
        said = f'policy.direct-references: "allow" would loosen the default "hashed" of {low}'
        assert faults() == [f"{where}:2, {said} (a higher layer can only tighten the policy)"]

    def test_the_lowest_file_is_named_for_a_default(self, in_venv: Machine) -> None:
        """Of several that say nothing; also of two that a variable names."""
        low = in_venv.write("machine")
        in_venv.write("user", '[policy]\nrequire-hashes = "all"\n')
        in_venv.write("project", '[policy]\ndirect-references = "allow"\n')
        assert [text for text in faults() if f'the default "hashed" of {low}' in text] == faults()

    def test_a_later_config_file_cannot_loosen_a_default(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They are layers of their own."""
        (machine.work / "one.toml").write_text("")
        (machine.work / "two.toml").write_text('[policy]\ndirect-references = "allow"\n')
        monkeypatch.setenv("RIM_ROUTER_CONFIG", "two.toml")
        assert load().policy.direct_references == "allow"
        monkeypatch.setenv("RIM_ROUTER_CONFIG", os.pathsep.join(["two.toml", "one.toml"]))
        assert load().policy.direct_references == "allow"
        monkeypatch.setenv("RIM_ROUTER_CONFIG", os.pathsep.join(["one.toml", "two.toml"]))
        assert len(faults()) == 1

    @pytest.mark.parametrize("word", ["hashed", "deny"])
    def test_a_default_can_be_said_again_and_tightened(self, machine: Machine, word: str) -> None:
        """That is no loosening."""
        machine.write("user")
        machine.write("project", f'[policy]\ndirect-references = "{word}"\n')
        assert load().policy.direct_references == word

    @pytest.mark.parametrize("layer", LAYERS)
    def test_the_only_layer_may_be_looser_than_the_default(self, in_venv: Machine, layer: str) -> None:
        """It loosens nobody's policy."""
        in_venv.write(layer, '[policy]\ndirect-references = "allow"\n')
        assert load().policy.direct_references == "allow"

    def test_what_nobody_says_is_the_default(self, machine: Machine) -> None:
        """The lowest layer that says something may be looser than that."""
        machine.write("project")
        policy = load().policy
        assert (
            policy.require_hashes,
            policy.pins,
            policy.direct_references,
            policy.offline_find_links,
            policy.redirects,
            policy.minimum_openssl,
        ) == ("external", "optional", "hashed", "allow", "hashed", None)
        machine.write("project", '[policy]\ndirect-references = "allow"\n')
        assert load().policy.direct_references == "allow"


def test_everything_that_is_wrong_in_all_files_is_said_at_once(in_venv: Machine) -> None:
    """In the order of the layers, and within a file in that of its lines."""
    machine = in_venv.write("machine", "x = [\n")
    user = in_venv.write(
        "user", '[routes]\n"a?" = "pip"\nb = { index = "pip", locked = true }\n[policy]\npins = "x"\n'
    )
    in_venv.write("project", '[routes]\nb = "wheels"\n"c*c" = "pip"\n[policies]\n')
    said = faults()
    places = [text.split(":")[0] + ":" + text.split(":")[1].split(",")[0] for text in said]
    assert places == [
        f"{machine}:2",
        f"{user}:2",
        f"{user}:5",
        "./index-routing.toml:2",
        "./index-routing.toml:3",
        "./index-routing.toml:4",
    ]


def test_reading_leaves_the_garbage_collector_as_it_was(machine: Machine) -> None:
    """Whether the table is good or not."""
    machine.write("project", "x = 1\n")
    assert gc.isenabled()
    faults()
    assert gc.isenabled()
    gc.disable()
    try:
        faults()
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("indexes", ["", "[indexes]\npypi = 'https://pypi.org/simple'\n"])
def test_an_unknown_table_hides_no_other_fault_where_indexes_are_known(
    indexes: str, machine: Machine
) -> None:
    """It may be a mistyped ``[indexes]``, and then only for what it defines."""
    machine.write("project", f"{indexes}[polcy]\npins = 'required'\n[routes]\nacme = 'acme'\n")
    with pytest.raises(TableError) as caught:
        load()
    said = [fault.message for fault in caught.value.faults]
    assert said == ["unknown key", 'there is no index "acme"']
