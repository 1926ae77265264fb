"""``.rim`` files on index pages stand for wheels that lie elsewhere (reference: .rim files)."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import rims
from tests.support.external import (
    FLAT,
    FORMS,
    HTML,
    JSON,
    Link,
    Pin,
    assert_said,
    digests,
    rim_of,
    twins,
    with_metadata,
)
from tests.support.nginx import cut
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.external.conftest import World
    from tests.support.environments import Environment, Result
    from tests.support.nginx import Exchange
    from tests.support.wheels import Artifact

forms = pytest.mark.parametrize("form", FORMS)

REAL, EVIL = twins("big-model", "1.2", requires=["leaf"])
LEAF = wheel("leaf", "1.0", origin="owner")
PATH = f"/w/{REAL.filename}"


def mount(
    world: World, artifact: Artifact, *, served: Artifact | None = None, page: Any = None, **values: Any
) -> Artifact:
    """Put a wheel on the CDN and its ``.rim`` on the index; returns the ``.rim``.

    :param served: what is really at the CDN.
    :param page: what the page says of the ``.rim``.
    :param values: see :func:`rim_of`.
    """
    url = world.cdn.put(f"/w/{artifact.filename}", (served or artifact).data)
    rim = rim_of(artifact, url, **values)
    world.index.place(rim, **({"hashes": ["sha256"]} if page is None else page))
    return rim


def vendored(world: World, *files: Artifact) -> Environment:
    """Somebody whose only index is a directory of these files, which may be on the CDN, too."""
    victim = world.equipped()
    for each in files:
        each.write_to(victim.project / "vendor")
    index = {"url": "vendor", "format": "flat", "external-hosts": [str(world.cdn)]}
    victim.route({"vendored": index}, {"*": "vendored"})
    return victim


@pytest.fixture(autouse=True)
def leaf(world: World) -> None:
    """What the large wheels depend on is with the index."""
    world.index.place(LEAF)


class TestCandidates:
    """It is a candidate exactly as the wheel it stands for."""

    @forms
    def test_plain_pip_knows_nothing_of_them(self, world: World) -> None:
        """Plain pip does not find the wheel."""
        mount(world, REAL)
        victim = world.plain()
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, "No matching distribution found for big-model")

    @forms
    def test_installed(self, world: World) -> None:
        """With the plugin it is installed with its dependencies, as if it were on the index."""
        mount(world, REAL)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert victim.origin("leaf") == "owner"
        assert victim.installed()["big-model"] == "1.2"
        assert len([each for each in world.cdn.requests if each.status == 200]) == 1

    @pytest.mark.parametrize("page", [{}, {"hashes": ["md5"]}], ids=["no hash", "weak hash"])
    def test_its_own_hash_is_not_needed(self, page: dict[str, Any], world: World) -> None:
        """It lies with the index, and carries the digest that counts."""
        mount(world, REAL, page=page)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_a_hash_of_its_own_that_is_wrong(self, world: World) -> None:
        """Where the page gives one, it must be right."""
        mount(world, REAL, page={"hashes": digests(b"something else")})
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(
            victim, result, "big_model-1.2-py3-none-any.rim", digests(b"something else")["sha256"]
        )
        assert not world.cdn.requests

    def test_a_wheel_that_is_not_listed(self, world: World) -> None:
        """The host in it needs to be in ``external-hosts``."""
        mount(world, REAL)
        victim = world.routed()
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, world.cdn.name, "external-hosts", f'"{world.cdn}"')
        assert not world.cdn.requests

    def test_other_bytes(self, world: World) -> None:
        """The wheel must have the digest that the ``.rim`` gives."""
        mount(world, REAL, served=EVIL)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest(), world.cdn.name)

    def test_another_size(self, world: World) -> None:
        """And its size."""
        mount(world, REAL, size=len(REAL.data) + 1)
        victim = world.routed(world.cdn)
        world.assert_stopped(victim, world.install(victim, "big-model"), REAL.filename, world.cdn.name)

    def test_every_digest(self, world: World) -> None:
        """One that matches does not make up for one that does not."""
        mount(world, REAL, hashes={**digests(REAL.data), **digests(EVIL.data, "sha512")})
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, EVIL.digest("sha512"), REAL.digest("sha512"))

    def test_a_pin_that_disagrees(self, world: World) -> None:
        """What was recorded for the wheel holds for what stands for it."""
        mount(world, EVIL)
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, world.cdn.url(PATH)))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())
        assert not world.cdn.requests

    def test_required_pins(self, world: World) -> None:
        """Its wheel is an external file: where pins are required it needs one."""
        mount(world, REAL)
        victim = world.routed(world.cdn, policy={"pins": "required"})
        world.assert_stopped(victim, world.install(victim, "big-model"), "rim-router pin big-model")
        world.pin(victim, Pin.of(REAL, world.cdn.url(PATH)))
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_hashes_for_all(self, world: World) -> None:
        """``require-hashes = "all"``: its page gives none, and the command in the error helps."""
        mount(world, REAL, page={})
        world.index.clear("leaf")
        world.index.place(LEAF, hashes=["sha256"])
        victim = world.routed(world.cdn, policy={"require-hashes": "all"})
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, "require-hashes", "rim-router pin big-model")
        victim.run(victim.python, "-m", "rim_router", "pin", "big-model", check=True)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_tags(self, world: World) -> None:
        """One for another platform is no candidate, and is not opened."""
        other = wheel("big-model", "1.3", origin="owner", tag="cp27-cp27m-win32")
        rim = mount(world, other)
        mount(world, REAL)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert victim.installed()["big-model"] == "1.2"
        assert not world.site.asked_for(rim.filename)

    def test_build_tags(self, world: World) -> None:
        """Of two builds the higher one."""
        for build, origin in (("1", "first build"), ("2", "second build")):
            made = wheel("big-model", "1.2", origin=origin)
            mount(world, replace(made, filename=f"big_model-1.2-{build}-py3-none-any.whl"))
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "second build")

    @forms
    def test_yanked(self, world: World) -> None:
        """A yanked one is passed over, unless it is asked for by its version."""
        newer = wheel("big-model", "1.3", origin="yanked")
        mount(world, newer, page={"hashes": ["sha256"], "yanked": "broken"})
        mount(world, REAL)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model==1.3")
        world.assert_installed(victim, result, "big-model", "yanked")
        assert_said(result, "yanked", "broken")

    @forms
    def test_requires_python(self, world: World) -> None:
        """``requires-python`` of the page is heeded without opening the ``.rim``."""
        newer = wheel("big-model", "1.3", origin="owner", requires_python=">=99")
        rim = mount(world, newer)
        mount(world, REAL)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert victim.installed()["big-model"] == "1.2"
        assert not world.site.asked_for(rim.filename)

    def test_requires_python_that_only_it_has(self, world: World) -> None:
        """``Requires-Python`` of its METADATA is heeded as that of a wheel is."""
        newer = wheel("big-model", "1.3", origin="owner", requires_python=">=99")
        url = world.cdn.put(f"/w/{newer.filename}", newer.data)
        world.index.place(replace(rim_of(newer, url), requires_python=None), hashes=["sha256"])
        mount(world, REAL)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert victim.installed()["big-model"] == "1.2"
        assert not world.cdn.asked_for(newer.filename)

    def test_pre_releases(self, world: World) -> None:
        """They need ``--pre``, as ever."""
        mount(world, wheel("big-model", "2.0rc1", origin="candidate"))
        mount(world, REAL)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "--pre", "big-model"), "big-model", "candidate")

    def test_only_source(self, world: World) -> None:
        """``--no-binary``: it is a wheel, and so is left out."""
        mount(world, REAL)
        victim = world.routed(world.cdn)
        result = world.install(victim, "--no-binary", "big-model", "big-model")
        world.assert_stopped(victim, result, "No matching distribution found for big-model")

    def test_index_versions(self, world: World) -> None:
        """``pip index versions`` lists them, and opens none."""
        rim = mount(world, REAL)
        victim = world.routed(world.cdn)
        result = world.pip(victim, "index", "versions", "big-model")
        assert result.returncode == 0, str(result)
        assert "1.2" in result.stdout
        assert not world.site.asked_for(rim.filename)
        assert not world.cdn.requests

    def test_for_a_name_that_is_left_to_pip(self, world: World) -> None:
        """Where no route leads, a ``.rim`` is what it is to plain pip: nothing."""
        mount(world, REAL)
        victim = world.routed(world.cdn, routes={"acme-*": "house"})
        result = world.install(victim, *world.index.plain_options, "big-model")
        world.assert_stopped(victim, result, "No matching distribution found for big-model")


class TestResolving:
    """Its METADATA serves the resolver."""

    def test_no_wheel_is_downloaded(self, world: World) -> None:
        """``--dry-run --report`` has the dependency, the real URL and the wheel's hash."""
        mount(world, REAL)
        victim = world.routed(world.cdn)
        result, report = world.report(victim, "big-model")
        assert result.returncode == 0, str(result)
        entries = {each["metadata"]["name"]: each for each in report["install"]}
        assert set(entries) == {"big-model", "leaf"}
        told = entries["big-model"]["download_info"]
        assert told["url"] == world.cdn.url(PATH)
        archive = told["archive_info"]
        assert archive["hash"] == f"sha256={REAL.digest()}"
        if "hashes" in archive:
            assert archive["hashes"] == {"sha256": REAL.digest()}
        # Older pips download what they have decided on in a dry run too.
        if world.environments.pip_version >= (25, 3):
            assert not world.cdn.requests
        assert ".rim" not in told["url"]

    def test_backtracking(self, world: World) -> None:
        """A version whose dependency cannot be had is passed over, and its wheel never asked for."""
        newer = wheel("big-model", "1.3", origin="owner", requires=["leaf>=9"])
        mount(world, newer)
        mount(world, REAL)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert victim.installed()["big-model"] == "1.2"
        assert not world.cdn.asked_for(newer.filename)

    @pytest.mark.parametrize("form", [FLAT])
    def test_backtracking_on_a_page_of_all_projects(self, world: World) -> None:
        """That the page has been read for another project in between changes nothing."""
        mount(world, wheel("big-model", "1.3", origin="owner", requires=["leaf", "leaf>=9"]))
        mount(world, REAL)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert victim.installed()["big-model"] == "1.2"

    def test_among_many(self, world: World) -> None:
        """Of a page of 300 only those that the resolver considers are opened."""
        sites = [wheel("big-model", f"0.{number}", origin="old") for number in range(298)]
        links = []
        for each in sites:
            rim = rim_of(each, world.cdn.url(f"/w/{each.filename}"))
            world.site.put(f"{world.index.path}big-model/{rim.filename}", rim.data)
            links.append(Link(rim.filename, rim.filename, digests(rim.data)))
        world.index.show_links("big-model", links)
        mount(world, REAL)
        mount(world, wheel("big-model", "1.3", origin="owner", requires=["leaf>=9"]))
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        opened = {each.file for each in world.site.asked_for(".rim")}
        assert opened == {"big_model-1.2-py3-none-any.rim", "big_model-1.3-py3-none-any.rim"}
        assert len(world.site.asked_for(".rim")) == 2

    def test_extras(self, world: World) -> None:
        """Extras are read from it as well."""
        metadata = REAL.metadata + b'Provides-Extra: more\nRequires-Dist: extra-leaf; extra == "more"\n'
        changed = with_metadata(REAL, metadata)
        mount(world, changed)
        world.index.place(wheel("extra-leaf", "1.0", origin="owner"))
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model[more]")
        world.assert_installed(victim, result, "big-model")
        assert victim.origin("extra_leaf") == "owner"


