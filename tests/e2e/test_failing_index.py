"""An index that does not answer as one stops pip: it never makes pip look elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import (
    HTML_TYPE,
    JSON_TYPE,
    Behaviour,
    Exchange,
    IndexServer,
    drop,
    empty_page,
    invalid_json,
    login_page,
    redirect,
    status,
    unknown_charset,
    wrong_type,
)
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Result
    from tests.support.servers import Authority

FAILURES: dict[str, tuple[Behaviour, str]] = {
    "401": (status(401), "401"),
    "403": (status(403), "403"),
    "429": (status(429), "429"),
    "500": (status(500), "500"),
    "503": (status(503), "503"),
    "login page": (login_page, "acme"),
    "wrong type": (wrong_type, "application/pdf"),
    "invalid JSON": (invalid_json, "acme"),
    "unknown charset": (unknown_charset, "acme"),
    "dropped connection": (drop, "acme"),
}


class TestFailingPage:
    """The page of the project on its own index is not what it should be."""

    @pytest.mark.parametrize("failure", FAILURES)
    def test_plain_pip_falls_through(self, failure: str, stage: Stage, environments: Environments) -> None:
        """The attack is one: plain pip takes the failed page for an empty one, or stops at most."""
        stage.private.on("acme-core", FAILURES[failure][0])
        victim = environments.plain()
        result = victim.pip("install", *stage.both, "acme-core")
        if failure in ("invalid JSON", "unknown charset") and result.returncode != 0:
            pytest.skip("this pip stops by itself")
        stage.assert_impostor_won(victim, result)

    @pytest.mark.parametrize("failure", FAILURES)
    def test_routed_pip_stops(self, failure: str, stage: Stage, environments: Environments) -> None:
        """pip stops, names the index and what it answered, and asks nobody else."""
        behaviour, reason = FAILURES[failure]
        stage.private.on("acme-core", behaviour)
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", *stage.both, "acme-core")
        stage.assert_stopped(victim, result, reason, stage.private.netloc)

    @pytest.mark.parametrize("failure", ["403", "500", "login page"])
    @pytest.mark.spread
    def test_on_every_pip(self, failure: str, stage: Stage, environments: Environments) -> None:
        """The same for a dependency, on each pip."""
        behaviour, reason = FAILURES[failure]
        stage.private.on("acme-core", behaviour)
        victim = environments.equipped()
        stage.route(victim)
        stage.assert_stopped(victim, victim.pip("install", *stage.both, "tool"), reason)

    def test_with_an_older_version_installed(self, stage: Stage, environments: Environments) -> None:
        """An upgrade that cannot ask the index fails, and leaves the installed version alone."""
        victim = environments.equipped()
        stage.route(victim)
        victim.pip("install", *stage.both, "acme-core", check=True)
        stage.private.on("acme-core", status(500))
        result = victim.pip("install", "--upgrade", *stage.both, "acme-core")
        assert result.returncode != 0, str(result)
        assert victim.installed()["acme-core"] == "1.0"
        assert not stage.public.asked_for("acme-core")


class TestUnreachable:
    """There is no talking to the index."""

    def test_plain_pip_falls_through(self, stage: Stage, environments: Environments) -> None:
        """The attack is one: it is enough to keep the private index from answering."""
        stage.private.close()
        victim = environments.plain()
        stage.assert_impostor_won(victim, victim.pip("install", *stage.both, "acme-core"))

    def test_connection_refused(self, stage: Stage, environments: Environments) -> None:
        """A server that is down stops pip."""
        stage.private.close()
        victim = environments.equipped()
        stage.route(victim)
        stage.assert_stopped(victim, victim.pip("install", *stage.both, "acme-core"), stage.private.netloc)

    def test_unknown_host(self, stage: Stage, environments: Environments) -> None:
        """A host name that does not resolve stops pip."""
        victim = environments.equipped()
        victim.route({"acme": "https://pypi.acme.invalid/simple/"}, {"acme-*": "acme"})
        result = victim.pip("install", "--index-url", stage.public.url, "acme-core")
        stage.assert_stopped(victim, result, "pypi.acme.invalid")

    def test_tls(self, stage: Stage, environments: Environments, authority: Authority) -> None:
        """A certificate that nobody vouches for stops pip; plain pip goes elsewhere."""
        with IndexServer("private", tls=authority.context("localhost")) as server:
            server.add(stage.real)
            plain, victim = environments.plain(), environments.equipped()
            both = ["--index-url", server.url, "--extra-index-url", stage.public.url]
            stage.assert_impostor_won(plain, plain.pip("install", *both, "acme-core"))
            stage.public.forget()
            victim.route({"acme": server.url}, {"acme-*": "acme"})
            result = victim.pip("install", *both, "acme-core")
            stage.assert_stopped(victim, result, "certificate", server.netloc)

    def test_trusted_tls(self, stage: Stage, environments: Environments, authority: Authority) -> None:
        """With ``--cert`` the same index serves."""
        with IndexServer("private", tls=authority.context("localhost")) as server:
            server.add(stage.real)
            victim = environments.equipped()
            victim.route({"acme": server.url}, {"acme-*": "acme"})
            result = victim.pip(
                "--cert", authority.bundle, "install", "--index-url", stage.public.url, "acme-core"
            )
            assert result.returncode == 0, str(result)
            assert victim.origin("acme_core") == "private"
            assert not stage.public.asked_for("acme-core")


class TestRedirectedPage:
    """The index sends pip elsewhere for the project's page."""

    def test_plain_pip_follows(self, stage: Stage, environments: Environments) -> None:
        """The attack is one."""
        stage.private.on("acme-core", redirect(f"{stage.public.url}acme-core/"))
        victim = environments.plain()
        stage.assert_impostor_won(
            victim, victim.pip("install", "--index-url", stage.private.url, "acme-core")
        )

    @pytest.mark.parametrize("code", [301, 302, 307, 308])
    def test_to_another_host(self, code: int, stage: Stage, environments: Environments) -> None:
        """pip does not go there, and says where it was sent."""
        stage.private.on("acme-core", redirect(f"{stage.public.url}acme-core/", code))
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", "--index-url", stage.private.url, "acme-core")
        stage.assert_stopped(victim, result, stage.public.netloc)

    def test_within_the_host(self, stage: Stage, environments: Environments) -> None:
        """An index may move its pages about."""
        # The behaviour is that of one spelling of the path: what it leads to is the page.
        stage.private.on("/simple/acme-core/", redirect("/simple/acme.core/"))
        victim = environments.equipped()
        stage.route(victim)
        stage.assert_routed(victim, victim.pip("install", *stage.both, "acme-core"))
        assert any(request.path == "/simple/acme.core/" for request in stage.private.requests)


