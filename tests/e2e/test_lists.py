"""Lists of indexes: who is asked next, whose "not found" counts, and who only forwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.servers import HTML_TYPE, IndexServer, html_page, redirect, status, write_flat_dir
from tests.support.tables import FILE_NAME
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment
    from tests.support.servers import Authority, Behaviour, Exchange

STRATEGIES = ("first-index", "index-priority", "version-priority")


def route(victim: Environment, stage: Stage, strategy: str, **private: Any) -> None:
    """``acme-*`` on the private index and then on the public one."""
    victim.route(
        {"private": {"url": stage.private.url, **private}, "public": stage.public.url},
        {"acme-*": {"indexes": ["private", "public"], "strategy": strategy}, "*": "public"},
    )


def page(title: str = "Links for a project", **headers: str) -> Behaviour:
    """Answer with an index page without any file."""

    def act(exchange: Exchange) -> bool:
        exchange.reply(200, html_page(title, []), HTML_TYPE, **headers)
        return True

    return act


class TestFirstIndex:
    """The first index that has the project at all, and no other."""

    @pytest.mark.spread
    def test_no_third_party_moves_a_name(self, stage: Stage, environments: Environments) -> None:
        """By index-priority somebody's dependency on a high version gets the impostor."""
        stage.public.add(wheel("harmless", "1.0", origin="public", requires=["acme-core>=90"]))
        victim = environments.equipped()
        route(victim, stage, "index-priority")
        stage.assert_impostor_won(victim, victim.pip("install", "harmless"))
        victim.pip("uninstall", "-y", "acme-core", "harmless", check=True)
        stage.public.forget()
        route(victim, stage, "first-index")
        result = victim.pip("install", "harmless")
        stage.assert_stopped(
            victim,
            result,
            "No matching distribution found for acme-core>=90",
            f"By first-index, public ({stage.public.url}) was not asked: private has the project.",
        )
        victim.pip("install", "tool", check=True)
        assert victim.origin("acme_core") == "private"
        assert not stage.public.asked_for("acme-core")

    def test_in_every_command(self, stage: Stage, environments: Environments) -> None:
        """Each asks the first index for the name, and the second one never."""
        victim = environments.equipped()
        route(victim, stage, "first-index")
        stage.private.add(wheel("acme-core", "0.9", origin="private"))
        constraints, requirements = victim.place / "constraints.txt", victim.place / "requirements.txt"
        constraints.write_text("acme-core>0.5\n")
        requirements.write_text(f"acme-core==0.9 --hash=sha256:{stage.impostor.digest()}\n")
        refused = victim.pip("install", "-r", requirements)
        assert refused.returncode != 0, str(refused)
        victim.pip("install", "-c", constraints, "acme-core<1", check=True)
        commands: list[list[Any]] = [
            ["download", "--no-deps", "-d", victim.place / "files", "tool", "acme-core"],
            ["wheel", "--no-deps", "-w", victim.place / "wheels", "acme-core"],
            ["index", "versions", "acme-core"],
            ["list", "--outdated"],
        ]
        if environments.pip_version >= (25, 1):
            commands.append(["lock", "-o", victim.place / "pylock.toml", "tool"])
        if environments.pip_version < (25, 3):
            commands.append(["install", "--use-deprecated=legacy-resolver", "--upgrade", "acme-core"])
        for command in commands:
            result = victim.pip(*command, check=True)
            assert "99.0" not in result.output, str(result)
        assert not stage.public.asked_for("acme-core")
        assert not list(victim.place.glob("*/acme_core-99*"))

    @pytest.mark.parametrize("kind", ["yanked", "refused", "for another platform", "without any file"])
    def test_whatever_it_has_of_it(self, kind: str, stage: Stage, environments: Environments) -> None:
        """A project is there with its page, whatever is on that."""
        stage.public.add(wheel("acme-odd", "99.0", origin="public"))
        odd = wheel("acme-odd", "1.0", origin="private")
        if kind == "yanked":
            stage.private.add(odd, yanked=True)
        elif kind == "refused":
            stage.private.add(odd, at=f"https://elsewhere.example/{odd.filename}")
        elif kind == "for another platform":
            stage.private.add(wheel("acme-odd", "1.0", origin="private", tag="cp21-cp21-plan9"))
        else:
            stage.private.on("acme-odd", page())
        victim = environments.equipped()
        route(victim, stage, "first-index")
        result = victim.pip("install", "acme-odd")
        assert result.returncode != 0, str(result)
        assert not stage.public.asked_for("acme-odd")
        assert "was not asked: private has" in result.words, str(result)
        assert ("without any file" in result.words) is (kind == "without any file")

    def test_moves_on_where_there_is_no_project(self, stage: Stage, environments: Environments) -> None:
        """The second index is for what the first has no page of, or on a page of links no file."""
        stage.public.add(wheel("acme-open", "1.0", origin="public"))
        victim = environments.equipped()
        links = write_flat_dir(victim.project / "vendor", [stage.real])
        (links / "acme-odd-1.0-x.tar.gz").touch()
        stage.public.add(wheel("acme-odd", "99.0", origin="public"))
        for first in (stage.private.url, {"url": stage.private.flat_url, "format": "flat"}, str(links)):
            definition = {"url": first, "format": "flat"} if first == str(links) else first
            victim.route(
                {"first": definition, "public": stage.public.url},
                {"*": {"indexes": ["first", "public"], "strategy": "first-index"}},
            )
            victim.pip("install", "--force-reinstall", "acme-core", "acme-open", check=True)
            assert victim.origin("acme_open") == "public"
            assert victim.origin("acme_core") == "private"
        assert not stage.public.asked_for("acme-core")
        assert victim.pip("install", "acme-odd").returncode != 0
        assert not stage.public.asked_for("acme-odd")

    def test_an_entry_counts_as_the_first_one_having_it(
        self, stage: Stage, environments: Environments
    ) -> None:
        """Whoever wrote a ``[[wheel]]`` says that the project is there, whatever version is asked for."""
        stage.private.on("acme-core", status(404))
        victim = environments.equipped()
        route(victim, stage, "first-index")
        entry = "https://localhost:1/acme_core-0.5-py3-none-any.whl"
        with (victim.project / FILE_NAME).open("a", encoding="utf-8") as table:
            table.write(f'[[wheel]]\nurls = ["{entry}"]\nsha256 = "{"0" * 64}"\n')
        stage.assert_stopped(victim, victim.pip("install", "acme-core>=1"), "private has the project")