class TestReported:
    """What pip reports is the real URL and its hash."""

    def test_download(self, world: World) -> None:
        """``pip download`` leaves the wheel, under the wheel's name, and no ``.rim``."""
        mount(world, REAL)
        victim = world.routed(world.cdn)
        result = world.pip(victim, "download", "-d", victim.project / "files", "big-model")
        assert result.returncode == 0, str(result)
        found = {each.name: each.read_bytes() for each in (victim.project / "files").iterdir()}
        assert found == {REAL.filename: REAL.data, LEAF.filename: LEAF.data}

    def test_wheel(self, world: World) -> None:
        """So does ``pip wheel``."""
        mount(world, REAL)
        victim = world.routed(world.cdn)
        result = world.pip(victim, "wheel", "-w", victim.project / "files", "big-model")
        assert result.returncode == 0, str(result)
        assert (victim.project / "files" / REAL.filename).read_bytes() == REAL.data

    def test_lock(self, world: World) -> None:
        """``pip lock`` writes down where the wheel is, and its hash; pip installs from that."""
        if world.environments.pip_version < (25, 1):
            pytest.skip("this pip has no lock command")
        mount(world, REAL)
        victim = world.routed(world.cdn)
        result = world.pip(victim, "lock", "big-model")
        assert result.returncode == 0, str(result)
        text = (victim.project / "pylock.toml").read_text(encoding="utf-8")
        assert world.cdn.url(PATH) in text
        assert REAL.digest() in text
        assert ".rim" not in text

    def test_installed_files(self, world: World) -> None:
        """What is installed is the wheel's content, without a trace of what stood for it."""
        mount(world, REAL)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        dist_info = next(victim.site_packages.glob("big_model-*.dist-info"))
        assert not (dist_info / "EXTERNAL-HOSTING.json").exists()
        assert not (dist_info / "direct_url.json").exists(), "it was asked for by name (PEP 610)"
        assert victim.pip("check").returncode == 0
        assert "big-model==1.2" in victim.pip("freeze").stdout

    def test_the_output(self, world: World) -> None:
        """The URL that is shown is the wheel's, and its host is named."""
        mount(world, REAL)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        assert_said(result, world.cdn.name, REAL.filename)


