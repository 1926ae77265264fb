"""Pins: what was recorded once is what is installed from then on (reference: Pins)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.external import (
    FORMS,
    JSON,
    PINS,
    Index,
    Pin,
    assert_said,
    digests,
    trap,
    twins,
    write_pins,
    write_table,
)
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from tests.e2e.external.conftest import World

forms = pytest.mark.parametrize("form", FORMS)

REAL, EVIL = twins("big-model", "1.2")
OLDER = wheel("big-model", "1.1", origin="older")
URL = f"https://cdn-a.example/w/{REAL.filename}"


class TestInForce:
    """A file whose page gives no hash was pinned."""

    @forms
    def test_the_same_bytes(self, world: World) -> None:
        """It is installed, and the file of pins is left as it was."""
        victim = world.routed(world.cdn)
        pins = world.pin(victim, Pin.of(REAL, world.show_at(world.cdn, REAL)))
        before = pins.read_bytes()
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert pins.read_bytes() == before

    @forms
    def test_other_bytes(self, world: World) -> None:
        """pip stops and shows both digests, the file and its host."""
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, world.show_at(world.cdn, REAL, served=EVIL)))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.filename, world.cdn.name, REAL.digest(), EVIL.digest())

    @pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
    def test_by_another_strong_digest(self, algorithm: str, world: World) -> None:
        """A pin may have any strong digest."""
        victim = world.routed(world.cdn)
        url = world.show_at(world.cdn, REAL, served=EVIL)
        world.pin(victim, Pin.of(REAL, url, **digests(REAL.data, algorithm)))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(algorithm), EVIL.digest(algorithm))

    def test_every_digest_of_a_pin(self, world: World) -> None:
        """Each strong one must match."""
        victim = world.routed(world.cdn)
        hashes = {**digests(EVIL.data, "md5", "sha256"), **digests(REAL.data, "sha512")}
        world.pin(victim, Pin.of(REAL, world.show_at(world.cdn, REAL, served=EVIL), **hashes))
        world.assert_stopped(victim, world.install(victim, "big-model"), REAL.digest("sha512"))

    def test_a_weak_digest_of_a_pin(self, world: World) -> None:
        """A pin with nothing but a weak digest is none, or an error: it does not let a file in."""
        victim = world.routed(world.cdn)
        url = world.show_at(world.cdn, REAL, served=EVIL)
        world.pin(victim, Pin.of(REAL, url, **digests(EVIL.data, "md5")))
        world.assert_stopped(victim, world.install(victim, "big-model"))
        assert not world.cdn.asked_for(REAL.filename)

    def test_another_size(self, world: World) -> None:
        """A file that is longer than what was pinned is another file."""
        victim = world.routed(world.cdn)
        longer = wheel("big-model", "1.2", origin="attacker", extra_files={"more.txt": b"more" * 999})
        world.pin(victim, Pin.of(REAL, world.show_at(world.cdn, REAL, served=longer)))
        world.assert_stopped(victim, world.install(victim, "big-model"), REAL.filename, world.cdn.name)

    def test_a_source_distribution(self, world: World) -> None:
        """Nothing of it is run before its digest is known to be right."""
        victim = world.routed(world.cdn)
        real, evil = sdist("big-model", "1.2", origin="owner"), trap("big-model", "1.2", victim.place / "run")
        world.pin(victim, Pin.of(real, world.show_at(world.cdn, real, served=evil)))
        world.assert_stopped(victim, world.install(victim, "big-model"), real.digest(), evil.digest())
        assert not (victim.place / "run").exists()

    def test_a_host_that_is_not_listed(self, world: World) -> None:
        """A pin says what the bytes are, and not that a host may be asked."""
        victim = world.routed()
        world.pin(victim, Pin.of(REAL, world.show_at(world.cdn, REAL)))
        world.assert_refused(victim, world.install(victim, "big-model"), world.cdn, "external-hosts")
        assert not world.cdn.requests

    def test_for_the_names_of_others(self, world: World) -> None:
        """Other files of the project are not pinned by it."""
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(OLDER, world.show_at(world.cdn, OLDER)))
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")


class TestWhoeverOffersIt:
    """The pinned file name turns up elsewhere."""

    @forms
    def test_at_another_listed_host(self, world: World) -> None:
        """The page now leads to another host, which has other bytes."""
        victim = world.routed(world.cdn, world.mirror)
        world.show_at(world.mirror, REAL, served=EVIL)
        world.pin(victim, Pin.of(REAL, URL))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest(), world.mirror.name)

    def test_the_same_bytes_at_another_listed_host(self, world: World) -> None:
        """The digest is what was pinned, and not the host."""
        victim = world.routed(world.cdn, world.mirror)
        world.show_at(world.mirror, REAL)
        world.pin(victim, Pin.of(REAL, URL))
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    @forms
    def test_at_the_index_itself(self, world: World) -> None:
        """What is external needs a hash; what is pinned has one wherever it lies."""
        victim = world.routed(world.cdn)
        world.index.place(EVIL)
        world.pin(victim, Pin.of(REAL, URL))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest(), world.site.name)

    def test_at_another_index(self, world: World) -> None:
        """Another index that a route leads to offers it."""
        victim = world.equipped()
        world.index.place(EVIL)
        other = Index(world.third, JSON, "/simple/")
        other.place(wheel("unrelated", "1.0", origin="owner"))
        victim.route(
            {"house": world.index.entry(), "other": other.entry()},
            {"*": {"indexes": ["other", "house"], "strategy": "version-priority"}},
        )
        world.pin(victim, Pin.of(REAL, URL))
        world.assert_stopped(victim, world.install(victim, "big-model"), REAL.digest(), EVIL.digest())

    def test_at_an_index_of_pips_own(self, world: World) -> None:
        """A name that is left to pip is pip's business, but for a pinned file."""
        victim = world.routed(world.cdn, routes={"acme-*": "house"})
        world.index.place(EVIL)
        world.pin(victim, Pin.of(REAL, URL))
        result = world.install(victim, *world.index.plain_options, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())
        world.index.clear()
        world.index.place(REAL)
        result = world.install(victim, *world.index.plain_options, "big-model")
        world.assert_installed(victim, result, "big-model")

    def test_among_local_files(self, world: World) -> None:
        """``--no-index --find-links``: pins still hold."""
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, URL))
        links = victim.place / "wheels"
        EVIL.write_to(links)
        result = world.install(victim, "--no-index", "--find-links", links, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())
        REAL.write_to(links)
        result = world.install(victim, "--no-index", "--find-links", links, "big-model")
        world.assert_installed(victim, result, "big-model")

    def test_by_another_spelling(self, world: World) -> None:
        """A file name that is the same to everybody who reads it is the same to the pins."""
        victim = world.routed(world.cdn)
        world.index.place(replace(EVIL, filename="Big_Model-1.2-py3-none-any.whl"))
        world.pin(victim, Pin.of(REAL, URL))
        world.assert_stopped(victim, world.install(victim, "big-model"))


