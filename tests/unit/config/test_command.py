"""RIM_ROUTER_ROUTES: the routes of one command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rim_router.cli import main
from rim_router.config import load, locate
from rim_router.config.files import PINS_NAME, ROUTES_VARIABLE, command_layer
from rim_router.config.inheritance import INHERITED_VARIABLE, inherit
from rim_router.config.parse import parse
from rim_router.errors import LocationError, TableError
from rim_router.rules.external import Judge
from rim_router.rules.table import Kind
from tests.unit.conftest import write

if TYPE_CHECKING:
    from tests.unit.conftest import Machine

INDEX = '[indexes]\nacme = "https://acme.example/simple"\n[routes]\n'
TABLE = f'{INDEX}"acme-*" = {{ index = "acme", locked = true }}\n'
PINS = f"""
lock-version = "1.0"
created-by = "somebody"
[[packages]]
name = "big"
version = "1.0"
[[packages.wheels]]
url = "https://cdn.example/big-1.0-py3-none-any.whl"
size = 1
hashes = {{ sha256 = "{"0" * 64}" }}
"""


def faults(monkeypatch: pytest.MonkeyPatch, text: str) -> list[str]:
    monkeypatch.setenv(ROUTES_VARIABLE, text)
    with pytest.raises(TableError) as caught:
        load()
    return [str(fault) for fault in caught.value.faults]


class TestInForce:
    """The highest layer, with no file."""

    def test_alone(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """No table is needed."""
        monkeypatch.setenv(ROUTES_VARIABLE, " torch=https://a.example/x\n*=pip\tdead=wheels ")
        table = load()
        assert [(file.layer, str(file)) for file in table.files] == [("command", "RIM_ROUTER_ROUTES")]
        assert (
            str(table.route("Torch")) == "Routing torch to https://a.example/x (torch in RIM_ROUTER_ROUTES)"
        )
        assert table.route("torch").claim_with_line == "torch in RIM_ROUTER_ROUTES"
        assert table.route("other").target.kind is Kind.PIP
        assert table.route("dead").target.kind is Kind.WHEELS

    @pytest.mark.parametrize("text", ["", " ", "\t\n"])
    def test_nothing_in_it(self, text: str, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """As good as unset."""
        monkeypatch.setenv(ROUTES_VARIABLE, text)
        assert locate() == ()

    def test_indexes_of_lower_layers(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """By their names; the highest that has the name counts, and with all that it has."""
        machine.write("user", TABLE.replace("acme.example", "other.example"))
        machine.write("project", '[indexes]\nacme = { url = "https://acme.example/simple", probe = "six" }\n')
        monkeypatch.setenv(ROUTES_VARIABLE, "x=acme")
        (index,) = load().route("x").indexes
        assert (index.url, index.probe, index.source.layer) == (
            "https://acme.example/simple",
            "six",
            "project",
        )

    def test_locks_hold(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """As against any higher layer; and a route that says the very same is no fault."""
        machine.write("user", TABLE)
        for text in ("acme-core=https://evil.example/simple", "acme-*=pip", "acme-x*=acme"):
            (fault,) = faults(monkeypatch, text)
            assert fault.startswith("RIM_ROUTER_ROUTES, ")
            assert f'acme-* is locked by routes."acme-*" in {machine.path("user")}:4' in fault
        for text in ("acme-*=acme", "Acme_*=https://acme.example/simple"):
            monkeypatch.setenv(ROUTES_VARIABLE, text)
            assert load().route("acme-core").indexes[0].source.layer == "user"

    def test_pins_of_the_layers_below(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """They hold; nothing is next to a variable."""
        monkeypatch.setenv(ROUTES_VARIABLE, "big=https://a.example/simple")
        write(machine.work / PINS_NAME, PINS)
        assert load().pins.get("big-1.0-py3-none-any.whl") is None
        machine.write("project")
        assert load().pins.get("big-1.0-py3-none-any.whl") is not None

    def test_variables(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """As in a project's file; one that is not set is told when it matters."""
        monkeypatch.setenv("SECRET", "s")
        (fault,) = faults(monkeypatch, "x=https://${SECRET}@a.example/simple")
        assert "may only use variables that begin with RIM_ROUTER_, not SECRET" in fault
        monkeypatch.setenv(ROUTES_VARIABLE, "x=https://${RIM_ROUTER_TOKEN}@a.example/simple y=pip")
        assert load().route("x").indexes[0].unset == ("RIM_ROUTER_TOKEN",)
        monkeypatch.setenv("RIM_ROUTER_TOKEN", "t@/")
        (index,) = load().route("x").indexes
        assert (index.url, index.name) == (
            "https://t%40%2F@a.example/simple",
            "https://****@a.example/simple",
        )

    def test_what_has_no_place_there_is_for_a_table(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The line to add for an external host can be followed."""
        monkeypatch.setenv(ROUTES_VARIABLE, "x=https://a.example/simple")
        table = load()
        judge = Judge("x", table.route("x").indexes[0], table.policy, table.pins, frozenset())
        verdict = judge.judge("https://cdn.example/x-1.0.tar.gz", "x-1.0.tar.gz", {"sha256": "0" * 64})
        assert str(verdict.remedy) == (
            'to allow it, define the index in a table, with external-hosts = ["cdn.example"], '
            "and name it in RIM_ROUTER_ROUTES"
        )


class TestChildren:
    """What the pips that pip starts have."""

    def test_the_same_in_another_directory(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Relative paths keep their meaning; what the variable says there does not matter."""
        machine.write("project")
        monkeypatch.setenv(ROUTES_VARIABLE, "x=./wheels y=https://u:p@a.example/\udcff")
        files = locate()
        monkeypatch.setenv(INHERITED_VARIABLE, inherit(files))
        monkeypatch.chdir(machine.home)
        for text in (None, "", "x=https://other.example/simple"):
            if text is None:
                monkeypatch.delenv(ROUTES_VARIABLE)
            else:
                monkeypatch.setenv(ROUTES_VARIABLE, text)
            assert locate() == files
            assert [file.content for file in locate()] == [file.content for file in files]
        layer = parse(command_layer("x=./wheels", files[-1].path.parent))
        assert layer.indexes["./wheels"].url == (machine.work / "wheels").as_uri()  # type: ignore[union-attr]

    def test_the_childs_own_environment_is_below(
        self, in_venv: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(ROUTES_VARIABLE, "x=pip")
        monkeypatch.setenv(INHERITED_VARIABLE, inherit(locate()))
        in_venv.write("environment")
        assert [file.layer for file in locate()] == ["environment", "command"]

    @pytest.mark.parametrize(
        "entry", [["command", "/x", False], ["command", "/x", False, 1], ["project", "/x", False, "x=pip"]]
    )
    def test_damage(self, entry: list[object], machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(INHERITED_VARIABLE, json.dumps([entry]))
        with pytest.raises(LocationError, match="is damaged"):
            locate()


COMMA = "has a comma or semicolon after a route (separate routes by spaces)"
FORM = '(write NAME=INDEX, NAME=URL or NAME=./PATH, as in "torch=pytorch acme-*=https://pypi.acme.example/simple")'


class TestFaults:
    """Each shows its entry, and nothing secret."""

    @pytest.mark.parametrize(
        ("entry", "said"),
        [
            ("torch", f': "torch": is no route {FORM}'),
            ("torch=", f': "torch=": is no route {FORM}'),
            ("=acme", f': "=acme": is no route {FORM}'),
            ("https://u:s3cr3t@h/simple", f': "https://****@h/simple": is no route {FORM}'),
            ("https://h/simple?t=s3cr3t", f': "https://h/simple?****": is no route {FORM}'),
            ("h/simple?t=s3cr3t", f': "h/simple?****": is no route {FORM}'),
            ("u:s3cr3t@h=acme", f': "****@h=acme": is no route {FORM}'),
            ("a*b=acme", ": \"a*b=acme\": 'a*b' has a '*' that is not at the end"),
            (
                "x=pypi.org/simple?t=s3cr3t",
                ': "x=pypi.org/simple?****": "pypi.org/simple?****" has no scheme: begin it with https://, or with ./ if it is a path',  # noqa: E501
            ),
            (
                "x=acme,y=acme",
                f': "x=acme,y=acme": {COMMA}',
            ),
            ("x=acme,", f': "x=acme,": {COMMA}'),
            (
                "x=https://h/x;y-*=acme",
                f': "x=https://h/x;y-*=acme": {COMMA}',
            ),
            ("x=ftp://h/x", ': "x=ftp://h/x": "ftp://h/x" is not an https, http or file URL, and not a path'),
            (
                "x=https://u:s3cr3t@h:e/",
                ': "x=https://****@h:e/": "https://****@h:e/" cannot be read as a URL',
            ),
            ("X=pip x=pip", ': "x=pip": is the same pattern (x) as X (remove one of them)'),
            (
                "x=a.b",
                ', x: there is no index "a.b" (name one of the tables in force, or give a URL or ./PATH)',
            ),
            ("x=\udcff", f": not UTF-8 {FORM}"),
        ],
    )
    def test_message(self, entry: str, said: str, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        assert faults(monkeypatch, entry) == [f"RIM_ROUTER_ROUTES{said}"]

    def test_all_at_once(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        machine.write("project", '[routes]\nx = "nowhere"\n')
        assert len(faults(monkeypatch, "a b c=nowhere")) == 4


class TestCommands:
    """What the commands say of it."""

    def test_routes_explain_and_check(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """By its name, with its layer, and without a line."""
        machine.write("project", TABLE.replace(", locked = true", ""))
        monkeypatch.setenv(ROUTES_VARIABLE, "x=https://u:s3cr3t@a.example/simple rim-router=acme acme=acme")
        place = {"layer": "command", "file": "RIM_ROUTER_ROUTES", "line": None}
        assert main(["routes", "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["tables"][-1] == place
        assert [route["place"] for route in report["routes"] if route["pattern"] == "x"] == [place]
        assert main(["explain", "--json", "x"]) == 0
        (explained,) = json.loads(capsys.readouterr().out)["names"]
        assert explained["route"]["place"] == place
        assert main(["explain", "x"]) == 0
        assert "defined in    RIM_ROUTER_ROUTES (command)" in capsys.readouterr().out
        assert main(["check", "--strict"]) == 0
        assert capsys.readouterr().out.startswith("OK: 4 routes, no errors")
        monkeypatch.setenv(ROUTES_VARIABLE, "x=https://u:s3cr3t@a.example:x/")
        assert main(["check", "--json"]) == 2
        (fault,) = json.loads(capsys.readouterr().out)["faults"]
        assert (fault["file"], fault["line"]) == ("RIM_ROUTER_ROUTES", None)
        assert "s3cr3t" not in str(fault)

    def test_advice_can_be_followed(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A route of the variable is not written as in a table."""
        monkeypatch.setenv(ROUTES_VARIABLE, "acme-*=https://u:s3cr3t@a.example/simple rim-router=pip")
        assert main(["check"]) == 0
        said = "RIM_ROUTER_ROUTES: acme-* does not cover acme itself, which goes to pip's own indexes"
        assert f"WARNING: {said} (add acme there, too)\n" in capsys.readouterr().out

    def test_pin_has_nowhere_to_write(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Unless a table is in force besides."""
        monkeypatch.setenv(ROUTES_VARIABLE, "x=https://a.example/simple")
        assert main(["pin", "x"]) == 2
        assert "only routing table in force is RIM_ROUTER_ROUTES" in capsys.readouterr().err
