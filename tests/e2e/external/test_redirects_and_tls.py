"""Where servers send pip, and how it speaks to them (reference: Redirects)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.external import FORMS, HTML, JSON, Index, Pin, assert_said, twins
from tests.support.nginx import Issuer
from tests.support.servers import IndexServer, redirect
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.external.conftest import World
    from tests.support.environments import Environment, Result

forms = pytest.mark.parametrize("form", FORMS)

REAL, EVIL = twins("big-model", "1.2")
PATH = f"/w/{REAL.filename}"
CODES = [301, 302, 303, 307, 308]


class TestRedirectedPages:
    """An index sends pip elsewhere for a page."""

    def moved(self, world: World) -> Index:
        """The page is at the mirror; the index redirects there."""
        other = Index(world.mirror, world.index.form, world.index.path)
        other.place(REAL, hashes=["sha256"])
        world.site.redirect(world.index.page_path("big-model"), other.page_url("big-model"))
        return other

    @forms
    def test_plain_pip_follows(self, world: World) -> None:
        """The attack is one: the page of another host is taken for the index's own."""
        self.moved(world)
        victim = world.plain()
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    @forms
    def test_to_a_host_that_is_not_listed(self, world: World) -> None:
        """pip does not go there, and says where it was sent."""
        self.moved(world)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, world.mirror.name, "external-hosts")
        assert not world.mirror.requests

    @forms
    def test_to_a_listed_host(self, world: World) -> None:
        """It goes there; what lies with that page is external."""
        self.moved(world)
        victim = world.routed(world.mirror)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_files_there_need_a_hash(self, world: World) -> None:
        """A page that was found elsewhere does not make its host the index."""
        other = self.moved(world)
        other.clear()
        other.place(REAL)
        victim = world.routed(world.mirror)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, world.mirror.name, "sha256", "rim-router pin big-model")
        assert not world.mirror.asked_for(REAL.filename)

    @forms
    def test_within_the_origin(self, world: World) -> None:
        """An index may move its pages about."""
        world.index.place(REAL)
        moved = Index(world.site, world.index.form, "/moved/")
        moved.place(REAL)
        world.site.redirect(world.index.page_path("big-model"), moved.page_url("big-model"))
        victim = world.routed()
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert world.site.asked_for("/moved/")

    def test_to_http(self, world: World) -> None:
        """Never from https to http, on the same host and with it listed."""
        world.index.place(REAL)
        moved = Index(world.site, world.index.form, "/moved/")
        moved.place(EVIL)
        url = moved.page_url("big-model").replace("https:", "http:")
        world.site.redirect(world.index.page_path("big-model"), url)
        victim = world.routed(world.site.name, f"{world.site.name}:80", "*")
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, "http")
        assert not world.site.asked_for("/moved/")

    def test_from_http_to_https(self, world: World) -> None:
        """On the same host that is what a good index does; its files are then its own."""
        world.index.place(REAL)
        page = world.index.page_path("big-model")
        with IndexServer("open") as server:
            victim = world.equipped()
            # Another port is another origin, and http on loopback is what pip takes without a word.
            server.on("big-model", redirect(world.site.url(page)))
            victim.route({"house": server.url}, {"*": "house"})
            result = world.install(victim, "big-model")
            world.assert_stopped(victim, result, world.site.name)
        victim = world.equipped()
        url = world.index.url.replace("https:", "http:")
        options = ["--trusted-host", world.site.name]
        victim.route({"house": url}, {"*": "house"})
        world.site.redirect_http()
        world.assert_installed(victim, world.install(victim, *options, "big-model"), "big-model")
        assert {each.scheme for each in world.site.asked_for(page)} == {"http", "https"}

    def test_round_and_round(self, world: World) -> None:
        """A redirect without end is an error, and no empty page."""
        page = world.index.page_path("big-model")
        world.site.redirect(page, world.site.url(page))
        victim = world.routed()
        world.assert_stopped(victim, world.install(victim, "big-model"), world.site.name)


