"""A variable that is not set concerns the index whose URL has it, and only when that is asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rim_router.cli import main
from rim_router.config import load
from rim_router.config.indexes import unaskable
from rim_router.errors import TableError
from rim_router.rules.references import judge_reference
from tests.support.servers import IndexServer
from tests.support.tables import write_table
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rim_router.rules.table import Index
    from tests.unit.conftest import Machine

PLACE = "./index-routing.toml:2, indexes.acme"
SAID = "environment variable RIM_ROUTER_TOKEN is not set"
URL = "https://ci:s3cr3t${RIM_ROUTER_TOKEN}@acme.example/simple"


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[IndexServer]:
    monkeypatch.setenv("no_proxy", "*")
    with IndexServer("public") as server:
        server.add(wheel("acme-core", "99.0", origin="public"))
        server.add(wheel("six", "1.0", origin="public"))
        yield server


@pytest.fixture
def table(machine: Machine, public: IndexServer) -> None:
    write_table(
        machine.work,
        {"acme": URL, "public": public.url},
        {
            "acme-*": {"indexes": ["acme", "public"], "strategy": "index-priority"},
            "x-*": "acme",
            "*": "public",
        },
    )


def index(value: object, machine: Machine) -> Index:
    write_table(machine.work, {"acme": value}, {"*": "acme"})
    return load().indexes[0]


@pytest.mark.parametrize(
    "value",
    [
        URL,
        "https://${RIM_ROUTER_TOKEN}.acme.example/simple",
        "https://acme.example/${RIM_ROUTER_TOKEN}/simple",
        "${RIM_ROUTER_TOKEN}/simple",
        "vendor/${RIM_ROUTER_TOKEN}",
        {"url": "https://acme.example", "mirrors": [URL]},
        {"url": URL, "mirrors": [URL], "external-hosts": ["cdn.example"]},
    ],
)
def test_such_an_index_has_no_url_and_no_origin(value: object, machine: Machine) -> None:
    """Nothing else is taken for its own, and nothing is asked by half a URL."""
    found = index(value, machine)
    assert found.unset == ("RIM_ROUTER_TOKEN",)
    assert found.urls == ()
    assert found.own_origins == frozenset()
    assert "s3cr3t" not in str(found)
    assert str(unaskable(found)).splitlines() == [
        f"{PLACE}: Index acme cannot be asked: {SAID}",
        "  hint: set it in the environment of this command",
    ]


def test_offline_it_is_asked_where_it_may_be_local(machine: Machine) -> None:
    """A remote index is not asked with --no-index; what may be a path is, and then it is an error."""
    assert not index(URL, machine).is_local
    for value in ("${RIM_ROUTER_TOKEN}/simple", "vendor/${RIM_ROUTER_TOKEN}", "file:///${RIM_ROUTER_TOKEN}"):
        assert index(value, machine).is_local
    assert index({"url": "https://a.example", "mirrors": ["file:///${RIM_ROUTER_TOKEN}"]}, machine).is_local


def test_other_faults_are_faults_of_the_table(machine: Machine) -> None:
    """Whether the variable is set or not."""
    for value in ("https://${RIM_ROUTER_A", "https://${HOME_TOKEN}@a.example", "${RIM_ROUTER_A}evil.example"):
        with pytest.raises(TableError):
            index(value, machine)


def run(command: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(command)
    said = "".join(capsys.readouterr())
    assert "s3cr3t" not in said
    return code, said


@pytest.mark.usefixtures("table")
class TestCommands:
    """What they say of it."""

    def test_check(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A fault, as any of the table."""
        code, said = run(["check"], capsys)
        assert (code, said.splitlines()[1:]) == (2, [f"  {PLACE}: {SAID}"])
        code, said = run(["check", "--online", "--json"], capsys)
        assert code == 2
        (fault,) = json.loads(said)["faults"]
        assert (fault["message"], fault["line"], fault["key"]) == (SAID, 2, "indexes.acme")

    def test_routes(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A note on each route that leads there."""
        code, said = run(["routes"], capsys)
        assert code == 0
        assert [SAID in line for line in said.splitlines()] == [False, True, True, False]
        report = json.loads(run(["routes", "--json"], capsys)[1])
        found = {route["pattern"]: route["targets"][0]["unset"] for route in report["routes"]}
        assert found == {"acme-*": ["RIM_ROUTER_TOKEN"], "x-*": ["RIM_ROUTER_TOKEN"], "*": []}

    @pytest.mark.parametrize("online", [[], ["--online"]])
    def test_explain(
        self, online: list[str], capsys: pytest.CaptureFixture[str], public: IndexServer
    ) -> None:
        """No, for what is routed there, also where another index is in the list; nobody else is asked."""
        code, said = run(["explain", *online, "acme-core"], capsys)
        assert code == 1
        assert f"acme cannot be asked: {SAID}" in said
        assert not public.requests
        assert run(["explain", *online, "six"], capsys)[0] == 0
        report: Any = json.loads(run(["explain", "--json", "acme-core"], capsys)[1])
        first, second = report["names"][0]["indexes"]
        assert (first["unset"], second["unset"]) == (["RIM_ROUTER_TOKEN"], [])
        assert first["url"] == "https://****@acme.example/simple"


@pytest.mark.usefixtures("table")
def test_references_cannot_be_judged_by_it() -> None:
    """A hash speaks for a reference without it; what may be on its origin is refused, and why is said."""
    table = load()
    decision = table.route("x-core")
    url = "https://acme.example/x_core-1.0-py3-none-any.whl"
    refused = judge_reference(url, decision, table.policy, strong=False)
    assert not refused.allowed
    assert refused.reason.startswith(
        "it is not known whether it is on the origin of index acme in ./index-routing.toml:2"
    )
    assert str(refused.remedy) == "set RIM_ROUTER_TOKEN"
    assert judge_reference(url, decision, table.policy, strong=True).allowed
    assert not judge_reference(url, decision, table.policy, strong=True, stranger="tool").allowed
    assert judge_reference("file:///x", decision, table.policy, strong=False).allowed
