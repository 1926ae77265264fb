"""``[[wheel]]``: a wheel that lies anywhere, pinned by hand, and the route ``"wheels"``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.external import Pin, digests, twins, write_table
from tests.support.servers import IndexServer
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from tests.e2e.external.conftest import World
    from tests.support.wheels import Artifact

REAL, EVIL = twins("big-model", "1.2")
PATH = f"/w/{REAL.filename}"


def entry(world: World, artifact: Artifact = REAL, **more: Any) -> dict[str, Any]:
    """An entry for a file, which is put on the CDN; a value of None leaves a key out."""
    url = world.cdn.put(f"/w/{artifact.filename}", artifact.data)
    values = {"urls": [url], "sha256": artifact.digest(), **more}
    return {key.replace("_", "-"): value for key, value in values.items() if value is not None}


class TestCandidates:
    """The entries are candidates of their project."""

    @pytest.mark.parametrize("routes", [{"acme-*": "house"}, {"big-model": "wheels"}, {"*": "wheels"}])
    def test_the_only_ones(self, routes: dict[str, object], world: World) -> None:
        """Without a route, or with ``"wheels"``, there are no others: no index is asked."""
        world.index.place(wheel("big-model", "99.0", origin="attacker"))
        victim = world.routed(wheels=[entry(world)], routes=routes)
        result = world.install(victim, *world.index.plain_options, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert not world.site.asked_for("big-model")

    def test_plain_pip_knows_nothing_of_them(self, world: World) -> None:
        """The attack is one: the name is free on the index, and so anybody's."""
        world.index.place(wheel("big-model", "99.0", origin="attacker"))
        victim = world.plain()
        world.route(victim, wheels=[entry(world)])
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "attacker")

    @pytest.mark.parametrize(("version", "origin"), [("1.1", "owner"), ("1.3", "index")])
    def test_beside_an_index(self, version: str, origin: str, world: World) -> None:
        """With a route to an index they stand beside its files: the higher version wins."""
        world.index.place(wheel("big-model", version, origin="index"))
        victim = world.routed(wheels=[entry(world)])
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", origin)

    def test_where_the_index_has_none(self, world: World) -> None:
        """An index that does not know the project does not matter."""
        victim = world.routed(wheels=[entry(world)])
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_beside_a_route_of_a_lower_layer(self, world: World) -> None:
        """An entry in a project adds to the route that the user's table has."""
        world.index.place(wheel("big-model", "1.3", origin="index"))
        victim = world.equipped()
        write_table(victim.home / ".config" / "rim-router", {"house": world.index.entry()}, {"*": "house"})
        write_table(victim.project, {}, {}, wheels=[entry(world)])
        world.assert_installed(victim, world.install(victim, "big-model==1.2"), "big-model")
        victim.pip("uninstall", "-y", "big-model", check=True)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "index")

    def test_several(self, world: World) -> None:
        """Of several the best that fits: version and tags come from the file names."""
        others = [
            entry(world, wheel("big-model", "1.1", origin="older")),
            entry(world, wheel("big-model", "1.3", origin="elsewhere", tag="cp27-cp27m-win32")),
            entry(world, wheel("other-model", "9.0", origin="other")),
        ]
        victim = world.routed(wheels=[entry(world), *others], routes={})
        world.assert_installed(victim, world.install(victim, "big-model", "other_model"), "big-model")
        assert victim.origin("other_model") == "other"

    def test_requires_python(self, world: World) -> None:
        """``requires-python`` is heeded as that of an index is."""
        newer = wheel("big-model", "1.3", origin="newer")
        entries = [entry(world), entry(world, newer, requires_python=">=99")]
        victim = world.routed(wheels=entries, routes={})
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert not world.cdn.asked_for(newer.filename)

    def test_local_versions(self, world: World) -> None:
        """``%2B`` in the URL is a plus in the version."""
        local = wheel("big-model", "1.2+cu126", origin="local")
        victim = world.routed(wheels=[entry(world, local)], routes={})
        result = world.install(victim, "big-model==1.2+cu126")
        world.assert_installed(victim, result, "big-model", "local")

    def test_dependencies(self, world: World) -> None:
        """What they depend on goes its own way."""
        world.index.place(wheel("leaf", "1.0", origin="owner"))
        tool = wheel("tool", "1.0", origin="owner", requires=["leaf", "big-model"])
        victim = world.routed(wheels=[entry(world), entry(world, tool)])
        result = world.install(victim, "tool")
        for name in ("tool", "leaf", "big-model"):
            world.assert_installed(victim, result, name)

    def test_denied(self, world: World) -> None:
        """``deny`` wins over them."""
        victim = world.routed(wheels=[entry(world)], routes={"big-*": {"deny": "retired"}})
        world.assert_stopped(victim, world.install(victim, "big-model"), "retired")
        assert not world.nginx.requests()

    def test_offline(self, world: World) -> None:
        """``--no-index``: what is remote is not asked for."""
        victim = world.routed(wheels=[entry(world)], routes={})
        world.assert_stopped(victim, world.install(victim, "--no-index", "big-model"))
        assert not world.nginx.requests()

    def test_offline_with_local_files(self, world: World) -> None:
        """Then local files serve, and must have the digest that is known for them."""
        victim = world.routed(wheels=[entry(world)], routes={})
        links = victim.place / "wheels"
        EVIL.write_to(links)
        options = ["--no-index", "--find-links", str(links)]
        world.assert_stopped(
            victim, world.install(victim, *options, "big-model"), REAL.digest(), EVIL.digest()
        )
        REAL.write_to(links)
        world.assert_installed(victim, world.install(victim, *options, "big-model"), "big-model")

    def test_reported(self, world: World) -> None:
        """``--report`` has the real URL and its hash."""
        victim = world.routed(wheels=[entry(world)], routes={})
        result, report = world.report(victim, "big-model")
        assert result.returncode == 0, str(result)
        told = report["install"][0]["download_info"]
        assert told["url"] == world.cdn.url(PATH)
        assert told["archive_info"]["hash"] == f"sha256={REAL.digest()}"

    def test_hash_checking(self, world: World) -> None:
        """``--require-hashes`` goes together with them."""
        victim = world.routed(wheels=[entry(world)], routes={})
        requirements = victim.project / "requirements.txt"
        requirements.write_text(f"big-model==1.2 --hash=sha256:{REAL.digest()}\n", encoding="utf-8")
        result = world.install(victim, "--require-hashes", "-r", requirements)
        world.assert_installed(victim, result, "big-model")


