"""``namespace``: a project counts only where its index says whose it is (PEP 752)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.external import FLAT, HTML
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from tests.e2e.external.conftest import World
    from tests.support.environments import Environment

NAMESPACE = "microsoft"
ROUTES = {"microsoft-*": {"index": "house", "namespace": NAMESPACE}}
MINE = {"name": NAMESPACE, "owned": True}


def user(world: World, told: Any) -> Environment:
    """Somebody with the route.

    :param told: what the page says of namespaces.
    """
    world.index.namespaces["microsoft-tool"] = told
    world.index.place(wheel("microsoft-tool", "1.0", origin="index"))
    return world.routed(routes=ROUTES)


OWNED: dict[str, Any] = {
    "only": [MINE],
    "among others": [{"name": "other", "owned": True}, MINE],
    "with more keys": [{**MINE, "organization": "Microsoft"}],
}

NOT_OWNED: dict[str, Any] = {
    "none": [],
    "not owned": [{"name": NAMESPACE, "owned": False}],
    "another": [{"name": "micro", "owned": True}],
    "longer": [{"name": "microsoft-tool", "owned": True}],
    "without owned": [{"name": NAMESPACE}],
    "owned as a text": [{"name": NAMESPACE, "owned": "true"}],
    "owned as a number": [{"name": NAMESPACE, "owned": 1}],
    "a text": NAMESPACE,
    "texts": [NAMESPACE],
    "an object": MINE,
    "null": None,
}


@pytest.mark.parametrize("told", OWNED)
def test_owned(told: str, world: World) -> None:
    """The index says that the project is in the namespace of its owner."""
    victim = user(world, OWNED[told])
    result = world.install(victim, "microsoft-tool")
    world.assert_installed(victim, result, "microsoft-tool", "index")


@pytest.mark.parametrize("told", NOT_OWNED)
def test_not_owned(told: str, world: World) -> None:
    """Somebody else's project is not accepted, and pip says what was missing."""
    victim = user(world, NOT_OWNED[told])
    result = world.install(victim, "microsoft-tool")
    world.assert_stopped(
        victim, result, "microsoft-tool", NAMESPACE, "namespace", world.site.name, name="microsoft-tool"
    )
    assert not world.site.asked_for(".whl")


def test_plain_pip_does_not_ask(world: World) -> None:
    """The attack is one: whoever registers a name under a well-known prefix passes for its owner."""
    victim = world.plain()
    user_page = [{"name": NAMESPACE, "owned": False}]
    world.index.namespaces["microsoft-tool"] = user_page
    world.index.place(wheel("microsoft-tool", "1.0", origin="attacker"))
    result = world.install(victim, "microsoft-tool")
    world.assert_installed(victim, result, "microsoft-tool", "attacker")


@pytest.mark.parametrize("form", [HTML, FLAT])
def test_pages_that_cannot_say(world: World) -> None:
    """HTML has no place for it: the project is not accepted."""
    victim = user(world, [MINE])
    result = world.install(victim, "microsoft-tool")
    world.assert_stopped(victim, result, NAMESPACE, name="microsoft-tool")
    assert not world.site.asked_for(".whl")


def test_an_index_that_knows_no_namespaces(world: World) -> None:
    """Nor does API 1.0: the project is not accepted."""
    world.index.place(wheel("microsoft-tool", "1.0", origin="index"))
    victim = world.routed(routes=ROUTES)
    result = world.install(victim, "microsoft-tool")
    world.assert_stopped(victim, result, NAMESPACE, name="microsoft-tool")


def test_other_routes(world: World) -> None:
    """Only the route that asks for it is concerned."""
    world.index.place(wheel("leaf", "1.0", origin="index"))
    world.index.place(wheel("tool", "1.0", origin="index", requires=["leaf", "microsoft-tool"]))
    world.index.namespaces["microsoft-tool"] = [MINE]
    world.index.place(wheel("microsoft-tool", "1.0", origin="index"))
    victim = world.routed(routes={**ROUTES, "*": "house"})
    result = world.install(victim, "tool")
    for name in ("tool", "leaf", "microsoft-tool"):
        world.assert_installed(victim, result, name, "index")


def test_an_unknown_project(world: World) -> None:
    """What is not there is not found."""
    world.index.place(wheel("leaf", "1.0", origin="index"))
    victim = world.routed(routes=ROUTES)
    result = world.install(victim, "microsoft-tool")
    world.assert_stopped(
        victim, result, "No matching distribution found for microsoft-tool", name="microsoft-tool"
    )