class TestProbe:
    """An index that says "not found" has to have its probe."""

    @pytest.fixture
    def house(self, stage: Stage) -> Stage:
        """The private index has ``acme-base`` besides."""
        stage.private.add(wheel("acme-base", "1.0", origin="private"))
        stage.public.add(wheel("acme-base", "99.0", origin="public"))
        return stage

    @pytest.mark.parametrize("strategy", STRATEGIES)
    @pytest.mark.parametrize("lie", ["404", "an empty page"])
    def test_a_lie(self, lie: str, strategy: str, house: Stage, environments: Environments) -> None:
        """Without a probe the other index wins when the first one says "not found" to an expired token."""
        house.private.on("*", status(404) if lie == "404" else page())
        victim = environments.equipped()
        if (lie, strategy) != ("an empty page", "first-index"):
            route(victim, house, strategy)
            house.assert_impostor_won(victim, victim.pip("install", "acme-core"))
            victim.pip("uninstall", "-y", "acme-core", check=True)
        house.public.forget()
        route(victim, house, strategy, probe="Acme_Base")
        how = "answers 404" if lie == "404" else "has no file"
        reason = f"({house.private.url}) {how} even for acme-base: are the credentials right?"
        result = victim.pip("install", "acme-core")
        assert reason in result.words, str(result)
        assert result.returncode != 0
        assert victim.origin("acme_core") is None
        if strategy != "version-priority":  # there the order in which they are asked is pip's
            assert not house.public.asked_for("acme-core")
        assert house.private.projects_asked_for() == ["acme-base", "acme-core"]

    @pytest.mark.spread
    def test_alone(self, house: Stage, environments: Environments) -> None:
        """With one index, nothing else is asked anyway: the error says why, for the probe itself, too."""
        house.private.on("*", status(404))
        victim = environments.equipped()
        victim.route({"private": {"url": house.private.url, "probe": "acme-base"}}, {"acme-*": "private"})
        for name in ("acme-core", "acme-base"):
            result = victim.pip("install", *house.both, name)
            house.assert_stopped(victim, result, "answers 404 even for acme-base: are the credentials right?")
        house.private.on("*", lambda _: False)
        result = victim.pip("install", *house.both, "acme-unknown")
        house.assert_stopped(victim, result, "No matching distribution found for acme-unknown")

    def test_once_and_when_it_is_needed(self, house: Stage, environments: Environments) -> None:
        """It is not asked for while everything is found, and once however much is not."""
        for name in ("acme-one", "acme-two"):
            house.public.add(wheel(name, "1.0", origin="public"))
        victim = environments.equipped()
        route(victim, house, "first-index", probe="acme-base")
        victim.pip("install", "acme-core", check=True)
        assert not house.private.asked_for("acme-base")
        victim.pip("install", "acme-one", "acme-two", check=True)
        assert victim.origin("acme_two") == "public"
        assert [each.project for each in house.private.requests].count("acme-base") == 1

    def test_by_the_url_that_said_so(self, house: Stage, environments: Environments) -> None:
        """The mirror that took the index's place is asked, and no mirror in place of one that answers."""
        victim = environments.equipped()
        with IndexServer("mirror") as mirror:
            mirror.on("acme-core", status(404))
            mirror.add(wheel("acme-base", "1.0", origin="private"))
            route(victim, house, "first-index", probe="acme-base", mirrors=[mirror.url])
            house.private.on("*", status(404))
            house.assert_stopped(victim, victim.pip("install", "acme-core"), "answers 404 even for acme-base")
            assert not mirror.requests
            house.private.on("*", status(503))
            mirror.on("acme-base", status(404))
            result = victim.pip("install", "acme-core")
            house.assert_stopped(victim, result, f"({mirror.url}) answers 404 even for acme-base")
            mirror.on("acme-base", lambda _: False)
            house.assert_impostor_won(victim, victim.pip("install", "acme-core"))

    def test_not_from_the_cache(self, house: Stage, environments: Environments, authority: Authority) -> None:
        """A page that pip may keep says nothing about today's credentials."""
        base = wheel("acme-base", "1.0", origin="private")
        body = html_page("Links for acme-base", [f"<a href='/files/{base.filename}'>{base.filename}</a>"])

        def kept(exchange: Exchange) -> bool:
            exchange.reply(200, body, HTML_TYPE, Cache_Control="max-age=3600")
            return True

        with IndexServer("private", tls=authority.context("localhost")) as private:
            private.host(base)
            private.on("acme-base", kept)
            victim = environments.equipped()
            victim.route(
                {"private": {"url": private.url, "probe": "acme-base"}, "public": house.public.url},
                {"acme-*": {"indexes": ["private", "public"], "strategy": "first-index"}},
            )
            pip = ("--cert", authority.bundle, "install")
            env: dict[str, str | None] = {"PIP_NO_CACHE_DIR": None}
            for _ in range(2):
                victim.pip(*pip, "--force-reinstall", "acme-base", env=env, check=True)
            asked = [each.path for each in private.requests].count("/simple/acme-base/")
            assert asked == (1 if environments.pip_version >= (26, 2) else 2)  # so pip does keep it
            private.on("*", status(404))
            private.on("acme-base", status(404))
            result = victim.pip(*pip, "acme-core", env=env)
            house.assert_stopped(victim, result, "answers 404 even for acme-base")

    def test_of_a_directory(self, house: Stage, environments: Environments) -> None:
        """A mount point without anything mounted has no probe; a page of links neither."""
        victim = environments.equipped()
        links = write_flat_dir(victim.project / "mounted", [wheel("acme-base", "1.0", origin="private")])
        empty = victim.project / "empty"
        empty.mkdir()
        house.private.on("/flat/", page())
        for number, (definition, reason) in enumerate(
            [
                ({"url": str(links), "format": "flat"}, None),
                ({"url": str(empty), "format": "flat"}, "has no file even for acme-base: is that the right"),
                ({"url": str(empty)}, "has no page even for acme-base: is that the right directory?"),
                (
                    {"url": house.private.flat_url, "format": "flat"},
                    "has no file even for acme-base: are the credentials right?",
                ),
            ]
        ):
            name = f"acme-open-{number}"
            house.public.add(wheel(name, "1.0", origin="public"))
            victim.route(
                {"first": {**definition, "probe": "acme-base"}, "public": house.public.url},
                {"acme-*": {"indexes": ["first", "public"], "strategy": "first-index"}},
            )
            result = victim.pip("install", name)
            assert (result.returncode == 0) is (reason is None), str(result)
            assert reason is None or reason in result.words, str(result)
            assert house.public.asked_for(name) is (reason is None)

    def test_absent_status(self, house: Stage, environments: Environments) -> None:
        """403 for what is not there: "not found" if the table says so, and the probe is there."""
        house.private.on("acme-core", status(403))
        victim = environments.equipped()
        route(victim, house, "first-index", probe="acme-base")
        hint = "add absent-status = [403] to index private"
        house.assert_stopped(victim, victim.pip("install", "acme-core"), "403", hint)
        route(victim, house, "first-index", probe="acme-base", **{"absent-status": [403]})
        house.assert_impostor_won(victim, victim.pip("install", "acme-core"))
        victim.pip("uninstall", "-y", "acme-core", check=True)
        house.public.forget()
        house.private.on("*", status(403))
        result = victim.pip("install", "acme-core")
        house.assert_stopped(victim, result, "answers 403 even for acme-base: are the credentials right?")


