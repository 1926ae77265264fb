"""Which files of an index may lie elsewhere (reference: Which files may be used)."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.external import (
    FLAT,
    FORMS,
    HTML,
    JSON,
    Index,
    PyTorch,
    assert_said,
    digests,
    trap,
    twins,
    write_table,
)
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from tests.e2e.external.conftest import World
    from tests.support.wheels import Artifact

forms = pytest.mark.parametrize("form", FORMS)

REAL, EVIL = twins("big-model", "1.2")
NEWER = wheel("big-model", "1.3", origin="newer")
WEAK = ("md5", "sha1", "sha224")
STRONG = ("sha256", "sha384", "sha512")


class TestHosts:
    """A file lies on a host that the table does not list."""

    @forms
    def test_plain_pip_goes_to_any_host(self, world: World) -> None:
        """The attack is one: whoever writes on the page chooses the host."""
        world.show_at(world.cdn, EVIL, hashes=["sha256"])
        victim = world.plain()
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "attacker")

    @forms
    def test_refused(self, world: World) -> None:
        """The host is not asked, and pip says which host, which page named it, and the line to add."""
        world.show_at(world.cdn, EVIL, hashes=["sha256"])
        victim = world.routed(world.third)
        result = world.install(victim, "big-model")
        world.assert_refused(victim, result, world.cdn, EVIL.filename, "external-hosts", "index-routing.toml")
        assert not world.cdn.requests

    @forms
    def test_allowed_when_listed(self, world: World) -> None:
        """A listed host and a strong hash are what it takes."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert world.cdn.asked_for(REAL.filename)

    @pytest.mark.parametrize("others", [(), ("files.pythonhosted.example",)], ids=["none yet", "one already"])
    def test_the_line_it_gives_helps(self, others: tuple[str, ...], world: World) -> None:
        """The line of TOML in the error, put into the table, makes the same command work."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(*others)
        said = world.install(victim, "big-model").words
        lines = re.findall(r'external-hosts = \["([^\]]*)"\]', said)
        assert lines, said
        world.route(victim, *lines[-1].split('", "'))
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert all(other in lines[-1] for other in others), "what was listed is still listed"

    @pytest.mark.parametrize("rule", ["host", "hash", "scheme"])
    @pytest.mark.parametrize("form", [HTML, JSON])
    def test_the_page_is_named(self, rule: str, world: World) -> None:
        """Whoever is to correct it needs to know which page named the file."""
        url = world.show_at(world.cdn, EVIL)
        world.index.clear()
        url = url.replace("https:", "http:") if rule == "scheme" else url
        world.index.show(EVIL, url, hashes=[] if rule == "hash" else ["sha256"])
        victim = world.routed(*([] if rule == "host" else [world.cdn]))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, EVIL.filename, world.index.page_url("big-model").rstrip("/"))

    def test_the_pages_of_another_index_do_not_count(self, world: World) -> None:
        """Hosts are listed for one index, and not for all."""
        world.show_at(world.cdn, EVIL, hashes=["sha256"])
        victim = world.equipped()
        other = {"url": world.third.url("/simple/"), "external-hosts": [world.cdn.name]}
        victim.route({"house": world.index.entry(), "other": other}, {"*": "house", "other": "other"})
        world.assert_refused(victim, world.install(victim, "big-model"), world.cdn)
        assert not world.cdn.requests


class TestHostPatterns:
    """What an entry of ``external-hosts`` covers."""

    def listed(self, world: World, host: str, *, port: int | None = None) -> bool:
        url = world.show_at(world.cdn, REAL)
        world.index.clear()
        if port is not None:
            url = url.replace(world.cdn.name, f"{world.cdn.name}:{port}")
        world.index.show(REAL, url, hashes=["sha256"])
        victim = world.routed(host)
        result = world.install(victim, "big-model")
        if result.returncode == 0:
            world.assert_installed(victim, result, "big-model")
        else:
            world.assert_refused(victim, result, world.cdn, "external-hosts")
            assert not world.cdn.requests
        return result.returncode == 0

    @pytest.mark.parametrize(
        "host", ["cdn-a.example", "CDN-A.Example", "cdn-a.example:443", "*.example", "*"]
    )
    def test_covered(self, host: str, world: World) -> None:
        assert self.listed(world, host)

    @pytest.mark.parametrize("host", ["a.example", "*.cdn-a.example", "*.a.example", "cdn-a.example:8443"])
    def test_not_covered(self, host: str, world: World) -> None:
        """A part of a name is another name, and a pattern does not cover its own suffix."""
        assert not self.listed(world, host)

    def test_a_port_of_its_own(self, world: World) -> None:
        """``host:port`` is how another port is listed."""
        port = world.cdn.ports[443]
        assert self.listed(world, f"cdn-a.example:{port}", port=port)

    @pytest.mark.parametrize("host", ["cdn-a.example", "*.example", "*"])
    def test_another_port(self, host: str, world: World) -> None:
        """Names and patterns mean the scheme's own port."""
        assert not self.listed(world, host, port=world.cdn.ports[443])

    def test_another_port_of_the_index(self, world: World) -> None:
        """The index's own host on another port is another origin."""
        port = world.cdn.ports[443]
        world.index.show(EVIL, f"https://{world.site.name}:{port}/w/{EVIL.filename}", hashes=["sha256"])
        victim = world.routed()
        world.assert_refused(victim, world.install(victim, "big-model"), f"{world.site.name}:{port}")
        assert not world.cdn.requests


