"""What one table file says (reference: The table)."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from rim_router.config import load
from rim_router.config.files import LayerFile
from rim_router.config.layer import Layer
from rim_router.config.parse import parse
from rim_router.errors import TableError
from rim_router.rules.names import Pattern
from rim_router.rules.strategies import STRATEGIES
from rim_router.rules.table import Kind
from rim_router.rules.urls import HostPattern

if TYPE_CHECKING:
    from rim_router.rules.table import Index, Route
    from tests.unit.conftest import Machine


def read(machine: Machine, text: str, layer: str = "project", **environ: str) -> Layer:
    path = machine.work / "index-routing.toml"
    return parse(LayerFile(layer, path, False, dedent(text).encode()), environ)


def index(machine: Machine, value: str, layer: str = "project", **environ: str) -> Index:
    parsed = read(machine, f"[indexes]\nacme = {value}\n", layer, **environ)
    assert parsed.faults == ()
    found = parsed.indexes["acme"]
    assert found is not None
    return found


def route(machine: Machine, value: str, *, layer: str = "project") -> Route:
    machine.write(
        layer,
        f"""
        [indexes]
        acme = "https://acme.example/simple"
        pypi = "https://pypi.org/simple"
        [routes]
        torch = {value}
        """,
    )
    ((_, (found,)),) = load().routes
    return found


def test_the_example_of_the_documentation(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything at once."""
    monkeypatch.setenv("RIM_ROUTER_ACME_TOKEN", "t/k")
    machine.write(
        "project",
        """\
        [indexes]
        acme      = "https://pypi.acme.example/simple"
        pypi      = "https://pypi.org/simple"
        pytorch   = { url = "https://download.pytorch.org/whl/cu126", external-hosts = ["cdn.pytorch.org"] }
        vendored  = { url = "vendor/wheels", format = "flat" }

        [indexes.internal]
        url = "https://ci:${RIM_ROUTER_ACME_TOKEN}@pkgs.acme.example/simple"
        mirrors = ["https://pkgs2.acme.example/simple"]

        [routes]
        "acme-*"        = "acme"
        torch           = [ { index = "pytorch", marker = "python_version >= '3'" }, { index = "pypi" } ]
        numpy           = { indexes = ["acme", "pypi"], strategy = "index-priority" }
        "acme-legacy-*" = { deny = "retired: use acme-core" }
        "*"             = "pypi"

        [policy]
        require-hashes = "all"
        """,
    )
    table = load()
    shown = [str(table.route(name)) for name in ("Acme.Core", "torch", "numpy", "acme_legacy_x", "django")]
    assert shown == [
        "Routing acme-core to acme (acme-* in ./index-routing.toml)",
        "Routing torch to pytorch (torch in ./index-routing.toml)",
        "Routing numpy to acme, pypi (numpy in ./index-routing.toml)",
        "acme-legacy-x is denied (acme-legacy-* in ./index-routing.toml)",
        "Routing django to pypi (* in ./index-routing.toml)",
    ]
    assert table.policy.require_hashes == "all"
    internal = next(index for index in table.indexes if index.name == "internal")
    assert internal.urls == ("https://ci:t%2Fk@pkgs.acme.example/simple", "https://pkgs2.acme.example/simple")


def test_an_empty_file_is_a_table(machine: Machine) -> None:
    """It claims nothing, and is in force."""
    assert read(machine, "") == Layer(read(machine, "").source)


class TestIndexes:
    """The values of [indexes]."""

    def test_a_string_is_the_url(self, machine: Machine) -> None:
        """With every other setting at its default."""
        found = index(machine, '"https://acme.example/simple"')
        assert (found.name, found.urls, found.external_hosts) == (
            "acme",
            ("https://acme.example/simple",),
            (),
        )
        assert (found.flat, found.pins_required) == (False, False)
        assert (found.probe, found.absent_statuses) == (None, ())

    def test_probe_and_statuses(self, machine: Machine) -> None:
        """The name is normalised; each status counts once."""
        found = index(machine, '{ url = "x", probe = "Acme_Core", absent-status = [404, 403, 403] }')
        assert (found.probe, found.absent_statuses) == ("acme-core", (403, 404))
        found = index(machine, '{ url = "x", format = "flat", probe = "acme-core" }')
        assert (found.flat, found.probe) == (True, "acme-core")
        assert (found.source.key, found.source.line) == (("indexes", "acme"), 2)

    def test_a_table_has_everything(self, machine: Machine) -> None:
        """URL, mirrors, hosts, format and pins."""
        found = index(
            machine,
            '{ url = "vendor", mirrors = ["https://b.example", "more/vendor"], format = "flat", '
            'external-hosts = ["CDN.example", "*.cdn.example", "c.example:8443", "*"], pins = "optional" }',
        )
        base = machine.work.as_uri()
        assert found.urls == (f"{base}/vendor", "https://b.example", f"{base}/more/vendor")
        assert found.external_hosts == (
            HostPattern("cdn.example"),
            HostPattern("cdn.example", wildcard=True),
            HostPattern("c.example", 8443),
            HostPattern("", wildcard=True),
        )
        assert found.flat
        assert not found.pins_required

    @pytest.mark.parametrize("layer", ["machine", "user", "environment"])
    def test_files_of_the_machine_may_use_any_variable(self, machine: Machine, layer: str) -> None:
        """Whoever writes them has the secrets already."""
        assert index(machine, '"https://${TOKEN}@a.example"', layer, TOKEN="x").url == "https://x@a.example"

    @pytest.mark.parametrize("layer", ["project", "central"])
    def test_files_of_others_may_not(self, machine: Machine, layer: str) -> None:
        """A cloned repository must not send other secrets to a host of its choice; nor must a server."""
        (fault,) = read(machine, '[indexes]\na = "https://${TOKEN}@a.example"', layer, TOKEN="x").faults
        assert "may only use variables that begin with RIM_ROUTER_" in fault.message

    def test_a_central_table_has_no_relative_paths(self, machine: Machine) -> None:
        """They would be relative to a cache."""
        (fault,) = read(machine, '[indexes]\na = "wheels"', "central").faults
        assert "is a relative path" in fault.message