class TestForwarding:
    """An index that sends whoever asks for a name that it lacks to another index."""

    @pytest.mark.parametrize("code", [302, 303])
    @pytest.mark.spread
    def test_to_another_index_of_the_table(self, code: int, stage: Stage, environments: Environments) -> None:
        """pip says what the index does, and its advice does not lead to the impostor."""
        plain = environments.plain()
        stage.private.on("acme-core", redirect(f"{stage.public.url}acme-core/", code))
        stage.assert_impostor_won(plain, plain.pip("install", "-i", stage.private.url, "acme-core"))
        stage.public.forget()
        victim = environments.equipped()
        victim.route(
            {"private": stage.private.url, "public": stage.public.url}, {"acme-*": "private", "*": "public"}
        )
        result = victim.pip("install", "acme-core")
        stage.assert_stopped(
            victim,
            result,
            f"to {stage.public.url}acme-core/, which is index public's: it forwards the names that it lacks",
            "turn that off at the server",
        )
        assert "external-hosts" not in result.words
        assert "use that URL" not in result.words

    def test_also_where_the_host_is_listed(
        self, stage: Stage, environments: Environments, authority: Authority
    ) -> None:
        """Whoever has listed that host, or every one, is no nearer to the impostor."""
        with IndexServer("public", tls=authority.context("localhost")) as public:
            public.add(stage.impostor)
            stage.private.on("acme-core", redirect(f"{public.url}acme-core/"))
            victim = environments.equipped()
            listed = {"url": stage.private.url, "external-hosts": [public.netloc]}
            for indexes in ({"private": listed}, {"private": listed, "public": public.url}):
                public.forget()
                victim.route(indexes, {"acme-*": "private"})
                result = victim.pip("--cert", authority.bundle, "install", "acme-core")
                if "public" in indexes:
                    stage.assert_stopped(victim, result, "which is index public's")
                    assert not public.requests
                else:  # as the table says: that is what listing a host means
                    stage.assert_impostor_won(victim, result)
                    victim.pip("uninstall", "-y", "acme-core", check=True)

    def test_within_one_host(self, stage: Stage, environments: Environments) -> None:
        """Two indexes on one host: to be on its own origin does not make a page its own."""
        base = stage.public.base
        stage.public.on("/house/simple/acme-core/", redirect("/simple/acme-core/"))
        victim = environments.equipped()
        victim.route({"house": f"{base}/house/simple"}, {"acme-*": "house"})
        stage.assert_impostor_won(victim, victim.pip("install", "acme-core"))
        victim.pip("uninstall", "-y", "acme-core", check=True)
        victim.route({"house": f"{base}/house/simple", "proxy": stage.public.url}, {"acme-*": "house"})
        result = victim.pip("install", "acme-core")
        assert "which is index proxy's" in result.words, str(result)
        assert victim.origin("acme_core") is None

    def test_of_a_page_of_links(self, stage: Stage, environments: Environments) -> None:
        """The page of a flat index may not be another index's either."""
        stage.private.on("/flat/", redirect(stage.public.flat_url))
        victim = environments.equipped()
        flat = {"format": "flat"}
        victim.route(
            {
                "private": {"url": stage.private.flat_url, **flat},
                "public": {"url": stage.public.flat_url, **flat},
            },
            {"acme-*": "private"},
        )
        result = victim.pip("install", "acme-core")
        assert "which is index public's" in result.words, str(result)
        assert not stage.public.requests

    def test_to_pypi_and_to_a_log_in_page(self, stage: Stage, environments: Environments) -> None:
        """PyPI needs no entry in the table; and a log-in page is a matter of credentials."""
        victim = environments.equipped()
        victim.route({"private": stage.private.url}, {"acme-*": "private"})
        for target, reason in (
            ("https://pypi.org/simple/acme-core/", "which is PyPI's: it forwards the names that it lacks"),
            ("https://test.pypi.org/simple/acme-core/", "which is TestPyPI's"),
            ("https://sso.acme.example/users/sign_in?next=1", "the index wants a log-in"),
        ):
            stage.private.on("acme-core", redirect(target))
            result = victim.pip("install", "acme-core")
            stage.assert_stopped(victim, result, reason)
            assert "external-hosts" not in result.words