class TestHashes:
    """A file lies on a listed host."""

    @forms
    def test_plain_pip_needs_no_hash(self, world: World) -> None:
        """The attack is one: whoever has the host has the users, as nothing says what the file was."""
        world.show_at(world.cdn, REAL, served=EVIL)
        victim = world.plain()
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "attacker")

    @forms
    def test_refused_without_one(self, world: World) -> None:
        """It is not downloaded, and pip gives the command that records its digest."""
        world.show_at(world.cdn, REAL, served=EVIL)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_refused(victim, result, world.cdn, REAL.filename, "sha256", "rim-router pin big-model")
        assert not world.cdn.requests

    @pytest.mark.parametrize("algorithm", WEAK)
    @pytest.mark.parametrize("form", [HTML, JSON])
    def test_refused_with_a_weak_one(self, algorithm: str, world: World) -> None:
        """A weak hash is none."""
        world.show_at(world.cdn, EVIL, hashes=[algorithm])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_refused(victim, result, world.cdn, "sha256", "rim-router pin big-model")
        assert not world.cdn.requests

    @pytest.mark.parametrize("algorithm", STRONG)
    @pytest.mark.parametrize("form", [HTML, JSON])
    def test_allowed_with_a_strong_one(self, algorithm: str, world: World) -> None:
        """Each of the strong ones will do."""
        world.show_at(world.cdn, REAL, hashes=[algorithm])
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    @pytest.mark.parametrize(
        "digest",
        ["", "ab", "zz" * 32, "ab" * 33, "…" * 64],
        ids=["empty", "short", "not hex", "long", "dots"],
    )
    def test_refused_with_something_else(self, digest: str, world: World) -> None:
        """What is no digest is none."""
        world.show_at(world.cdn, EVIL, hashes={"sha256": digest})
        victim = world.routed(world.cdn)
        world.assert_stopped(victim, world.install(victim, "big-model"))
        assert not world.cdn.asked_for(EVIL.filename)

    @pytest.mark.parametrize(("algorithm", "form"), [("sha256", HTML), ("sha384", FLAT), ("sha512", JSON)])
    def test_other_bytes(self, algorithm: str, world: World) -> None:
        """What is downloaded must be what the page says; the error shows both digests and the host."""
        world.show_at(world.cdn, REAL, served=EVIL, hashes=[algorithm])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(
            victim, result, REAL.filename, world.cdn.name, REAL.digest(algorithm), EVIL.digest(algorithm)
        )

    @forms
    def test_own_files_need_none(self, world: World) -> None:
        """What lies with the index is as good as the index."""
        world.index.place(REAL)
        victim = world.routed()
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_own_files_by_policy(self, world: World) -> None:
        """``policy.require-hashes = "all"``: they need one as well."""
        world.index.place(REAL)
        victim = world.routed(policy={"require-hashes": "all"})
        world.assert_stopped(victim, world.install(victim, "big-model"), REAL.filename, "require-hashes")
        assert not world.site.asked_for(REAL.filename)
        world.index.clear()
        world.index.place(REAL, hashes=["sha256"])
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    @forms
    def test_a_page_is_no_file(self, world: World) -> None:
        """That policy is not for the index page itself, so nothing is refused."""
        world.index.place(REAL, hashes=["sha256"])
        victim = world.routed(policy={"require-hashes": "all"})
        result, events = world.log(victim, "install", "big-model")
        world.assert_installed(victim, result, "big-model")
        assert not [each for each in events if each["event"] == "refused"]

    def test_the_next_index_by_policy(self, world: World) -> None:
        """Where the first index of several has nothing, nothing is refused, and the next one is asked."""
        second = Index(world.mirror, JSON, "/second/")
        second.place(REAL, hashes=["sha256"])
        victim = world.equipped()
        route = {"indexes": ["first", "second"], "strategy": "index-priority"}
        indexes = {"first": world.index.url, "second": second.url}
        write_table(victim.project, indexes, {"big-model": route}, {"require-hashes": "all"})
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")