class TestQuarantined:
    """The index says that the project is quarantined (PEP 792): that is neither "there" nor "not there"."""

    REASON = "malware was found in 1.0"

    def _quarantine(self, stage: Stage, form: str, reason: str | None = REASON) -> None:
        stage.private.html_only = form == "HTML"
        stage.private.declare("acme-core", "quarantined", reason)

    @pytest.mark.parametrize("form", ["HTML", "JSON"])
    def test_plain_pip_installs_it(self, form: str, stage: Stage, environments: Environments) -> None:
        """Without a word: no pip looks at the status."""
        self._quarantine(stage, form)
        victim = environments.plain()
        result = victim.pip("install", "--index-url", stage.private.url, "acme-core", check=True)
        assert victim.origin("acme_core") == "private"
        assert "quarantine" not in result.output

    @pytest.mark.parametrize("form", ["HTML", "JSON"])
    def test_routed_pip_stops(self, form: str, stage: Stage, environments: Environments) -> None:
        """With the index's reason, for a dependency and in every command that looks up."""
        self._quarantine(stage, form)
        victim = environments.equipped()
        stage.route(victim)
        reasons = ("acme-core is quarantined", self.REASON, stage.private.netloc)
        stage.assert_stopped(victim, victim.pip("install", *stage.both, "tool"), *reasons)
        for command in (["download"], ["install", "--dry-run"], ["index", "versions"]):
            stage.assert_stopped(victim, victim.pip(*command, *stage.both, "acme-core"), *reasons)

    @pytest.mark.parametrize("strategy", ["first-index", "index-priority", "version-priority"])
    def test_in_a_list(self, strategy: str, stage: Stage, environments: Environments) -> None:
        """The next index is not asked, or what it has is not taken; without a reason pip says so."""
        self._quarantine(stage, "JSON", None)
        victim = environments.equipped()
        victim.route(
            {"acme": stage.private.url, "public": stage.public.url},
            {"acme-*": {"indexes": ["acme", "public"], "strategy": strategy}},
        )
        result = victim.pip("install", "acme-core")
        assert result.returncode != 0, str(result)
        assert "acme-core is quarantined, with no reason given" in result.words
        assert victim.origin("acme_core") is None
        assert strategy == "version-priority" or not stage.public.asked_for("acme-core")

    def test_a_list_of_outdated_projects(self, stage: Stage, environments: Environments) -> None:
        """Is made without it, with a warning, as without a denied one."""
        victim = environments.equipped()
        victim.route(
            {"acme": stage.private.url, "public": stage.public.url},
            {
                "acme-*": {"indexes": ["acme", "public"], "strategy": "index-priority"},
                "leaf": "public",
                "*": {"deny": "x"},
            },
        )
        victim.pip("install", "acme-core", "leaf", check=True)
        stage.public.add(wheel("leaf", "2.0", origin="public"))
        stage.public.forget()
        self._quarantine(stage, "JSON")
        result = victim.pip("list", "--outdated", check=True)
        assert "leaf" in result.stdout
        assert "acme-core" not in result.stdout
        assert result.words.count(f"acme-core is quarantined: {self.REASON}") == 1
        assert not stage.public.asked_for("acme-core")

    def test_a_wheel_that_was_built_before(self, stage: Stage, environments: Environments) -> None:
        """Is not taken from pip's cache: the project is looked up first."""
        stage.private.add(sdist("acme-late", "1.0", origin="private"))
        victim = environments.equipped()
        stage.route(victim)
        cache = {"PIP_NO_CACHE_DIR": None}
        options = ["--no-build-isolation", "--index-url", stage.private.url]
        victim.pip("install", *options, "acme-late", check=True, env=cache)
        victim.pip("uninstall", "-y", "acme-late", check=True)
        stage.private.declare("acme-late", "quarantined", self.REASON)
        result = victim.pip("install", *options, "acme-late", env=cache)
        assert result.returncode != 0, str(result)
        assert self.REASON in result.words
        assert "acme-late" not in victim.installed()

    def test_other_statuses(self, stage: Stage, environments: Environments) -> None:
        """Are installed."""
        stage.private.declare("acme-core", "archived", self.REASON)
        victim = environments.equipped()
        stage.route(victim)
        stage.assert_routed(victim, victim.pip("install", *stage.both, "acme-core"))


