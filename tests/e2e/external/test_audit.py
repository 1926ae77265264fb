"""Where files on other hosts came from is recorded, with the digests that they had to have, and audited."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.external import Pin, large_wheel, rim_of

if TYPE_CHECKING:
    from tests.e2e.external.conftest import World
    from tests.support.environments import Environment

BIG = large_wheel("big-model", "1.2", origin="owner")
PATH = f"/w/{BIG.filename}"


def audited(world: World, victim: Environment) -> dict[str, Any]:
    """What the audit says of the file."""
    result = world.rim_router(victim, "audit", "--json")
    (found,) = (each for each in json.loads(result.stdout)["distributions"] if each["name"] == "big-model")
    assert isinstance(found, dict)
    return found


def test_of_several_places_the_one_that_served(world: World) -> None:
    """A ``[[wheel]]`` whose first URL is down; with another digest in the table it is none of its files."""
    world.cdn.answer(PATH, 503)
    entry = {"urls": [world.cdn.url(PATH), world.mirror.put(PATH, BIG.data)], "sha256": BIG.digest()}
    victim = world.routed(wheels=[entry], routes={"acme-*": "house"})
    world.install(victim, "big-model", check=True)
    found = audited(world, victim)
    assert found["state"] == "ok"
    assert found["recorded"]["way"] == "wheel"
    assert found["recorded"]["url"] == world.mirror.url(PATH)
    assert found["recorded"]["hashes"] == {"sha256": BIG.digest()}
    world.route(victim, wheels=[{**entry, "sha256": "0" * 64}], routes={"acme-*": "house"})
    assert audited(world, victim)["state"] == "elsewhere"


def test_what_a_rim_stood_for(world: World) -> None:
    """The URL is the wheel's; a host that is no longer listed, and a pin of other bytes, are seen."""
    world.index.place(rim_of(BIG, world.cdn.put(PATH, BIG.data)), hashes=["sha256"])
    victim = world.routed(world.cdn)
    world.install(victim, "big-model", "--no-deps", check=True)
    found = audited(world, victim)
    assert found["state"] == "ok"
    assert (found["recorded"]["way"], found["recorded"]["index"]) == ("index", "house")
    assert found["recorded"]["url"] == world.cdn.url(PATH)
    assert found["recorded"]["hashes"]["sha256"] == BIG.digest()
    world.route(victim)
    found = audited(world, victim)
    assert found["state"] == "elsewhere"
    assert "is not among the external-hosts of index house" in found["why"]
    world.route(victim, world.cdn)
    world.pin(victim, Pin.of(BIG, world.cdn.url(PATH), sha256="0" * 64))
    found = audited(world, victim)
    assert found["state"] == "elsewhere"
    assert "pylock.external.toml" in found["why"]