class TestFragments:
    """A link of a JSON page can say twice what its file is."""

    @pytest.mark.parametrize("form", [JSON])
    def test_that_contradict_the_page(self, world: World) -> None:
        """Both count, and no file can have two digests of one kind."""
        url = world.cdn.put(f"/w/{EVIL.filename}", EVIL.data)
        world.index.show(EVIL, f"{url}#sha256={REAL.digest()}", hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, "big_model")


class TestSeveralHashes:
    """A JSON page gives several digests of a file."""

    def hashes(self, right: str, wrong: str) -> dict[str, str]:
        return {**digests(EVIL.data, right), **digests(REAL.data, wrong)}

    @pytest.mark.parametrize(
        ("right", "wrong"), [("md5", "sha256"), ("md5", "sha384"), ("sha256", "sha512"), ("sha512", "sha256")]
    )
    def test_every_strong_one_must_match(self, right: str, wrong: str, world: World) -> None:
        """Whichever comes first: one wrong digest is enough."""
        world.show_at(world.cdn, REAL, served=EVIL, hashes=self.hashes(right, wrong))
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(wrong), EVIL.digest(wrong))

    def test_plain_pip_looks_at_one(self, world: World) -> None:
        """The attack is one: a weak digest that can be forged stands before the strong one."""
        world.show_at(world.cdn, REAL, served=EVIL, hashes=self.hashes("md5", "sha256"))
        victim = world.plain()
        result = world.install(victim, "big-model")
        if result.returncode and world.environments.pip_version < (23,):
            pytest.skip("this pip chooses the strongest")
        world.assert_installed(victim, result, "big-model", "attacker")

    def test_a_weak_one_that_is_wrong(self, world: World) -> None:
        """A weak one never decides: with the strong ones right, the file is the right one or refused."""
        hashes = {**digests(REAL.data, "sha256"), **digests(EVIL.data, "md5")}
        world.show_at(world.cdn, REAL, hashes=hashes)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    @pytest.mark.parametrize("algorithms", [("md5", "sha256"), ("sha512", "sha256", "sha384", "sha1")])
    def test_all_right(self, algorithms: tuple[str, ...], world: World) -> None:
        """More than one is no trouble."""
        world.show_at(world.cdn, REAL, hashes=algorithms)
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")