class TestContradictions:
    """A page says one thing, the pins another."""

    @forms
    def test_stops_before_the_download(self, world: World) -> None:
        """pip stops, and says which page said what; the file is not downloaded."""
        victim = world.routed(world.cdn)
        pins = world.pin(victim, Pin.of(REAL, world.show_at(world.cdn, EVIL, hashes=["sha256"])))
        result = world.install(victim, "big-model")
        page = world.index.page_url("big-model").rstrip("/")
        world.assert_stopped(victim, result, REAL.filename, REAL.digest(), EVIL.digest(), page, pins.name)
        assert not world.cdn.requests

    def test_plain_pip_knows_of_no_pins(self, world: World) -> None:
        """The attack is one: whoever changes the page changes the hash with it."""
        victim = world.plain()
        world.pin(victim, Pin.of(REAL, world.show_at(world.cdn, EVIL, hashes=["sha256"])))
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "attacker")

    def test_the_right_bytes_do_not_help(self, world: World) -> None:
        """It is the page that is not to be trusted any more."""
        victim = world.routed(world.cdn)
        url = world.show_at(world.cdn, REAL, hashes=digests(EVIL.data))
        world.pin(victim, Pin.of(REAL, url))
        world.assert_stopped(victim, world.install(victim, "big-model"), REAL.digest(), EVIL.digest())

    def test_is_not_skipped(self, world: World) -> None:
        """Another version would serve, and is not taken in its place."""
        victim = world.routed(world.cdn)
        url = world.show_at(world.cdn, EVIL, hashes=["sha256"])
        world.show_at(world.cdn, OLDER, hashes=["sha256"])
        world.pin(victim, Pin.of(REAL, url))
        world.assert_stopped(victim, world.install(victim, "big-model"), REAL.digest(), EVIL.digest())

    def test_of_a_version_that_is_not_considered(self, world: World) -> None:
        """What the resolver does not come to look at stops nobody."""
        victim = world.routed(world.cdn)
        url = world.show_at(world.cdn, EVIL, hashes=["sha256"])
        newer = wheel("big-model", "2.0", origin="newer")
        world.show_at(world.cdn, newer, hashes=["sha256"])
        world.pin(victim, Pin.of(REAL, url))
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "newer")
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, url))
        world.assert_stopped(victim, world.install(victim, "big-model<2"), REAL.digest(), EVIL.digest())

    def test_two_hashes_of_a_page(self, world: World) -> None:
        """A second digest on the page that agrees does not make up for the one that does not."""
        victim = world.routed(world.cdn)
        hashes = {**digests(REAL.data, "sha256"), **digests(EVIL.data, "sha512")}
        url = world.show_at(world.cdn, REAL, served=EVIL, hashes=hashes)
        world.pin(victim, Pin.of(REAL, url))
        world.assert_stopped(victim, world.install(victim, "big-model"))

    @pytest.mark.parametrize("first", ["md5", "sha256"])
    def test_a_weak_hash_that_matches(self, first: str, world: World) -> None:
        """It never rescues the pin that does not, whichever is looked at first."""
        victim = world.routed(world.cdn)
        known = {"md5": digests(EVIL.data, "md5"), "sha256": digests(REAL.data)}
        hashes = {**known[first], **known["md5"], **known["sha256"]}
        url = world.show_at(world.cdn, REAL, served=EVIL, hashes=hashes)
        world.pin(victim, Pin.of(REAL, url))
        world.assert_stopped(victim, world.install(victim, "big-model"), REAL.digest(), EVIL.digest())

    def test_a_weak_hash_alone(self, world: World) -> None:
        """A weak hash on the page, a strong one in the pins: the strong one decides."""
        victim = world.routed(world.cdn)
        url = world.show_at(world.cdn, REAL, served=EVIL, hashes=digests(EVIL.data, "md5"))
        world.pin(victim, Pin.of(REAL, url))
        world.assert_stopped(victim, world.install(victim, "big-model"), REAL.digest(), EVIL.digest())
        world.index.clear()
        world.show_at(world.cdn, REAL, hashes=["md5"])
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")