class TestOtherVersionsOfTheInterface:
    """A page that says it is of an API version that nobody knows yet (PEP 629, PEP 691)."""

    @pytest.mark.parametrize("form", ["HTML", "JSON"])
    def test_routed_pip_stops(self, form: str, stage: Stage, environments: Environments) -> None:
        """And the hint fits; plain pip installs from it."""
        url = stage.private.host(stage.real)
        html = f'<meta name="pypi:repository-version" content="2.0"><a href="{url}">1.0</a>'
        files = [{"filename": stage.real.filename, "url": url, "hashes": {}}]
        page = json.dumps({"meta": {"api-version": "2.0"}, "files": files})
        answer = (html, HTML_TYPE) if form == "HTML" else (page, JSON_TYPE)

        def behave(exchange: Exchange) -> bool:
            exchange.reply(200, *answer)
            return True

        stage.private.on("acme-core", behave)
        plain = environments.plain()
        plain.pip("install", "--index-url", stage.private.url, "acme-core", check=True)
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", *stage.both, "acme-core")
        stage.assert_stopped(victim, result, "it has API version 2.0", "upgrade rim-router")
        assert "is the URL" not in result.words

    def test_an_empty_page_of_the_type_of_indexes(self, stage: Stage, environments: Environments) -> None:
        """Says "not there": no other page could have that type."""
        stage.private.on("acme-core", empty_page)
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", *stage.both, "acme-core")
        stage.assert_stopped(victim, result, "No matching distribution found for acme-core")