class TestTwoLinksToOneFile:
    """A page links twice to one URL, with two digests: what comes can only have one of them."""

    def show(self, world: World, *, own: bool, reverse: bool = False) -> None:
        told = [digests(EVIL.data, "sha256"), digests(REAL.data, "sha256")]
        for hashes in reversed(told) if reverse else told:
            if own:
                world.index.place(REAL, hashes=hashes)
                world.site.put(f"{world.index.page_path('big-model')}{REAL.filename}", EVIL.data)
            else:
                world.show_at(world.cdn, REAL, served=EVIL, hashes=hashes)

    def test_plain_pip_looks_at_one(self, world: World) -> None:
        """The attack is one: a link that is right for what was put there."""
        self.show(world, own=False)
        victim = world.plain()
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "attacker")

    @forms
    @pytest.mark.parametrize("reverse", [False, True], ids=["", "reverse"])
    @pytest.mark.parametrize("own", [False, True], ids=["external", "own"])
    def test_both_must_match(self, own: bool, reverse: bool, world: World) -> None:
        """Whichever of them pip chooses."""
        if own and world.index.form == FLAT:
            pytest.skip("a file beside a flat page is the same on the others")
        self.show(world, own=own, reverse=reverse)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())


class TestSchemes:
    """Not everything that a link can lead to is a host."""

    @forms
    def test_plain_pip_takes_files_over_http(self, world: World) -> None:
        """The attack is one: a page that came over https sends pip over the open wire."""
        world.show_at(world.cdn, EVIL)
        world.index.clear()
        world.index.show(EVIL, world.cdn.url(f"/w/{EVIL.filename}", "http"))
        victim = world.plain()
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "attacker")

    @forms
    def test_http_is_refused(self, world: World) -> None:
        """A listed host and a hash do not make up for it."""
        world.show_at(world.cdn, REAL)
        world.index.clear()
        world.index.show(REAL, world.cdn.url(f"/w/{REAL.filename}", "http"), hashes=["sha256"])
        victim = world.routed("cdn-a.example", "cdn-a.example:80")
        world.assert_refused(victim, world.install(victim, "big-model"), world.cdn, "https")
        assert not world.cdn.requests

    def test_http_at_the_index_itself(self, world: World) -> None:
        """The index's host without TLS is another origin."""
        url = world.index.place(REAL).replace("https:", "http:")
        world.index.clear()
        world.index.show(REAL, url, hashes=["sha256"])
        victim = world.routed(world.site.name, f"{world.site.name}:80")
        world.assert_refused(victim, world.install(victim, "big-model"), world.site, "https")
        assert not world.site.asked_for(REAL.filename)

    @forms
    def test_files_of_the_file_system(self, world: World) -> None:
        """A page from a server may not point into the user's file system; plain pip follows it there."""
        victim, routed = world.plain(), world.routed("*")
        path = EVIL.write_to(victim.place / "elsewhere")
        world.index.show(EVIL, path.as_uri(), hashes=["sha256"])
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "attacker")
        world.assert_stopped(routed, world.install(routed, "big-model"), path.as_uri())


def passed_over(output: str) -> list[str]:
    """The warnings about newer files that may not be used."""
    return [line for line in output.splitlines() if "may not be used" in line and "newer" in line]