class TestMetadata:
    """Its METADATA must be the wheel's own."""

    def test_that_disagrees(self, world: World) -> None:
        """One that hides a dependency stops pip before anything is installed."""
        mount(world, REAL, files={"METADATA": rims.metadata()})
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, "Requires-Dist", REAL.filename)
        assert victim.origin("leaf") is None

    def test_that_adds_a_dependency(self, world: World) -> None:
        """So does one that makes one up."""
        world.index.place(wheel("made-up", "1.0", origin="attacker"))
        mount(world, REAL, files={"METADATA": REAL.metadata + b"Requires-Dist: made-up\n"})
        victim = world.routed(world.cdn)
        world.assert_stopped(victim, world.install(victim, "big-model"), "Requires-Dist", "made-up")
        assert victim.origin("made_up") is None

    def test_download_checks_it_too(self, world: World) -> None:
        """``pip download`` does not leave such a wheel behind as good."""
        mount(world, REAL, files={"METADATA": rims.metadata()})
        victim = world.routed(world.cdn)
        result = world.pip(victim, "download", "-d", victim.project / "files", "big-model")
        assert result.returncode != 0, str(result)
        assert_said(result, "Requires-Dist", REAL.filename)
        assert not list((victim.project / "files").glob("big_model*"))

    def test_twice_in_the_wheel(self, world: World) -> None:
        """Of two METADATA in the wheel that agree with it in turn, only one would be installed."""
        data, name = io.BytesIO(REAL.data), "big_model-1.2.dist-info/METADATA"
        with zipfile.ZipFile(data, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(name, REAL.metadata + b"Requires-Dist: hidden\n")
        double = replace(REAL, data=data.getvalue())
        rim = rim_of(
            REAL, world.cdn.put(PATH, double.data), size=len(double.data), hashes=digests(double.data)
        )
        world.index.place(rim, hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.filename, rim.filename, "more than once")


class TestBesideItsWheel:
    """A ``.whl`` of the same name is on the same index."""

    @forms
    def test_the_wheel_wins(self, world: World) -> None:
        """It is used, and neither the ``.rim``'s host nor, perhaps, the ``.rim`` is asked."""
        mount(world, REAL)
        world.index.place(REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert world.site.asked_for(REAL.filename)
        assert not world.cdn.requests

    @pytest.mark.parametrize("first", ["rim", "wheel"])
    @pytest.mark.parametrize("hashes", [(), ("sha256",)], ids=["no hash", "hash"])
    def test_they_must_agree(self, hashes: tuple[str, ...], first: str, world: World) -> None:
        """Where they do not, one of them is not what it should be, and pip stops."""
        if first == "wheel":
            world.index.place(EVIL, hashes=hashes)
        mount(world, REAL)
        if first == "rim":
            world.index.place(EVIL, hashes=hashes)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest(), REAL.filename)

    @pytest.mark.parametrize("wheels", [(REAL,), (EVIL,)], ids=["agrees", "does not"])
    def test_in_a_directory(self, wheels: tuple[Artifact, ...], world: World) -> None:
        """Files of a directory are on the same index as well."""
        victim = vendored(world, rim_of(REAL, world.cdn.put(PATH, REAL.data)), LEAF, *wheels)
        result = world.install(victim, "big-model")
        if wheels == (REAL,):
            world.assert_installed(victim, result, "big-model")
        else:
            world.assert_stopped(victim, result, REAL.digest(), EVIL.digest(), REAL.filename)
        assert not world.cdn.requests

    @pytest.mark.parametrize("form", [HTML, JSON])
    def test_each_wheel_must_agree(self, world: World) -> None:
        """The page has the wheel at two places, of which pip passes over one: the other is compared."""
        mount(world, REAL)
        for directory, requires_python in (("a", None), ("b", ">=99")):
            path = f"/{directory}/{EVIL.filename}"
            world.site.put(path, EVIL.data)
            world.index.show(replace(EVIL, requires_python=requires_python), path)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest(), REAL.filename)

    def test_of_another_version(self, world: World) -> None:
        """Another version is another matter."""
        mount(world, REAL)
        world.index.place(wheel("big-model", "1.3", origin="newer"))
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "newer")