LOGIN = "https://login.example/authorize"
NO_OBJECTS = ("Max retries", "urllib3", "object at 0x", "HTTPConnectionPool")


class TestWhatWouldHelp:
    """What pip is told to do is what helps, and names the line of the table."""

    def result(self, stage: Stage, environments: Environments, index: object) -> Result:
        """pip stops."""
        victim = environments.equipped()
        victim.route({"acme": index}, {"acme-*": "acme"})
        result = victim.pip("install", *stage.both, "acme-core", env={"PIP_RETRIES": "1"})
        stage.assert_stopped(victim, result)
        assert not any(words in result.output for words in NO_OBJECTS), str(result)
        return result

    @pytest.mark.parametrize("has_mirrors", [False, True], ids=["alone", "with mirrors"])
    def test_no_answer(self, has_mirrors: bool, stage: Stage, environments: Environments) -> None:
        """The index and its mirrors are down: why is said in words, also before pip tries again."""
        stage.private.close()
        mirrors = [stage.private.url.replace("localhost", "127.0.0.1")] if has_mirrors else []
        words = self.result(stage, environments, {"url": stage.private.url, "mirrors": mirrors}).words
        assert "cannot be reached: Connection refused" in words
        expected = (
            "its URL and its mirrors are in" if has_mirrors else 'add mirrors = ["URL"] to index acme in'
        )
        assert f"{expected} ./index-routing.toml:2" in words

    def test_certificate(self, stage: Stage, environments: Environments, authority: Authority) -> None:
        """Nobody vouches for it."""
        with IndexServer("private", tls=authority.context("localhost")) as server:
            words = self.result(stage, environments, server.url).words
        assert "its certificate cannot be verified" in words
        assert "--cert FILE or PIP_CERT=FILE" in words
        assert "external-roots" not in words  # which are not those of indexes

    def test_wrong_credentials(self, stage: Stage, environments: Environments) -> None:
        """401 never means "not found", and nothing in a table can make it so."""
        stage.private.on("acme-core", status(401))
        url = stage.private.url.replace("//", "//ci:s3cr3t-w0rd@")
        words = self.result(stage, environments, url).words
        assert "check the credentials" in words
        assert "absent-status" not in words

    @pytest.mark.parametrize("given", [False, True], ids=["without credentials", "with credentials"])
    def test_forbidden(self, given: bool, stage: Stage, environments: Environments) -> None:
        """Credentials are to blame only if there are any; with a probe it can mean "not found"."""
        stage.private.on("acme-core", status(403))
        url = stage.private.url.replace("//", "//ci:s3cr3t-w0rd@") if given else stage.private.url
        words = self.result(stage, environments, url).words
        assert ("check the credentials" in words) == given
        assert ("without credentials" in words) != given
        assert 'add probe = "NAME"' in words
        assert "absent-status = [403] to index acme in ./index-routing.toml:2" in words

    @pytest.mark.parametrize("how", ["page", "another host", "back again"])
    def test_log_in(self, how: str, stage: Stage, environments: Environments) -> None:
        """The host of a log-in page is never to be added to the table."""
        page = f"https://gate.example/?next={stage.private.url}acme-core/"
        to = {"page": login_page, "another host": redirect(LOGIN), "back again": redirect(page)}[how]
        stage.private.on("acme-core", to)
        words = self.result(stage, environments, stage.private.url).words
        assert "the index wants a log-in" in words
        assert "external-hosts" not in words