class TestSkipping:
    """A refused file is passed over if another serves."""

    @forms
    def test_an_older_one_serves(self, world: World) -> None:
        """The newest one is on a host that is not listed: the one before it is installed."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.show_at(world.mirror, NEWER, hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert not world.mirror.requests
        (warning,) = passed_over(result.stderr)
        assert warning.startswith(
            f"WARNING: {NEWER.filename} is newer than big-model {REAL.version}, and may not be used: "
        )
        assert warning.endswith(
            f"host {world.mirror} is not among the external-hosts of index house; to allow it, "
            f'set external-hosts = ["{world.cdn}", "{world.mirror}"] in index house in ./index-routing.toml:2'
        )
        assert len(passed_over(world.install(victim, "--upgrade", "big-model").output)) == 1
        assert not passed_over(world.install(victim, "big-model").output)

    def test_programs_read_nothing_of_it(self, world: World) -> None:
        """What is data has no warning in it; where versions are listed, there is one."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.show_at(world.mirror, NEWER, hashes=["sha256"])
        world.show_at(world.mirror, wheel("big-model", "9.0a1", origin="owner"), hashes=["sha256"])
        victim = world.routed(world.cdn)
        world.install(victim, "big-model", check=True)
        report = world.install(victim, "-q", "--ignore-installed", "--dry-run", "--report", "-", "big-model")
        outdated = world.pip(victim, "list", "--outdated", "--format", "json")
        for result in (report, outdated):
            json.loads(result.stdout)
            assert len(passed_over(result.stderr)) == 1, str(result)
            assert NEWER.filename in passed_over(result.stderr)[0]
        versions = world.pip(victim, "index", "versions", "big-model", check=True)
        assert not passed_over(versions.stdout)
        assert len(passed_over(versions.stderr)) == 1

    def test_what_is_older_or_no_candidate_is_passed_over_in_silence(self, world: World) -> None:
        """Nor is a pre-release missed, or a file that was withdrawn."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        for version, options in (("1.0", {}), ("9.0a1", {}), ("8.0", {"yanked": "wrong"})):
            world.show_at(world.mirror, wheel("big-model", version, origin="owner"), **options)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert not passed_over(result.output)

    def test_those_that_fit_come_first(self, world: World) -> None:
        """One for each reason, the newest; the rest is counted."""
        for minor in range(20):
            world.show_at(world.mirror, wheel("big-model", f"1.{minor}", origin="owner"), hashes=["sha256"])
            world.show_at(world.cdn, wheel("big-model", f"2.{minor}", origin="owner"))
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model<2")
        world.assert_stopped(victim, result)
        lines = [line for line in result.output.splitlines() if line.startswith(("Refused", "Also"))]
        assert len(lines) == 2
        assert "big_model-1.19-" in lines[0]
        assert lines[1] == "Also refused: 19 more files and 20 files that this request is not for."
        lines = world.install(victim, "--pre", "big-model").output.splitlines()
        first = [line for line in lines if line.startswith("Refused: ")]
        assert [f"big_model-{each}-" in line for each, line in zip(("2.19", "1.19"), first)] == [True, True]
        assert first[0].endswith("run: rim-router pin big-model --pre")

    def test_requirements_that_conflict(self, world: World) -> None:
        """pip says which; what would have met them is named after that."""
        for name, requires in (("one", "big-model>=1.2"), ("two", "big-model<1.3")):
            world.index.place(wheel(name, "1.0", origin="owner", requires=[requires]), hashes=["sha256"])
        for version in ("1.0", "1.4"):
            world.index.place(wheel("big-model", version, origin="owner"), hashes=["sha256"])
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed()
        result = world.install(victim, "one", "two")
        world.assert_refused(victim, result, world.cdn, "ResolutionImpossible", "external-hosts")
        (refused,) = [line for line in result.output.splitlines() if line.startswith("Refused: ")]
        assert REAL.filename in refused

    def test_nothing_is_left(self, world: World) -> None:
        """Each refused file is listed with its host, why, and what would allow it."""
        world.show_at(world.cdn, REAL)
        world.show_at(world.mirror, NEWER, hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_refused(victim, result, world.cdn, REAL.filename, "rim-router pin big-model")
        world.assert_refused(victim, result, world.mirror, NEWER.filename, f'"{world.mirror}"')
        assert_said(result, "No matching distribution found for big-model")

    def test_files_that_do_not_fit_are_not_listed(self, world: World) -> None:
        """Only what would have served is worth a word."""
        world.show_at(world.cdn, wheel("big-model", "1.4", origin="owner", tag="cp27-cp27m-win32"))
        world.show_at(world.mirror, NEWER, hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_refused(victim, result, world.mirror, NEWER.filename)
        assert "cp27-cp27m-win32" not in result.words

    def test_other_commands(self, world: World) -> None:
        """``pip download`` and ``pip wheel`` are judged alike."""
        world.show_at(world.cdn, EVIL, hashes=["sha256"])
        victim = world.routed()
        for command in (["download", "-d", "files"], ["wheel", "-w", "files"]):
            world.assert_refused(
                victim, world.pip(victim, *command, "big-model"), world.cdn, "external-hosts"
            )
            assert not list((victim.project / "files").glob("*.whl"))
        assert not world.cdn.requests


class TestSourceDistributions:
    """What has to be built is a file like any other."""

    def test_plain_pip_runs_it(self, world: World) -> None:
        """The attack is one: its code is run before anybody has looked at it."""
        victim = world.plain()
        world.show_at(world.cdn, trap("big-model", "1.2", victim.place / "was-run"))
        assert world.install(victim, "big-model").returncode != 0
        assert (victim.place / "was-run").exists()

    def test_refused(self, world: World) -> None:
        """Nothing of it is run."""
        victim = world.routed()
        world.show_at(world.cdn, trap("big-model", "1.2", victim.place / "was-run"), hashes=["sha256"])
        world.assert_refused(victim, world.install(victim, "big-model"), world.cdn, "external-hosts")
        assert not (victim.place / "was-run").exists()

    def test_other_bytes(self, world: World) -> None:
        """Nothing of it is run before its digest is known to be right."""
        victim = world.routed(world.cdn)
        real = sdist("big-model", "1.2", origin="owner")
        evil = trap("big-model", "1.2", victim.place / "was-run")
        world.show_at(world.cdn, real, served=evil, hashes=["sha256"])
        world.assert_stopped(victim, world.install(victim, "big-model"), real.digest(), evil.digest())
        assert not (victim.place / "was-run").exists()

    def test_allowed(self, world: World) -> None:
        """With a listed host and a hash it is built."""
        world.show_at(world.cdn, sdist("big-model", "1.2", origin="owner"), hashes=["sha256"])
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")


class TestDisguises:
    """A link that looks as if it stayed with the index."""

    def base(self, world: World) -> None:
        """A relative link on a page with a ``<base>`` elsewhere."""
        world.cdn.put(f"/w/{EVIL.filename}", EVIL.data)
        page = (
            f'<!DOCTYPE html><html><head><base href="{world.cdn.url("/w/")}"></head><body>'
            f'<a href="{EVIL.filename}">{EVIL.filename}</a></body></html>'
        )
        world.site.put(f"{world.index.page_path('big-model')}index.html", page)

    def user_information(self, world: World) -> None:
        """The index's host as the user name of another."""
        url = world.show_at(world.cdn, EVIL).replace("https://", f"https://{world.site}@")
        world.index.clear()
        world.index.show(EVIL, url)

    def without_scheme(self, world: World) -> None:
        """Two slashes are not a path."""
        url = world.show_at(world.cdn, EVIL).replace("https:", "")
        world.index.clear()
        world.index.show(EVIL, url)

    def upper_case(self, world: World) -> None:
        """A scheme and host in other letters."""
        url = world.show_at(world.cdn, EVIL).replace("https://cdn-a.example", "HTTPS://CDN-A.example")
        world.index.clear()
        world.index.show(EVIL, url)

    @pytest.mark.parametrize("form", [HTML])
    @pytest.mark.parametrize("disguise", ["base", "user_information", "without_scheme", "upper_case"])
    def test_seen_through(self, disguise: str, world: World) -> None:
        """Plain pip goes there; with the plugin it is what it is, a file on a host that is not listed."""
        getattr(self, disguise)(world)
        plain, victim = world.plain(), world.routed(world.third)
        result = world.install(plain, "big-model")
        if result.returncode == 0:
            world.assert_installed(plain, result, "big-model", "attacker")
        else:
            assert disguise == "upper_case", str(result)
        world.nginx.forget()
        world.assert_stopped(victim, world.install(victim, "big-model"), "cdn-a.example")
        assert not world.cdn.requests


