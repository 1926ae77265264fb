"""Metadata beside the file: from an external host only with the index's word for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.external import HTML, JSON, PyTorch, digests, large_wheel
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from tests.e2e.external.conftest import World
    from tests.support.environments import Environment
    from tests.support.wheels import Artifact

both = pytest.mark.parametrize("form", [HTML, JSON])

REAL = wheel("big-model", "1.2", origin="owner", requires=["leaf"])
PATH = f"/w/{REAL.filename}"
LIE = REAL.metadata.replace(b"leaf", b"trojan")


@pytest.fixture(autouse=True)
def others(world: World) -> None:
    """What the two say that they depend on."""
    world.index.place(wheel("leaf", "1.0", origin="owner"))
    world.index.place(wheel("trojan", "1.0", origin="attacker"))


def offer(world: World, metadata: bytes, told: dict[str, str] | bool) -> None:
    """Put the wheel on the CDN with some metadata beside it.

    :param told: what the page says of the metadata.
    """
    world.show_at(world.cdn, REAL, hashes=["sha256"], core_metadata=told)
    world.cdn.put(f"{PATH}.metadata", metadata)


def resolved(world: World, victim: Environment) -> set[str]:
    """The projects that a dry run would install."""
    result, report = world.report(victim, "big-model")
    assert result.returncode == 0, str(result)
    return {each["metadata"]["name"] for each in report["install"]}


def metadata_asked(world: World) -> bool:
    return bool(world.cdn.asked_for(".metadata"))


class TestWithoutDigest:
    """The page says that there is metadata, and not which."""

    @both
    def test_plain_pip_believes_it(self, world: World) -> None:
        """The attack is one: the wheel has a hash, and yet its host says what is installed with it."""
        offer(world, LIE, told=True)
        victim = world.plain()
        if world.environments.pip_version < (23,):
            pytest.skip("this pip asks for no metadata")
        assert resolved(world, victim) == {"big-model", "trojan"}

    @both
    def test_not_asked_for(self, world: World) -> None:
        """The wheel says it itself."""
        offer(world, LIE, told=True)
        victim = world.routed(world.cdn)
        assert resolved(world, victim) == {"big-model", "leaf"}
        assert not metadata_asked(world)

    @both
    @pytest.mark.parametrize("algorithm", ["md5", "sha1"])
    def test_a_weak_one_is_none(self, algorithm: str, world: World) -> None:
        """A weak digest does not count here either."""
        offer(world, LIE, told=digests(LIE, algorithm))
        victim = world.routed(world.cdn)
        assert resolved(world, victim) == {"big-model", "leaf"}
        assert not metadata_asked(world)

    def test_of_the_index_itself(self, world: World) -> None:
        """What lies with the index is read as pip reads it."""
        world.index.place(REAL, hashes=["sha256"], core_metadata=True)
        world.site.put(f"{world.index.path}big-model/{REAL.filename}.metadata", REAL.metadata)
        victim = world.routed()
        assert resolved(world, victim) == {"big-model", "leaf"}
        if world.environments.pip_version >= (23, 2):
            assert world.site.asked_for(".whl.metadata")
            assert not [each for each in world.site.asked_for(REAL.filename) if each.file == REAL.filename]


class TestWithDigest:
    """The page gives a digest of the metadata."""

    @pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
    @both
    def test_used(self, algorithm: str, world: World) -> None:
        """It saves the download of the wheel where pip can do with it."""
        offer(world, REAL.metadata, told=digests(REAL.metadata, algorithm))
        victim = world.routed(world.cdn)
        assert resolved(world, victim) == {"big-model", "leaf"}
        if world.environments.pip_version >= (23, 2):
            assert metadata_asked(world)
            assert not [each for each in world.cdn.requests if each.file == REAL.filename]

    @both
    def test_other_bytes(self, world: World) -> None:
        """Metadata that is not what the page says is not believed: nothing is installed by it."""
        offer(world, LIE, told=digests(REAL.metadata))
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        assert victim.origin("trojan") is None, str(result)
        if result.returncode == 0:
            assert victim.origin("leaf") == "owner"
        else:
            world.assert_stopped(victim, result, "big-model")

    def test_every_digest(self, world: World) -> None:
        """A weak one that matches does not make up for a strong one that does not."""
        offer(world, LIE, told={**digests(LIE, "md5"), **digests(REAL.metadata)})
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        assert victim.origin("trojan") is None, str(result)

    @both
    def test_it_is_not_the_digest_of_the_file(self, world: World) -> None:
        """A digest of the metadata says nothing of the wheel: without one of its own it is refused."""
        world.show_at(world.cdn, REAL, core_metadata=digests(REAL.metadata))
        world.cdn.put(f"{PATH}.metadata", REAL.metadata)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_refused(victim, result, world.cdn, "rim-router pin big-model")
        assert not world.cdn.requests

    def test_of_a_file_that_is_refused(self, world: World) -> None:
        """Nothing at all is asked of a host that is not listed."""
        offer(world, REAL.metadata, told=digests(REAL.metadata))
        victim = world.routed(world.third)
        world.assert_refused(victim, world.install(victim, "big-model"), world.cdn, "external-hosts")
        assert not world.cdn.requests

    def test_redirected(self, world: World) -> None:
        """It may be redirected as a file may, for it has a hash."""
        offer(world, REAL.metadata, told=digests(REAL.metadata))
        world.cdn.redirect(f"{PATH}.metadata", world.mirror.put("/m.metadata", REAL.metadata))
        victim = world.routed(world.cdn)
        assert resolved(world, victim) == {"big-model", "leaf"}

    @both
    def test_pytorch(self, world: World) -> None:
        """Its pages give the metadata's digest, and often not the wheel's."""
        pytorch = PyTorch.build(world.index, world.cdn, world.third)
        victim = world.routed(*pytorch.hosts)
        world.pin(victim, *pytorch.pins())
        result, report = world.report(victim, "torchvision")
        assert result.returncode == 0, str(result)
        assert {each["metadata"]["name"] for each in report["install"]} == {
            "torchvision",
            "torch",
            "jinja2",
            "markupsafe",
            "pytorch-triton",
        }


class TestRanges:
    """pip can read a wheel's metadata piece by piece (``--use-feature=fast-deps``)."""

    big: Artifact = large_wheel("big-model", "1.2", origin="owner")

    def ranges(self, world: World, victim: Environment) -> list[str]:
        result = world.install(victim, "--use-feature", "fast-deps", "big-model")
        assert result.returncode == 0, str(result)
        requests = [*world.cdn.requests, *world.site.asked_for(self.big.filename)]
        return [each.range for each in requests if each.range]

    def test_plain_pip_does(self, world: World) -> None:
        """The attack is one: what is read that way is never verified."""
        world.show_at(world.cdn, self.big, hashes=["sha256"])
        assert self.ranges(world, world.plain())

    def test_not_from_external_hosts(self, world: World) -> None:
        """The whole file is fetched, and verified."""
        world.show_at(world.cdn, self.big, hashes=["sha256"])
        assert not self.ranges(world, world.routed(world.cdn))