class TestRequired:
    """External files without a pin are refused, whatever hash their page gives."""

    @pytest.mark.parametrize("where", ["policy", "index"])
    @forms
    def test_refused(self, where: str, world: World) -> None:
        """pip says how to pin it; the host is not asked."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        required = {"policy": {"pins": "required"}} if where == "policy" else {"pins": "required"}
        victim = world.routed(world.cdn, **required)
        result = world.install(victim, "big-model")
        world.assert_refused(victim, result, world.cdn, REAL.filename, "rim-router pin big-model", "pins")
        assert not world.cdn.requests

    @pytest.mark.parametrize("where", ["policy", "index"])
    def test_allowed(self, where: str, world: World) -> None:
        """With a pin it is installed, and what lies with the index needs none."""
        url = world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.index.place(wheel("leaf", "1.0", origin="owner"))
        required = {"policy": {"pins": "required"}} if where == "policy" else {"pins": "required"}
        victim = world.routed(world.cdn, **required)
        world.pin(victim, Pin.of(REAL, url))
        result = world.install(victim, "big-model", "leaf")
        world.assert_installed(victim, result, "big-model")
        world.assert_installed(victim, result, "leaf")

    def test_a_pinned_version_serves(self, world: World) -> None:
        """Newer ones without a pin are passed over."""
        url = world.show_at(world.cdn, OLDER, hashes=["sha256"])
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn, policy={"pins": "required"})
        world.pin(victim, Pin.of(OLDER, url))
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "older")


class TestSeveralFiles:
    """Each layer's table may have its pins."""

    def test_a_lower_layer_holds(self, world: World) -> None:
        """What the user pinned for everything holds in a project that has pins of its own."""
        victim = world.routed(world.cdn)
        url = world.show_at(world.cdn, REAL, served=EVIL)
        user = victim.home / ".config" / "rim-router"
        write_table(user, {}, {"acme-*": {"deny": "no"}})
        write_pins(user, Pin.of(REAL, url))
        world.pin(victim, Pin.of(OLDER, "https://cdn-a.example/w/older"))
        world.assert_stopped(victim, world.install(victim, "big-model"), REAL.digest(), EVIL.digest())

    def test_that_disagree(self, world: World) -> None:
        """It is an error that names both files, before anything is asked."""
        victim = world.routed(world.cdn)
        url = world.show_at(world.cdn, REAL, hashes=["sha256"])
        user = victim.home / ".config" / "rim-router"
        write_table(user, {}, {"acme-*": {"deny": "no"}})
        lower = write_pins(user, Pin.of(EVIL, url))
        world.pin(victim, Pin.of(REAL, url))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, str(lower), REAL.digest(), EVIL.digest(), REAL.filename)
        assert result.words.count(PINS) >= 2, str(result)
        assert not world.nginx.requests()

    def test_that_agree(self, world: World) -> None:
        """Two that say the same are one."""
        victim = world.routed(world.cdn)
        url = world.show_at(world.cdn, REAL)
        user = victim.home / ".config" / "rim-router"
        write_table(user, {}, {"acme-*": {"deny": "no"}})
        write_pins(user, Pin.of(REAL, url))
        world.pin(victim, Pin.of(REAL, url))
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")