class TestCompression:
    """Servers compress, asked or not."""

    @forms
    def test_pages(self, world: World) -> None:
        """A compressed page is read as any other."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        name = "index.json" if world.index.form == JSON else "index.html"
        # nginx looks the directory's index up by its own name.
        world.site.gzip(f"{world.index.page_path('big-model')}{name}")
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_files(self, world: World) -> None:
        """The digest is that of the file: compressed on the way it is another, or unpacked first."""
        packed = gzip.compress(REAL.data)
        url = world.cdn.behave(
            f"/w/{REAL.filename}", lambda exchange, _: exchange.reply(200, packed, Content_Encoding="gzip")
        )
        world.index.show(REAL, url, hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        if result.returncode == 0:
            world.assert_installed(victim, result, "big-model")
        else:
            world.assert_stopped(victim, result, REAL.digest(), world.cdn.name)


class TestKnownHosts:
    """PyPI's file host needs no listing."""

    @forms
    def test_pypi(self, world: World) -> None:
        """What pypi.org links to at files.pythonhosted.org is its own."""
        pypi, files = world.nginx.site("pypi.org"), world.nginx.site("files.pythonhosted.org")
        world.index = Index(pypi, world.index.form, "/simple/")
        world.show_at(files, REAL, hashes=["sha256"])
        victim = world.routed()
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_not_for_others(self, world: World) -> None:
        """For another index it is a host like any other."""
        files = world.nginx.site("files.pythonhosted.org")
        world.show_at(files, REAL, hashes=["sha256"])
        victim = world.routed()
        world.assert_refused(victim, world.install(victim, "big-model"), files, "external-hosts")


