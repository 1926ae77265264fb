"""An index that does not answer as one stops pip: it never makes pip look elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.servers import (
    Behaviour,
    IndexServer,
    drop,
    invalid_json,
    login_page,
    redirect,
    status,
    unknown_charset,
    wrong_type,
)

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
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