BROKEN = {
    "no TOML": "[[packages\n",
    "another version": 'lock-version = "2.0"\ncreated-by = "rim-router"\n',
    "no version": 'created-by = "rim-router"\n',
    "no digest": 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "big-model"\nversion = "1.2"\n'
    f'[[packages.wheels]]\nname = "{REAL.filename}"\nurl = "{URL}"\nhashes = {{}}\n',
    "no hexadecimal digest": 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "big-model"\n'
    f'version = "1.2"\n[[packages.wheels]]\nname = "{REAL.filename}"\nurl = "{URL}"\n'
    'hashes = { sha256 = "…" }\n',
}


@pytest.mark.parametrize("broken", BROKEN)
class TestBroken:
    """A file of pins that cannot be read."""

    def test_stops_pip(self, broken: str, world: World) -> None:
        """Nothing is asked, and the file is named: what it would have said nobody knows."""
        victim = world.routed(world.cdn)
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        (victim.project / PINS).write_text(BROKEN[broken], encoding="utf-8")
        world.assert_stopped(victim, world.install(victim, "big-model"), PINS)
        assert not world.nginx.requests()

    def test_the_set_up_can_be_repaired(self, broken: str, world: World) -> None:
        """Commands that neither look up nor download work."""
        victim = world.routed(world.cdn)
        (victim.project / PINS).write_text(BROKEN[broken], encoding="utf-8")
        for command in (["--version"], ["list"], ["uninstall", "-y", "rim-router"]):
            victim.pip(*command, check=True)


def test_without_a_table(world: World) -> None:
    """The file of pins alone puts nothing in force."""
    victim = world.equipped()
    world.show_at(world.cdn, EVIL)
    world.pin(victim, Pin.of(REAL, URL))
    result = world.install(victim, *world.index.plain_options, "big-model")
    world.assert_installed(victim, result, "big-model", "attacker")


def test_the_variable(world: World) -> None:
    """``RIM_ROUTER_CONFIG`` names a table elsewhere: its pins lie beside it."""
    victim = world.equipped()
    url = world.show_at(world.cdn, REAL, served=EVIL)
    elsewhere = victim.place / "elsewhere"
    path = write_table(
        elsewhere, {"house": world.index.entry(external_hosts=[str(world.cdn)])}, {"*": "house"}
    )
    write_pins(elsewhere, Pin.of(REAL, url))
    result = world.install(victim, "big-model", env={"RIM_ROUTER_CONFIG": str(path)})
    world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())
    assert_said(result, REAL.filename)