class TestVerified:
    """What was written by hand is enforced."""

    @pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
    def test_other_bytes(self, algorithm: str, world: World) -> None:
        """The error shows both digests."""
        more = {"sha256": None, algorithm: REAL.digest(algorithm)}
        victim = world.routed(wheels=[entry(world, **more)], routes={})
        world.cdn.put(PATH, EVIL.data)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(algorithm), EVIL.digest(algorithm), world.cdn.name)

    def test_another_size(self, world: World) -> None:
        """Nor may it have another size than the table says."""
        victim = world.routed(wheels=[entry(world, size=len(REAL.data) + 1)], routes={})
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.filename, str(len(REAL.data) + 1))

    def test_a_page_that_says_something_else(self, world: World) -> None:
        """The index has a file of that name with another hash: both cannot be right, and pip stops."""
        world.index.place(EVIL, hashes=["sha256"])
        victim = world.routed(wheels=[entry(world)])
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest(), REAL.filename)

    def test_a_file_of_that_name(self, world: World) -> None:
        """The index has a file of that name and says nothing of it: the digest holds for it."""
        world.index.place(EVIL)
        victim = world.routed(wheels=[entry(world)])
        world.cdn.go_down()
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result)

    def test_a_pin_that_disagrees(self, world: World) -> None:
        """The same where the pins say something else."""
        victim = world.routed(wheels=[entry(world)], routes={})
        world.pin(victim, Pin.of(EVIL, world.cdn.url(PATH)))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())

    def test_required_pins(self, world: World) -> None:
        """An entry is a pin: it needs no other where pins are required."""
        victim = world.routed(wheels=[entry(world)], routes={}, policy={"pins": "required"})
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_support(self, world: World) -> None:
        """Who to turn to is named where it cannot be downloaded."""
        victim = world.routed(wheels=[entry(world, support="mailto:help@acme.example")], routes={})
        world.cdn.go_down()
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, "mailto:help@acme.example", world.cdn.name)

    def test_direct_references(self, world: World) -> None:
        """A direct reference to that very file is verified by it."""
        victim = world.routed(wheels=[entry(world)], policy={"direct-references": "allow"})
        world.cdn.put(PATH, EVIL.data)
        result = world.install(victim, f"big-model @ {world.cdn.url(PATH)}")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())