def tampered(artifact: Artifact) -> Artifact:
    """What somebody at the CDN makes of a file that nobody has a hash of."""
    if artifact.project != "torch":
        return artifact
    requires = ["jinja2", "pytorch-triton==3.2.0+git4b3bb1f8"]
    return wheel("torch", artifact.version, origin="attacker", requires=requires)


@forms
class TestPyTorch:
    """The layout of PyTorch's index: three hosts, and many files without a hash."""

    def test_plain_pip_takes_what_comes(self, world: World) -> None:
        """The attack is one: a file without a hash is whatever its host says it is."""
        PyTorch.build(world.index, world.cdn, world.third, tampered)
        victim = world.plain()
        world.assert_installed(victim, world.install(victim, "torchvision"), "torchvision")
        assert victim.origin("torch") == "attacker"

    def test_files_without_a_hash(self, world: World) -> None:
        """With three lines of a table pip stops, and says what to pin."""
        pytorch = PyTorch.build(world.index, world.cdn, world.third)
        victim = world.routed(*pytorch.hosts)
        result = world.install(victim, "torchvision")
        world.assert_stopped(
            victim, result, pytorch.urls["torch"], world.cdn.name, "rim-router pin torch", name="torch"
        )
        assert victim.origin("torchvision") is None

    def test_pinned(self, world: World) -> None:
        """Once they are pinned, plain ``pip install`` works, from all three hosts."""
        pytorch = PyTorch.build(world.index, world.cdn, world.third)
        victim = world.routed(*pytorch.hosts)
        world.pin(victim, *pytorch.pins())
        result = world.install(victim, "torchvision")
        for name in ("torch", "torchvision", "jinja2", "markupsafe", "pytorch-triton"):
            world.assert_installed(victim, result, name)
        assert victim.installed()["torch"] == "2.6.0+cu126"
        assert world.nginx.hosts_asked() == sorted(map(str, (world.site, world.cdn, world.third)))

    def test_pinned_and_tampered(self, world: World) -> None:
        """And from then on it is those bytes or nothing."""
        pytorch = PyTorch.build(world.index, world.cdn, world.third, tampered)
        victim = world.routed(*pytorch.hosts)
        world.pin(victim, *pytorch.pins())
        result = world.install(victim, "torchvision")
        bad = tampered(pytorch.torch)
        world.assert_stopped(
            victim, result, pytorch.torch.digest(), bad.digest(), pytorch.torch.filename, name="torch"
        )
        assert victim.origin("torchvision") is None