class TestRedirectedFiles:
    """A file's URL leads on to another host."""

    def moved(self, world: World, *, external: bool = True, **options: object) -> None:
        """The file is at the mirror; where the page says it is there is a redirect."""
        if external:
            world.show_at(world.cdn, REAL, **options)
            world.cdn.redirect(PATH, world.mirror.put(PATH, REAL.data))
        else:
            path = f"{world.index.path}big-model/{REAL.filename}"
            world.index.place(REAL, **options)
            world.site.redirect(path, world.mirror.put(PATH, EVIL.data))

    def test_plain_pip_follows(self, world: World) -> None:
        """The attack is one: without a hash whoever can redirect chooses the file."""
        self.moved(world, external=False)
        victim = world.plain()
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model", "attacker")

    def test_without_a_hash(self, world: World) -> None:
        """The index's own file has none, so it may not be elsewhere; the other host is not asked."""
        self.moved(world, external=False)
        victim = world.routed(world.mirror)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, world.mirror.name, "redirect", REAL.filename)
        assert not world.mirror.requests

    @pytest.mark.parametrize("hashes", [(), ("md5",)], ids=["none", "weak"])
    def test_with_a_weak_hash(self, hashes: tuple[str, ...], world: World) -> None:
        """A weak one is none."""
        self.moved(world, external=False, hashes=hashes)
        victim = world.routed(world.mirror)
        world.assert_stopped(victim, world.install(victim, "big-model"), world.mirror.name)
        assert not world.mirror.requests

    @pytest.mark.parametrize("external", [True, False], ids=["external", "own"])
    @pytest.mark.parametrize("form", [HTML, JSON])
    def test_with_a_strong_hash(self, external: bool, world: World) -> None:
        """Whoever has the bytes may send them, and is named."""
        self.moved(world, external=external, hashes=["sha256"])
        world.mirror.put(PATH, REAL.data)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert_said(result, world.mirror.name)

    def test_with_a_pin(self, world: World) -> None:
        """A pin is a strong hash."""
        self.moved(world)
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, world.cdn.url(PATH)))
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_to_other_bytes(self, world: World) -> None:
        """What is found there is verified."""
        self.moved(world, hashes=["sha256"])
        world.mirror.put(PATH, EVIL.data)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest(), world.mirror.name)

    @pytest.mark.parametrize("code", CODES)
    def test_every_kind(self, code: int, world: World) -> None:
        """Whatever the redirect's number."""
        world.index.place(REAL)
        path = f"{world.index.path}big-model/{REAL.filename}"
        world.site.redirect(path, world.mirror.put(PATH, EVIL.data), code)
        victim = world.routed(world.mirror)
        world.assert_stopped(victim, world.install(victim, "big-model"), world.mirror.name)
        assert not world.mirror.requests

    def test_by_policy(self, world: World) -> None:
        """``policy.redirects = "listed"``: files too only to ``external-hosts``."""
        self.moved(world, hashes=["sha256"])
        victim = world.routed(world.cdn, policy={"redirects": "listed"})
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, world.mirror.name, "redirects", "external-hosts")
        assert not world.mirror.requests
        world.route(victim, world.cdn, world.mirror, policy={"redirects": "listed"})
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_over_several_hosts(self, world: World) -> None:
        """Each of them is judged: one that is not listed on the way is one too many."""
        self.moved(world, hashes=["sha256"])
        world.mirror.redirect(PATH, world.third.put(PATH, REAL.data))
        victim = world.routed(world.cdn, world.third, policy={"redirects": "listed"})
        world.assert_stopped(victim, world.install(victim, "big-model"), world.mirror.name)
        assert not world.third.requests
        world.route(victim, world.cdn)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert_said(result, world.mirror.name, world.third.name)

    @pytest.mark.parametrize("host", ["same", "other"])
    def test_to_http(self, host: str, world: World) -> None:
        """Never from https to http, whatever is known of the file."""
        target = world.cdn if host == "same" else world.mirror
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        target.put("/x/" + REAL.filename, REAL.data)
        world.cdn.redirect(PATH, target.url(f"/x/{REAL.filename}", "http"))
        plain, victim = world.plain(), world.routed("*", f"{target}:80")
        world.assert_installed(plain, world.install(plain, "big-model"), "big-model")
        world.nginx.forget()
        world.assert_stopped(victim, world.install(victim, "big-model"), "http", target.name)
        assert not [each for each in world.nginx.requests() if each.scheme == "http"]

    def test_through_http_and_back(self, world: World) -> None:
        """An open stretch in the middle of the way is one as well."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.cdn.redirect(PATH, world.mirror.url("/x", "http"))
        world.mirror.redirect("/x", world.mirror.put(PATH, REAL.data))
        victim = world.routed("*", f"{world.mirror}:80")
        world.assert_stopped(victim, world.install(victim, "big-model"), "http", world.mirror.name)
        assert not world.mirror.requests

    def test_within_the_host(self, world: World) -> None:
        """An index may move its files about, with or without a hash."""
        world.index.place(REAL)
        path = f"{world.index.path}big-model/{REAL.filename}"
        world.site.redirect(path, world.site.put(PATH, REAL.data))
        victim = world.routed()
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_signed_urls(self, world: World) -> None:
        """What is in the query of such a URL is not shown."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        url = world.mirror.put(PATH, REAL.data)
        world.cdn.redirect(PATH, f"{url}?X-Amz-Credential=AKIA1&X-Amz-Signature=s3cr3t-w0rd")
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert "s3cr3t-w0rd" not in result.output
        assert any("s3cr3t-w0rd" in each.uri for each in world.mirror.requests), "it is used all the same"