# Entries that are refused, and a word of the reason.
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "no hash": ({"sha256": None}, "sha256"),
    "weak hash": ({"sha256": None, "md5": digests(REAL.data, "md5")["md5"]}, "md5"),
    "no hexadecimal hash": ({"sha256": "…" * 64}, "sha256"),
    "no urls": ({"urls": None}, "urls"),
    "empty urls": ({"urls": []}, "urls"),
    "http": ({"urls": [f"http://cdn-a.example{PATH}"]}, "https"),
    "credentials": ({"urls": [f"https://ci:s3cr3t@cdn-a.example{PATH}"]}, "credentials"),
    "not a wheel": ({"urls": ["https://cdn-a.example/w/big-model-1.2.tar.gz"]}, "big-model-1.2.tar.gz"),
    "no file name": ({"urls": ["https://cdn-a.example/"]}, "urls"),
    "urls that disagree": (
        {"urls": [f"https://cdn-a.example{PATH}", "https://cdn-b.example/big_model-1.3-py3-none-any.whl"]},
        "big_model-1.3-py3-none-any.whl",
    ),
    "size of a wrong type": ({"size": "large"}, "size"),
    "negative size": ({"size": -1}, "size"),
    "requires-python": ({"requires-python": "at least 3"}, "requires-python"),
    "unknown key": ({"sha265": "x"}, "sha265"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_broken(broken: str, world: World) -> None:
    """An entry that cannot be meant stops pip before anything is asked, with the file and the key."""
    changes, reason = BROKEN[broken]
    victim = world.routed(wheels=[entry(world, **changes)])
    result = world.install(victim, "big-model")
    world.assert_stopped(victim, result, "index-routing.toml", "wheel", reason)
    assert "s3cr3t" not in result.output
    assert not world.nginx.requests()


def test_locked(world: World) -> None:
    """A name that a lower layer has locked cannot be claimed by an entry; both files are named."""
    victim = world.equipped()
    user = write_table(
        victim.home / ".config" / "rim-router",
        {"house": world.index.entry()},
        {"big-*": {"index": "house", "locked": True}},
    )
    project = write_table(victim.project, {}, {}, wheels=[entry(world)])
    result = world.install(victim, "big-model")
    world.assert_stopped(victim, result, str(user), project.name, "locked")
    assert not world.nginx.requests()


def test_over_a_public_index(world: World) -> None:
    """The name is claimed: whatever index pip is given, it is not asked for it."""
    with IndexServer("public") as public:
        public.add(wheel("big-model", "99.0", origin="attacker"))
        victim = world.routed(wheels=[entry(world)], routes={})
        result = world.install(victim, "--index-url", public.url, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert not public.asked_for("big-model")


class TestNamedDirectly:
    """The URL of an entry, in place of the name."""

    def by(self, world: World, who: str, url: str) -> list[str]:
        """Arguments of pip: the URL is the user's, or is in the metadata of another project."""
        if who == "user":
            return [url]
        requires = [f"big-model @ {url}#sha256={EVIL.digest()}" if who == "liar" else f"big-model @ {url}"]
        world.index.place(wheel("tool", "1.0", origin="owner", requires=requires), hashes=["sha256"])
        return ["tool"]

    @pytest.mark.parametrize("who", ["user", "stranger"])
    def test_is_what_the_table_says(self, who: str, world: World) -> None:
        """Whoever names it: the digest is the table's."""
        victim = world.routed(wheels=[entry(world)])
        result = world.install(victim, *self.by(world, who, world.cdn.url(PATH)))
        world.assert_installed(victim, result, "big-model")

    @pytest.mark.parametrize("who", ["user", "stranger"])
    def test_has_its_digest(self, who: str, world: World) -> None:
        """Other bytes are refused."""
        written = entry(world)
        world.cdn.put(PATH, EVIL.data)
        victim = world.routed(wheels=[written])
        result = world.install(victim, *self.by(world, who, world.cdn.url(PATH)))
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())

    def test_another_digest_beside_it(self, world: World) -> None:
        """A stranger's word does not replace the table's."""
        victim = world.routed(wheels=[entry(world)])
        result = world.install(victim, *self.by(world, "liar", world.cdn.url(PATH)))
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())

    def test_elsewhere(self, world: World) -> None:
        """The file is the same wherever it is: its name has that digest."""
        victim = world.routed(wheels=[entry(world)])
        result = world.install(victim, *self.by(world, "stranger", world.mirror.put(PATH, REAL.data)))
        world.assert_installed(victim, result, "big-model")

    def test_not_where_direct_references_are_forbidden(self, world: World) -> None:
        """By its name it is there all the same."""
        victim = world.routed(wheels=[entry(world)], policy={"direct-references": "deny"})
        world.assert_stopped(victim, world.install(victim, world.cdn.url(PATH)), "direct-references")
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