class TestUnavailable:
    """The wheel cannot be downloaded."""

    @pytest.mark.parametrize("failure", ["down", 404, 503])
    def test_who_to_turn_to(self, failure: str | int, world: World) -> None:
        """Owner and support are named, with the advice not to report it to the index."""
        mount(world, REAL, owner="Acme Models", support="mailto:help@acme.example")
        if isinstance(failure, int):
            world.cdn.answer(PATH, failure)
        else:
            world.cdn.go_down()
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(
            victim, result, "Acme Models", "mailto:help@acme.example", world.cdn.name, "index"
        )
        assert "not" in result.words

    def test_without_support(self, world: World) -> None:
        """The support contact is optional."""
        mount(world, REAL, owner="Acme Models", support=None)
        world.cdn.go_down()
        victim = world.routed(world.cdn)
        world.assert_stopped(victim, world.install(victim, "big-model"), "Acme Models", world.cdn.name)

    def test_the_rim_itself(self, world: World) -> None:
        """A ``.rim`` that its index does not deliver stops pip: another version is no answer to that."""
        rim = mount(world, REAL)
        world.site.answer(f"{world.index.path}big-model/{rim.filename}", 503)
        victim = world.routed(world.cdn)
        world.assert_stopped(victim, world.install(victim, "big-model"), rim.filename, "503")

    def test_the_rim_breaks_off(self, world: World) -> None:
        """The error says which file it is, where it should have come from, and what happened."""
        rim = rim_of(REAL, world.cdn.put(PATH, REAL.data))
        url = world.mirror.behave(f"/r/{rim.filename}", cut(rim.data, *[100] * 50, ranges=False))
        world.index.show(rim, url, hashes=["sha256"])
        victim = world.routed(world.cdn, world.mirror)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, rim.filename, world.mirror.name, "broke off after 100")
        assert not world.cdn.requests

    def test_the_rim_cannot_be_read(self, world: World) -> None:
        """The same for one in the file system."""
        victim = vendored(world, LEAF)
        (victim.project / "vendor" / "big_model-1.2-py3-none-any.rim").mkdir()
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, "failed-download", "big_model-1.2-py3-none-any.rim")