class TestCredentials:
    """What is for the index is for nobody else."""

    def protected(self, world: World) -> str:
        world.site.protect("ci", "s3cr3t-w0rd")
        return world.index.url.replace("https://", "https://ci:s3cr3t-w0rd@")

    def route(self, world: World, url: str) -> Environment:
        victim = world.equipped()
        hosts = [str(world.cdn), str(world.mirror)]
        victim.route({"house": {"url": url, "external-hosts": hosts}}, {"*": "house"})
        return victim

    def assert_kept(self, world: World, result: Result) -> None:
        assert "s3cr3t-w0rd" not in result.output
        assert [each for each in world.site.requests if each.authorization], "the index was told"
        others = [each for each in world.nginx.requests() if each.host != world.site.name]
        assert others, "the other host was asked"
        assert not [each for each in others if each.authorization]

    @pytest.mark.parametrize("form", [HTML, JSON])
    def test_not_for_external_files(self, world: World) -> None:
        """The host of an external file does not see them."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = self.route(world, self.protected(world))
        result = world.install(victim, "-v", "big-model")
        world.assert_installed(victim, result, "big-model")
        self.assert_kept(world, result)

    def test_not_for_redirected_files(self, world: World) -> None:
        """The target of a redirect does not see them."""
        world.index.place(REAL, hashes=["sha256"])
        path = f"{world.index.path}big-model/{REAL.filename}"
        world.site.redirect(path, world.mirror.put(PATH, REAL.data))
        victim = self.route(world, self.protected(world))
        result = world.install(victim, "-v", "big-model")
        world.assert_installed(victim, result, "big-model")
        self.assert_kept(world, result)

    def test_not_for_redirected_pages(self, world: World) -> None:
        """Nor does a listed host that has the page."""
        other = Index(world.mirror, world.index.form, world.index.path)
        other.place(REAL, hashes=["sha256"])
        world.site.redirect(world.index.page_path("big-model"), other.page_url("big-model"))
        victim = self.route(world, self.protected(world))
        result = world.install(victim, "-v", "big-model")
        world.assert_installed(victim, result, "big-model")
        self.assert_kept(world, result)

    def test_not_when_asked_for(self, world: World) -> None:
        """An external host that answers 401 does not get the index's password."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.cdn.protect("ci", "s3cr3t-w0rd")
        victim = self.route(world, self.protected(world))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, world.cdn.name, "401")
        self.assert_kept(world, result)

    def test_netrc_for_the_external_host(self, world: World) -> None:
        """What the user keeps for that very host is for it."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.cdn.protect("me", "an0ther-w0rd")
        victim = world.routed(world.cdn)
        netrc = victim.home / ".netrc"
        netrc.write_text(f"machine {world.cdn}\nlogin me\npassword an0ther-w0rd\n", encoding="utf-8")
        netrc.chmod(0o600)
        world.nginx.introduce(victim)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert "an0ther-w0rd" not in result.output


class TestCertificates:
    """Whom pip speaks to."""

    def assert_refused(self, world: World, victim: Environment, result: Result) -> None:
        world.assert_stopped(victim, result, world.cdn.name, "certificate")
        assert not world.cdn.requests

    @pytest.mark.parametrize("wrong", ["name", "authority"])
    def test_a_wrong_one(self, wrong: str, world: World, tmp_path: Path) -> None:
        """A certificate of another host, and one that nobody trusts."""
        issuer = Issuer(tmp_path) if wrong == "authority" else None
        names = None if wrong == "authority" else ["elsewhere.example"]
        world.cdn = world.nginx.site("cdn-a.example", certificate_for=names, issuer=issuer)
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        self.assert_refused(world, victim, world.install(victim, "big-model"))

    def test_a_trusted_host(self, world: World, tmp_path: Path) -> None:
        """``--trusted-host`` is for indexes: it does not open external hosts; plain pip lets it."""
        world.cdn = world.nginx.site("cdn-a.example", issuer=Issuer(tmp_path))
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        plain, victim = world.plain(), world.routed(world.cdn)
        options = ["--trusted-host", world.cdn.name]
        world.assert_installed(plain, world.install(plain, *options, "big-model"), "big-model")
        world.nginx.forget()
        self.assert_refused(world, victim, world.install(victim, *options, "big-model"))

    def test_redirect_targets_too(self, world: World, tmp_path: Path) -> None:
        """Where a redirect leads, the same holds."""
        world.mirror = world.nginx.site("cdn-b.example", issuer=Issuer(tmp_path))
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.cdn.redirect(PATH, world.mirror.put(PATH, REAL.data))
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, world.mirror.name, "certificate")

    @pytest.mark.parametrize("given", ["option", "variable", "requests"])
    def test_roots_that_pip_was_given(self, given: str, world: World) -> None:
        """``--cert``, ``PIP_CERT`` and ``REQUESTS_CA_BUNDLE`` hold for external hosts."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        bundle = str(victim.extra_environ.pop("PIP_CERT"))
        options = ["--cert", bundle] if given == "option" else []
        env = {"variable": {"PIP_CERT": bundle}, "requests": {"REQUESTS_CA_BUNDLE": bundle}}.get(given, {})
        world.assert_installed(victim, world.install(victim, *options, "big-model", env=env), "big-model")

    def test_no_roots_of_the_machine(self, world: World) -> None:
        """What the system trusts besides does not count for external hosts; newer pips trust it."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        with IndexServer("index") as server:
            server.add(REAL, at=world.cdn.url(PATH))
            for victim in (world.plain(), world.equipped()):
                victim.extra_environ["SSL_CERT_FILE"] = str(victim.extra_environ.pop("PIP_CERT"))
                victim.route(
                    {"house": {"url": server.url, "external-hosts": [str(world.cdn)]}}, {"*": "house"}
                )
                world.nginx.serve()
                result = victim.pip("install", "--index-url", server.url, "big-model")
                if victim.equipped:
                    self.assert_refused(world, victim, result)
                elif world.environments.pip_version > (24, 2):
                    world.assert_installed(victim, result, "big-model")
                world.nginx.forget()

    def test_the_roots_of_the_system_by_policy(self, world: World) -> None:
        """With ``external-roots = "system"`` what pip itself trusts will do; a failure names the key."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        with IndexServer("index") as server:
            server.add(REAL, at=world.cdn.url(PATH))
            world.nginx.serve()
            for roots in ("mozilla", "system"):
                victim = world.equipped()
                victim.extra_environ["SSL_CERT_FILE"] = str(victim.extra_environ.pop("PIP_CERT"))
                house = {"url": server.url, "external-hosts": [str(world.cdn)]}
                victim.route({"house": house}, {"*": "house"}, {"external-roots": roots})
                result = victim.pip("install", "big-model")
                if roots == "system" and world.environments.pip_version > (24, 2):
                    world.assert_installed(victim, result, "big-model")
                    continue
                self.assert_refused(world, victim, result)
                assert "--cert FILE or PIP_CERT=FILE" in result.words
                assert ('external-roots = "system" under [policy]' in result.words) == (roots == "mozilla")

    def test_the_roots_of_mozilla(self, world: World) -> None:
        """Without any of these, a private authority is nobody's."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        with IndexServer("index") as server:
            server.add(REAL, at=world.cdn.url(PATH))
            victim = world.equipped()
            del victim.extra_environ["PIP_CERT"]
            victim.route({"house": {"url": server.url, "external-hosts": [str(world.cdn)]}}, {"*": "house"})
            world.nginx.serve()
            self.assert_refused(world, victim, victim.pip("install", "big-model"))


OLD_OPENSSL = """\
openssl_conf = settings
[settings]
ssl_conf = ssl
[ssl]
system_default = lax
[lax]
MinProtocol = TLSv1
CipherString = DEFAULT:@SECLEVEL=0
"""


class TestProtocols:
    """How it speaks."""

    def lax(self, victim: Environment) -> Environment:
        """OpenSSL on the victim's machine allows what it should not."""
        path = victim.place / "openssl.cnf"
        path.write_text(OLD_OPENSSL, encoding="utf-8")
        victim.extra_environ["OPENSSL_CONF"] = str(path)
        return victim

    def test_plain_pip_speaks_old_tls(self, world: World) -> None:
        """The attack is one where the machine's OpenSSL is told to allow it, and the Python is old."""
        world.cdn.speak_only("TLSv1 TLSv1.1")
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = self.lax(world.plain())
        result = world.install(victim, "big-model")
        if result.returncode and world.environments.pair.python >= (3, 10):
            pytest.skip("this Python does not speak it by itself")
        world.assert_installed(victim, result, "big-model")
        assert {each.protocol for each in world.cdn.requests} == {"TLSv1.1"}

    def test_old_tls(self, world: World) -> None:
        """TLS 1.1 is refused, whatever the machine's OpenSSL would allow."""
        world.cdn.speak_only("TLSv1 TLSv1.1")
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = self.lax(world.routed(world.cdn))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, world.cdn.name)
        assert not world.cdn.requests

    def test_old_tls_after_a_redirect(self, world: World) -> None:
        """Redirect targets included."""
        world.mirror.speak_only("TLSv1 TLSv1.1")
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.cdn.redirect(PATH, world.mirror.put(PATH, REAL.data))
        victim = self.lax(world.routed(world.cdn))
        world.assert_stopped(victim, world.install(victim, "big-model"), world.mirror.name)
        assert not world.mirror.requests

    @pytest.mark.parametrize("protocol", ["TLSv1.2", "TLSv1.3"])
    def test_new_tls(self, protocol: str, world: World) -> None:
        """1.2 and 1.3 are spoken."""
        world.cdn.speak_only(protocol)
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert {each.protocol for each in world.cdn.requests} == {protocol}


class TestOpenSSL:
    """``policy.minimum-openssl``."""

    def test_an_older_one(self, world: World) -> None:
        """It may not talk to external hosts; pip says which it is and which is asked for."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.index.place(wheel("leaf", "1.0", origin="owner"))
        victim = world.routed(world.cdn, policy={"minimum-openssl": "99.0.1"})
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, world.cdn.name, "99.0.1", "minimum-openssl", "OpenSSL")
        assert not world.cdn.requests
        world.assert_installed(victim, world.install(victim, "leaf"), "leaf")

    def test_after_a_redirect(self, world: World) -> None:
        """Nor to the target of a redirect."""
        world.index.place(REAL, hashes=["sha256"])
        path = f"{world.index.path}big-model/{REAL.filename}"
        world.site.redirect(path, world.mirror.put(PATH, REAL.data))
        victim = world.routed(world.mirror, policy={"minimum-openssl": "99.0.1"})
        world.assert_stopped(victim, world.install(victim, "big-model"), world.mirror.name, "99.0.1")
        assert not world.mirror.requests

    @pytest.mark.parametrize("version", ["1.0.2", "1.1.1"])
    def test_new_enough(self, version: str, world: World) -> None:
        """A newer one may."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn, policy={"minimum-openssl": version})
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