class TestRoutes:
    """The values of [routes]."""

    def test_a_string_names_the_index(self, machine: Machine) -> None:
        """The usual case."""
        found = route(machine, '"acme"')
        (target,) = found.targets
        assert (target.kind, [index.name for index in target.indexes], target.marker) == (
            Kind.INDEXES,
            ["acme"],
            None,
        )
        assert (found.source.key, found.source.line, found.locked) == (("routes", "torch"), 6, False)

    @pytest.mark.parametrize("value", ['"pip"', '{ index = "pip" }', '[ { index = "pip" } ]'])
    def test_pip_is_what_pip_is_configured_with(self, machine: Machine, value: str) -> None:
        """In each form."""
        (target,) = route(machine, value).targets
        assert (target.kind, target.indexes) == (Kind.PIP, ())

    def test_deny_has_a_reason(self, machine: Machine) -> None:
        """Which is shown when it applies."""
        (target,) = route(machine, '{ deny = "use acme-core" }').targets
        assert (target.kind, target.reason) == (Kind.DENY, "use acme-core")

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_several_indexes_have_a_strategy(self, machine: Machine, strategy: str) -> None:
        """In the order in which they are written."""
        (target,) = route(machine, f'{{ indexes = ["pypi", "acme"], strategy = "{strategy}" }}').targets
        assert [index.name for index in target.indexes] == ["pypi", "acme"]
        assert target.strategy == strategy

    def test_a_list_is_tried_in_order(self, machine: Machine) -> None:
        """The first target whose marker holds; a marker may stand in a single table too."""
        found = route(
            machine,
            """[
              { index = "acme", marker = "python_version < '3'" },
              { deny = "no", marker = "python_version > '3'" },
              { index = "pypi" },
            ]""",
        )
        assert [target.marker_text for target in found.targets] == [
            "python_version < '3'",
            "python_version > '3'",
            "",
        ]
        active = found.active()
        assert active is not None
        assert active.kind is Kind.DENY
        single = route(machine, '{ index = "acme", marker = "python_version < \'3\'" }')
        assert single.active() is None

    def test_locked_on_any_entry_locks_the_list(self, machine: Machine) -> None:
        """Below the project's layer."""
        assert route(machine, '{ index = "acme", locked = true }', layer="user").locked
        assert route(machine, '[ { deny = "x" }, { index = "acme", locked = true } ]', layer="user").locked
        assert route(machine, '[ { index = "acme", locked = true }, { deny = "x" } ]', layer="user").locked
        assert not route(machine, '{ index = "acme", locked = false }', layer="user").locked

    def test_patterns_are_normalised(self, machine: Machine) -> None:
        """Acme_Core.* is acme-core-*."""
        parsed = read(machine, '[routes]\n"Acme_Core.*" = "pip"\nTorch = "pip"\n')
        assert list(parsed.routes) == [Pattern("acme-core-", True), Pattern("torch", False)]


def test_policy_words(machine: Machine) -> None:
    """Every value that this version supports, each with the place where it is set."""
    for name, words in {
        "require-hashes": ["external", "all"],
        "pins": ["optional"],
        "direct-references": ["hashed", "deny", "allow"],
        "offline-find-links": ["allow", "deny"],
        "redirects": ["hashed"],
    }.items():
        for word in words:
            machine.write("project", f'[policy]\n{name} = "{word}"\n')
            policy = load().policy
            assert getattr(policy, name.replace("-", "_")) == word
            assert policy.sources[name].line == 2


def test_a_table_in_pyproject_is_the_same(machine: Machine) -> None:
    """Below [tool.rim-router], with the lines and keys of that file."""
    path = machine.work / "pyproject.toml"
    path.write_text(
        '[project]\nname = "x"\n[tool.rim-router]\nindexes.a = "wheels"\nroutes.x = "a"\nroutes.y = "b"\n'
    )
    with pytest.raises(TableError) as caught:
        load()
    assert str(caught.value.faults[0]) == (
        './pyproject.toml:6, tool.rim-router.routes.y: there is no index "b" (define it under [indexes])'
    )
    path.write_text(path.read_text().replace('"b"', '"a"'))
    decision = load().route("x")
    assert decision.indexes[0].url == (machine.work / "wheels").as_uri()
    assert decision.route is not None
    assert str(decision.route.source) == "./pyproject.toml:5"


def test_a_table_that_is_no_file_has_a_name(machine: Machine) -> None:
    """It stands wherever a file would be named, and nothing lies next to it."""
    name = "https://tables.example/acme.toml"
    file = LayerFile("central", machine.work / "index-routing.toml", False, b"[routes]\nx = 1\n", name)
    assert (file.shown, file.place, file.pins) == (name, name, None)
    (fault,) = parse(file).faults
    assert str(fault).startswith(f"{name}:2, routes.x: ")


def test_lines_are_found_only_when_they_are_asked_for(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pip run without any fault does not pay for them."""
    machine.write("project", '[routes]\n"*" = "pip"\n')
    monkeypatch.setattr("rim_router.config.lines.Lines.__init__", None)
    assert load().route("x").route is not None