def entry(name: str, content: bytes = b"x", **options: Any) -> rims.Entry:
    return rims.Entry(name, content, **options)


def bomb() -> rims.Entry:
    """Forty megabytes in forty kilobytes."""
    content = b"\0" * (40 * 1024 * 1024)
    return rims.Entry("big_model-1.2.dist-info/LICENSE", content, method=rims.DEFLATED)


# What is wrong with a `.rim`, and a word of the reason that pip gives.
MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "extra entry": ({"extra": [entry("big_model.py")]}, "big_model.py"),
    "traversal": ({"extra": [entry("big_model-1.2.dist-info/../../evil.pth")]}, "evil.pth"),
    "absolute": ({"extra": [entry("/tmp/evil.pth")]}, "evil.pth"),
    "twice": ({"extra": [entry("big_model-1.2.dist-info/METADATA")]}, "METADATA"),
    "link": ({"extra": [entry("big_model-1.2.dist-info/LICENSE", b"/etc/passwd", mode=0o120777)]}, "LICENSE"),
    "encrypted": ({"extra": [entry("big_model-1.2.dist-info/LICENSE", flags=1)]}, "LICENSE"),
    "no hosting": ({"files": {"EXTERNAL-HOSTING.json": None}}, "EXTERNAL-HOSTING.json"),
    "no metadata": ({"files": {"METADATA": None}}, "METADATA"),
    "other name": ({"files": {"METADATA": rims.metadata("other-model")}}, "other-model"),
    "other version": ({"files": {"METADATA": rims.metadata(version="9")}}, "9"),
    "wrong version": ({"version": "2.0"}, "2.0"),
    "version of a wrong type": ({"version": 1}, "version"),
    "http": ({"uri": f"http://cdn-a.example{PATH}"}, "https"),
    "other file": ({"uri": "https://cdn-a.example/w/other-1.0-py3-none-any.whl"}, REAL.filename),
    "credentials": ({"uri": f"https://me:s3cr3t@cdn-a.example{PATH}"}, "credentials"),
    "no uri": ({"uri": None}, "uri"),
    "no size": ({"size": None}, "size"),
    "size of a wrong type": ({"size": "12"}, "size"),
    "no hashes": ({"hashes": None}, "hashes"),
    "weak hashes": ({"hashes": digests(REAL.data, "md5", "sha1")}, "sha256"),
    "no digest": ({"hashes": {"sha256": "…"}}, "sha256"),
    "no owner": ({"owner": None}, "owner"),
    "no JSON": ({"files": {"EXTERNAL-HOSTING.json": b"{"}}, "JSON"),
    "bomb": ({"extra": [bomb()]}, "big_model-1.2-py3-none-any.rim"),
}


class TestMalformed:
    """A ``.rim`` that is not what it should be."""

    def assert_refused(self, world: World, victim: Environment, result: Result, reason: str) -> None:
        world.assert_stopped(victim, result, "big_model-1.2-py3-none-any.rim", reason)
        assert "s3cr3t" not in result.output
        assert not world.cdn.requests

    @pytest.mark.parametrize("malformed", MALFORMED)
    def test_refused_with_its_reason(self, malformed: str, world: World) -> None:
        """pip fails and says which file it is, and what is wrong with it."""
        values, reason = MALFORMED[malformed]
        mount(world, REAL, **values)
        victim = world.routed("*")
        self.assert_refused(world, victim, world.install(victim, "big-model"), reason)

    def test_no_archive(self, world: World) -> None:
        """The same for one that is no zip archive at all, and for one that is cut off."""
        sound = rim_of(REAL, world.cdn.put(PATH, REAL.data))
        victim = world.routed("*")
        for data in (b"<html></html>", sound.data[: len(sound.data) // 2], b""):
            world.index.clear("big-model")
            world.index.place(replace(sound, data=data))
            self.assert_refused(world, victim, world.install(victim, "big-model"), "")

    def test_too_large(self, world: World) -> None:
        """Over 4 MiB: it is not even downloaded to its end."""
        sound = rim_of(REAL, world.cdn.put(PATH, REAL.data))
        world.index.place(replace(sound, data=b"\0" * (24 * 1024 * 1024) + sound.data))
        victim = world.routed("*")
        self.assert_refused(world, victim, world.install(victim, "big-model"), "MiB")
        assert sum(each.sent for each in world.site.asked_for(".rim")) < 20 * 1024 * 1024

    def test_too_many_entries(self, world: World) -> None:
        """Over 1,000 entries."""
        many = [entry(f"big_model-1.2.dist-info/licenses/{number}") for number in range(1001)]
        mount(world, REAL, extra=many)
        victim = world.routed("*")
        self.assert_refused(world, victim, world.install(victim, "big-model"), "entries")

    def test_a_lie_about_the_end(self, world: World) -> None:
        """An archive whose directory says something else than its entries."""
        sound = rim_of(REAL, world.cdn.put(PATH, REAL.data))
        data = bytearray(sound.data)
        struct.pack_into("<H", data, len(data) - 14, 1)
        world.index.place(replace(sound, data=bytes(data)))
        victim = world.routed("*")
        self.assert_refused(world, victim, world.install(victim, "big-model"), "")

    @pytest.mark.parametrize("form", [HTML, JSON])
    def test_another_one_serves(self, world: World) -> None:
        """A refused one is passed over where another version serves, and said to be."""
        mount(world, wheel("big-model", "1.3", origin="owner"), version="9.9")
        mount(world, REAL)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert victim.installed()["big-model"] == "1.2"

    def test_one_that_is_not_considered(self, world: World) -> None:
        """It is not opened, so nobody is bothered."""
        mount(world, wheel("big-model", "0.1", origin="owner"), version="9.9")
        mount(world, REAL)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert "9.9" not in result.words


class TestWhereItLies:
    """The ``.rim`` itself may be external."""

    def test_needs_host_and_hash(self, world: World) -> None:
        """Then it is judged as any external file is."""
        rim = rim_of(REAL, world.cdn.put(PATH, REAL.data))
        url = world.mirror.put(f"/r/{rim.filename}", rim.data)
        world.index.show(rim, url, hashes=["sha256"])
        victim = world.routed(world.cdn)
        world.assert_stopped(victim, world.install(victim, "big-model"), world.mirror.name, "external-hosts")
        assert not world.mirror.requests
        world.route(victim, world.cdn, world.mirror)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        world.index.clear("big-model")
        world.index.show(rim, url)
        victim = world.routed(world.cdn, world.mirror)
        world.assert_stopped(victim, world.install(victim, "big-model"), world.mirror.name, "sha256")

    def test_in_a_directory(self, world: World) -> None:
        """A directory of files may hold them too."""
        victim = vendored(world, rim_of(REAL, world.cdn.put(PATH, REAL.data)), LEAF)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    @pytest.mark.parametrize("digest", [None, "0" * 64], ids=["right", "wrong"])
    def test_in_an_index_of_the_file_system(self, digest: str | None, world: World) -> None:
        """There, too, it must have the digest that its page gives."""
        victim = world.equipped()
        rim = rim_of(REAL, world.cdn.put(PATH, REAL.data))
        for each, told in ((rim, digest or rim.digest()), (LEAF, LEAF.digest())):
            place = victim.project / "simple" / each.project
            each.write_to(place)
            link = f'<a href="{each.filename}#sha256={told}">{each.filename}</a>'
            (place / "index.html").write_text(f"<!DOCTYPE html><html><body>{link}</body></html>")
        victim.route({"local": {"url": "simple", "external-hosts": [str(world.cdn)]}}, {"*": "local"})
        result = world.install(victim, "big-model")
        if digest is None:
            world.assert_installed(victim, result, "big-model")
        else:
            world.assert_stopped(victim, result, rim.filename, rim.digest(), digest)

    @pytest.mark.parametrize("form", [HTML, JSON])
    def test_a_query(self, world: World) -> None:
        """Its link may have one; two that differ only in that are two files."""
        real = rim_of(REAL, world.cdn.put(PATH, REAL.data))
        broken = replace(real, data=b"")
        asked = []

        def act(exchange: Exchange, times: int) -> None:
            asked.append(exchange.path.partition("?")[2])
            exchange.reply(200, (real if asked[-1] == "token=right" else broken).data)

        url = world.site.behave(f"/r/{real.filename}", act)
        for query in ("token=wrong", "token=right"):
            world.index.show(real, f"{url}?{query}", hashes=[])
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert "token=right" in asked

    def test_required_pins(self, world: World) -> None:
        """The pin of the wheel is its own as well: it is the wheel that gets installed."""
        rim = rim_of(REAL, world.cdn.put(PATH, REAL.data))
        url = world.mirror.put(f"/r/{rim.filename}", rim.data)
        world.index.show(rim, url, hashes=["sha256"])
        victim = world.routed(world.cdn, world.mirror, policy={"pins": "required"})
        world.assert_stopped(victim, world.install(victim, "big-model"), "rim-router pin big-model")
        assert not world.mirror.requests
        world.pin(victim, Pin.of(EVIL, world.cdn.url(PATH)))
        world.assert_stopped(victim, world.install(victim, "big-model"), REAL.digest(), EVIL.digest())
        assert not world.cdn.requests
        world.pin(victim, Pin.of(REAL, world.cdn.url(PATH)))
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_a_pin_is_no_hash(self, world: World) -> None:
        """Nor is it advised: it says nothing of what is in the ``.rim``, which serves the resolver."""
        rim = rim_of(REAL, world.cdn.put(PATH, REAL.data))
        world.index.show(rim, world.mirror.put(f"/r/{rim.filename}", rim.data))
        victim = world.routed(world.cdn, world.mirror)
        world.pin(victim, Pin.of(REAL, world.cdn.url(PATH)))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, world.mirror.name, "sha256", "[[wheel]]")
        assert "rim-router pin" not in result.words
        assert not world.mirror.requests

    def test_made_by_the_command(self, world: World, tmp_path: Path) -> None:
        """What ``rim-router rim dismount`` writes is what pip reads."""
        victim = world.routed(world.cdn)
        path = REAL.write_to(tmp_path / "dist")
        url = world.cdn.put(PATH, REAL.data)
        command = [
            victim.python,
            "-m",
            "rim_router",
            "rim",
            "dismount",
            path,
            "--uri",
            url,
            "--owner",
            "Acme",
        ]
        victim.run(*command, check=True)
        written = path.with_suffix(".rim")
        world.index.place(replace(REAL, filename=written.name, data=written.read_bytes()))
        result, report = world.report(victim, "big-model")
        assert json.dumps(report).count(url) == 1, str(result)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
